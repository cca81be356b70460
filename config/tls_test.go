package config

import "strings"

var wrongTLS = []wrong{
	refused(`tls: {mode: letsEncrypt}`,
		`tls.mode: found "letsEncrypt", want selfSigned, provided or acme (pulumi config set --path tls.mode selfSigned)`),
	refused(`tls: {mode: ''}`,
		`tls.mode: found nothing, want selfSigned, provided or acme (pulumi config set --path tls.mode selfSigned)`),
	refused(`tls: {validityDays: 0, renewalDays: 0}`,
		`tls.validityDays: found 0, want 1 to 398 days (pulumi config set --path tls.validityDays 1)`),
	refused(`tls: {validityDays: 399}`,
		`tls.validityDays: found 399, want 1 to 398 days (pulumi config set --path tls.validityDays 398)`),
	refused(`tls: {renewalDays: 90}`,
		`tls.renewalDays: found 90, want 0 or more, and less than tls.validityDays (pulumi config set --path tls.renewalDays 30)`),
	refused(`tls: {renewalDays: -1}`,
		`tls.renewalDays: found -1, want 0 or more, and less than tls.validityDays (pulumi config set --path tls.renewalDays 30)`),
	refused(`tls: {alsoFor: ['*.corp.net']}`,
		`tls.alsoFor[0]: found "*.corp.net", want a DNS name in lower case or an IP address`),
	refused(`tls: {certificate: x}`,
		`tls.certificate: found a certificate with mode selfSigned, want no certificate, or mode provided (pulumi config set --path tls.mode provided)`),
	refused(`tlsKey: {secure: x}`,
		`tlsKey: found a key with mode selfSigned, want no key, or mode provided (pulumi config rm tlsKey)`),
	refused(`tls: {mode: provided}`,
		`tls.certificate: found nothing, want the PEM chain of the edge's certificate, leaf first (pulumi config set --path tls.certificate "$(cat chain.pem)")`,
		`tlsKey: found nothing, want the unencrypted PEM key of the certificate (pulumi config set --secret tlsKey < key.pem)`),
	refused("tls: {mode: provided, certificate: chain.pem}\ntlsKey: {secure: x}",
		`tls.certificate: found no PEM certificate, want the PEM chain of the edge's certificate, leaf first (pulumi config set --path tls.certificate "$(cat chain.pem)")`),
	refused(`tls: {mode: acme, acme: {challenge: tls}}`,
		`host: found "localhost", want a name of your own: letsencrypt-staging asks it`,
		`tls.acme.challenge: found "tls", want http or dns (pulumi config set --path tls.acme.challenge http)`,
		`tls.acme.email: found nothing, want the address of somebody who looks after the stack (pulumi config set --path tls.acme.email team@your-company.com)`),
	refused(acme(`directory: "http://ca.corp.net/directory"`),
		`tls.acme.directory: found "http://ca.corp.net/directory", want letsencrypt-staging, letsencrypt or the https URL of another authority's directory (pulumi config set --path tls.acme.directory letsencrypt-staging)`),
	refused(acme(`directory: "https://me:secret@ca.corp.net/directory"`),
		`tls.acme.directory: found a URL with credentials, want letsencrypt-staging, letsencrypt or the https URL of another authority's directory (pulumi config set --path tls.acme.directory letsencrypt-staging)`),
	refused(acme(`email: Somebody <me@corp.net>`),
		`tls.acme.email: found "Somebody <me@corp.net>", want the address of somebody who looks after the stack (pulumi config set --path tls.acme.email team@your-company.com)`),
	refused(acme(`directory: letsencrypt`),
		`edge.httpPort: found 8080, want 80, which the authority asks, unless something before the edge forwards it (edge.publicPort says so) (pulumi config set --path edge.httpPort 80)`),
	refused(acme(`provider: cloudflare`),
		`tls.acme.provider: found "cloudflare", want nothing with challenge http (pulumi config set --path tls.acme.challenge dns)`),
	refused(acme(`challenge: dns, provider: Cloud Flare, resolvers: [dns.corp.net]`),
		`tls.acme.provider: found "Cloud Flare", want the code of your DNS provider, as go-acme.github.io/lego/dns lists them (pulumi config set --path tls.acme.provider cloudflare)`,
		`tls.acme.resolvers[0]: found "dns.corp.net", want an IP address and port, such as 192.168.1.53:53`),
	refused(acme(`challenge: dns, provider: route53, settings: {AWS_SECRET_ACCESS_KEY: x, aws_region: y, "1": z, A: "b\nc"}`)+"\nacmeSecrets: {A: {secure: ''}}",
		`acmeSecrets.A: found an empty value, want a value, or no key at all (pulumi config rm --path acmeSecrets.A)`,
		`tls.acme.settings.1: found "1", want the name of an environment variable: letters, digits and _, not beginning with a digit`,
		`tls.acme.settings.A: found a line break, want one line`,
		`tls.acme.settings.AWS_SECRET_ACCESS_KEY: found a name that tells of a secret, want the value in the secret acmeSecrets (pulumi config set --secret --path acmeSecrets.AWS_SECRET_ACCESS_KEY)`,
		`tls.acme.settings.aws_region: found "aws_region", want a variable of the provider, in capitals`),
	refused(acme(`trust: none`),
		`tls.acme.trust: found no PEM certificate, want PEM certificates of the authority that clients are to trust (pulumi config set --path tls.acme.trust "$(cat company-ca.pem)")`),
	refused("host: 192.0.2.7\ntls: {mode: acme, alsoFor: ['*.corp.net', 192.0.2.8], certificate: x, acme: {directory: 'https://ca.corp.net/directory', email: me@corp.net}}\ntlsKey: {secure: x}",
		`host: found 192.0.2.7, want a DNS name with mode acme (pulumi config set --path tls.mode selfSigned)`,
		`tls.alsoFor[0]: found "*.corp.net", want a DNS name in lower case`,
		`tls.alsoFor[1]: found 192.0.2.8, want a DNS name with mode acme (pulumi config set --path tls.mode selfSigned)`,
		`tls.certificate: found a certificate with mode acme, want no certificate, or mode provided (pulumi config set --path tls.mode provided)`,
		`tlsKey: found a key with mode acme, want no key, or mode provided (pulumi config rm tlsKey)`),
}

// acme is a stack that asks an authority in the company, unless what is said about it names another one.
func acme(said string) string {
	if !strings.Contains(said, "directory") {
		said += ", directory: 'https://ca.corp.net/directory'"
	}
	if !strings.Contains(said, "email") {
		said += ", email: me@corp.net"
	}
	return "host: prefect.corp.net\ntls: {mode: acme, acme: {" + said + "}}"
}

package proxy

import (
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
)

// authorityYears is the lifetime of a stack's own certificate authority.
const authorityYears = 10

// certificate is what the edge shows, and who signed it.
type certificate struct {
	chain     pulumi.StringInput  // PEM, leaf first
	key       pulumi.StringInput  // PEM, secret
	authority pulumi.StringOutput // PEM, empty when clients trust the signer already
}

func newCertificate(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*certificate, error) {
	authority, err := newAuthority(ctx, name+"-ca", opts...)
	if err != nil {
		return nil, err
	}
	if args.TLS.Mode == config.Provided {
		return &certificate{
			chain:     pulumi.String(args.TLS.Certificate),
			key:       pulumi.ToSecret(pulumi.String(args.TLSKey)).(pulumi.StringOutput),
			authority: pulumi.String("").ToStringOutput(),
		}, nil
	}
	return authority.sign(ctx, name, args, opts...)
}

type authority struct {
	key  *tls.PrivateKey
	cert *tls.SelfSignedCert
}

// newAuthority is protected: every client that trusts it would have to be told of another one. So it also stays while a provided certificate is in use.
// Its subject names the stack and not the host, which may change.
func newAuthority(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*authority, error) {
	opts = append(opts, pulumi.Protect(true))
	key, err := newKey(ctx, name, opts...)
	if err != nil {
		return nil, err
	}
	cert, err := tls.NewSelfSignedCert(ctx, name, &tls.SelfSignedCertArgs{
		PrivateKeyPem:       key.PrivateKeyPem,
		IsCaCertificate:     pulumi.Bool(true),
		AllowedUses:         pulumi.ToStringArray([]string{"cert_signing", "crl_signing"}),
		ValidityPeriodHours: pulumi.Int(authorityYears * 365 * 24),
		SetSubjectKeyId:     pulumi.Bool(true),
		Subject:             tls.SelfSignedCertSubjectArgs{CommonName: pulumi.Sprintf("Prefect platform %s", ctx.Stack())},
	}, opts...)
	if err != nil {
		return nil, err
	}
	return &authority{key, cert}, nil
}

// sign makes a certificate for the edge. An `up` within its last TLS.RenewalDays makes another one.
func (ca *authority) sign(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*certificate, error) {
	key, err := newKey(ctx, name, opts...)
	if err != nil {
		return nil, err
	}
	names, addresses := subjects(args.Host, args.TLS.AlsoFor)
	request, err := tls.NewCertRequest(ctx, name, &tls.CertRequestArgs{
		PrivateKeyPem: key.PrivateKeyPem,
		DnsNames:      pulumi.ToStringArray(names),
		IpAddresses:   pulumi.ToStringArray(addresses),
		Subject:       tls.CertRequestSubjectArgs{CommonName: pulumi.String("Prefect")}, // clients look at the names above only
	}, opts...)
	if err != nil {
		return nil, err
	}
	cert, err := tls.NewLocallySignedCert(ctx, name, &tls.LocallySignedCertArgs{
		CertRequestPem:      request.CertRequestPem,
		CaPrivateKeyPem:     ca.key.PrivateKeyPem,
		CaCertPem:           ca.cert.CertPem,
		AllowedUses:         pulumi.ToStringArray([]string{"digital_signature", "server_auth"}),
		ValidityPeriodHours: pulumi.Int(args.TLS.ValidityDays * 24),
		EarlyRenewalHours:   pulumi.Int(args.TLS.RenewalDays * 24),
		SetSubjectKeyId:     pulumi.Bool(true),
	}, opts...)
	if err != nil {
		return nil, err
	}
	return &certificate{chain: cert.CertPem, key: key.PrivateKeyPem, authority: ca.cert.CertPem}, nil
}

func newKey(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*tls.PrivateKey, error) {
	return tls.NewPrivateKey(ctx, name, &tls.PrivateKeyArgs{Algorithm: pulumi.String("ECDSA"), EcdsaCurve: pulumi.String("P256")}, opts...)
}

// subjects sorts hosts into DNS names and IP addresses, which a certificate keeps apart.
func subjects(host string, alsoFor []string) (names, addresses []string) {
	for _, each := range append([]string{host}, alsoFor...) {
		if _, err := netip.ParseAddr(each); err == nil {
			addresses = append(addresses, each)
		} else {
			names = append(names, each)
		}
	}
	return names, addresses
}

// checkPair reports what is wrong with a provided certificate as early as in a preview. The install job checks again, with nginx itself.
func checkPair(chain, key, host string) error {
	pair, err := stdtls.X509KeyPair([]byte(chain), []byte(key))
	if err != nil {
		return fmt.Errorf("the provided certificate and key do not belong together: %w", err)
	}
	var problems []error
	if err := pair.Leaf.VerifyHostname(host); err != nil {
		problems = append(problems, fmt.Errorf("the provided certificate is not for %s: %w", host, err))
	}
	if end := pair.Leaf.NotAfter; time.Now().After(end) {
		problems = append(problems, fmt.Errorf("the provided certificate ended on %s", end.UTC().Format(time.DateOnly)))
	}
	return errors.Join(problems...)
}

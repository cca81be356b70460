package config

var wrongEgress = []wrong{
	refused(`egress: {proxy: 'proxy.corp.net:3128'}`,
		`egress.proxy: found "proxy.corp.net:3128", want the URL of an HTTP proxy, such as http://proxy.example.com:3128`),
	refused(`egress: {proxy: 'socks5://proxy.corp.net'}`,
		`egress.proxy: found "socks5://proxy.corp.net", want the URL of an HTTP proxy, such as http://proxy.example.com:3128`),
	refused(`egress: {proxy: 'http://me:hunter2@proxy.corp.net:3128'}`,
		`egress.proxy: found credentials in the URL, want none: it is not kept secret; let the proxy know the Docker host by its address (pulumi config set --path egress.proxy http://proxy.corp.net:3128)`),
	refused(`egress: {proxy: 'ftp://me:hunter2@proxy.corp.net:3128'}`,
		`egress.proxy: found a URL with credentials, want the URL of an HTTP proxy, such as http://proxy.example.com:3128`),
	refused(`egress: {noProxy: ['https://corp.net']}`,
		`egress.noProxy[0]: found "https://corp.net", want a host name, a domain such as .example.com, an IP address or a network in CIDR notation`),
	refused(`egress: {noProxy: ['a,b']}`,
		`egress.noProxy[0]: found "a,b", want a host name, a domain such as .example.com, an IP address or a network in CIDR notation`),
	refused(`egress: {caCertificates: /etc/ssl/ca.pem}`,
		`egress.caCertificates: found no PEM certificate, want PEM certificates of the authorities to trust (pulumi config set --path egress.caCertificates "$(cat company-ca.pem)")`),
}

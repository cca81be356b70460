package config

var wrongNetwork = []wrong{
	refused(`network: {base: 10.0.0.0/8}`,
		`network.base: found 10.0.0.0/8, want a private IPv4 network of /16 to /20 that nothing else on the Docker host uses (pulumi config set --path network.base 10.213.0.0/16)`),
	refused(`network: {base: 8.8.0.0/16}`,
		`network.base: found 8.8.0.0/16, want a private IPv4 network of /16 to /20 that nothing else on the Docker host uses (pulumi config set --path network.base 10.213.0.0/16)`),
	refused(`network: {base: 10.213.5.0/16}`,
		`network.base: found "10.213.5.0/16", want the address of the network, not of a host in it (pulumi config set --path network.base 10.213.0.0/16)`),
	refused(`network: {base: 'fd00::/16'}`,
		`network.base: found fd00::/16, want a private IPv4 network of /16 to /20 that nothing else on the Docker host uses (pulumi config set --path network.base 10.213.0.0/16)`),
	refused(`network: {base: ''}`,
		`network.base: found nothing, want a network in CIDR notation, such as 192.168.1.0/24 or 2001:db8::/32`),
}

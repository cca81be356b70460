package config

var wrongProduction = []wrong{
	refused(`host: localhost`,
		`edge.hsts: found true for localhost, want false: browsers would insist on https for every other program on this machine (pulumi config set --path edge.hsts false)`,
		`host: found "localhost", want the name under which your people reach the edge, in production (pulumi config set host prefect.your-company.com)`),
	refused(`host: 127.0.0.1`,
		`host: found "127.0.0.1", want the name under which your people reach the edge, in production (pulumi config set host prefect.your-company.com)`),
	refused(`host: prefect.example.com`,
		`host: found "prefect.example.com", want the name under which your people reach the edge, in production (pulumi config set host prefect.your-company.com)`),
	refused(`host: https://prefect.example.com`,
		`host: found "https://prefect.example.com", want a DNS name in lower case or an IP address, and nothing else: no scheme, port or path (pulumi config set host prefect.example.com)`),
	refused(`edge: {address: 127.0.0.1}`,
		`edge.address: found 127.0.0.1, want the address of the Docker host that clients reach, in production; this one needs a load balancer on the host itself, named in edge.trustedProxies (pulumi config set --path edge.address 0.0.0.0)`),
	refused(`edge: {hsts: false}`,
		`edge.hsts: found false, want true in production (pulumi config set --path edge.hsts true)`),
	refused(`edge: {allow: [0.0.0.0/0]}`,
		`edge.allow[0]: found 0.0.0.0/0, want networks that you know, in production (pulumi config set --path 'edge.allow[0]' 192.168.1.0/24)`),
	refused(`edge: {allow: ['::/1']}`,
		`edge.allow[0]: found ::/1, want networks that you know, in production (pulumi config set --path 'edge.allow[0]' 192.168.1.0/24)`),
	refused(`edge: {allow: []}`,
		`edge.allow: found an empty list, want the networks of your people and remote clients: nobody else can connect (pulumi config set --path 'edge.allow[0]' 192.168.1.0/24)`),
	refused(`edge: {exempt: [0.0.0.0/1]}`,
		`edge.exempt[0]: found 0.0.0.0/1, want the networks of remote workers only, in production: no rate limit applies to them (pulumi config set --path 'edge.exempt[0]' 192.168.1.0/24)`),
	refused(`api: {replicas: 1}`,
		`api.replicas: found 1, want 2 or more in production: one of them may die (pulumi config set --path api.replicas 2)`),
	refused(`monitoring: {speed: 60}`,
		`monitoring.speed: found 60, want 1 in production (pulumi config set --path monitoring.speed 1)`),
	refused(`docker:sshOpts: [-o, StrictHostKeyChecking=no]`,
		`docker:sshOpts: found StrictHostKeyChecking=no, want host keys that are checked, in production: whoever answers would get every secret (ssh-keyscan -H HOST >> ~/.ssh/known_hosts; pulumi config rm docker:sshOpts)`),
}

// wrongUnwatched is about a production stack that names nobody.
var wrongUnwatched = []wrong{
	refused(`monitoring: {receivers: []}`,
		`monitoring.receivers: found nobody, want somebody who is told of alerts, in production (pulumi config set --path 'monitoring.receivers[0].name' team)`,
		`watchdogUrl: found nothing, want the URL of a heartbeat service elsewhere, in production: a host that is down tells nobody itself (pulumi config set --secret watchdogUrl)`),
}

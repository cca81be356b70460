//go:build e2e

package policy

import "strconv"

const (
	proxySpecs    = "components/proxy/specs.go"
	authorization = "internal/nginxconf/authorization.go"
	apiLocation   = "location ~ ^/api/ { # not as a prefix, for which nginx redirects /api without asking for a credential\n"
	statusServer  = "    # For the container's own health check; never published.\n"
	configUpload  = "files[nginxconf.Config] = workload.Text(conf)"
	statusPort    = "{Address: a.Edge.Address, Published: a.Edge.HTTPSPort, Internal: nginxconf.HTTPSPort},\n"
)

// authenticationEvasions let somebody in who has no credential. Each was tried with nginx 1.30, as far as its effect is not obvious.
var authenticationEvasions = []variant{
	{
		name:  "a missing credential is an error that is tried elsewhere",
		edits: []edit{{template, `error_page 502 504 = $elsewhere;`, `error_page 401 502 504 = $elsewhere;`}},
		why:   "the 401 of auth_basic leads to @again, whose auth_basic is off, and which forwards the request: every request without a credential reaches the API",
	},
	{
		name:  "a variable of a map set again",
		edits: []edit{{template, apiLocation, apiLocation + "            set $health_realm off;\n            auth_basic $health_realm;\n"}},
		why:   "set changes the variable before the access phase, so the map, which is off for the health check only, counts for nothing: the whole API is open at the edge",
	},
	{
		name:  "a variable of a map set for who knows a header",
		edits: []edit{{template, apiLocation, "location ~ ^/api/ {\n            if ($http_x_requested_with) {\n                set $health_realm off;\n            }\n            auth_basic $health_realm;\n"}},
		why:   "whoever sends X-Requested-With, as many libraries do, needs no credential",
	},
	{
		name: "a second map of the same variable",
		edits: []edit{
			{template, statusServer, "    map $request_method $websocket_realm {\n        default \"off\";\n    }\n" + statusServer},
			{template, apiLocation, apiLocation + "            auth_basic $websocket_realm;\n"},
		},
		why: "nginx takes the last map of a variable, which is off for every request, where a reader stops at the first",
	},
	{
		name: "WebSocket paths without an end",
		edits: []edit{
			{template, `work_pools/[^/?]+/workers/connect)(\?|$)" websocket;`, `work_pools/[^?]+)(\?|$)" websocket;`},
			{template, `work_pools/[^/]+/workers/connect)$ {`, `work_pools/.+)$ {`},
		},
		why: "everything below /api/work_pools is open at the edge to an ordinary GET that says Upgrade: websocket, with the blocks and queues of every pool",
	},
	{
		name:  "a credential for some methods only",
		edits: []edit{{template, apiLocation, "location ~ ^/api/ {\n            auth_basic off;\n            limit_except GET POST {\n                auth_basic \"{{.Realm}}\";\n                auth_basic_user_file $password_file;\n            }\n"}},
		why:   "auth_basic stands in the location, but in limit_except, which spares GET and POST, with which Prefect reads and starts flow runs",
	},
	{
		name:  "one of the two checks is enough in a location inside a location",
		edits: []edit{{template, apiLocation, apiLocation + "            location ~ /(deployments|flow_runs)/ {\n                satisfy Any;\n                proxy_pass http://prefect;\n            }\n"}},
		why:   "nginx reads satisfy without regard to case: whoever is in an allowed network needs no password for deployments and flow runs",
	},
	{
		name: "an included file that waives the credential",
		edits: []edit{
			{proxySpecs, configUpload, configUpload + "\n\tfiles[\"tls.session\"] = workload.Text(\"auth_basic off;\\n\")"},
			{template, apiLocation, apiLocation + "            include tls.session;\n"},
		},
		why: "the installer copies tls.* beside nginx.conf, so the include finds a file that turns the credential off",
	},
	{
		name:  "a rewrite into an internal location",
		edits: []edit{{template, apiLocation, "location ~ ^/v1/ {\n            rewrite ^/v1/(.*)$ /open/$1 last;\n        }\n        location ~ ^/open/ {\n            internal;\n            auth_basic off;\n            rewrite ^/open/(.*)$ /api/$1 break;\n            proxy_pass http://prefect;\n        }\n        " + apiLocation}},
		why:   "the only location without a credential is internal, and a rewrite, which comes before access checks, leads everybody there",
	},
	{
		name: "another server name without a credential",
		edits: []edit{{template, statusServer, `    server {
        listen 8443 ssl;
        server_name *.{{.Host}};
        ssl_certificate $certificate;
        ssl_certificate_key $certificate_key;{{template "allow" .Allow}}
        limit_req zone=api;
        location / {
            proxy_pass http://prefect;
        }
    }
` + statusServer}},
		why: "a client chooses the server by the name that it sends, and under any name below the host it is forwarded without being asked for a credential",
	},
	{
		name: "the mounted configuration is not the recorded one",
		edits: []edit{
			{proxySpecs, configUpload, `files[nginxconf.Config] = workload.Text(strings.ReplaceAll(conf, "satisfy all;", "satisfy any;"))`},
			{proxySpecs, `"strconv"`, "\"strconv\"\n\t\"strings\""},
		},
		why: "the component records a text with satisfy all, and mounts one with satisfy any",
	},
	{
		name: "the mounted configuration waits for a salt",
		edits: []edit{
			{proxySpecs, configUpload, `files[nginxconf.Config] = workload.File{Mode: workload.Public, Content: pulumi.Unsecret(a.Credential.Active().Salt.ApplyT(func(string) string {
		return strings.ReplaceAll(conf, "auth_basic \"Prefect\";", "auth_basic off;")
	}).(pulumi.StringOutput)).(pulumi.StringOutput)}`},
			{proxySpecs, `"strconv"`, "\"strconv\"\n\t\"strings\""},
		},
		why: "what is mounted is unknown in a preview, where the recorded text is fine; in an up it has no credential",
	},
	{
		name: "a server inside the secret map",
		edits: []edit{{
			authorization, "\treturn text.String()\n",
			"\tfmt.Fprintf(&text, \"server {\\n    listen 8443 ssl;\\n    server_name debug;\\n    ssl_certificate tls.crt;\\n    ssl_certificate_key tls.key;\\n    location / {\\n        proxy_set_header Authorization %q;\\n        proxy_pass http://prefect;\\n    }\\n}\\n\", basic(active))\n\treturn text.String()\n",
		}},
		why:    "the included file is secret and unknown in a preview; it adds a server that gives every client that asks for debug the credential of the API",
		unseen: "the file holds a generated password; in an up auth-edge-included refuses it",
	},
	{
		name: "a second user with a password that somebody knows",
		edits: []edit{
			{proxySpecs, "return htpasswd.Line(a.User, values[0].(string), values[1].(string))", "line, err := htpasswd.Line(a.User, values[0].(string), values[1].(string))\n\t\tif err != nil {\n\t\t\treturn \"\", err\n\t\t}\n\t\tmore, err := htpasswd.Line(\"support\", \"Support-2026\", values[1].(string))\n\t\treturn line + more, err"},
			{authorization, `"map $http_authorization $api_authorization {\n    default $http_authorization;%s\n}\n", rewritten)`, `"map $http_authorization $api_authorization {\n    default %q;%s\n}\n", basic(active), rewritten)`},
		},
		why:    "the password file, unknown in a preview, has a back door, and the map gives whoever passed the edge the credential of the API",
		unseen: "the file is made of a generated password; in an up secrets-password-file refuses a second user",
	},
	{
		name:   "the installer edits what it installs",
		edits:  []edit{{"components/proxy/files/install", "release=releases/$(cat", "sed -i 's/satisfy all/satisfy any/' $new/nginx.conf\nrelease=releases/$(cat"}},
		why:    "the uploaded nginx.conf is fine, but the script that makes it current changes it: an allowed address is enough, and nobody is asked for a password",
		unseen: "what a script does is behaviour of reviewed code; TestAccess and the lab tests of the edge see it",
	},
}

// edgeEvasions expose more than the edge should, weaken its encryption or let it tell.
var edgeEvasions = []variant{
	{
		name:  "an allowlist replaced in a location",
		edits: []edit{{template, apiLocation, apiLocation + "            deny 192.0.2.1; # the old scanner\n"}},
		why:   "one deny in a location replaces the inherited list, so that everybody else is let in",
	},
	{
		name:   "an allowlist of 223 networks",
		config: map[string]any{"prefect-platform:edge.allow": everyEighth()},
		why:    "each network is as narrow as the program demands; together they are everybody",
	},
	{
		name:   "every network is a trusted proxy",
		config: map[string]any{"prefect-platform:edge.trustedProxies": everyEighth()},
		why:    "whoever connects can claim an address of the allowlist in X-Forwarded-For",
	},
	{
		name:   "every network is exempt from rate limits",
		config: map[string]any{"prefect-platform:edge.exempt": everyEighth()},
		why:    "passwords can be guessed at full speed, as no rate is counted for anybody",
	},
	{
		name:  "rate limits that only look on",
		edits: []edit{{template, "limit_conn_log_level info;", "limit_conn_log_level info;\n    limit_req_dry_run ON;\n    limit_conn_dry_run ON;"}},
		why:   "all rates and 429 are configured, and none is enforced",
	},
	{
		name:  "plain HTTP for who says that it is HTTPS",
		edits: []edit{{template, "location / {\n            try_files /nonexistent @https;", "location / {\n            if ($http_x_forwarded_proto = https) {\n                proxy_pass http://prefect;\n            }\n            try_files /nonexistent @https;"}},
		why:   "a header that anybody can send gets the API without encryption and without the edge's credential",
	},
	{
		name: "a stream beside the http block",
		edits: []edit{
			{template, "http {\n    root /nonexistent;", "stream {\n    server {\n        listen 8082;\n        proxy_pass {{.Upstream}};\n    }\n}\n\nhttp {\n    root /nonexistent;"},
			{proxySpecs, statusPort, statusPort + "\t\t\t{Address: a.Edge.Address, Published: 4200, Internal: 8082},\n"},
		},
		why: "the edge forwards port 4200 to the API as bytes, without encryption, allowlist, credential and limits (on the official image, whose nginx has stream)",
	},
	{
		name: "a further port on the edge",
		edits: []edit{
			{template, statusServer, "    server {\n        listen [::]:9443 ipv6only=off;{{template \"allow\" .Allow}}\n        auth_basic \"{{.Realm}}\";\n        auth_basic_user_file $password_file;\n        limit_req zone=api;\n        location / {\n            proxy_pass http://prefect;\n        }\n    }\n" + statusServer},
			{proxySpecs, statusPort, statusPort + "\t\t\t{Address: a.Edge.Address, Published: 9443, Internal: 9443},\n"},
		},
		why: "a server with allowlist and credential, but without ssl: the password crosses the network as it is",
	},
	{
		name:  "unknown names get the certificate",
		edits: []edit{{template, "server_name{{range .Names}} {{.}}{{end}};", "server_name{{range .Names}} {{.}}{{end}} ~^[^.];"}},
		why:   "a regular expression takes every name, so scanners learn the host from its certificate and DNS rebinding works",
	},
	{
		name:  "old protocols by an OpenSSL command",
		edits: []edit{{template, "ssl_prefer_server_ciphers off;", "ssl_prefer_server_ciphers off;\n    ssl_conf_command Protocol ALL;\n    ssl_conf_command MinProtocol TLSv1;\n    ssl_conf_command CipherString ALL:@SECLEVEL=0;"}},
		why:   "ssl_protocols and ssl_ciphers are as they should be, and are overridden",
	},
	{
		name: "an old protocol in small letters",
		edits: []edit{
			{template, "ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1.2 TLSv1.3 tlsv1.1;"},
			{template, "ECDHE-RSA-CHACHA20-POLY1305;", "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0;"},
		},
		why: "nginx reads protocols without regard to case: clients can be talked down to TLS 1.1, which is signed with SHA-1",
	},
	{
		name:  "early data",
		edits: []edit{{template, "ssl_session_timeout 1d;", "ssl_session_timeout 1d;\n    ssl_early_data ON;"}},
		why:   "whoever recorded a request of TLS 1.3 can send it again, and starts the same flow run",
	},
	{
		name:  "headers that are no longer merged",
		edits: []edit{{template, "        add_header_inherit merge;\n", ""}},
		why:   "the pages of the user interface have a header of their own and so lose HSTS, the content security policy and all others of the server",
	},
	{
		name: "a copy of every request",
		edits: []edit{
			{template, apiLocation, apiLocation + "            mirror /_copy;\n"},
			{template, "        location = /_ready {", "        location = /_copy {\n            internal;\n            proxy_pass https://203.0.113.66$request_uri;\n        }\n        location = /_ready {"},
		},
		why: "every API request goes to a host of a stranger as well, with the credential in its header",
	},
	{
		name:  "a location that hands out the release",
		edits: []edit{{template, apiLocation, "location ~ ^/release/(?<part>.+)$ {\n            limit_req zone=ui;\n            alias /srv/edge/current/$part;\n        }\n        " + apiLocation}},
		why:   "everybody with the shared credential can read the private key of the certificate under /release/tls.key",
	},
	{
		name:  "an upstream that the client names",
		edits: []edit{{template, apiLocation, "location ~ ^/fetch/(?<target>[^/]+)(?<rest>/.*)$ {\n            limit_req zone=api;\n            resolver 127.0.0.11;\n            proxy_pass http://$target$rest;\n        }\n        " + apiLocation}},
		why:   "the edge fetches whatever a client names, on the internal networks and the Docker host too",
	},
	{
		name:  "credentials in the access log",
		edits: []edit{{template, "default $remote_user;", "default \"$remote_user $http_authorization\";"}},
		why:   "the log format is unchanged, but its variable now holds the Authorization header of every request",
	},
}

// everyEighth is the unicast internet in networks of /8.
func everyEighth() []any {
	var all []any
	for first := 1; first < 224; first++ {
		all = append(all, strconv.Itoa(first)+".0.0.0/8")
	}
	return all
}

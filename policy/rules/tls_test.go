package rules

import "prefect-platform/internal/tokens"

const tlsServer = "        ssl_certificate $certificate;"

var (
	_ = prove("tls-edge-listeners", proof{
		fails: onEdge(
			[4]string{"the edge itself", "listen 8443 ssl;\n        http2 on;\n        server_name prefect", "listen 8443;\n        http2 on;\n        server_name prefect", "has no TLS"},
			[4]string{"a second port of the edge", "listen 8443 ssl;\n        http2 on;\n        server_name prefect", "listen 8443 ssl; listen 9080;\n        http2 on;\n        server_name prefect", "has no TLS"},
			[4]string{"a server that says no port", "    # Names that are not ours", "    server { allow 10.0.0.0/8; deny all; auth_basic \"x\"; auth_basic_user_file $password_file; limit_req zone=ui; limit_conn connections 9; location / { proxy_pass http://prefect; } }\n    # Names", "has no TLS"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("tls-edge-redirect", proof{
		fails: onEdge(
			[4]string{"for a while only", "return 308 https://", "return 302 https://", "302"},
			[4]string{"to http", "return 308 https://", "return 308 http://", "http://"},
			[4]string{"to any host", "return 308 https://prefect.corp.net$request_uri", "return 308 https://$host$request_uri", "$host"},
			[4]string{"to another host", "return 308 https://prefect.corp.net$request_uri", "return 308 https://evil.test$request_uri", "evil.test"},
			[4]string{"to a host that begins alike", "return 308 https://prefect.corp.net$request_uri", "return 308 https://prefect.corp.net$host", "$host"},
			[4]string{"to any host without a slash", "return 308 https://prefect.corp.net$request_uri", "return 308 https://$request_uri", "return 308"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("tls-edge-protocols", proof{
		fails: onEdge(
			[4]string{"an old one", "ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1.1 TLSv1.2 TLSv1.3;", "TLSv1.1"},
			[4]string{"none named", "ssl_protocols TLSv1.2 TLSv1.3;", "", "names no"},
			[4]string{"an old one in the server", tlsServer, "ssl_protocols SSLv3;\n" + tlsServer, "SSLv3"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("tls-edge-ciphers", proof{
		fails: onEdge(
			[4]string{"a weak level", "ECDHE-RSA-CHACHA20-POLY1305;", "ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=0;", "@SECLEVEL=0"},
			[4]string{"without forward secrecy", "ECDHE-RSA-CHACHA20-POLY1305;", "AES128-GCM-SHA256;", "AES128-GCM-SHA256"},
			[4]string{"without authenticated text", "ECDHE-RSA-CHACHA20-POLY1305;", "ECDHE-RSA-AES128-SHA;", "ECDHE-RSA-AES128-SHA"},
			[4]string{"all", "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:", "ssl_ciphers ALL:", "ALL"},
			[4]string{"in the server", tlsServer, "ssl_ciphers HIGH:!aNULL;\n" + tlsServer, "HIGH"},
			[4]string{"none named", "ssl_ciphers ", "ssl_session_tickets off; #", "names no"},
			[4]string{"a weak curve", "ssl_ecdh_curve X25519MLKEM768:", "ssl_ecdh_curve secp224r1:", "secp224r1"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("tls-edge-settings", proof{
		fails: onEdge(
			[4]string{"early data", tlsServer, "ssl_early_data on;\n" + tlsServer, "ssl_early_data"},
			[4]string{"a ticket key", tlsServer, "ssl_session_ticket_key ticket.key;\n" + tlsServer, "ticket.key"},
			[4]string{"commands for OpenSSL", tlsServer, "ssl_conf_command MinProtocol TLSv1;\n" + tlsServer, "ssl_conf_command"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("tls-edge-hsts", proof{
		fails: onEdge(
			[4]string{"an hour", "max-age=63072000", "max-age=3600", "3600"},
			[4]string{"for good answers only", "\"max-age=63072000\" always", "\"max-age=63072000\"", "63072000"},
			[4]string{"not at all", "add_header Strict-Transport-Security \"max-age=63072000\" always;", "", "sends no"},
			[4]string{"not where other headers are added", "add_header_inherit merge;", "", "sends no"},
			[4]string{"not for one route", apiLocation, apiLocation + "\n add_header_inherit off;", "sends no"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("tls-edge-default-certificate", proof{
		fails: append([]fixture{{name: "a certificate for every name", stack: "dev", edge: line("ssl_reject_handshake on;", "ssl_certificate $certificate; ssl_certificate_key $certificate_key;"), found: "whoever asks"}}, onEdge(
			[4]string{"the edge as the default", "listen 8443 ssl;\n        http2 on;\n        server_name prefect", "listen 8443 ssl default_server;\n        http2 on;\n        server_name prefect", "whoever asks"},
			[4]string{"every name", "server_name prefect.corp.net;", "server_name prefect.corp.net ~^.*;", "fits ~^.*"},
			[4]string{"a whole domain", "server_name prefect.corp.net;", "server_name *.corp.net;", "fits *.corp.net"},
			[4]string{"no other is the default", "listen 8443 ssl;\n        http2 on;\n        server_name prefect", "listen 9443 ssl;\n        http2 on;\n        server_name prefect", "whoever asks"},
		)...),
		neverUnknown: neverUnknownEdge,
	})

	_ = prove("tls-edge-challenge", proof{
		fails: onEdgeOf("prod"+certified,
			[4]string{"by any route", "location ~ ^/\\.well-known/acme-challenge/[A-Za-z0-9_-]+$ {", "location ~ ^/ {", "leads to what answers"},
			[4]string{"by a longer route", "acme-challenge/[A-Za-z0-9_-]+$ {", "acme-challenge/ {", "leads to what answers"},
			[4]string{"with what clients send", "            proxy_pass_request_body off;\n            proxy_set_header Host $host;", "            proxy_set_header Host $host;", "hands on"},
			[4]string{"with the credential", "            proxy_set_header Host $host;", "            proxy_set_header Host $host; proxy_set_header Authorization $http_authorization;", "hands on"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("tls-key-strength", proof{
		fails: []fixture{
			{name: "the provider's default curve", of: tokens.PrivateKey, resource: "proxy-ca", change: without("ecdsaCurve"), found: "P224"},
			{name: "P224", of: tokens.PrivateKey, resource: "proxy-ca", change: put("ecdsaCurve", "P224"), found: "P224"},
			{name: "a short RSA key", of: tokens.PrivateKey, resource: "proxy-ca", change: func(r *Resource) { put("algorithm", "RSA")(r); put("rsaBits", "1024")(r) }, found: "1024"},
			{name: "no algorithm", of: tokens.PrivateKey, resource: "proxy-ca", change: without("algorithm"), found: "no algorithm"},
			{name: "another algorithm", stack: "dev", of: tokens.PrivateKey, resource: "proxy", change: put("algorithm", "DSA"), found: "DSA"},
		},
		unknown: []fixture{{name: "the curve", of: tokens.PrivateKey, resource: "proxy-ca", change: unknownProperty("ecdsaCurve")}},
	})
	_ = prove("tls-certificate-lifetime", proof{
		fails: []fixture{
			{name: "a leaf of two years", stack: "dev", of: tokens.LocallySignedCert, resource: "proxy", change: put("validityPeriodHours", 2*365*24), found: "17520"},
			{name: "a leaf of an hour", stack: "dev", of: tokens.LocallySignedCert, resource: "proxy", change: func(r *Resource) { put("validityPeriodHours", "23")(r); put("earlyRenewalHours", 1)(r) }, found: "23"},
			{name: "an authority of twenty years", of: tokens.SelfSignedCert, resource: "proxy-ca", change: put("validityPeriodHours", 20*365*24), found: "authority"},
		},
		unknown: []fixture{{name: "the lifetime", stack: "dev", of: tokens.LocallySignedCert, resource: "proxy", change: unknownProperty("validityPeriodHours")}},
	})
	_ = prove("tls-certificate-renewal", proof{
		fails: []fixture{
			{name: "no renewal", stack: "dev", of: tokens.LocallySignedCert, resource: "proxy", change: put("earlyRenewalHours", 0), found: "0 of"},
			{name: "the provider's default", stack: "dev", of: tokens.LocallySignedCert, resource: "proxy", change: without("earlyRenewalHours"), found: "0 of"},
			{name: "renewal at once", stack: "dev", of: tokens.LocallySignedCert, resource: "proxy", change: put("earlyRenewalHours", 100000), found: "100000 of"},
		},
		unknown: []fixture{{name: "the window", stack: "dev", of: tokens.LocallySignedCert, resource: "proxy", change: unknownProperty("earlyRenewalHours")}},
	})
	_ = prove("tls-certificate-uses", proof{
		fails: []fixture{
			{name: "an authority that serves", of: tokens.SelfSignedCert, resource: "proxy-ca", change: put("allowedUses", []any{"cert_signing", "server_auth"}), found: "server_auth"},
			{name: "a leaf that signs", stack: "dev", of: tokens.LocallySignedCert, resource: "proxy", change: put("allowedUses", []any{"server_auth", "cert_signing"}), found: "cert_signing"},
			{name: "a leaf that is an authority", stack: "dev", of: tokens.LocallySignedCert, resource: "proxy", change: func(r *Resource) { put("isCaCertificate", "true")(r); put("allowedUses", []any{"cert_signing"})(r) }, found: "below another"},
			{name: "an authority for another server", stack: "dev", of: tokens.LocallySignedCert, resource: "proxy", change: func(r *Resource) {
				r.Name = "proxy-ca-crossed"
				put("isCaCertificate", true)(r)
				put("allowedUses", []any{"cert_signing"})(r)
			}, found: "below another"},
			{name: "one that vouches and serves", stack: "dev" + monitored, of: tokens.LocallySignedCert, resource: tokens.CrossSigned, change: put("allowedUses", []any{"cert_signing", "server_auth"}), found: "server_auth"},
		},
		unknown: []fixture{{name: "the uses", of: tokens.SelfSignedCert, resource: "proxy-ca", change: unknownProperty("allowedUses")}},
	})
	_ = prove("tls-mode-provided", proof{
		fails: []fixture{
			{name: "an authority of the stack's own", of: tokens.Proxy, resource: "proxy", change: put(tokens.InputTLSMode, "self-signed"), found: "self-signed"},
			{name: "a mode that is not recorded", of: tokens.Proxy, resource: "proxy", change: without(tokens.InputTLSMode), found: "tlsMode"},
			{name: "an authority for trying out", stack: "prod" + certified, of: tokens.Proxy, resource: "proxy", change: put(tokens.InputDirectory, "https://acme-staging-v02.api.letsencrypt.org/directory"), found: "letsencrypt-staging"},
			{name: "another case", of: tokens.Proxy, resource: "proxy", change: put(tokens.InputTLSMode, "Provided"), found: "Provided"},
		},
		unknown: []fixture{{name: "the mode", of: tokens.Proxy, resource: "proxy", change: unknownProperty(tokens.InputTLSMode)}},
	})
)

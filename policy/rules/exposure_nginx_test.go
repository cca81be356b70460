package rules

const (
	edgeAllow = "satisfy all;\n        allow 192.168.1.0/24;\n        deny all;"
	proxies   = "    # Log without secrets"
)

var (
	_ = prove("exposure-allowlist-ends", proof{
		fails: onEdge(
			[4]string{"a list without an end", edgeAllow, "satisfy all;\n        allow 192.168.1.0/24;", "not allowed"},
			[4]string{"everybody", edgeAllow, "satisfy all;\n        allow all;", "not allowed"},
			[4]string{"everybody for one route", apiLocation, apiLocation + "\n allow all;", "not allowed"},
			[4]string{"everybody before the end", edgeAllow, "satisfy all;\n        allow all;\n        deny all;", "not allowed"},
			[4]string{"no list for the redirect", "try_files /nonexistent @https;", "return 308 https://prefect.corp.net$request_uri;", "redirected"},
			[4]string{"a page for those who are not allowed", "auth_basic \"Prefect\";", "auth_basic \"Prefect\"; error_page 403 @open;", "not exist"},
		)[:5],
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("exposure-allowlist-wide", proof{
		fails: onEdge(
			[4]string{"the whole internet", edgeAllow, "satisfy all;\n        allow 0.0.0.0/0;\n        deny all;", "0.0.0.0/0"},
			[4]string{"the whole internet of version 6", edgeAllow, "satisfy all;\n        allow ::/0;\n        deny all;", "::/0"},
			[4]string{"half of it", edgeAllow, "satisfy all;\n        allow 0.0.0.0/1;\n        allow 128.0.0.0/1;\n        deny all;", "128.0.0.0/1"},
			[4]string{"many of the widest", edgeAllow, "satisfy all;\n        allow 1.0.0.0/8;\n        allow 2.0.0.0/8;\n        allow 3.0.0.0/8;\n        deny all;", "together"},
			[4]string{"no limits for many", "geo $counted {", "geo $counted {\n 1.0.0.0/8 0;\n 2.0.0.0/8 0;\n 3.0.0.0/8 0;", "together"},
			[4]string{"a socket", edgeAllow, "satisfy all;\n        allow unix:;\n        deny all;", "unix:"},
			[4]string{"no limits for a half", "geo $counted {", "geo $counted {\n 0.0.0.0/1 0;", "0.0.0.0/1"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("exposure-rate-limits", proof{
		fails: onEdge(
			[4]string{"one route without", apiLocation + "\n            limit_req zone=api burst=200 nodelay;", apiLocation, "no limit_req"},
			[4]string{"a zone that does not exist", "limit_req zone=websocket", "limit_req zone=none", "does not exist"},
			[4]string{"a rate that limits nobody", "zone=api:2m rate=100r/s", "zone=api:2m rate=50000r/s", "sensible"},
			[4]string{"a trial", "limit_req_status 429;", "limit_req_status 429; limit_req_dry_run on;", "dry_run"},
			[4]string{"a redirect without", "        limit_req zone=ui burst=200 nodelay;\n        limit_conn", "        limit_conn", "no limit_req"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("exposure-connection-limit", proof{
		fails: onEdge(
			[4]string{"none for the edge", "limit_conn connections 256;\n\n        add_header_inherit", "\n\n        add_header_inherit", "no limit_conn"},
			[4]string{"a zone that does not exist", "limit_conn connections 256;", "limit_conn none 256;", "does not exist"},
			[4]string{"a trial", "limit_conn_status 429;", "limit_conn_status 429; limit_conn_dry_run on;", "dry_run"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("exposure-limit-key", proof{
		fails: onEdge(
			[4]string{"all requests together", "limit_req_zone $limit_key zone=api:2m", "limit_req_zone $server_name zone=api:2m", "client address"},
			[4]string{"all connections together", "limit_conn_zone $limit_key", "limit_conn_zone $server_name", "client address"},
			[4]string{"a header that clients choose", "map $counted $limit_key {", "map $http_x $limit_key {", "by something else"},
			[4]string{"nobody is counted", "geo $counted {\n        default 1;", "geo $counted {\n        default 0;", "every client"},
			[4]string{"an empty key", "default $binary_remote_addr;", "default \"\";", "client address"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("exposure-limit-status", proof{
		fails: onEdge(
			[4]string{"nginx's default", "limit_req_status 429;", "", "503"},
			[4]string{"another code", "limit_conn_status 429;", "limit_conn_status 444;", "444"},
			[4]string{"another code for one route", apiLocation, apiLocation + "\n limit_req_status 418;", "418"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("exposure-trusted-proxies", proof{
		fails: onEdge(
			[4]string{"everybody", proxies, "    set_real_ip_from 0.0.0.0/0;\n    real_ip_header X-Forwarded-For;\n" + proxies, "0.0.0.0/0"},
			[4]string{"many of the widest", proxies, "    set_real_ip_from 1.0.0.0/8;\n    set_real_ip_from 2.0.0.0/8;\n    set_real_ip_from 3.0.0.0/8;\n    real_ip_header X-Forwarded-For;\n" + proxies, "together"},
			[4]string{"everybody of version 6", proxies, "    set_real_ip_from ::/0;\n" + proxies, "::/0"},
			[4]string{"everybody for one server", tlsServer, "set_real_ip_from 0.0.0.0/1;\n" + tlsServer, "0.0.0.0/1"},
			[4]string{"a name", proxies, "    set_real_ip_from balancer;\n" + proxies, "balancer"},
			[4]string{"a header without a proxy", proxies, "    real_ip_header X-Forwarded-For;\n" + proxies, "without a proxy"},
			[4]string{"what the client claims for one route", apiLocation, apiLocation + "\n proxy_set_header X 1;", "no X-Forwarded-For"},
			[4]string{"what the client claims", "proxy_set_header X-Forwarded-For $remote_addr;", "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;", "proxy_add"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("exposure-versions-hidden", proof{
		fails: onEdge(
			[4]string{"told", "server_tokens off;", "server_tokens on;", "is on"},
			[4]string{"told by default", "server_tokens off;", "", "is on"},
			[4]string{"told by one server", tlsServer, "server_tokens build;\n" + tlsServer, "is build"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("exposure-status-endpoints", proof{
		fails: onEdge(
			[4]string{"for a network", "allow 127.0.0.1;", "allow 10.0.0.0/8;", "stub_status"},
			[4]string{"for all", "            stub_status;", "            allow all;\n            stub_status;", "stub_status"},
			[4]string{"without an end", "allow 127.0.0.1;\n        deny all;", "allow 127.0.0.1;", "stub_status"},
			[4]string{"for all of monitoring", "allow 127.0.0.1;", "allow 127.0.0.1;\n        allow 10.213.3.0/24;", "stub_status"},
			[4]string{"for another container", "allow 127.0.0.1;", "allow 127.0.0.1;\n        allow 10.213.3.20;", "stub_status"},
			[4]string{"for the exporter, without an end", "allow 127.0.0.1;\n        deny all;", "allow 127.0.0.1;\n        allow 10.213.3.254;", "stub_status"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("secrets-nginx-log", proof{
		fails: onEdge(
			[4]string{"the credential", `"path":"$uri"`, `"path":"$uri $http_authorization"`, "http_authorization"},
			[4]string{"the query", `"path":"$uri"`, `"path":"$request_uri"`, "request_uri"},
			[4]string{"the request line", `"path":"$uri"`, `"path":"$request"`, "$request,"},
			[4]string{"a cookie", `"path":"$uri"`, `"path":"$cookie_session"`, "cookie_session"},
			[4]string{"the body", `"path":"$uri"`, `"path":"$request_body"`, "request_body"},
			[4]string{"the referrer", `"path":"$uri"`, `"path":"$http_referer"`, "http_referer"},
			[4]string{"a user that was not verified", `"user":"$user"`, `"user":"$remote_user"`, "remote_user"},
			[4]string{"the user of a refused request", `"~^(308|4(01|03|29))" "";`, `"~^(308|4(03|29))" "";`, "user"},
			[4]string{"the user where nobody checked", `        "~ off" "";` + "\n", "", "user"},
			[4]string{"the credential by another name", `default $remote_user;`, `default $http_authorization;`, "$user"},
			[4]string{"nginx's own format", "access_log /dev/stdout json;", "access_log /dev/stdout;", "access_log"},
			[4]string{"a format of nginx's own", "access_log /dev/stdout json;", "access_log /dev/stdout combined;", "combined"},
			[4]string{"nginx's default", "access_log /dev/stdout json;", "", "no access_log"},
			[4]string{"what nginx writes about errors", "error_log stderr crit;", "error_log stderr warn;", "warn"},
			[4]string{"debugging of one route", apiLocation, apiLocation + "\n error_log stderr debug;", "debug"},
		),
		neverUnknown: neverUnknownEdge,
	})
)

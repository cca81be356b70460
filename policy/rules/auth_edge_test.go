package rules

import (
	"encoding/base64"

	"prefect-platform/internal/tokens"
)

const (
	apiLocation = "location ~ ^/api/ { # not as a prefix, for which nginx redirects /api without asking for a credential"
	uiLocation  = "        location / {\n            limit_req zone=ui burst=200 nodelay;\n            proxy_hide_header"
	webSockets  = `"~^GET websocket /api/(events/(in|out)|logs/out|task_runs/subscriptions/scheduled|work_pools/[^/?]+/workers/connect)(\?|$)" websocket;`
	health      = `"~^GET /api/health(\?|$)" off;`
)

// raw is a container that a colleague adds with a configuration of its own; it runs nothing that other rules know.
func rawNginx(upload map[string]any) func(*Resource) {
	return func(r *Resource) {
		put("uploads", []any{upload})(r)
	}
}

var (
	_ = prove("auth-edge-readable", proof{
		fails: append(onEdge(
			[4]string{"a directive that nginx does not know", "server_tokens off;", "server_tokens off;\n    lua_code_cache on;", "lua_code_cache"},
			[4]string{"an include of a file that is not mounted", "server_tokens off;", "server_tokens off;\n    include extra.conf;", "extra.conf"},
			[4]string{"an include of the image's files", "server_tokens off;", "server_tokens off;\n    include /etc/nginx/conf.d/*.conf;", "conf.d"},
			[4]string{"an include of an absolute path", "server_tokens off;", "server_tokens off;\n    include /etc/nginx/mime.types;", "mime.types"},
			[4]string{"a block that does not end", "server_tokens off;", "server_tokens off; server {", "end of file"},
			[4]string{"an escape", `"~ off" "";`, `"~ off\\" "";`, "not certain"},
			[4]string{"a variable in braces", "$status $websocket_realm", "${status} $websocket_realm", "not certain"},
			[4]string{"a carriage return", "server_tokens off;", "server_tokens off;\r", "not certain"},
			[4]string{"a regular expression with lookahead", "location ~ ^/(v2/)?assets/ {", "location ~ ^/(?!v2/)assets/ {", "cannot be judged"},
			[4]string{"a regular expression that sets a variable", "location ~ ^/(v2/)?assets/ {", "location ~ ^/(?<websocket_realm>v2/)?assets/ {", "named group"},
			[4]string{"a server name that sets a variable", "server_name prefect.corp.net;", "server_name ~^(?<websocket_realm>off)$ prefect.corp.net;", "named group"},
			[4]string{"a map with an include", `"~ off" "";`, `include more.map;`, "cannot be judged"},
			[4]string{"a map that knows wildcards", `"~ off" "";`, `hostnames;`, "cannot be judged"},
			[4]string{"a variable that is defined twice", "    map $websocket $websocket_realm {", "    map $uri $websocket_realm { default off; }\n    map $websocket $websocket_realm {", "twice"},
		), []fixture{
			{name: "nothing recorded", of: tokens.Proxy, resource: "proxy", change: put(tokens.InputNginxConf, " "), found: "records no", also: []string{"auth-edge-same"}},
			{name: "a file of the deployer's machine", of: tokens.Container, resource: "proxy-nginx-files", change: rawNginx(map[string]any{"file": "/etc/nginx/conf.d/x.conf", "source": "/home/deploy/x.conf"}), found: "source"},
			{name: "a template", of: tokens.Container, resource: "proxy-nginx-files", change: rawNginx(map[string]any{"file": "/etc/nginx/templates/x.conf.template", "content": "#"}), found: "template"},
			{name: "text that is no base64", of: tokens.Container, resource: "proxy-nginx-files", change: rawNginx(map[string]any{"file": "/etc/nginx/conf.d/x.conf", "contentBase64": "%"}), found: "decoded"},
			{name: "a part in base64", of: tokens.Container, resource: "proxy-nginx-files", change: rawNginx(map[string]any{
				"file": "/etc/nginx/conf.d/x.conf", "contentBase64": base64.StdEncoding.EncodeToString([]byte("server { listen 80; js_content main; }")),
			}), found: "js_content"},
			{name: "a text that is a number", of: tokens.Container, resource: "proxy-nginx-files", change: rawNginx(map[string]any{"file": "/etc/nginx/x.conf", "content": 1}), found: "cannot be judged"},
		}...),
		unknown: []fixture{{name: "a file", of: tokens.Container, resource: "proxy-nginx-files", change: unknownProperty("uploads")}},
	})

	_ = prove("auth-edge-same", proof{
		fails: []fixture{
			{name: "another text that is mounted", of: tokens.Container, resource: "proxy-install-files", change: edit("nginx.conf", "worker_processes 1", "worker_processes 2"), found: "is not the nginxConf"},
			{name: "no text that is mounted", remove: []string{"proxy-install-files"}, found: "none of its containers", also: []string{"tls-provided-certificate"}},
		},
		unknown: []fixture{{name: "what is recorded", of: tokens.Proxy, resource: "proxy", change: unknownProperty(tokens.InputNginxConf)}},
	})

	_ = prove("auth-edge-directives", proof{
		fails: onEdge(
			[4]string{"a module", "worker_processes 1;", "worker_processes 1;\nload_module modules/x.so;", "loads code"},
			[4]string{"a mirror", uiLocation, "location = /copy { internal; return 404; }\n mirror /copy;\n" + uiLocation, "mirror"},
			[4]string{"a stream", "events {", "stream { server { listen 5432; proxy_pass postgres:5432; } }\nevents {", "stream"},
			[4]string{"a folder", "root /nonexistent;", "root /;", "root /"},
			[4]string{"no folder", "    root /nonexistent;\n", "", "names no root"},
			[4]string{"an alias", uiLocation, "location /files/ { limit_req zone=ui; alias /srv/; }\n" + uiLocation, "alias"},
			[4]string{"a rewrite", uiLocation, "rewrite ^/x /api/health;\n" + uiLocation, "rewrite"},
			[4]string{"a variable that is set", uiLocation, "set $websocket_realm off;\n" + uiLocation, "set"},
			[4]string{"a location within another", apiLocation, apiLocation + "\n location /api/x/ { return 404; }", "inherits"},
			[4]string{"what is nothing to nginx but to others", "server_tokens off;", "server_tokens off; underscores_in_headers on;", "underscores"},
			[4]string{"scripts in pages", "server_tokens off;", "server_tokens off; ssi on;", "ssi"},
		),
		neverUnknown: neverUnknownEdge,
	})

	_ = prove("auth-edge-included", proof{
		fails: []fixture{
			{name: "a setting in the secret file", stack: "dev", of: tokens.Container, resource: "proxy-install-files", change: edit("authorization.map", "map $http_authorization $api", "server_tokens off;\nmap $http_authorization $api"), found: "server_tokens"},
			{name: "a log in the secret file", of: tokens.Container, resource: "proxy-install-files", change: edit("authorization.map", "map $http_authorization $api", "log_format x $host;\nmap $http_authorization $api"), found: "log_format"},
			{name: "a version elsewhere", edge: line("auth_basic \"Prefect\";", "auth_basic \"Prefect\"; include version.conf;"), found: "version.conf line 1 has return", also: []string{"auth-edge-routes"}},
		},
		neverUnknown: neverUnknownEdge,
	})

	_ = prove("auth-edge-routes", proof{
		fails: append([]fixture{
			{name: "the health check as a prefix, and a matcher that lets it", edge: both(line("location = /api/health {", "location ^~ /api/health {"), line(health, `"~^GET /api/health" off;`)), found: "/api/health"},
			{name: "a way to the API beside the figures", edge: line("        location = /stub_status {", "        location /x { proxy_pass http://prefect; }\n        location = /stub_status {"), found: "reaches", also: []string{"tls-edge-listeners", "exposure-rate-limits", "exposure-connection-limit"}},
			{name: "one more WebSocket path", edge: every("(in|out)", "(in|out|filter)"), found: "/api/events/filter"},
			{name: "a page that asks for nothing", edge: both(line("auth_basic \"Prefect\";", "auth_basic \"Prefect\"; error_page 401 /open;"), line(uiLocation, "location = /open { internal; auth_basic off; limit_req zone=ui; proxy_pass http://prefect; }\n"+uiLocation)), found: "reaches"},
		}, onEdge(
			[4]string{"no credential for anything", "auth_basic \"Prefect\";", "auth_basic off;", "reaches http://prefect"},
			[4]string{"no password file", "auth_basic_user_file $password_file;", "", "reaches http://prefect"},
			[4]string{"one route without", apiLocation, apiLocation + "\n auth_basic off;", "/api"},
			[4]string{"the user interface without", "            proxy_hide_header Cache-Control;\n            add_header Cache-Control no-cache;", "            auth_basic off;\n            proxy_hide_header Cache-Control;\n            add_header Cache-Control no-cache;", "GET /"},
			[4]string{"any method for the health check", health, `"~^[A-Z]+ /api/health(\?|$)" off;`, "POST /api/health"},
			[4]string{"everything below the health check", health, `"~^GET /api/health" off;`, "health"},
			[4]string{"whatever names the health check", health, `"~/api/health" off;`, "health"},
			[4]string{"the health check of something else", "proxy_pass http://prefect/api/health;", "proxy_pass http://prefect/api/flows/filter;", "GET /api/health"},
			[4]string{"any method for WebSockets", `"~^GET websocket /api/(events`, `"~^[A-Z]+ websocket /api/(events`, "POST /api/events"},
			[4]string{"any Upgrade", `"~*^websocket$" websocket;`, `"~*websocket" websocket;`, "Upgrade"},
			[4]string{"an Upgrade by default", "default none;", "default websocket;", "/api/events/in"},
			[4]string{"a matcher without an end", `connect)(\?|$)" websocket;`, `connect)" websocket;`, "websocket"},
			[4]string{"a matcher with slash", `connect)(\?|$)" websocket;`, `connect)(/|\?|$)" websocket;`, "/"},
			[4]string{"a matcher without a beginning", `"~^GET websocket /api/(events`, `"~GET websocket /api/(events`, ""},
			[4]string{"a matcher of what nginx decoded", `"$request_method $upgrade $request_uri" $websocket`, `"$request_method $upgrade $uri" $websocket`, "/api/events/in/"},
			[4]string{"a map that lets everybody in", "        websocket off;\n        default \"Prefect\";", "        websocket off;\n        default off;", ""},
			[4]string{"a header that clients choose", "map $websocket $websocket_realm {\n", "map $http_x_debug $websocket_realm {\n        1 off;\n", "clients choose"},
			[4]string{"a cookie that clients choose", "map \"$request_method $request_uri\" $health_realm {\n", "map \"$cookie_debug\" $health_realm {\n        1 off;\n", "clients choose"},
			[4]string{"an answer before the checks", uiLocation, "location = /ping { limit_req zone=ui; return 200 pong; }\n" + uiLocation, "answered with 200"},
			[4]string{"a redirect before the checks", uiLocation, "location = /ping { limit_req zone=ui; return 302 /x; }\n" + uiLocation, "redirected"},
			[4]string{"an if that answers", uiLocation, "if ($http_x) { return 200 x; }\n" + uiLocation, "answered with 200"},
			[4]string{"a page for those who are refused", "auth_basic \"Prefect\";", "auth_basic \"Prefect\"; error_page 401 @again;", "reaches"},
			[4]string{"a page for those who are not found", "auth_basic \"Prefect\";", "auth_basic \"Prefect\"; error_page 403 404 418 @again;", "reaches"},
			[4]string{"a page with another status", "auth_basic \"Prefect\";", "auth_basic \"Prefect\"; error_page 401 =200 @again;", "reaches"},
			[4]string{"a page for those who are too fast", "error_page 502 503 504 = @restarting;\n            proxy_pass", "error_page 429 502 503 504 = @again;\n            proxy_pass", "reaches"},
			[4]string{"a page behind a code of return", uiLocation, "location = /t { limit_req zone=ui; error_page 418 = @again; return 418; }\n" + uiLocation, "reaches"},
			[4]string{"a page elsewhere", "auth_basic \"Prefect\";", "auth_basic \"Prefect\"; error_page 401 https://evil.test/;", "redirected"},
			[4]string{"another check instead", apiLocation, apiLocation + "\n auth_basic off; auth_request /_ready;", "reaches"},
			[4]string{"a server beside", "    # Names that are not ours", "    server { listen 9443 ssl; server_name x; allow 10.0.0.0/8; deny all; limit_req zone=ui; limit_conn connections 9; add_header Strict-Transport-Security \"max-age=63072000\" always; ssl_certificate $certificate; ssl_certificate_key $certificate_key; location / { proxy_pass http://prefect; } ssl_reject_handshake on; }\n    # Names", "reaches"},
			[4]string{"a route as a prefix", "location ~ ^/api/ {", "location /api/ {", "redirected"},
		)...),
		neverUnknown: neverUnknownEdge,
	})

	_ = prove("auth-edge-satisfy", proof{
		fails: onEdge(
			[4]string{"any of both", "satisfy all;", "satisfy any;", "satisfy any"},
			[4]string{"any of both for one route", apiLocation, apiLocation + "\n satisfy any;", "satisfy any"},
		),
		neverUnknown: neverUnknownEdge,
	})

	_ = prove("auth-edge-password-file", proof{
		fails: append(onEdge(
			[4]string{"a file elsewhere", "auth_basic_user_file $password_file;", "auth_basic_user_file /tmp/htpasswd;", "/tmp/htpasswd"},
			[4]string{"a file that is not mounted", "auth_basic_user_file $password_file;", "auth_basic_user_file users;", "not mounted"},
			[4]string{"a file that clients choose", "auth_basic_user_file $password_file;", "auth_basic_user_file $retry_after;", "names"},
		), []fixture{
			{name: "a map with another file", of: tokens.Container, resource: "proxy-install-files", change: edit("authorization.map", "default htpasswd", "default /tmp/x"), found: "/tmp/x"},
			{name: "a map with a missing file", of: tokens.Container, resource: "proxy-install-files", change: edit("authorization.map", "default htpasswd", "default htpasswd.old"), found: "htpasswd.old"},
			{name: "a file that clients choose", edge: line("auth_basic_user_file $password_file;", "auth_basic_user_file $arg_file;"), found: "any file"},
		}...),
		neverUnknown: neverUnknownEdge,
	})

	_ = prove("auth-edge-authorization", proof{
		fails: append(onEdge(
			[4]string{"a credential for everybody", "proxy_set_header Authorization $api_authorization;", "proxy_set_header Authorization \"Basic cHJlZmVjdDp4\";", "of the edge's own"},
			[4]string{"in another case", "proxy_set_header Authorization $api_authorization;", "proxy_set_header authorization \"Basic cHJlZmVjdDp4\";", "of the edge's own"},
			[4]string{"by a map of something else", "proxy_set_header Authorization $api_authorization;", "proxy_set_header Authorization $retry_after;", "does not depend"},
		), []fixture{
			{name: "a map with a default", of: tokens.Container, resource: "proxy-install-files", change: edit("authorization.map", "default $http_authorization", "default \"Basic cHJlZmVjdDp4\""), found: "everybody"},
			{name: "a map for those who send none", of: tokens.Container, resource: "proxy-install-files", change: edit("authorization.map", "default $http_authorization;", "default $http_authorization; \"\" \"Basic cHJlZmVjdDp4\";"), found: "sends none"},
			{name: "a map with a pattern", of: tokens.Container, resource: "proxy-install-files", change: edit("authorization.map", "default $http_authorization;", "default $http_authorization; ~Basic \"Basic cHJlZmVjdDp4\";"), found: "pattern"},
		}...),
		neverUnknown: neverUnknownEdge,
	})

	_ = prove("auth-edge-upstream", proof{
		fails: onEdge(
			[4]string{"another server", "server prefect-api-a1:4200 resolve", "server prometheus:9090 resolve", "prometheus"},
			[4]string{"a second server", "server prefect-api-a1:4200 resolve", "server evil.test:80; server prefect-api-a1:4200 resolve", "evil.test"},
			[4]string{"a target that clients choose", "proxy_pass http://prefect/api/ready;", "proxy_pass http://$http_x_target;", "$http_x_target"},
			[4]string{"a database", "proxy_pass http://prefect/api/ready;", "proxy_pass http://postgres:5432;", "postgres"},
			[4]string{"a socket", "proxy_pass http://prefect/api/ready;", "proxy_pass http://unix:/run/docker.sock;", "docker.sock"},
		),
		neverUnknown: neverUnknownEdge,
	})
)

package rules

import (
	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
)

var (
	_ = prove("auth-server-recorded", proof{
		fails: []fixture{
			{name: "a server without", of: tokens.Prefect, resource: "prefect", change: put(tokens.InputAuthenticated, false), found: "no credential"},
			{name: "a server without, as a text", of: tokens.Prefect, resource: "prefect", change: put(tokens.InputAuthenticated, "0"), found: "no credential"},
			{name: "a server that does not say", of: tokens.Prefect, resource: "prefect", change: without(tokens.InputAuthenticated), found: "no credential"},
			{name: "a server that says what is no answer", of: tokens.Prefect, resource: "prefect", change: put(tokens.InputAuthenticated, "perhaps"), found: "cannot be judged"},
		},
		unknown: []fixture{{name: "whether it has one", of: tokens.Prefect, resource: "prefect", change: unknownProperty(tokens.InputAuthenticated)}},
	})

	_ = prove("auth-server-credential", proof{
		fails: []fixture{
			{name: "an API without", of: tokens.Container, resource: "prefect-api-files", change: edit("prefect.toml", "auth_string", "auth_sting"), found: "auth_string"},
			{name: "services without", of: tokens.Container, resource: "prefect-services-files", change: edit("prefect.toml", "auth_string", "# auth_string"), found: "auth_string"},
			{name: "one without a password", of: tokens.Container, resource: "prefect-api-files", change: edit("prefect.toml", "auth_string = \"", "auth_string = \"prefect:\" # \""), found: "auth_string"},
			{name: "one in the wrong table", of: tokens.Container, resource: "prefect-api-files", change: edit("prefect.toml", "[server.api]", "[api]"), found: "auth_string"},
			{name: "one that cannot be read", of: tokens.Container, resource: "prefect-api-files", change: edit("prefect.toml", "[server.api]", "[server.api"), found: "TOML"},
			{name: "a variable that takes it away", of: tokens.Container, resource: "prefect-api-1", change: put("envs", []any{"PREFECT_SERVER_API_AUTH_STRING="}), found: "PREFECT_SERVER_API_AUTH_STRING"},
		},
		unknown: []fixture{{name: "the files", of: tokens.Container, resource: "prefect-api-files", change: unknownProperty("uploads")}},
	})

	_ = prove("auth-grafana-anonymous", proof{
		fails: []fixture{
			{name: "a variable", of: tokens.Container, resource: "cache-server", change: put("envs", []any{"GF_AUTH_ANONYMOUS_ENABLED=true"}), found: "envs[0]"},
			{name: "yes", of: tokens.Container, resource: "cache-server", change: put("envs", []any{"TZ=UTC", "GF_AUTH_ANONYMOUS_ENABLED=YES"}), found: "envs[1]"},
			{name: "1", of: tokens.Container, resource: "cache-server", change: put("envs", []any{"GF_AUTH_ANONYMOUS_ENABLED=1"}), found: "envs[0]"},
			{name: "from a file", of: tokens.Container, resource: "cache-server", change: put("envs", []any{"GF_AUTH_ANONYMOUS_ENABLED__FILE=/x"}), found: "__FILE"},
			{name: "an argument", of: tokens.Container, resource: "cache-server", change: put("command", []any{"cfg:default.auth.anonymous.enabled=on"}), found: "command"},
			{name: "a line of grafana.ini", of: tokens.Container, resource: "cache-server-files", change: put("uploads", []any{map[string]any{"file": "/etc/grafana/grafana.ini", "content": "[auth.anonymous]\n; comment\n enabled = TRUE\n", "permissions": "0440"}}), found: "grafana.ini"},
			{name: "a line of another file", of: tokens.Container, resource: "cache-server-files", change: put("uploads", []any{map[string]any{"file": "/x/custom", "content": "[ Auth.Anonymous ]\nenabled:1\n[auth.anonymous]\nenabled=1", "permissions": "0440"}}), found: "custom"},
		},
		unknown: []fixture{{name: "the environment", of: tokens.Container, resource: "cache-server", change: unknownProperty("envs")}},
	})

	_ = prove("auth-grafana-user", proof{
		fails: onEdgeOf("prod"+monitored,
			[4]string{"a name that the client chooses", "proxy_set_header X-WEBAUTH-USER $remote_user;", "proxy_set_header X-WEBAUTH-USER $http_x_webauth_user;", "who has logged in"},
			[4]string{"no name", "proxy_set_header X-WEBAUTH-USER $remote_user;", "", "who has logged in"},
			[4]string{"a second name", "proxy_set_header X-WEBAUTH-USER $remote_user;", "proxy_set_header X-WEBAUTH-USER $remote_user; proxy_set_header x-webauth-user admin;", "who has logged in"},
			[4]string{"the credential besides", `proxy_set_header Authorization "";`, "proxy_set_header Authorization $http_authorization;", "hands the credential"},
			[4]string{"another route", "location ~ ^/grafana/ {", "location ~ ^/(grafana|g)/ {", "leads to Grafana"},
			[4]string{"a route that needs no credential", "proxy_pass http://prefect/api/health;", "proxy_pass http://grafana/api/health;", "leads to Grafana"},
		),
		neverUnknown: neverUnknownEdge,
	})
	_ = prove("auth-grafana-admin", proof{
		fails: []fixture{
			{name: "no password", of: tokens.Container, resource: "cache-server", change: put("image", images.Pins()[images.Grafana]), found: "default password"},
			{name: "no password, from a mirror", of: tokens.Container, resource: "cache-server", change: put("image", "registry.corp.net:5000/x/grafana-oss:12.4.1@sha256:00"), found: "default password"},
		},
		unknown: []fixture{{name: "the image", of: tokens.Container, resource: "cache-server", change: unknownProperty("image")}},
	})
)

package grafanaconf

import (
	"fmt"
	"net/netip"
	"path"

	"prefect-platform/internal/catalogue"
	"prefect-platform/internal/tokens"
)

// contentSecurityPolicy is Grafana's own, which allows scripts by a number that it makes for each page; without its default's sources elsewhere.
const contentSecurityPolicy = "script-src 'self' 'unsafe-eval' 'unsafe-inline' 'strict-dynamic' $NONCE; object-src 'none'; font-src 'self'; style-src 'self' 'unsafe-inline' blob:; " +
	"img-src 'self' data:; base-uri 'self'; connect-src 'self'; manifest-src 'self'; media-src 'none'; form-action 'self'; frame-ancestors 'none'"

// Environment returns Grafana's settings. None is a secret: who may enter is decided at the edge, which is the only way in for people; whoever is on the network of
// the edge's proxies can name himself, but reaches Prometheus there anyway.
func Environment(publicURL, dir string, proxies netip.Prefix) map[string]string {
	return map[string]string{
		"GF_SERVER_HTTP_PORT":           fmt.Sprint(catalogue.Grafana.Port),
		"GF_SERVER_ROOT_URL":            publicURL + catalogue.GrafanaPath,
		"GF_SERVER_SERVE_FROM_SUB_PATH": "true",

		// The edge has checked the credential. There is no other account, also no administrator, so no second password.
		"GF_AUTH_PROXY_ENABLED":                        "true",
		"GF_AUTH_PROXY_HEADER_NAME":                    tokens.HeaderGrafanaUser,
		"GF_AUTH_PROXY_WHITELIST":                      proxies.String(),
		"GF_AUTH_BASIC_ENABLED":                        "false",
		"GF_AUTH_ANONYMOUS_ENABLED":                    "false",
		"GF_AUTH_DISABLE_LOGIN_FORM":                   "true",
		"GF_AUTH_DISABLE_SIGNOUT_MENU":                 "true",
		"GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION":   "true",
		"GF_USERS_ALLOW_SIGN_UP":                       "false",
		"GF_USERS_AUTO_ASSIGN_ORG_ROLE":                "Editor", // may explore and silence alerts; what is provisioned cannot be edited by anybody
		"GF_SECURITY_COOKIE_SECURE":                    "true",
		"GF_SECURITY_COOKIE_SAMESITE":                  "strict",
		"GF_SECURITY_CONTENT_SECURITY_POLICY":          "true",
		"GF_SECURITY_CONTENT_SECURITY_POLICY_TEMPLATE": contentSecurityPolicy,

		// Nothing leaves the stack.
		"GF_ANALYTICS_ENABLED":                     "false",
		"GF_ANALYTICS_REPORTING_ENABLED":           "false",
		"GF_ANALYTICS_CHECK_FOR_UPDATES":           "false",
		"GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES":    "false",
		"GF_ANALYTICS_FEEDBACK_LINKS_ENABLED":      "false",
		"GF_NEWS_NEWS_FEED_ENABLED":                "false",
		"GF_SECURITY_DISABLE_GRAVATAR":             "true",
		"GF_SNAPSHOTS_ENABLED":                     "false",
		"GF_SNAPSHOTS_EXTERNAL_ENABLED":            "false",
		"GF_PUBLIC_DASHBOARDS_ENABLED":             "false",
		"GF_PLUGINS_PLUGIN_ADMIN_ENABLED":          "false",
		"GF_PLUGINS_PREINSTALL_DISABLED":           "true", // else it fetches apps at each start
		"GF_PLUGINS_PREINSTALL_AUTO_UPDATE":        "false",
		"GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED": "true",

		"GF_LIVE_MAX_CONNECTIONS":                   "0",     // no WebSockets, which dashboards of Prometheus do not need
		"GF_UNIFIED_ALERTING_EXECUTE_ALERTS":        "false", // Prometheus judges; the pages for silences need the rest of it
		"GF_LOG_MODE":                               "console",
		"GF_LOG_CONSOLE_FORMAT":                     "json",
		"GF_LOG_LEVEL":                              "warn",
		"GF_PATHS_PROVISIONING":                     path.Join(dir, provisioning),
		"GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": path.Join(dir, page("overview")),
	}
}

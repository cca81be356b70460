package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// settings are Grafana's, by the names of their environment variables.
type settings map[string]string

// defaults has every setting that the double knows, with Grafana's default. true and false are the defaults of switches.
var defaults = settings{
	"GF_PATHS_CONFIG": "", "GF_PATHS_DATA": "", "GF_PATHS_HOME": "", "GF_PATHS_LOGS": "", "GF_PATHS_PLUGINS": "", "GF_PATHS_PROVISIONING": "",
	"GF_SERVER_HTTP_PORT": "3000", "GF_SERVER_PROTOCOL": "http", "GF_SERVER_DOMAIN": "localhost", "GF_SERVER_ROOT_URL": "", "GF_SERVER_SERVE_FROM_SUB_PATH": "false",
	"GF_SERVER_ENFORCE_DOMAIN": "false", "GF_SERVER_ROUTER_LOGGING": "false",
	"GF_AUTH_ANONYMOUS_ENABLED": "false", "GF_AUTH_BASIC_ENABLED": "true", "GF_AUTH_DISABLE_LOGIN_FORM": "false", "GF_AUTH_DISABLE_SIGNOUT_MENU": "false",
	"GF_AUTH_SIGNOUT_REDIRECT_URL": "",
	"GF_AUTH_PROXY_ENABLED":        "false", "GF_AUTH_PROXY_HEADER_NAME": "X-WEBAUTH-USER", "GF_AUTH_PROXY_HEADER_PROPERTY": "username", "GF_AUTH_PROXY_HEADERS": "",
	"GF_AUTH_PROXY_AUTO_SIGN_UP": "true", "GF_AUTH_PROXY_WHITELIST": "", "GF_AUTH_PROXY_ENABLE_LOGIN_TOKEN": "false",
	"GF_USERS_ALLOW_SIGN_UP": "false", "GF_USERS_ALLOW_ORG_CREATE": "false", "GF_USERS_AUTO_ASSIGN_ORG": "true", "GF_USERS_AUTO_ASSIGN_ORG_ROLE": "Viewer",
	"GF_USERS_DEFAULT_THEME": "dark", "GF_USERS_VIEWERS_CAN_EDIT": "false", "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": "", "GF_DASHBOARDS_MIN_REFRESH_INTERVAL": "5s",
	"GF_SECURITY_ADMIN_USER": "admin", "GF_SECURITY_ADMIN_PASSWORD": "admin", "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "false", "GF_SECURITY_SECRET_KEY": "",
	"GF_SECURITY_COOKIE_SECURE": "false", "GF_SECURITY_COOKIE_SAMESITE": "lax", "GF_SECURITY_DISABLE_GRAVATAR": "false", "GF_SECURITY_ALLOW_EMBEDDING": "false",
	"GF_SECURITY_CONTENT_SECURITY_POLICY": "false", "GF_SECURITY_CONTENT_SECURITY_POLICY_TEMPLATE": "", "GF_SECURITY_STRICT_TRANSPORT_SECURITY": "false",
	"GF_ANALYTICS_ENABLED": "true", "GF_ANALYTICS_REPORTING_ENABLED": "true", "GF_ANALYTICS_CHECK_FOR_UPDATES": "true", "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "true",
	"GF_ANALYTICS_FEEDBACK_LINKS_ENABLED": "true", "GF_NEWS_NEWS_FEED_ENABLED": "true", "GF_SNAPSHOTS_ENABLED": "true", "GF_SNAPSHOTS_EXTERNAL_ENABLED": "true",
	"GF_PUBLIC_DASHBOARDS_ENABLED": "true", "GF_PLUGINS_PLUGIN_ADMIN_ENABLED": "true", "GF_PLUGINS_PREINSTALL_DISABLED": "false",
	"GF_PLUGINS_PREINSTALL_AUTO_UPDATE": "true", "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED": "false", "GF_LIVE_MAX_CONNECTIONS": "100",
	"GF_UNIFIED_ALERTING_ENABLED": "true", "GF_UNIFIED_ALERTING_EXECUTE_ALERTS": "true", "GF_ALERTING_ENABLED": "false", "GF_EXPLORE_ENABLED": "true", "GF_HELP_ENABLED": "true", "GF_PROFILE_ENABLED": "true",
	"GF_LOG_MODE": "console", "GF_LOG_LEVEL": "info", "GF_LOG_CONSOLE_FORMAT": "text",
	"GF_METRICS_ENABLED": "true", "GF_METRICS_BASIC_AUTH_USERNAME": "", "GF_METRICS_BASIC_AUTH_PASSWORD": "",
	"GF_DATABASE_TYPE": "sqlite3", "GF_DATABASE_PATH": "grafana.db", "GF_DATABASE_WAL": "false",
}

const fileSuffix = "__FILE"

// readSettings takes them from the environment. Grafana ignores what it does not know; here that is refused, as a misspelling or as something that the double would not obey.
func readSettings(environ []string, read func(string) ([]byte, error)) (settings, error) {
	found, given := maps.Clone(defaults), map[string]bool{}
	var problems []error
	for _, entry := range environ {
		variable, value, _ := strings.Cut(entry, "=")
		name, isFile := strings.CutSuffix(variable, fileSuffix)
		if !strings.HasPrefix(name, "GF_") {
			continue
		}
		fallback, known := defaults[name]
		if isFile && known {
			content, err := read(value)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", variable, err))
				continue
			}
			value = strings.TrimRight(string(content), "\n")
		}
		isSwitch := fallback == "true" || fallback == "false"
		switch {
		case !known:
			problems = append(problems, fmt.Errorf("%s: the double knows no such setting", variable))
		case given[name]:
			problems = append(problems, fmt.Errorf("%s and %s%s are both set, but exclude each other", name, name, fileSuffix))
		case isSwitch && value != "true" && value != "false":
			problems = append(problems, fmt.Errorf("%s: want true or false, found %q", name, value))
		case name == "GF_USERS_AUTO_ASSIGN_ORG_ROLE" && !slices.Contains([]string{"Viewer", "Editor", "Admin"}, value):
			problems = append(problems, fmt.Errorf("%s: want Viewer, Editor or Admin, found %q", name, value))
		}
		found[name], given[name] = value, true
	}
	return found, errors.Join(problems...)
}

func (s settings) text(name string) string {
	value, known := s[name]
	if !known {
		panic("no setting " + name)
	}
	return value
}

func (s settings) on(name string) bool { return s.text(name) == "true" }

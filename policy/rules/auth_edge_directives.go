package rules

import (
	"slices"
	"strings"

	"prefect-platform/policy/nginx"
)

// directivesIn are the directives that are known not to open anything, or are judged by rules of their own, by the block they stand in. "setting" may stand in http, server and location.
// Those that begin with ssl_ are judged by tls-edge-settings.
var directivesIn = map[string][]string{
	"main":     {"worker_processes", "worker_shutdown_timeout", "worker_rlimit_nofile", "pid", "error_log", "pcre_jit", "events", "http"},
	"events":   {"worker_connections", "multi_accept", "accept_mutex", "use"},
	"http":     {"map", "geo", "upstream", "server", "log_format", "limit_req_zone", "limit_conn_zone", "proxy_cache_path", "map_hash_bucket_size", "map_hash_max_size", "variables_hash_max_size", "variables_hash_bucket_size", "server_names_hash_bucket_size", "server_names_hash_max_size", "types"},
	"upstream": {"zone", "resolver", "resolver_timeout", "server", "keepalive", "keepalive_timeout", "keepalive_requests", "keepalive_time", "least_conn", "random"},
	"server":   {"listen", "server_name", "http2", "if", "return", "location"},
	"location": {"if", "return", "try_files", "internal", "proxy_pass", "stub_status", "auth_request"},
	"if":       {"return"},
	"setting": {
		"access_log", "error_log", "add_header", "add_header_inherit", "allow", "deny", "auth_basic", "auth_basic_user_file", "auth_delay", "satisfy",
		"client_body_buffer_size", "client_body_temp_path", "client_body_timeout", "client_header_buffer_size", "client_header_timeout", "client_max_body_size", "default_type", "error_page", "recursive_error_pages",
		"fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path", "gzip", "gzip_comp_level", "gzip_http_version", "gzip_min_length", "gzip_proxied", "gzip_types", "gzip_vary", "keepalive_requests", "keepalive_time", "keepalive_timeout", "keepalive_min_timeout",
		"large_client_header_buffers", "limit_conn", "limit_conn_dry_run", "limit_conn_log_level", "limit_conn_status", "limit_req", "limit_req_dry_run", "limit_req_log_level", "limit_req_status",
		"proxy_buffer_size", "proxy_buffering", "proxy_buffers", "proxy_busy_buffers_size", "proxy_cache", "proxy_cache_key", "proxy_cache_lock", "proxy_cache_use_stale", "proxy_cache_valid", "proxy_connect_timeout", "proxy_hide_header",
		"proxy_http_version", "proxy_ignore_headers", "proxy_intercept_errors", "proxy_max_temp_file_size", "proxy_next_upstream", "proxy_next_upstream_timeout", "proxy_next_upstream_tries", "proxy_no_cache", "proxy_pass_request_body",
		"proxy_pass_request_headers", "proxy_read_timeout", "proxy_request_buffering", "proxy_send_timeout", "proxy_set_header", "proxy_socket_keepalive", "proxy_temp_path",
		"real_ip_header", "real_ip_recursive", "set_real_ip_from", "reset_timedout_connection", "resolver", "resolver_timeout", "send_timeout", "sendfile", "server_tokens", "tcp_nodelay", "tcp_nopush",
	},
}

// dangers say what some of the others do.
var dangers = map[string]string{
	"alias": "serves files", "root": "serves files", "autoindex": "lists folders", "dav_methods": "writes files", "index": "serves files", "random_index": "serves files",
	"mirror": "sends every request, its credential included, to another place as well", "load_module": "loads code into nginx", "perl": "runs code", "perl_set": "runs code",
	"stream": "forwards connections that nothing checks", "mail": "forwards connections that nothing checks", "rewrite": "leads a request to another route before its checks", "set": "overwrites variables that decide who needs a credential",
	"sub_filter": "rewrites answers", "auth_jwt": "is another way to log in", "ssi": "makes requests of its own", "merge_slashes": "changes which route a path takes", "proxy_method": "changes what a request does", "proxy_ssl_verify": "is for an upstream with TLS",
	"env": "hands the environment on", "user": "changes whom nginx runs as", "daemon": "changes how nginx runs", "location": "within another location inherits from it, which is not judged", "underscores_in_headers": "lets headers through that others take for their own", "ignore_invalid_headers": "lets headers through that others take for their own",
}

func knownDirectives(c *Case, e *edge) {
	if len(e.HTTP.Own("root")) == 0 {
		c.Refuse("http names no root, so nginx serves the files of its image", "write root /nonexistent in "+template)
	}
	e.Walk(func(d *nginx.Directive, within []*nginx.Directive) {
		block := "main"
		if len(within) > 0 {
			block = within[len(within)-1].Directive
		}
		known := slices.Contains(directivesIn[block], d.Directive)
		if block == "http" || block == "server" || block == "location" {
			known = known || slices.Contains(directivesIn["setting"], d.Directive) || strings.HasPrefix(d.Directive, "ssl_")
			known = known || d.Directive == "root" && block == "http" && slices.Equal(d.Args, []string{"/nonexistent"})
		}
		if len(within) > 1 && slices.ContainsFunc(within, func(w *nginx.Directive) bool {
			return !slices.Contains([]string{"http", "server", "location", "events", "upstream", "if", "types"}, w.Directive)
		}) {
			return // the block as a whole is refused
		}
		if !known {
			effect, ok := dangers[d.Directive]
			if !ok {
				effect = "is not known to open nothing"
			}
			c.Refuse(nginx.Place(d)+", which "+effect, "take it out of "+template+", or teach policy/nginx what it does")
		}
	})
}

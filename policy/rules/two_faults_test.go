package rules

// twoFaults are the fixtures, by rule and name, whose one change is a fault in the eyes of another family too: a Grafana without a password is also an image that
// nobody pinned, a health check that holds a secret is also one that ends nothing.
var twoFaults = map[string][]string{
	"auth-edge-authorization/a credential for everybody":          {"secrets-file-literal", "secrets-recorded-inputs"},
	"auth-edge-authorization/in another case":                     {"secrets-file-literal", "secrets-recorded-inputs"},
	"auth-edge-readable/a file of the deployer's machine":         {"secrets-file-source"},
	"auth-edge-readable/text that is no base64":                   {"secrets-file-readable"},
	"auth-grafana-admin/no password":                              {"containers-image-digest", "containers-image-known"},
	"auth-grafana-admin/no password, from a mirror":               {"containers-image-exact"},
	"auth-server-credential/a variable that takes it away":        {"data-connections", "scale-redis"},
	"auth-server-credential/one that cannot be read":              {"scale-docket"},
	"scale-docket/no TOML":                                        {"auth-server-credential"},
	"secrets-command/a secret health check":                       {"containers-health"},
	"secrets-command/the health check":                            {"containers-health"},
	"secrets-environment/a container that a colleague made":       {anyRule},
	"secrets-environment/one value that is no list":               {"data-connections"},
	"secrets-environment/the server's credential without a colon": {"auth-server-credential"},
	"secrets-environment/the whole list as a secret":              {"data-connections", "scale-redis"},
	"secrets-metadata/a host name":                                {"containers-setting"},
	"secrets-metadata/a host name of chance":                      {"containers-setting"},
	"secrets-metadata/a kernel setting":                           {"containers-setting"},
	"secrets-metadata/a share's password":                         {"containers-host-directory"},
	"secrets-metadata/an image from a registry with password":     {"containers-image-exact"},
	"secrets-metadata/what a build is told":                       {"containers-image-pulled"},
	"secrets-weak-password/one in a URL":                          {"auth-server-credential", "scale-docket"},
	"secrets-weak-password/one in prefect.toml":                   {"auth-server-credential"},
	"secrets-weak-password/the API's":                             {"scale-docket"},
	"tls-edge-listeners/a second port of the edge":                {"tls-edge-redirect"},
	"tls-edge-listeners/the edge itself":                          {"tls-edge-redirect"},
}

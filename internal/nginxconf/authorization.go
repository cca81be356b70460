package nginxconf

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// RenderAuthorization returns the file Authorization, which is secret: Prefect Server knows one credential only, so the one that is kept beside it for a while is rewritten.
// Both have the form user:password; kept is empty when there is none.
//
// A password file cannot hold two lines for one user (nginx takes the first), which is why the kept credential has a file of its own. The map, which ignores case, only
// chooses: whether the password is right is decided by the file.
func RenderAuthorization(active, kept string) string {
	rewritten, file := "", ""
	if kept != "" && kept != active {
		rewritten = fmt.Sprintf("\n    %q %q;", basic(kept), basic(active))
		file = fmt.Sprintf("\n    %q %s;", basic(kept), KeptPasswords)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "map $http_authorization $api_authorization {\n    default $http_authorization;%s\n}\n", rewritten)
	fmt.Fprintf(&text, "map $http_authorization $password_file {\n    default %s;%s\n}\n", Passwords, file)
	return text.String()
}

// basic is the header of RFC 7617; base64 has no character that means something to nginx.
func basic(credential string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(credential))
}

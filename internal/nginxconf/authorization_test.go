package nginxconf

import "testing"

func TestRenderAuthorization_RewritesTheKeptCredentialAndChecksItByItsOwnFile(t *testing.T) {
	const want = `map $http_authorization $api_authorization {
    default $http_authorization;
    "Basic cHJlZmVjdDpvbGQ=" "Basic cHJlZmVjdDpuZXc=";
}
map $http_authorization $password_file {
    default htpasswd;
    "Basic cHJlZmVjdDpvbGQ=" htpasswd.kept;
}
`
	if got := RenderAuthorization("prefect:new", "prefect:old"); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestRenderAuthorization_PassesOnWhatClientsSendWhenNothingIsKept(t *testing.T) {
	const want = `map $http_authorization $api_authorization {
    default $http_authorization;
}
map $http_authorization $password_file {
    default htpasswd;
}
`
	if got := RenderAuthorization("prefect:new", ""); got != want {
		t.Errorf("got\n%s", got)
	}
}

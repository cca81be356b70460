package backup

import (
	"strings"
	"testing"
)

func TestRepository_TrustsTheCompanysAuthorityBesidesTheSystems(t *testing.T) {
	const using = ". /etc/platform/repository\nrepository snapshots"
	for _, given := range []bool{false, true} {
		p := newPlace(t, map[string]string{"restic": `cat "${RESTIC_CACERT:-/dev/null}" >` + "$STAGE/trusted"})
		p.write(t, "system.crt", "of the system\n")
		if given {
			p.write(t, "files/extra-ca.pem", "of the company\n")
		}
		p.write(t, "files/repository", strings.ReplaceAll(p.here(repositoryScript), "/etc/ssl/certs/ca-certificates.crt", p.dir+"/system.crt"))
		if exit, said := p.run(t, using); exit != 0 {
			t.Fatalf("%d: %s", exit, said)
		}
		want := ""
		if given {
			want = "of the system\nof the company\n"
		}
		if trusted := p.read("stage/trusted"); trusted != want {
			t.Errorf("with one of the company (%v) it trusts %q, want %q", given, trusted, want)
		}
	}
}

package drift

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/tokens"
)

func TestCompare_FindsACertificateInItsRenewalWindow(t *testing.T) {
	ends := time.Date(2027, 2, 20, 12, 0, 0, 0, time.UTC)
	const recorded = "ends 2027-02-20, due in its last 30 days"
	for name, c := range map[string]struct {
		now  time.Time
		want []Finding
	}{
		"a minute before it": {ends.Add(-30*day - time.Minute), nil},
		"at its beginning":   {ends.Add(-30 * day), []Finding{{CertificateDue, "certificate/proxy", "", recorded, "30 days left", "platform up"}}},
		"in its last hour":   {ends.Add(-time.Hour), []Finding{{CertificateDue, "certificate/proxy", "", recorded, "0 days left", "platform up"}}},
		"at its end":         {ends, []Finding{{CertificateExpired, "certificate/proxy", "", recorded, "ended 0 days ago", "platform up"}}},
		"days after it":      {ends.Add(3 * day), []Finding{{CertificateExpired, "certificate/proxy", "", recorded, "ended 3 days ago", "platform up"}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := well()
			w.now = c.now
			w.config.Rotation = freshlyRotated(c.now)
			expect(t, w.compare(t), c.want...)
		})
	}
}

func TestCompare_FindsAnAuthorityInItsLastYear(t *testing.T) {
	for at, want := range map[string]Kind{"2027-11-25T12:00:00Z": AuthorityDue, "2026-11-26T12:00:00Z": AuthorityExpired} {
		w := well()
		w.recorded("proxy-ca")["outputs"].(object)["validityEndTime"] = at
		got := w.compare(t)
		if len(got) != 1 || got[0].Kind != want || got[0].Subject != "authority/proxy-ca" || !strings.Contains(got[0].Next, "rotate --keep ca") {
			t.Errorf("%s: got %+v", at, got)
		}
	}
}

func TestCompare_LetsAnAuthorityEndThatNobodyUsesAnyMore(t *testing.T) {
	w := well()
	w.recorded("proxy-ca")["outputs"].(object)["validityEndTime"] = "2026-11-27T12:00:00Z"
	w.config.Rotation.CA = config.Slots{A: 1, B: 1, Active: "b", Since: date(now.Add(-100 * day))}
	expect(t, w.compare(t))
}

func TestCompare_GivesAnAuthorityMoreTimeThanAPassword(t *testing.T) {
	w := well()
	for age, want := range map[int][]Kind{config.CAKeepDays: nil, config.CAKeepDays + 1: {CredentialKept}, config.CADueDays + 1: {CredentialDue, CredentialKept}} {
		w.config.Rotation.CA = config.Slots{A: 1, B: 1, Active: "b", Keep: true, Since: date(now.AddDate(0, 0, -age))}
		var got []Kind
		for _, finding := range w.compare(t) {
			got = append(got, finding.Kind)
		}
		if !slices.Equal(got, want) {
			t.Errorf("after %d days: %v, want %v", age, got, want)
		}
	}
}

func TestCompare_TakesAProvidedCertificateFromTheConfigurationAndLeavesTheAuthorityAlone(t *testing.T) {
	w := well()
	w.recorded("proxy-ca")["outputs"].(object)["validityEndTime"] = "2026-11-27T12:00:00Z"
	w.config.TLS = config.TLS{Mode: config.Provided, RenewalDays: 30, Certificate: ending(t, now.Add(10*day+time.Hour))}
	got := w.compare(t)
	if len(got) != 1 || got[0].Kind != CertificateDue || got[0].Subject != "certificate/provided" || got[0].Found != "10 days left" || !strings.Contains(got[0].Next, "tls.certificate") {
		t.Errorf("got %+v", got)
	}
	w.config.TLS.Certificate = ending(t, now.Add(31*day))
	expect(t, w.compare(t))

	w.config.TLS = config.TLS{Mode: config.ACMEMode}
	expect(t, w.compare(t))
}

func TestCompare_FindsACredentialThatIsDue(t *testing.T) {
	w := well()
	w.config.Rotation.Database.Since = date(now.Add(-config.RotationDueDays * day))
	expect(t, w.compare(t))

	w.config.Rotation.Database.Since = date(now.Add(-(config.RotationDueDays + 1) * day))
	got := w.compare(t)
	if len(got) != 1 || got[0].Kind != CredentialDue || got[0].Subject != "credential/database" || got[0].Recorded != "rotated 2026-08-27, due after 90 days" || got[0].Found != "91 days old" {
		t.Fatalf("got %+v", got)
	}
	for _, command := range []string{"rotation.database.b 1 ", "rotation.database.active b ", "rotation.database.keep true ", "rotation.database.since 2026-11-26 ", "platform up"} {
		if !strings.Contains(got[0].Next, command) {
			t.Errorf("next does not say %q: %s", command, got[0].Next)
		}
	}
}

func TestCompare_TurnsBackToSlotAWithANewGeneration(t *testing.T) {
	w := well()
	w.config.Rotation.Redis = config.Slots{A: 3, B: 3, Active: "b", Since: "2026-01-01"}
	if got := w.compare(t); len(got) != 1 || !strings.Contains(got[0].Next, "rotation.redis.a 4 ") || !strings.Contains(got[0].Next, "rotation.redis.active a ") {
		t.Errorf("got %+v", got)
	}
}

func TestCompare_CountsFromTheMakingOfAPasswordThatWasNeverRotated(t *testing.T) {
	w := well()
	w.recorded("api-a")["created"] = "2026-01-01T10:00:00Z"
	got := w.compare(t)
	if len(got) != 1 || got[0].Kind != CredentialDue || got[0].Subject != "credential/api" || got[0].Recorded != "made 2026-01-01, due after 90 days" {
		t.Errorf("got %+v", got)
	}
}

func TestCompare_FindsAnOtherSlotThatIsKeptForTooLong(t *testing.T) {
	w := well()
	w.config.Rotation.API = config.Slots{A: 1, B: 1, Active: "b", Keep: true, Since: date(now.Add(-config.KeepDueDays * day))}
	expect(t, w.compare(t))

	w.config.Rotation.API.Since = date(now.Add(-(config.KeepDueDays + 1) * day))
	expect(t, w.compare(t), Finding{
		CredentialKept, "credential/api", "", "rotated 2026-11-18, the other value due to end after 7 days", "slot a still valid after 8 days",
		"pulumi config set --stack dev --path prefect-platform:rotation.api.keep false && platform up",
	})
}

func TestNotes_TellEndsAndAgesAndWhatIsNotKnown(t *testing.T) {
	w := well()
	w.config.Rotation.Redis.Since = "2026-11-20"
	exporter := resource(tokens.Password, "postgres-exporter-a", "none", nil, nil)
	exporter["created"] = "2026-11-10T00:00:00Z"
	w.resources = append(w.resources, exporter)
	w.recorded("proxy-ca")["created"] = "2026-11-20T12:00:00Z"
	want := []Note{
		{"certificate/proxy", "ends 2027-02-20, 86 days left"},
		{"authority/proxy-ca", "ends 2036-11-20, 3647 days left"},
		{"credential/database", "its age is not known: rotation.database.since is empty, and the state does not say when its value was made"},
		{"credential/api", "made 2026-11-01, 25 days old"},
		{"credential/redis", "rotated 2026-11-20, 6 days old"},
		{"credential/postgresExporter", "made 2026-11-10, 16 days old"},
		{"credential/sqlExporter", "its age is not known: rotation.sqlExporter.since is empty, and the state does not say when its value was made"},
		{"credential/ca", "made 2026-11-20, 6 days old"},
	}
	if got := Notes(w.record(t), now); !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func freshlyRotated(at time.Time) config.Rotation {
	slots := config.Slots{A: 1, Active: "a", Since: date(at)}
	return config.Rotation{API: slots, Database: slots, Redis: slots}
}

// ending is a certificate with this end.
func ending(t *testing.T, at time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: now.Add(-day), NotAfter: at}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

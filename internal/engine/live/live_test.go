package live

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

func TestHealth_ReadsTheTextOfAnOlderEngine(t *testing.T) {
	for status, want := range map[string]string{
		"Up 3 minutes (healthy)":          "healthy",
		"Up 3 minutes (unhealthy)":        "unhealthy",
		"Up 2 seconds (health: starting)": "starting",
		"Up 3 minutes":                    "",
		"Exited (1) 3 minutes ago":        "",
		"Restarting (1) 3 seconds ago":    "",
	} {
		if got := health(container.Summary{Status: status}); got != want {
			t.Errorf("%s: got %q, want %q", status, got, want)
		}
	}
}

func TestHealth_PrefersTheFieldOfANewerEngine(t *testing.T) {
	got := health(container.Summary{Status: "Up 3 minutes", Health: &container.HealthSummary{Status: container.Unhealthy}})
	if got != "unhealthy" {
		t.Errorf("got %q", got)
	}
}

func TestNewContainer_TakesNameLabelsPublishedPortsAndNetworks(t *testing.T) {
	got := newContainer(container.Summary{
		ID:    "abc",
		Names: []string{"/prefect-dev-nginx"},
		State: container.StateRunning,
		Labels: map[string]string{
			"prefect-platform.stack": "dev", "prefect-platform.workload": "nginx", "prefect-platform.role": "service",
		},
		ImageID: "sha256:1",
		Ports:   []container.PortSummary{{PrivatePort: 8081, Type: "tcp"}, {IP: netip.MustParseAddr("127.0.0.1"), PrivatePort: 8443, PublicPort: 443, Type: "tcp"}},
		NetworkSettings: &container.NetworkSettingsSummary{Networks: map[string]*network.EndpointSettings{
			"prefect-dev-edge": {NetworkID: "n2"}, "prefect-dev-app": {},
		}},
	})
	if got.Name != "prefect-dev-nginx" || got.Stack != "dev" || got.Workload != "nginx" || got.Role != "service" || got.State != "running" {
		t.Errorf("got %+v", got)
	}
	if want := []Port{{Address: "127.0.0.1", Port: 443, Internal: 8443, Protocol: "tcp"}}; !slices.Equal(got.Ports, want) {
		t.Errorf("got ports %+v", got.Ports)
	}
	if want := []Attachment{{Name: "prefect-dev-app"}, {ID: "n2", Name: "prefect-dev-edge"}}; got.ImageID != "sha256:1" || !slices.Equal(got.Networks, want) {
		t.Errorf("got image %s and networks %+v", got.ImageID, got.Networks)
	}
}

func TestParseLogLine_TakesOffTheTime(t *testing.T) {
	got := parseLogLine("2026-11-23T10:00:00.5Z ready to accept connections")
	if got.Text != "ready to accept connections" || got.At.Nanosecond() != 500_000_000 {
		t.Errorf("got %+v", got)
	}
}

func TestParseLogLine_KeepsALineWithoutATime(t *testing.T) {
	if got := parseLogLine("half a line"); got.Text != "half a line" || !got.At.IsZero() {
		t.Errorf("got %+v", got)
	}
}

func TestSkew_IgnoresTheTimeOfTheQuestion(t *testing.T) {
	asked := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	answered := asked.Add(2 * time.Second)
	for _, c := range []struct {
		remote time.Time
		want   time.Duration
	}{
		{asked.Add(time.Second), 0},
		{asked.Add(-time.Minute), -time.Minute},
		{answered.Add(time.Minute), time.Minute},
	} {
		if got := skew(asked, answered, c.remote); got != c.want {
			t.Errorf("%v: got %v, want %v", c.remote, got, c.want)
		}
	}
}

func TestParseFree_ReadsTheAvailableBlocks(t *testing.T) {
	got, err := parseFree("Filesystem 1024-blocks Used Available Capacity Mounted on\noverlay 100000 60000 40000 60% /\n")
	if err != nil || got != 40000*1024 {
		t.Errorf("got %d, %v", got, err)
	}
}

func TestParseFree_RefusesWhatIsNoTable(t *testing.T) {
	if _, err := parseFree("df: not found"); err == nil {
		t.Error("no error")
	}
}

func TestOldAPI_ComparesNumbers(t *testing.T) {
	for api, want := range map[string]bool{"1.41": true, "1.47": true, "1.48": false, "1.51": false, "1.100": false} {
		if got := (Facts{API: api}).OldAPI(); got != want {
			t.Errorf("%s: got %v", api, got)
		}
	}
}

func TestImage_FindsEverySpellingOfAReference(t *testing.T) {
	digest := "sha256:2c60c715a2b05ec9fb33ffd79bed25faf36f37e8a664ad3e299093962e9d860b"
	has := &Inventory{Images: map[string]Image{"redis:8.0.6": {LabMade: true}, "mirror.example.com/hub/redis:8.0.6": {}, "redis@" + digest: {}}}
	for written, want := range map[string]bool{
		"redis:8.0.6":                        true,
		"docker.io/library/redis:8.0.6":      true,
		"mirror.example.com/hub/redis:8.0.6": true,
		"redis:8.0.6@" + digest:              true,
		"docker.io/library/redis@" + digest:  true,
		"redis:8.0.7":                        false,
		"other.example.com/hub/redis:8.0.6":  false,
		"redis:8.0.6@" + digest[:70] + "0":   false,
		"not a reference":                    false,
	} {
		if _, found := has.Image(written); found != want {
			t.Errorf("%s: %v", written, found)
		}
	}
}

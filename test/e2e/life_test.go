//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

func TestLife_APreviewAfterUpShowsNoChange(t *testing.T) {
	t.Logf("up from nothing took %s", stack.FirstUp.Round(100*time.Millisecond))
	start := time.Now()
	if out, err := stack.Preview(t, "--expect-no-changes"); err != nil {
		t.Errorf("plain preview: %v\n%s", err, out)
	}
	t.Logf("plain preview without changes took %s", time.Since(start).Round(100*time.Millisecond))
	if out, err := stack.platform("preview", "--expect-no-changes"); err != nil {
		t.Errorf("platform preview: %v\n%s", err, out)
	}
}

func TestLife_FlowRunsSurviveDownAndUpOverSSH(t *testing.T) {
	var flow, run struct {
		ID string `json:"id"`
	}
	stack.API(t, "POST", "/flows/", map[string]any{"name": "before-down"}, &flow)
	stack.API(t, "POST", "/flow_runs/", map[string]any{"flow_id": flow.ID, "state": map[string]any{"type": "COMPLETED"}}, &run)
	password, ca := stack.Password, stack.CA

	stack.Down(t)
	if left := stack.Containers(t); len(left) > 0 {
		t.Errorf("down left %d containers, %s first", len(left), left[0].Name)
	}
	files, err := stack.Docker.VolumeList(t.Context(), client.VolumeListOptions{Filters: client.Filters{}.Add("label", labelStack+"="+stack.Name)})
	if err != nil || len(files.Items) > 0 {
		t.Errorf("down left volumes with secrets: %v, %v", files.Items, err)
	}

	server := startSSH(t)
	stack.Up(t, Set("docker:host", server.url), Set("docker:sshOpts", server.options))
	if !strings.Contains(server.log(t), "Accepted publickey") {
		t.Errorf("nobody logged in over SSH:\n%s", server.log(t))
	}
	var again struct {
		State struct {
			Type string `json:"type"`
		} `json:"state"`
	}
	stack.API(t, "GET", "/flow_runs/"+run.ID, nil, &again)
	if again.State.Type != "COMPLETED" {
		t.Errorf("the run from before is in state %q", again.State.Type)
	}
	if stack.Password != password || stack.CA != ca {
		t.Error("credential or certificate authority changed with down and up")
	}
	if out, err := stack.Preview(t, "--expect-no-changes"); err != nil {
		t.Errorf("preview over SSH: %v\n%s", err, out)
	}
}

// sshServer is an sshd of the test's own, which lets in one key.
type sshServer struct {
	url     string
	options []any
	logFile string
}

func (s sshServer) log(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.logFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// startSSH runs sshd on loopback. Its sessions find the docker command and the engine as this test does.
func startSSH(t *testing.T) sshServer {
	t.Helper()
	daemon, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		t.Fatalf("openssh-server is needed: %v", err)
	}
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	for _, key := range []string{"host", "client"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file(key)).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v %s", err, out)
		}
	}
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	hostKey, err := os.ReadFile(file("host.pub"))
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("ListenAddress 127.0.0.1:%d\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nSetEnv PATH=%s DOCKER_HOST=%s\n",
		ports[0], file("host"), file("client.pub"), os.Getenv("PATH"), os.Getenv("DOCKER_HOST"))
	known := fmt.Sprintf("[127.0.0.1]:%d %s", ports[0], hostKey)
	for name, text := range map[string]string{"config": config, "known": known} {
		if err := os.WriteFile(file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(daemon, "-D", "-f", file("config"), "-E", file("log"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	Await(t, 10*time.Second, "sshd to listen", func() error {
		connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", ports[0]))
		if err == nil {
			_ = connection.Close()
		}
		return err
	})
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return sshServer{
		url:     fmt.Sprintf("ssh://%s@127.0.0.1:%d", me.Username, ports[0]),
		options: []any{"-i", file("client"), "-o", "IdentitiesOnly=yes", "-o", "UserKnownHostsFile=" + file("known")},
		logFile: file("log"),
	}
}

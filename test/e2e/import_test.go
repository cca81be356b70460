//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
)

const (
	// oldPrefect is an image of the minor version before the one that is pinned.
	oldPrefect = "prefecthq/prefect:3.7.8-python3.13"
	// apart is the network of servers that are no part of the stack.
	apart = "elsewhere"
)

// filling makes a bit of everything on a server.
const filling = `
import asyncio
from prefect import flow, get_client, task
from prefect.blocks.system import Secret
from prefect.client.schemas.actions import WorkPoolCreate

@task
def one(n):
    return n

@flow(name="from-elsewhere", log_prints=True)
def from_elsewhere():
    print("written elsewhere")
    return [one(n) for n in range(3)]

Secret(value="a secret from elsewhere").save("from-elsewhere")
from_elsewhere()

async def deploy():
    async with get_client() as client:
        await client.create_work_pool(WorkPoolCreate(name="from-elsewhere", type="process"))
        flow_id = await client.create_flow_from_name("from-elsewhere")
        await client.create_deployment(flow_id=flow_id, name="from-elsewhere", work_pool_name="from-elsewhere", entrypoint="x.py:f", paused=True)

asyncio.run(deploy())
`

// TestImport_TakesOverWhatAnotherServerHas fills servers of the older version, one as in Prefect's own compose file and one without PostgreSQL, and takes over each.
func TestImport_TakesOverWhatAnotherServerHas(t *testing.T) {
	drillsOnly(t)
	onDemand(t, "postgres-17", oldPostgres)
	onDemand(t, "prefect-3.7", oldPrefect)
	stack.CreateNetwork(t, apart)
	putBack(t)
	t.Run("a dump", func(t *testing.T) {
		database := stack.StartHelper(t, Helper{
			Image: oldPostgres, User: "999:999", Network: apart, Alias: "postgres", Command: []string{"docker-entrypoint.sh", "postgres"},
			Env: []string{"POSTGRES_USER=prefect", "POSTGRES_PASSWORD=prefect", "POSTGRES_DB=prefect"},
		})
		fillServer(t, "PREFECT_API_DATABASE_CONNECTION_URL=postgresql+asyncpg://prefect:prefect@postgres:5432/prefect")
		file := dumped(t, database.id)
		refuseImports(t, database.id, file)
		importFile(t, file)
	})
	t.Run("a file of SQLite", func(t *testing.T) {
		server := fillServer(t, "PREFECT_API_DATABASE_CONNECTION_URL=sqlite+aiosqlite:////tmp/prefect.db")
		if _, err := stack.Docker.ContainerStop(t.Context(), server, client.ContainerStopOptions{}); err != nil {
			t.Fatal(err)
		}
		file := copiedOut(t, server, "/tmp/prefect.db")
		restoreFile(t, file+"-wal", fileText(t, copiedOut(t, server, "/tmp/prefect.db-wal")))
		importFile(t, file)
	})
	t.Run("a dump of version 2", func(t *testing.T) {
		database := stack.StartHelper(t, Helper{
			Image: oldPostgres, User: "999:999", Network: apart, Command: []string{"docker-entrypoint.sh", "postgres"},
			Env: []string{"POSTGRES_USER=prefect", "POSTGRES_PASSWORD=prefect", "POSTGRES_DB=prefect"},
		})
		is, err := stack.Docker.ContainerInspect(t.Context(), database.id, client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		address := is.Container.NetworkSettings.Networks[apart].IPAddress.String()
		Await(t, time.Minute, "the other database", func() error {
			if said := stack.Exec(t, database.id, "pg_isready", "-q", "-h", address, "-d", "prefect"); said.Code != 0 {
				return fmt.Errorf("pg_isready says %d", said.Code)
			}
			return nil
		})
		fillVersion2(t, t.TempDir(), "PREFECT_API_DATABASE_CONNECTION_URL=postgresql+asyncpg://prefect:prefect@"+address+":5432/prefect")
		importFile(t, dumped(t, database.id))
	})
	t.Run("a file of SQLite of version 2", func(t *testing.T) {
		home := t.TempDir()
		fillVersion2(t, home)
		importFile(t, filepath.Join(home, "prefect.db"))
	})
}

// fillVersion2 runs the last version 2 for a while, which has no image here, and fills it.
func fillVersion2(t *testing.T, home string, environment ...string) {
	t.Helper()
	venv := filepath.Join(stack.clone, ".lab", "venv-2.20")
	// Newer ones of the second break Prefect 2.20 at its first flow.
	for _, args := range [][]string{{"python3", "-m", "venv", venv}, {venv + "/bin/pip", "install", "--quiet", "prefect==2.20.25", "anyio<4.12"}} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	url := "http://" + address + "/api"
	environment = append(environment, "PATH="+os.Getenv("PATH"), "HOME="+home, "PREFECT_HOME="+home, "PREFECT_API_URL="+url, "PREFECT_SERVER_ANALYTICS_ENABLED=false", "DO_NOT_TRACK=1")
	server := exec.CommandContext(t.Context(), venv+"/bin/python", "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app", "--host", "127.0.0.1", "--port", port)
	said := &bytes.Buffer{}
	server.Env, server.Stdout, server.Stderr = environment, said, said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	Await(t, 2*time.Minute, "the server of version 2", func() error {
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v\n%s", err, said)
		default:
		}
		answer, err := http.Get(url + "/health")
		if err == nil {
			err = answer.Body.Close()
		}
		return err
	})
	script := filepath.Join(t.TempDir(), "fill.py")
	restoreFile(t, script, filling)
	fill := exec.CommandContext(t.Context(), venv+"/bin/python", script)
	fill.Env = environment
	if out, err := fill.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// Logs are sent behind the run; the server writes what it has when it ends.
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Logf("the server of version 2: %v", err)
	}
}

var postgresVolumes = regexp.MustCompile(`-postgres-.*1[78]$`)

// putBack takes the volumes of a test away again.
func putBack(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if out, err := stack.upWith(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		removeVolumes(t, postgresVolumes)
	})
}

// fillServer starts a server and fills it.
func fillServer(t *testing.T, database string) (id string) {
	t.Helper()
	server := stack.StartHelper(t, Helper{
		Image: oldPrefect, Network: apart, Command: []string{"prefect", "server", "start", "--host", "0.0.0.0"},
		Env:   []string{database, "HOME=/tmp", "PREFECT_HOME=/tmp/prefect", "PREFECT_API_URL=http://127.0.0.1:4200/api", "PREFECT_SERVER_ANALYTICS_ENABLED=false", "DO_NOT_TRACK=1"},
		Files: map[string]string{"/e2e/fill.py": filling},
	})
	Await(t, 3*time.Minute, "the other server", func() error {
		if said := stack.Exec(t, server.id, "python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:4200/api/ready')"); said.Code != 0 {
			return fmt.Errorf("%s", lastLine(said.Stderr))
		}
		return nil
	})
	if said := stack.Exec(t, server.id, "python", "/e2e/fill.py"); said.Code != 0 {
		t.Fatal(said.Stdout, said.Stderr)
	}
	// Task runs and logs are written behind the answer.
	Await(t, time.Minute, "all to be written", func() error {
		said := stack.Exec(t, server.id, "python", "-c", `
import asyncio
from prefect import get_client
async def main():
    async with get_client() as client:
        print(len(await client.read_task_runs()), len(await client.read_logs()) > 0)
asyncio.run(main())`)
		if strings.TrimSpace(said.Stdout) != "3 True" {
			return fmt.Errorf("%s%s", said.Stdout, lastLine(said.Stderr))
		}
		return nil
	})
	return server.id
}

// dumped is a dump as the documentation says how to make it.
func dumped(t *testing.T, database string) (file string) {
	t.Helper()
	said := stack.Exec(t, database, "pg_dump", "--host=127.0.0.1", "--username=prefect", "--format=custom", "--file=/tmp/prefect.dump", "prefect")
	if said.Code != 0 {
		t.Fatal(said.Stderr)
	}
	return copiedOut(t, database, "/tmp/prefect.dump")
}

func copiedOut(t *testing.T, container, path string) (file string) {
	t.Helper()
	copied, err := stack.Docker.CopyFromContainer(t.Context(), container, client.CopyFromContainerOptions{SourcePath: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = copied.Content.Close() }()
	archive := tar.NewReader(copied.Content)
	if _, err := archive.Next(); err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(archive)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// refuseImports tries what cannot be taken over, the dump of a schema that this Prefect does not know last.
func refuseImports(t *testing.T, database, good string) {
	t.Helper()
	content := fileText(t, good)
	half, text := filepath.Join(t.TempDir(), "half"), filepath.Join(t.TempDir(), "text")
	restoreFile(t, half, content[:len(content)/2])
	restoreFile(t, text, "-- PostgreSQL database dump\n")
	set := func(revision string) {
		if said := stack.Exec(t, database, "psql", "-X", "-h", "127.0.0.1", "-U", "prefect", "-c", "UPDATE alembic_version SET version_num = '"+revision+"'"); said.Code != 0 {
			t.Fatal(said.Stderr)
		}
	}
	revision := strings.TrimSpace(stack.Exec(t, database, "psql", "-X", "-At", "-h", "127.0.0.1", "-U", "prefect", "-c", "SELECT version_num FROM alembic_version").Stdout)
	set("000000000000")
	newer := dumped(t, database)
	set(revision)
	before, running := volumesOf(t), stack.Container(t, "postgres").ID
	for file, says := range map[string]string{text: "is neither a dump", half: "nothing of the stack was changed", newer: "Can't locate revision identified by '000000000000'"} {
		out, err := stack.platform("import", file, "--yes")
		if err == nil || !strings.Contains(out, says) {
			t.Errorf("%v, want %q\n%s", err, says, out)
		}
	}
	for _, image := range []string{"postgres", "prefect"} {
		killImport(t, good, image)
	}
	if volumesOf(t) != before || stack.Container(t, "postgres").ID != running {
		t.Error("something of the stack was touched")
	}
	Await(t, time.Minute, "the stack to serve on", func() error { return stack.TryAPI(t, "POST", "/flows/count", map[string]any{}, nil) })
}

// killImport has one of the two containers of an import end without a word, as the engine does when memory runs out.
func killImport(t *testing.T, file, image string) {
	t.Helper()
	ended := make(chan string, 1)
	go func() {
		out, err := stack.platform("import", file, "--yes")
		ended <- fmt.Sprint(out, err)
	}()
	Await(t, 2*time.Minute, "the import to run", func() error {
		all, err := stack.Docker.ContainerList(t.Context(), client.ContainerListOptions{Filters: client.Filters{}.Add("volume", "prefect-"+stack.Name+"-import")})
		if err != nil {
			return err
		}
		for _, c := range all.Items {
			if len(all.Items) == 2 && strings.Contains(c.Image, image+":") {
				_, err := stack.Docker.ContainerKill(t.Context(), c.ID, client.ContainerKillOptions{Signal: "KILL"})
				return err
			}
		}
		return fmt.Errorf("%d containers run", len(all.Items))
	})
	select {
	case said := <-ended:
		if !strings.Contains(said, "exit code 137") || !strings.Contains(said, "nothing of the stack was changed") {
			t.Errorf("after the end of %s it says %s", image, said)
		}
	case <-time.After(time.Minute):
		t.Errorf("it waits for a container of %s that is gone", image)
		<-ended
	}
}

// importFile takes over, and looks for what was made elsewhere.
func importFile(t *testing.T, file string) {
	t.Helper()
	began := time.Now()
	out, err := stack.platform("import", file, "--yes")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("taken over in %s\n%s", time.Since(began).Round(100*time.Millisecond), out)
	for path, want := range map[string]int{"flows": 1, "deployments": 1, "flow_runs": 1, "work_pools": 2} {
		var found []any
		stack.API(t, "POST", "/"+path+"/filter", map[string]any{}, &found)
		if len(found) != want {
			t.Errorf("%d %s, want %d", len(found), path, want)
		}
	}
	var tasks []struct {
		State string `json:"state_type"`
	}
	stack.API(t, "POST", "/task_runs/filter", map[string]any{}, &tasks)
	if len(tasks) != 3 || tasks[0].State != "COMPLETED" {
		t.Errorf("task runs are %v", tasks)
	}
	var blocks []struct {
		Data map[string]any `json:"data"`
	}
	stack.API(t, "POST", "/block_documents/filter", map[string]any{"include_secrets": true}, &blocks)
	if len(blocks) != 1 || blocks[0].Data["value"] != "a secret from elsewhere" {
		t.Errorf("blocks are %v", blocks)
	}
	var logs []struct {
		Message string `json:"message"`
	}
	stack.API(t, "POST", "/logs/filter", map[string]any{}, &logs)
	if !strings.Contains(fmt.Sprint(logs), "written elsewhere") {
		t.Errorf("logs are %v", logs)
	}
	name := uniqueName("import") // what was taken over is worked with like any other
	run := startRun(t, deploy(t, name, nil), map[string]any{"tasks": 2, "pause": 0.1, "until": stopFile(name)})
	release(t, name)
	awaitState(t, run, "COMPLETED", 2*time.Minute)
}

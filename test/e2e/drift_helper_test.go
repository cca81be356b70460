//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// finding is a part of the JSON document, under the documented names.
type finding struct {
	Kind, Subject, Recorded, Found, Next string
}

// expectDrift wants exactly these findings, written as "kind subject", in the JSON document and in the text, the exit code that belongs to them, and neither engine nor state
// to be changed by the looking. It returns what each finding says to do next.
func expectDrift(t *testing.T, want ...string) map[string]string {
	t.Helper()
	before := stack.fingerprint(t)
	var document, log, text string
	var code, textCode int
	var looking sync.WaitGroup // at once: a container that is about to be restarted does not wait
	looking.Go(func() { document, log, code = stack.drift(t, "--json") })
	looking.Go(func() { text, _, textCode = stack.drift(t) })
	looking.Wait()
	if changed := differences(before, stack.fingerprint(t)); len(changed) > 0 {
		t.Errorf("while drift looked, there changed\n  %s", strings.Join(changed, "\n  "))
	}

	wantCode := 0
	if len(want) > 0 {
		wantCode = 2
	}
	if code != wantCode || textCode != wantCode {
		t.Fatalf("exit codes %d and %d, want %d\n%s%s%s", code, textCode, wantCode, document, log, text)
	}
	var report struct {
		Version  int
		Stack    string
		Drift    bool
		Findings []finding
	}
	if err := json.Unmarshal([]byte(document), &report); err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	if report.Version != 1 || report.Stack != stack.Name || report.Drift != (len(want) > 0) {
		t.Errorf("the document says %+v", report)
	}
	next := map[string]string{}
	var got []string
	for _, f := range report.Findings {
		got = append(got, f.Kind+" "+f.Subject)
		next[f.Kind+" "+f.Subject] = f.Next
		if f.Recorded == "" || f.Found == "" || f.Next == "" {
			t.Errorf("something is empty: %+v", f)
		}
		if !strings.Contains(text, "\n   -> "+f.Next+"\n") {
			t.Errorf("the text does not say %q:\n%s", f.Next, text)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	var lines []string
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > 1 && slices.Contains(want, fields[0]+" "+fields[1]) {
			lines = append(lines, fields[0]+" "+fields[1])
		}
	}
	slices.Sort(lines)
	if !slices.Equal(lines, want) {
		t.Errorf("the text has %v, want %v:\n%s", lines, want, text)
	}
	return next
}

// fingerprint is all of engine and state that looking could change, by name. What other stacks on the engine do is left out.
func (s *Stack) fingerprint(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, label := range []string{labelStack, labelHelper} {
		list, err := s.Docker.ContainerList(t.Context(), client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", label+"="+s.Name)})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list.Items {
			inspected := s.inspect(t, c.ID)
			state := inspected.State
			slices.SortFunc(c.Ports, func(a, b container.PortSummary) int { return int(a.PrivatePort) - int(b.PrivatePort) })
			all["container "+c.Names[0]] = fmt.Sprint(c.ID, c.ImageID, c.State, inspected.RestartCount, state.StartedAt, state.FinishedAt, c.Ports,
				slices.Sorted(maps.Keys(c.NetworkSettings.Networks)))
		}
	}
	prefix := "prefect-" + s.Name + "-"
	networks, err := s.Docker.NetworkList(t.Context(), client.NetworkListOptions{Filters: client.Filters{}.Add("name", prefix)})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range networks.Items {
		all["network "+n.Name] = n.ID
	}
	volumes, err := s.Docker.VolumeList(t.Context(), client.VolumeListOptions{Filters: client.Filters{}.Add("name", prefix)})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range volumes.Items {
		all["volume "+v.Name] = v.CreatedAt
	}
	images, err := s.Docker.ImageList(t.Context(), client.ImageListOptions{Filters: client.Filters{}.Add("reference", driftImage())})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range images.Items {
		all["image "+i.ID] = fmt.Sprint(i.RepoTags)
	}
	err = filepath.WalkDir(s.state(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		all["state "+path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// differences name what is not equal; a state file is not printed, as it may be long.
func differences(before, after map[string]string) []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(before)) {
		switch now, found := after[key]; {
		case !found:
			all = append(all, key+" is gone")
		case now != before[key] && strings.HasPrefix(key, "state "):
			all = append(all, key+" has another content")
		case now != before[key]:
			all = append(all, key+": "+before[key]+" became "+now)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if _, found := before[key]; !found {
			all = append(all, key+" is new")
		}
	}
	return all
}

// must fails the test when a call to the engine did. The value that the call returns is of no interest.
func (s *Stack) must(t *testing.T) func(_ any, err error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (s *Stack) inspect(t *testing.T, id string) container.InspectResponse {
	t.Helper()
	inspected, err := s.Docker.ContainerInspect(t.Context(), id, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return inspected.Container
}

func (s *Stack) healthIs(t *testing.T, id string, want container.HealthStatus) error {
	t.Helper()
	if state := s.inspect(t, id).State; state.Health == nil || state.Health.Status != want {
		return fmt.Errorf("it is %s, health %+v", state.Status, state.Health)
	}
	return nil
}

// calm starts containers anew that earlier tests made Docker restart, so that their count begins anew too.
func calm(t *testing.T) {
	t.Helper()
	for _, c := range stack.Containers(t, labelRole+"=service") {
		if c.RestartCount > 0 {
			stack.must(t)(stack.Docker.ContainerRestart(t.Context(), c.ID, client.ContainerRestartOptions{}))
		}
	}
	Await(t, 2*time.Minute, "everything to be healthy", func() error { return stack.Healthy(t) })
}

// killOften kills a container's init, again each time that Docker has restarted it, and returns when the last one is dead.
func (s *Stack) killOften(t *testing.T, id string, times int) {
	t.Helper()
	for range times {
		var pid int
		Await(t, 2*time.Minute, "the container to run", func() error {
			state := s.inspect(t, id).State
			if !state.Running || state.Restarting || state.Pid == 0 {
				return fmt.Errorf("it is %s", state.Status)
			}
			pid = state.Pid
			return nil
		})
		strike(t, pid, syscall.SIGKILL)
		Await(t, time.Minute, "its end", func() error {
			if s.inspect(t, id).State.Pid == pid {
				return errors.New("it still runs")
			}
			return nil
		})
	}
}

// tag gives an image another name, taking it from the one that has it.
func (s *Stack) tag(t *testing.T, source, target string) {
	t.Helper()
	s.must(t)(s.Docker.ImageTag(t.Context(), client.ImageTagOptions{Source: source, Target: target}))
}

func (s *Stack) untag(name string) {
	_, _ = s.Docker.ImageRemove(context.Background(), name, client.ImageRemoveOptions{Force: true}) // it may be gone
}

// commit makes another image out of a container and returns its ID; it goes when the test ends.
func (s *Stack) commit(t *testing.T, workload string) string {
	t.Helper()
	made, err := s.Docker.ContainerCommit(t.Context(), s.Container(t, workload).ID, client.ContainerCommitOptions{NoPause: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.untag(made.ID) })
	return made.ID
}

// attach puts a container of somebody else on a network of the stack; it goes when the test ends.
func (s *Stack) attach(t *testing.T, image, on string) (name string) {
	t.Helper()
	process := s.StartHelper(t, Helper{Image: image, Command: []string{"sleep", "600"}, Network: on})
	return strings.TrimPrefix(s.inspect(t, process.id).Name, "/")
}

// orphan is what a killed `up` would leave: it has the stack's label, and no state knows it.
func (s *Stack) orphan(t *testing.T, image string) (name string) {
	t.Helper()
	name = "prefect-" + s.Name + "-left"
	s.must(t)(s.Docker.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Name: name, Config: &container.Config{Image: image, Labels: map[string]string{labelStack: s.Name}}, HostConfig: &container.HostConfig{NetworkMode: "none"},
	}))
	return name
}

// removeJob removes a job that ended, the holder of its files and their volume, as a prune of everything unused would, and returns their names.
func (s *Stack) removeJob(t *testing.T, workload string) []string {
	t.Helper()
	var names []string
	volumes := map[string]bool{}
	for _, c := range s.Containers(t, labelWorkload+"="+workload) {
		for _, mount := range c.Mounts {
			volumes[mount.Name] = mount.Name != ""
		}
		s.must(t)(s.Docker.ContainerRemove(t.Context(), c.ID, client.ContainerRemoveOptions{Force: true}))
		names = append(names, strings.TrimPrefix(c.Name, "/"))
	}
	for volume := range volumes {
		s.must(t)(s.Docker.VolumeRemove(t.Context(), volume, client.VolumeRemoveOptions{}))
		names = append(names, volume)
	}
	if len(names) != 3 {
		t.Fatalf("%s has %v, want a job, a holder and a volume", workload, names)
	}
	return names
}

// recreate makes a container anew under its name and with its labels, but for a change, as tools do that update images.
func (s *Stack) recreate(t *testing.T, old container.InspectResponse, change func(*container.Config, *container.HostConfig)) {
	t.Helper()
	s.must(t)(s.Docker.ContainerStop(t.Context(), old.ID, client.ContainerStopOptions{}))
	s.must(t)(s.Docker.ContainerRemove(t.Context(), old.ID, client.ContainerRemoveOptions{Force: true}))
	config, host := old.Config, old.HostConfig
	change(config, host)
	endpoints := map[string]*network.EndpointSettings{}
	for name, endpoint := range old.NetworkSettings.Networks {
		endpoints[name] = &network.EndpointSettings{Aliases: endpoint.Aliases}
	}
	host.NetworkMode = container.NetworkMode(slices.Sorted(maps.Keys(endpoints))[0])
	created, err := s.Docker.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Name: strings.TrimPrefix(old.Name, "/"), Config: config, HostConfig: host, NetworkingConfig: &network.NetworkingConfig{EndpointsConfig: endpoints},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.must(t)(s.Docker.ContainerStart(t.Context(), created.ID, client.ContainerStartOptions{}))
}

// lock is what Pulumi has in a file:// backend while an operation runs, here on a machine of which nobody can tell whether it still does.
func (s *Stack) lock(t *testing.T) {
	t.Helper()
	folder := filepath.Join(s.state(), ".pulumi", "locks", "organization", namespace, s.Name)
	file := filepath.Join(folder, "00000000-0000-4000-8000-000000000000.json")
	holder, err := json.Marshal(map[string]any{"pid": 4711, "username": "somebody", "hostname": "elsewhere", "timestamp": time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(file, holder, 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	})
}

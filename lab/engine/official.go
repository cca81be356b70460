package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// oldestAPI is what Docker 28 speaks: the first that keeps the host off a network (gateway mode "isolated").
const oldestAPI = "1.48"

// answerLimit bounds the wait for an engine that may not be there.
const answerLimit = 5 * time.Second

// Official gives a client for the engine that the docker command on PATH reaches (DOCKER_HOST, context or default
// socket), or nil when there is none and the lab should start its own. An engine that was named but does not answer, or
// is too old, is an error: to use another one instead would surprise.
func Official(ctx context.Context, own Engine) (*Client, error) {
	named := os.Getenv("DOCKER_HOST")
	client, err := HostClient()
	if err != nil || named == own.Host() {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	output, err := client.Command(ctx, "version", "--format", "{{.Server.APIVersion}}").Output()
	switch {
	case err != nil && named != "":
		return nil, fmt.Errorf("DOCKER_HOST is %s, but no engine answers there: start it, or unset the variable for an engine of the lab's own", named)
	case err != nil:
		return nil, nil
	}
	api := strings.TrimSpace(string(output))
	if !apiAtLeast(api, oldestAPI) {
		return nil, fmt.Errorf("the Docker Engine here speaks API %s, but %s (Docker 28) is needed: upgrade it, name another one in DOCKER_HOST, or stop it for an engine of the lab's own", api, oldestAPI)
	}
	return &client, nil
}

// apiAtLeast compares versions of the form major.minor.
func apiAtLeast(api, oldest string) bool {
	have, okHave := apiNumber(api)
	want, okWant := apiNumber(oldest)
	return okHave && okWant && have >= want
}

func apiNumber(api string) (int, bool) {
	major, minor, found := strings.Cut(api, ".")
	a, errMajor := strconv.Atoi(major)
	b, errMinor := strconv.Atoi(minor)
	return a*1000 + b, found && errMajor == nil && errMinor == nil
}

// CheckHost says why the lab's own engine cannot run on this host, or nil.
func CheckHost(own Engine) error {
	if os.Geteuid() != 0 {
		return errors.New("no Docker Engine can be reached, and one of the lab's own needs root: run the same with sudo, or start Docker 28 or newer and set DOCKER_HOST")
	}
	other, err := otherDaemon(own.Running())
	if err != nil || other == 0 {
		return err
	}
	return fmt.Errorf("another dockerd (process %d, %s) runs on this host; the lab's own would overwrite its firewall chains: set DOCKER_HOST to use it, or stop it (for another clone's lab: `lab down` there)", other, commandLine(other))
}

// otherDaemon finds a dockerd in this network namespace that is not process own, or 0.
func otherDaemon(own int) (int, error) {
	network, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == own {
			continue
		}
		name, _ := os.ReadFile("/proc/" + entry.Name() + "/comm")
		its, _ := os.Readlink("/proc/" + entry.Name() + "/ns/net")
		if string(name) == "dockerd\n" && its == network {
			return pid, nil
		}
	}
	return 0, nil
}

func commandLine(pid int) string {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.TrimSpace(strings.ReplaceAll(string(content), "\x00", " "))
}

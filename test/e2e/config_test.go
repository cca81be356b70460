//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// namespace is that of the keys which an Edit names without one.
const namespace = "prefect-platform"

// Edit is one change of the stack's configuration file.
type Edit struct {
	path   string
	value  any
	secret bool
}

// Set gives a key a value, such as Set("edge.limits.api.perSecond", 5), Set("workers[0].limit", 3) or Set("docker:host", "ssh://…").
func Set(path string, value any) Edit { return Edit{path: path, value: value} }

// SetSecret gives a top-level key an encrypted value.
func SetSecret(key, value string) Edit { return Edit{path: key, value: value, secret: true} }

// Unset takes a top-level key out.
func Unset(key string) Edit { return Edit{path: key} }

// baseConfig is what the shared stack is configured with: small, on free ports and on networks of its own, so that it runs beside a dev stack.
func baseConfig() (map[string]any, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		namespace + ":edge": map[string]any{
			"address":   "127.0.0.1",
			"httpsPort": ports[0],
			"httpPort":  ports[1],
			"allow":     []any{networkBase, "127.0.0.0/8"},
		},
		namespace + ":network": map[string]any{"base": networkBase},
		// Not what these tests are about, but for those that turn it on; it would take a share of every up.
		namespace + ":monitoring": map[string]any{"enabled": false},
		namespace + ":database":   map[string]any{"memoryMiB": 800},
		namespace + ":redis":      map[string]any{"memoryMiB": 128},
		namespace + ":workers": []any{
			map[string]any{"pool": "default", "replicas": 1, "limit": 10, "memoryMiB": 2048, "drainSeconds": 60},
		},
	}, nil
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }() // held until all are chosen, so that they differ
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// stackFile is Pulumi.<stack>.yaml.
type stackFile struct {
	Salt   string         `yaml:"encryptionsalt,omitempty"`
	Config map[string]any `yaml:"config"`
}

func readStackFile(path string) (stackFile, error) {
	var file stackFile
	text, err := os.ReadFile(path)
	if err != nil {
		return file, err
	}
	return file, yaml.Unmarshal(text, &file)
}

func (f stackFile) write(path string) error {
	text, err := yaml.Marshal(f)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// configure writes the stack's configuration: its own, changed by the edits. Earlier edits are gone.
func (s *Stack) configure(edits ...Edit) error {
	file, err := readStackFile(s.baseFile())
	if err != nil {
		return err
	}
	config := maps.Clone(file.Config)
	for _, edit := range edits {
		switch {
		case edit.secret:
		case edit.value == nil:
			delete(config, fullKey(edit.path))
		default:
			keys := splitPath(edit.path)
			config[keys[0].(string)] = with(config[keys[0].(string)], keys[1:], edit.value)
		}
	}
	file.Config = config
	if err := file.write(s.stackFile()); err != nil {
		return err
	}
	for _, edit := range edits {
		if !edit.secret {
			continue
		}
		if out, err := s.pulumiIn(edit.value.(string), "config", "set", "--secret", fullKey(edit.path)); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
	}
	return nil
}

// Configure changes the stack's configuration file without an `up`; it is put back when the test ends.
func (s *Stack) Configure(t *testing.T, edits ...Edit) {
	t.Helper()
	t.Cleanup(func() {
		if err := s.configure(); err != nil {
			t.Error(err)
		}
	})
	if err := s.configure(edits...); err != nil {
		t.Fatal(err)
	}
}

// Config returns a plain value of the stack's own configuration, such as Config("edge.httpsPort"); nil if it does not say.
func (s *Stack) Config(path string) any {
	file, err := readStackFile(s.baseFile())
	if err != nil {
		return nil
	}
	keys := splitPath(path)
	value := file.Config[keys[0].(string)]
	for _, key := range keys[1:] {
		switch in := value.(type) {
		case map[string]any:
			value = in[fmt.Sprint(key)]
		case []any:
			value = in[key.(int)]
		}
	}
	return value
}

func fullKey(path string) string {
	if strings.Contains(path, ":") {
		return path
	}
	return namespace + ":" + path
}

var pathPart = regexp.MustCompile(`\[(\d+)\]|[^.\[\]]+`)

// splitPath takes a path apart: the full top-level key, then names (string) and places (int).
func splitPath(path string) []any {
	var keys []any
	for i, part := range pathPart.FindAllStringSubmatch(path, -1) {
		place, err := strconv.Atoi(part[1])
		switch {
		case err == nil:
			keys = append(keys, place)
		case i == 0:
			keys = append(keys, fullKey(part[0]))
		default:
			keys = append(keys, part[0])
		}
	}
	return keys
}

// with returns a copy of in with one value below it changed; lists grow by one at most.
func with(in any, keys []any, value any) any {
	if len(keys) == 0 {
		return value
	}
	if place, ok := keys[0].(int); ok {
		list, _ := in.([]any)
		list = append([]any{}, list...)
		if place == len(list) {
			list = append(list, nil)
		}
		list[place] = with(list[place], keys[1:], value)
		return list
	}
	object := map[string]any{}
	if known, ok := in.(map[string]any); ok {
		maps.Copy(object, known)
	}
	name := keys[0].(string)
	object[name] = with(object[name], keys[1:], value)
	return object
}

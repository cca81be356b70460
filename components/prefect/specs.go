package prefect

import (
	"embed"
	"encoding/json"
	"maps"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/prefecttoml"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// launchers are the small programs that run inside the containers; their docstrings say why each exists.
//
//go:embed files/*.py
var launchers embed.FS

const (
	filesDir   = workload.FilesDir
	resultsDir = "/var/lib/prefect" // volume of a worker group, shared by its workers
	logDir     = "/var/log/prefect" // volume with flows.log
	// serveOn and linger are the drain recipe for the API, whose steps drain.py explains. The API serves on for longer than the edge's fail_timeout of 5 s, so
	// that a successor that was refused while it started is in rotation again, and than the second that uvicorn takes to announce the end of connections
	// and the 2 s that the edge keeps idle ones. It lingers, with the second before, for less than fail_timeout, after which the edge asks it again.
	serveOn = 6 * time.Second
	linger  = 2 * time.Second
)

func (a Args) migration() workload.Spec {
	return workload.Spec{
		Role:       "migrate",
		Image:      a.Image,
		User:       user,
		Entrypoint: []string{"prefect"},
		Command:    []string{"server", "database", "upgrade", "-y"},
		WorkingDir: filesDir,
		Env:        a.server("prefect-migrate", 2, 3),
		Files:      a.serverFiles(),
		Networks:   []workload.Network{{Name: a.Networks.App}, {Name: a.Networks.DB}},
		MemoryMiB:  512,
	}
}

func (a Args) api() workload.Spec {
	return workload.Spec{
		Role:       "api",
		Replicas:   a.API.Replicas,
		Image:      a.Image,
		User:       user,
		Entrypoint: []string{"python", filesDir + "/drain.py"},
		Command: []string{
			"--serve", strconv.Itoa(int(serveOn.Seconds())), "--linger", strconv.Itoa(int(linger.Seconds())), "--",
			"api", "server", "start", "--host", "0.0.0.0", "--port", strconv.Itoa(Port), "--no-services",
		},
		WorkingDir:  filesDir,
		Env:         a.apiEnvironment(),
		Files:       a.serverFiles("drain.py", "api.py", "maintenance.py", "platformlog.py", "publishing.py", "periodic.py", "tested.py", "check.py"),
		Networks:    a.apiNetworks(),
		Health:      workload.Health{Command: []string{"python", "-S", "-E", filesDir + "/check.py", "api"}},
		MemoryMiB:   a.API.MemoryMiB,
		CPUs:        a.API.CPUs,
		Interactive: true,
		Grace:       serveOn + linger + 32*time.Second,
		Order:       workload.StartFirst,
	}
}

// apiNetworks gives the API another name on the monitoring network: whoever is on both networks would else find its containers there too, each twice.
func (a Args) apiNetworks() []workload.Network {
	all := []workload.Network{{Name: a.Networks.App, Aliases: []string{Host, a.host()}}, {Name: a.Networks.DB}}
	if a.Networks.Mon != nil {
		all = append(all, workload.Network{Name: a.Networks.Mon, Aliases: []string{tokens.APIMetricsHost(a.Slot, a.Generation)}})
	}
	return all
}

// host is where clients inside find those API containers that hold the same credential as they.
func (a Args) host() string { return tokens.APIHost(a.Slot, a.Generation) }

func (a Args) services() workload.Spec {
	files := a.serverFiles("services.py", "platformlog.py", "publishing.py", "periodic.py", "tested.py", "environment.py", "check.py")
	a.addExtraCA(files)
	return workload.Spec{
		Role:       "services",
		Replicas:   a.Services.Replicas,
		Image:      a.Image,
		User:       user,
		Entrypoint: []string{"python", filesDir + "/services.py"},
		WorkingDir: filesDir,
		Env:        a.servicesEnvironment(),
		Files:      files,
		Networks:   []workload.Network{{Name: a.Networks.App}, {Name: a.Networks.DB}, {Name: a.Networks.Egress}},
		Health:     workload.Health{Command: []string{"python", "-S", "-E", filesDir + "/check.py", "services"}},
		MemoryMiB:  a.Services.MemoryMiB,
		CPUs:       a.Services.CPUs,
		Grace:      40 * time.Second,
		Order:      workload.StartFirst,
	}
}

func (a Args) bootstrap() workload.Spec {
	return workload.Spec{
		Role:       "bootstrap",
		Image:      a.Image,
		User:       user,
		Entrypoint: []string{"python", filesDir + "/bootstrap.py"},
		Command:    []string{filesDir + "/wanted.json"},
		WorkingDir: filesDir,
		Env:        a.clientEnvironment(),
		Files:      withFiles(a.clientFiles("bootstrap.py", "platformaddresses.py", "canary.py"), map[string]workload.File{"wanted.json": workload.Text(a.wanted())}),
		Networks:   []workload.Network{{Name: a.Networks.App}},
		MemoryMiB:  384,
	}
}

func (a Args) worker(group config.Worker, results, logs *workload.Volume) workload.Spec {
	image := a.Image
	if group.Image != "" {
		image = group.Image
	}
	networks := []workload.Network{{Name: a.Networks.App}, {Name: a.Networks.Egress}}
	for _, name := range group.Networks {
		networks = append(networks, workload.Network{Name: pulumi.String(name)})
	}
	files := a.clientFiles("worker.py", "platformaddresses.py", "environment.py", "flowevents.py", "flowlog.py", "flowrun.py", "platformlog.py", "check.py")
	a.addExtraCA(files)
	if len(group.SecretEnvironment) > 0 {
		files["secret-environment.json"] = workload.SecretText(a.secretEnvironment(group.SecretEnvironment))
	}
	return workload.Spec{
		Role:       group.Role(),
		Replicas:   group.Replicas,
		Image:      image,
		User:       user,
		Entrypoint: []string{"python", filesDir + "/worker.py"},
		Command:    []string{"--pool", group.Pool, "--limit", strconv.Itoa(group.Limit), "--drain", strconv.Itoa(group.DrainSeconds)},
		WorkingDir: filesDir,
		Env:        a.workerEnvironment(group),
		Files:      files,
		Mounts:     []workload.Mount{{Volume: results.Name, Path: resultsDir}, {Volume: logs.Name, Path: logDir}},
		Networks:   networks,
		Health:     workload.Health{Command: []string{"python", "-S", "-E", filesDir + "/check.py", "worker"}},
		MemoryMiB:  group.MemoryMiB,
		CPUs:       group.CPUs,
		Grace:      time.Duration(group.DrainSeconds+45) * time.Second, // worker.py takes 35 s to end and report what does not finish
		Order:      workload.StartFirst,
	}
}

// serverFiles are the secrets of a process that holds the database, and the launchers it needs.
func (a Args) serverFiles(names ...string) map[string]workload.File {
	s := a.Secrets
	text := pulumi.All(s.DatabaseURL, s.AuthString, s.DocketURL, s.RedisPassword).ApplyT(func(v []any) string {
		return prefecttoml.Server{DatabaseURL: v[0].(string), AuthString: v[1].(string), DocketURL: v[2].(string), RedisPassword: v[3].(string)}.String()
	}).(pulumi.StringOutput)
	return withFiles(launcherFiles(names), map[string]workload.File{"prefect.toml": workload.SecretText(text)})
}

func (a Args) clientFiles(names ...string) map[string]workload.File {
	text := a.Secrets.AuthString.ToStringOutput().ApplyT(prefecttoml.Client).(pulumi.StringOutput)
	return withFiles(launcherFiles(names), map[string]workload.File{"prefect.toml": workload.SecretText(text)})
}

func (a Args) addExtraCA(files map[string]workload.File) {
	if a.Egress.CACertificates != "" {
		files["extra-ca.pem"] = workload.Text(a.Egress.CACertificates)
	}
}

func (a Args) secretEnvironment(names []string) pulumi.StringOutput {
	chosen := map[string]string{}
	for _, name := range names {
		chosen[name] = a.Secrets.Workers[name]
	}
	return pulumi.ToSecret(pulumi.String(toJSON(chosen))).(pulumi.StringOutput)
}

func launcherFiles(names []string) map[string]workload.File {
	files := map[string]workload.File{}
	for _, name := range names {
		content, err := launchers.ReadFile("files/" + name)
		if err != nil {
			panic(err) // a name that is not in this package
		}
		files[name] = workload.Text(string(content))
	}
	return files
}

func withFiles(files, more map[string]workload.File) map[string]workload.File {
	maps.Copy(files, more)
	return files
}

// wanted is what bootstrap.py makes.
func (a Args) wanted() string {
	type pool struct {
		Name             string `json:"name"`
		Type             string `json:"type"`
		ConcurrencyLimit *int   `json:"concurrency_limit"`
	}
	type canary struct {
		Pool     string `json:"pool"`
		Interval int    `json:"interval"` // seconds
	}
	all := struct {
		Pools  []pool  `json:"pools"`
		Canary *canary `json:"canary"`
	}{Pools: []pool{}}
	for _, w := range a.Workers {
		all.Pools = append(all.Pools, pool{Name: w.Pool, Type: "process"})
	}
	if a.Canary > 0 {
		all.Canary = &canary{Pool: a.Workers[0].Pool, Interval: int(a.Canary.Seconds())}
	}
	return toJSON(all)
}

func toJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return string(text)
}

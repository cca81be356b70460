package workload

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// container is what every container of the platform has, running or once.
func (e *Engine) container(s Spec, files *fileSet, role string) *docker.ContainerArgs {
	driver, options := e.logging(s)
	args := &docker.ContainerArgs{
		Image:       pulumi.String(s.Image),
		Entrypoints: texts(s.Entrypoint),
		Command:     texts(s.Command),
		User:        pulumi.String(s.User),
		GroupAdds:   pulumi.StringArray{pulumi.String("0")}, // reads the 0440 files, which belong to root:root
		Envs:        e.environment(s),
		Labels:      e.labels(s.Role, role),

		Init:         pulumi.Bool(true), // so that the main process is not PID 1, which only the host could kill
		ReadOnly:     pulumi.Bool(true),
		Tmpfs:        tmpfs(s.Tmpfs),
		Capabilities: docker.ContainerCapabilitiesArgs{Drops: pulumi.StringArray{pulumi.String("ALL")}},
		SecurityOpts: pulumi.StringArray{pulumi.String("no-new-privileges:true")},

		Memory:     pulumi.Int(s.MemoryMiB),
		MemorySwap: pulumi.Int(s.MemoryMiB), // no swap; unset, Docker stores twice the memory and the provider sees a change
		Cpus:       pulumi.String(cpus(s.CPUs)),
		CpuShares:  pulumi.Int(shares(s.Interactive)),

		DestroyGraceSeconds: pulumi.Int(seconds(s.Grace)), // unset, the provider kills
		StopTimeout:         pulumi.Int(seconds(s.Grace)),

		LogDriver: pulumi.String(driver),
		LogOpts:   options,
	}
	if s.WorkingDir != "" {
		args.WorkingDir = pulumi.String(s.WorkingDir)
	}
	if s.StopSignal != "" {
		args.StopSignal = pulumi.String(s.StopSignal)
	}
	if s.ShmMiB > 0 {
		args.ShmSize = pulumi.Int(s.ShmMiB)
	}
	if s.OpenFiles > 0 {
		args.Ulimits = docker.ContainerUlimitArray{docker.ContainerUlimitArgs{
			Name: pulumi.String("nofile"), Soft: pulumi.Int(s.OpenFiles), Hard: pulumi.Int(s.OpenFiles),
		}}
	}

	volumes := docker.ContainerVolumeArray{docker.ContainerVolumeArgs{
		VolumeName: files.volume, ContainerPath: pulumi.String(FilesDir), ReadOnly: pulumi.Bool(true),
	}}
	for _, m := range s.Mounts {
		volumes = append(volumes, docker.ContainerVolumeArgs{
			VolumeName: pulumi.String(m.Volume), ContainerPath: pulumi.String(m.Path), ReadOnly: pulumi.Bool(m.ReadOnly),
		})
	}
	args.Volumes = volumes

	if len(s.Networks) == 0 {
		args.NetworkMode = pulumi.String("none")
		return args
	}
	args.NetworkMode = pulumi.String("bridge") // what the provider reads back, although the networks below replace it
	networks := docker.ContainerNetworksAdvancedArray{}
	for _, n := range s.Networks {
		joined := docker.ContainerNetworksAdvancedArgs{Name: n.Name, Aliases: texts(n.Aliases)}
		if n.Address.IsValid() {
			joined.Ipv4Address = pulumi.String(n.Address.String())
		}
		networks = append(networks, joined)
	}
	args.NetworksAdvanced = networks
	return args
}

func (e *Engine) environment(s Spec) pulumi.StringArray {
	env := map[string]string{"TZ": e.TimeZone}
	maps.Copy(env, s.Env)
	var list pulumi.StringArray
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, pulumi.String(name+"="+env[name]))
	}
	return list
}

func tmpfs(more map[string]string) pulumi.StringMap {
	all := pulumi.StringMap{"/tmp": pulumi.String("mode=1777")}
	for path, options := range more {
		all[path] = pulumi.String(options)
	}
	return all
}

// healthcheck writes durations as the provider reads them back: "1m0s" and not "60s".
func healthcheck(h Health) docker.ContainerHealthcheckArgs {
	script := []string{"CMD"}
	if !h.NoShell {
		script = append(script, FilesDir+"/"+healthFile, strconv.Itoa(h.Limit), strconv.Itoa(seconds(h.Timeout)))
	}
	return docker.ContainerHealthcheckArgs{
		Tests:         texts(append(script, h.Command...)),
		Interval:      pulumi.String(h.Interval.String()),
		Timeout:       pulumi.String((h.Timeout + 3*time.Second).String()),
		StartPeriod:   pulumi.String(h.StartWithin.String()),
		StartInterval: pulumi.String(time.Second.String()),
		Retries:       pulumi.Int(h.Limit),
	}
}

// ports are in ascending order, as the provider reads them back.
func ports(list []Port) docker.ContainerPortArray {
	sorted := slices.SortedFunc(slices.Values(list), func(a, b Port) int { return a.Internal - b.Internal })
	var all docker.ContainerPortArray
	for _, p := range sorted {
		all = append(all, docker.ContainerPortArgs{
			Internal: pulumi.Int(p.Internal), External: pulumi.Int(p.Published), Ip: pulumi.String(p.Address), Protocol: pulumi.String("tcp"),
		})
	}
	return all
}

// cpus spells a number of cores as the provider reads it back: "1.0", "0.5".
func cpus(cores float64) string {
	text := strconv.FormatFloat(cores, 'f', -1, 64)
	if cores == float64(int64(cores)) {
		return fmt.Sprintf("%.1f", cores)
	}
	return text
}

func seconds(d time.Duration) int { return int(d / time.Second) }

// texts leaves out what is empty: an empty list would differ for ever from what the provider reads back, which is the image's own.
func texts(list []string) pulumi.StringArrayInput {
	if len(list) == 0 {
		return nil
	}
	return pulumi.ToStringArray(list)
}

// replacement says in which order old and new follow, and that every change counts: the provider accepts some (health check, tmpfs, init) as an update and then does
// nothing, and only "*" replaces a container that never became healthy. The flag is always explicit, because the engine lets it override the provider's own.
func replacement(order Order) pulumi.ResourceOption {
	return pulumi.Composite(
		pulumi.DeleteBeforeReplace(order == StopFirst),
		pulumi.ReplaceOnChanges([]string{"*"}),
	)
}

// shares is the relative weight in the kernel's scheduler; Docker's default is 1024.
func shares(interactive bool) int {
	if interactive {
		return 4096
	}
	return 1024
}

package doctor

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/docker/go-units"

	"prefect-platform/config"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/images"
)

func (s Seen) tools() []Finding {
	var findings []Finding
	for _, t := range s.Tools {
		switch {
		case t.Version == "":
			findings = append(findings, Finding{Problem, "tools", t.Name + " is not on the PATH", t.Remedy})
		case t.Old:
			findings = append(findings, Finding{Problem, "tools", fmt.Sprintf("%s %s is older than %s", t.Name, t.Version, t.Least), t.Remedy})
		default:
			findings = append(findings, Finding{Fine, "tools", t.Name + " " + t.Version, ""})
		}
	}
	return findings
}

func (s Seen) configuration() []Finding { return Configuration(s.Stack, s.ConfigErr) }

// Configuration turns what is wrong with the configuration of a stack, or nil, into findings.
func Configuration(stack string, wrong error) []Finding {
	if wrong == nil {
		return []Finding{{Fine, "config", "stack " + stack + " is well configured", ""}}
	}
	var problems config.Problems
	if !errors.As(wrong, &problems) {
		return []Finding{{Problem, "config", wrong.Error(), ""}}
	}
	var findings []Finding
	for _, p := range problems {
		findings = append(findings, Finding{Problem, "config", fmt.Sprintf("%s: found %s, want %s", p.Key, p.Found, p.Want), p.Fix})
	}
	return findings
}

func (s Seen) engine() []Finding {
	if s.EngineErr != nil {
		return []Finding{{
			Problem, "engine", s.EngineErr.Error(),
			"start Docker there, or name another engine: pulumi config set docker:host ssh://user@host (or the variable DOCKER_HOST)",
		}}
	}
	if s.Facts == nil {
		return nil
	}
	if s.Facts.OldAPI() {
		return []Finding{{
			Problem, "engine", fmt.Sprintf("Docker %s (API %s) at %s is too old", s.Facts.Version, s.Facts.API, s.EngineAt),
			"install Docker 28 or newer there (API " + live.MinAPI + ")",
		}}
	}
	findings := []Finding{{Fine, "engine", fmt.Sprintf("Docker %s (API %s) at %s", s.Facts.Version, s.Facts.API, s.EngineAt), ""}}
	return append(findings, clock(s.Facts.Skew))
}

func clock(skew time.Duration) Finding {
	off := skew.Abs()
	text := fmt.Sprintf("the engine's clock is %s off this one", off.Round(100*time.Millisecond))
	remedy := "let both machines set their clock by NTP (timedatectl set-ntp true)"
	switch {
	case off >= skewWrong:
		return Finding{Problem, "clock", text, remedy}
	case off >= skewNoticed:
		return Finding{Warning, "clock", text, remedy}
	default:
		return Finding{Fine, "clock", "the engine's clock agrees with this one", ""}
	}
}

// ports are free, or published by this stack's own edge.
func (s Seen) ports() []Finding {
	if s.Has == nil || s.ConfigErr != nil {
		return nil
	}
	edge := s.Config.Edge
	var findings []Finding
	for _, p := range []struct {
		key  string
		port int
	}{{"edge.httpsPort", edge.HTTPSPort}, {"edge.httpPort", edge.HTTPPort}} {
		findings = append(findings, s.port(edge.Address, p.port, p.key))
	}
	return findings
}

func (s Seen) port(address string, port int, key string) Finding {
	at := fmt.Sprintf("%s:%d", address, port)
	remedy := fmt.Sprintf("stop it, or take another port: pulumi config set --path %s:%s %d", config.Namespace, key, port+1000)
	for _, c := range s.Has.Containers {
		if !publishes(c, address, port) {
			continue
		}
		if c.Stack == s.Stack {
			return Finding{Fine, "ports", at + " is published by " + c.Name, ""}
		}
		return Finding{Problem, "ports", at + " is taken by container " + c.Name, remedy}
	}
	if s.Local && s.PortTaken != nil && s.PortTaken(address, port) {
		return Finding{Problem, "ports", at + " is taken by a process on this machine", remedy}
	}
	return Finding{Fine, "ports", at + " is free", ""}
}

func publishes(c live.Container, address string, port int) bool {
	return slices.ContainsFunc(c.Ports, func(p live.Port) bool {
		return p.Port == port && p.Protocol != "udp" && (p.Address == address || everywhere(p.Address) || everywhere(address))
	})
}

func everywhere(address string) bool { return address == "0.0.0.0" || address == "::" }

func (s Seen) disk() []Finding {
	if s.Has == nil || s.FreeDisk < 0 {
		return nil
	}
	text := units.BytesSize(float64(s.FreeDisk)) + " free for images and data"
	remedy := "make room where the engine keeps its data; `docker system df` says what takes it"
	switch {
	case s.FreeDisk < diskFull:
		return []Finding{{Problem, "disk", text, remedy}}
	case s.FreeDisk < diskShort:
		return []Finding{{Warning, "disk", text, remedy}}
	default:
		return []Finding{{Fine, "disk", text, ""}}
	}
}

// memory compares the limits of all containers with what the engine's machine has.
func (s Seen) memory() []Finding {
	if s.Facts == nil || s.ConfigErr != nil {
		return nil
	}
	limits := limitsMiB(s.Config)
	text := fmt.Sprintf("limits of %d MiB on a machine with %d MiB", limits, s.Facts.MemoryMiB)
	if limits > s.Facts.MemoryMiB {
		return []Finding{{Warning, "memory", text, "lower memoryMiB of the larger parts, or take a larger machine; all limits reached at once, the kernel kills"}}
	}
	return []Finding{{Fine, "memory", text, ""}}
}

func limitsMiB(c config.Config) int {
	sum := c.Edge.MemoryMiB + c.Database.MemoryMiB + c.Redis.MemoryMiB + c.API.Replicas*c.API.MemoryMiB + c.Services.Replicas*c.Services.MemoryMiB + c.Monitoring.LimitsMiB() + c.Backup.LimitsMiB() + c.TLS.LimitsMiB()
	for _, w := range c.Workers {
		sum += w.Replicas * w.MemoryMiB
	}
	return sum
}

// images tells official ones from those that the lab built in their place, which production must not run.
func (s Seen) images() []Finding {
	if s.Has == nil || s.ConfigErr != nil {
		return nil
	}
	var findings []Finding
	for _, name := range slices.Sorted(maps.Keys(images.Pins())) {
		reference := images.Resolve(s.Config.Images, name)
		image, found := s.Has.Image(reference)
		if !found || !image.LabMade {
			continue
		}
		if s.Config.Production {
			findings = append(findings, Finding{
				Problem, "images", reference + " was built by the lab, it is not the official image",
				"docker rmi " + reference + " on the engine, and let `up` pull it",
			})
			continue
		}
		findings = append(findings, Finding{Fine, "images", reference + " was built by the lab in place of the official image", ""})
	}
	return findings
}

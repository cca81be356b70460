package rules

import (
	"fmt"
	"regexp"
	"strings"

	"prefect-platform/internal/tokens"
)

// volumeName is what the engine takes for the name of a volume; anything else is a folder of the host.
var volumeName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

const cisHost = "CIS Docker 5.6, 5.32"

var hostRules = []Rule{
	{
		ID:       "containers-host-directory",
		Sentence: "No container reaches folders or sockets of its host, not even one that never starts.",
		Why:      "CIS Docker 5.6 and 5.32: what is uploaded to a container that never starts is written into what it mounts, and the engine's socket is root on the host. A volume with driver options is a folder of the host under another name.",
		Resource: func(c *Case) {
			switch {
			case c.Is(tokens.Container):
				judgeVolumes(c)
				judgeMounts(c)
			case c.Is(tokens.Volume):
				judgeDriver(c)
			}
		},
	},
	{
		ID:       "containers-volume-own",
		Sentence: "A container mounts only volumes of its own stack.",
		Why:      "CIS Docker 5.6: a volume that something else made may be a folder of the host, which no rule has seen, or another stack's data.",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			for _, m := range mountsOf(c, c.Resource) {
				if name, ok := m.volume.Text(); ok && m.kind == "volume" && volumeName.MatchString(name) && !strings.HasPrefix(name, prefixOf(c.Resource)) {
					c.Refuse(fmt.Sprintf("%s is %q, which is not of this stack", m.volume.Path(), name), "mount a volume that workload.Engine makes, whose name begins with "+prefixOf(c.Resource))
				}
			}
		},
	},
	{
		ID:       "containers-device",
		Sentence: "No container has a device of its host.",
		Why:      "CIS Docker 5.18: a disk or a console in a container is beyond every other limit.",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			for _, name := range []string{"devices", "gpus"} {
				if v := c.Property(name); !v.Empty() && !v.Unknown() {
					c.Refuse(name+" is set (CIS Docker 5.18)", "leave it out; flows that need a device run on workers of their own, outside of this stack")
				}
			}
		},
	},
}

func judgeVolumes(c *Case) {
	volumes, _ := c.Property("volumes").Items()
	for _, v := range volumes {
		if host := v.Get("hostPath"); !host.Empty() && !host.Unknown() {
			c.Refuse(fmt.Sprintf("%s is set (%s)", host.Path(), cisHost), "mount a named volume (workload.Mount); files go into workload.Spec.Files")
		}
		if from := v.Get("fromContainer"); !from.Empty() && !from.Unknown() {
			c.Refuse(fmt.Sprintf("%s is set: it would have whatever that container has (%s)", from.Path(), cisHost), "mount the volume itself, by its name (workload.Mount)")
		}
		judgeVolumeName(c, v.Get("volumeName"))
	}
}

func judgeMounts(c *Case) {
	mounts, _ := c.Property("mounts").Items()
	for _, m := range mounts {
		kind, ok := m.Get("type").Text()
		switch {
		case !ok || kind == "tmpfs":
			continue
		case kind != "volume":
			c.Refuse(fmt.Sprintf("%s has the type %q (%s)", m.Path(), kind, cisHost), "mount a named volume (workload.Mount)")
			continue
		}
		judgeVolumeName(c, m.Get("source"))
		options := m.Get("volumeOptions")
		for _, name := range []string{"driverName", "driverOptions"} {
			if v := options.Get(name); !v.Empty() && !v.Unknown() {
				c.Refuse(fmt.Sprintf("%s is set: a driver can put a folder of the host there (%s)", v.Path(), cisHost), "leave it out")
			}
		}
	}
}

func judgeVolumeName(c *Case, v Value) {
	if name, ok := v.Text(); ok && name != "" && !volumeName.MatchString(name) {
		c.Refuse(fmt.Sprintf("%s is %q, which the engine takes for a folder of the host (%s)", v.Path(), name, cisHost), "give the name of a volume")
	}
}

func judgeDriver(c *Case) {
	if driver, ok := c.Property("driver").Text(); ok && driver != "" && driver != "local" {
		c.Refuse(fmt.Sprintf("driver is %q, which may be anything (%s)", driver, cisHost), "leave it out")
	}
	for _, name := range []string{"driverOpts", "cluster"} {
		if v := c.Property(name); !v.Empty() && !v.Unknown() {
			c.Refuse(fmt.Sprintf("%s is set: with type=none, o=bind the volume is a folder of the host (%s)", name, cisHost), "leave it out; where volumes lie is a matter of the engine's data-root")
		}
	}
}

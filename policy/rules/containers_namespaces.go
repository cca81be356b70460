package rules

import (
	"fmt"
	"slices"

	"prefect-platform/internal/tokens"
)

// ownNamespaces are the modes in which a container has a namespace to itself; everything else is that of the host or of another container.
var ownNamespaces = []struct {
	property, cis string
	own           []string
}{
	{"pidMode", "5.16", []string{""}},
	{"ipcMode", "5.17", []string{"", "private", "none"}},
	{"usernsMode", "5.31", []string{""}},
	{"cgroupnsMode", "5.25", []string{"", "private"}},
}

var namespaceRules = []Rule{
	{
		ID:       "containers-namespace",
		Sentence: "No container shares processes, memory, users or control groups with its host or another container.",
		Why:      "CIS Docker 5.16, 5.17, 5.25 and 5.31: in the host's process namespace every other process's environment and files are open.",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			for _, each := range ownNamespaces {
				if mode, ok := c.Property(each.property).Text(); ok && !slices.Contains(each.own, mode) {
					c.Refuse(fmt.Sprintf("%s is %q (CIS Docker %s)", each.property, mode, each.cis), "leave it out")
				}
			}
		},
	},
	{
		ID:       "containers-network-mode",
		Sentence: "Every container is on networks of its own stack or on none, never in its host's or another container's network, nor on the default bridge.",
		Why:      "CIS Docker 5.10 and 5.30: on the host's network all of its ports are published and the database is reached past every internal network; on the default bridge everything on the engine meets.",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			mode, known := c.Property("networkMode").Text()
			if c.Property("networkMode").Unknown() || known && mode == "none" {
				return
			}
			if known && mode != "bridge" && mode != "" {
				c.Refuse(fmt.Sprintf("networkMode is %q (CIS Docker 5.10)", mode), "leave networkMode to workload and name networks in workload.Spec.Networks")
				return
			}
			networks := c.Property("networksAdvanced")
			if networks.Unknown() {
				return
			}
			if items, _ := networks.Items(); len(items) == 0 {
				c.Refuse("it names no network, and so is on the engine's default bridge (CIS Docker 5.30)", "name networks in workload.Spec.Networks, or set networkMode to none")
			}
		},
	},
}

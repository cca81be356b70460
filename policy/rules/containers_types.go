package rules

import (
	"fmt"
	"slices"
	"strings"

	"prefect-platform/internal/tokens"
)

// judged are the types that the rules know how to judge.
var judged = []string{
	tokens.Stack, tokens.DockerProvider, tokens.RandomProvider, tokens.TLSProvider,
	tokens.Container, tokens.Network, tokens.Volume, tokens.Image,
	tokens.Password, tokens.PrivateKey, tokens.CertRequest, tokens.SelfSignedCert, tokens.LocallySignedCert,
	tokens.Database, tokens.Cache, tokens.Prefect, tokens.Proxy, tokens.Backup, tokens.Monitoring,
}

// judgedSettings are the properties of a container that some rule judges, or that can do no harm. Whatever a later provider adds is refused until a rule knows it.
var judgedSettings = []string{
	"__defaults", // which values the provider filled in
	"name", "image", "labels", "entrypoints", "command", "workingDir", "envs", "uploads", "user", "groupAdds", "init", "stopSignal", "start", "mustRun", "attach", "logs", "wait",
	"waitTimeout", "restart", "healthcheck", "destroyGraceSeconds", "stopTimeout", "logDriver", "logOpts", "readOnly", "tmpfs", "capabilities", "securityOpts", "privileged",
	"memory", "memorySwap", "memoryReservation", "cpus", "cpuShares", "shmSize", "ulimits", "volumes", "mounts", "devices", "gpus", "networkMode", "networksAdvanced", "ports",
	"publishAllPorts", "pidMode", "ipcMode", "usernsMode", "cgroupnsMode", "removeVolumes", "containerReadRefreshTimeoutMilliseconds",
}

// whySettings says what is wrong with those that somebody may want.
var whySettings = map[string]string{
	"hosts":        "it would give names such as postgres to other addresses",
	"dns":          "it would let another server say where postgres and redis are",
	"dnsOpts":      "it would change how postgres and redis are found",
	"dnsSearches":  "it would change how postgres and redis are found",
	"sysctls":      "it would change the kernel's settings (CIS Docker 5.21)",
	"cgroupParent": "it would leave the limits that the engine gives (CIS Docker 5.25)",
	"runtime":      "it would run beside the engine's own isolation",
	"storageOpts":  "no rule knows what the storage driver does with it",
	"rm":           "the container would be gone before its exit code is read",
}

var typeRules = []Rule{
	{
		ID:       "containers-type",
		Sentence: "A stack holds only types of resources that the rules can judge.",
		Why:      "What no rule looks at is let pass by all of them: a docker.Service, a Kubernetes pod or a shell command could publish the database unseen (CIS Docker 5.1, 4.2).",
		Resource: func(c *Case) {
			if !slices.Contains(judged, c.Resource.Type) && !strings.HasPrefix(c.Resource.Type, "random:") { // secrets-generator judges all of those
				c.Refuse("it is a "+c.Resource.Type+", which no rule can judge",
					"take it out of the stack, or write rules for it and add its type to policy/rules/containers_types.go; meanwhile an exception from containers-type in policy/prod.json shows it in every preview")
			}
		},
	},
	{
		ID:       "containers-setting",
		Sentence: "A container has only settings that the rules can judge.",
		Why:      "Names, kernel settings, runtimes and control groups of a container can undo what its other settings promise (CIS Docker 5.19, 5.21, 5.25).",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			for name := range c.Resource.Properties.AllStable {
				if v := c.Property(name); !slices.Contains(judgedSettings, name) && !v.Empty() && !v.Unknown() {
					why := whySettings[name]
					if why == "" {
						why = "no rule judges it"
					}
					c.Refuse(name+" is set: "+why, "leave it out; what it was for belongs into workload.Spec, with a rule")
				}
			}
			judgeUlimits(c)
		},
	},
}

// mostFiles is far above what any part of the platform opens, and below what would let one container use up the host's (CIS Docker 5.19).
const mostFiles = 1 << 16

func judgeUlimits(c *Case) {
	items, _ := c.Property("ulimits").Items()
	for _, item := range items {
		name, known := item.Get("name").Text()
		hard, knownHard := item.Get("hard").Number()
		soft, knownSoft := item.Get("soft").Number()
		if known && name != "nofile" || knownHard && (hard < 1 || hard > mostFiles) || knownSoft && (soft < 1 || soft > mostFiles) {
			c.Refuse(fmt.Sprintf("%s is %s from %v to %v (CIS Docker 5.19)", item.Path(), name, soft, hard), fmt.Sprintf("set nofile alone, between 1 and %d, by workload.Spec.OpenFiles", mostFiles))
		}
	}
}

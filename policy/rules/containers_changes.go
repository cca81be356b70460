package rules

import (
	"strings"

	"prefect-platform/internal/tokens"
)

var containersChangesRules = []Rule{
	{
		ID:       "containers-ignored-changes",
		Sentence: "No resource ignores changes, but a volume those of its labels.",
		Why:      "What ignores a change keeps what it had: the port that was closed stays open, the certificate is never renewed, and every later preview shows nothing (pulumi, ignoreChanges).",
		Resource: func(c *Case) {
			for _, name := range c.Resource.IgnoreChanges {
				if c.Is(tokens.Volume) && name == "labels" {
					continue
				}
				c.Refuse("ignoreChanges has "+name, "take the option away; what must not change belongs into the program")
			}
		},
	},
	{
		ID:       "containers-labels-known",
		Sentence: "The labels of everything on the engine are known in every preview.",
		Why:      "A label is there for people to read. One that is known only later is made of something generated, of which Pulumi may have been told that it is no secret (pulumi.Unsecret).",
		Resource: func(c *Case) {
			if !strings.HasPrefix(c.Resource.Type, "docker:") {
				return
			}
			labels := c.Property("labels")
			if labels.exists && labels.holds.HasComputed() {
				c.Refuse("labels has one that is not known yet", "give it a fixed value, as workload.Engine does")
			}
		},
	},
}

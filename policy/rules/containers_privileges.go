package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"prefect-platform/internal/tokens"
)

// unprivileged is uid or uid:gid in plain numbers, of which the first is not 0. A name says what the image's own passwd file makes of it, "+0" and "00" are root too.
var unprivileged = regexp.MustCompile(`^[1-9][0-9]{0,9}(:(0|[1-9][0-9]{0,9}))?$`)

// newPrivileges is the name of the option that keeps setuid programs from gaining anything.
const newPrivileges = "no-new-privileges"

var privilegeRules = []Rule{
	{
		ID:       "containers-user",
		Sentence: "Every container runs as a user that is not root, given by number.",
		Why:      "CIS Docker 4.1: root in a container is root on the host as soon as anything else fails. The group root is needed to read the files that belong to root:root, and gives nothing else.",
		Resource: func(c *Case) {
			if !c.runs() {
				return
			}
			v := c.Property("user")
			user, ok := v.Text()
			number, err := strconv.ParseInt(strings.SplitN(user, ":", 2)[0], 10, 32)
			switch {
			case !v.Exists():
				c.Refuse("user is not set, so the image decides, which may be root (CIS Docker 4.1)", "set workload.Spec.User to a uid:gid such as 1001:0")
			case ok && (!unprivileged.MatchString(user) || err != nil || number == 0):
				c.Refuse(fmt.Sprintf("user is %q, which is root or may be it (CIS Docker 4.1)", user), "set workload.Spec.User to a uid:gid in numbers such as 1001:0, whose uid is not 0")
			}
			for _, group := range c.Property("groupAdds").Texts() {
				if group != "0" {
					c.Refuse(fmt.Sprintf("groupAdds has %q, a group of the host that may own more than it should", group), "leave only 0, which reads the files in "+tokens.FilesDir)
				}
			}
		},
	},
	{
		ID:       "containers-capabilities",
		Sentence: "Every container drops all capabilities and adds none.",
		Why:      "CIS Docker 5.4: no part of the platform needs one; ports below 1024 are open to everyone within a container.",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			set := c.Property("capabilities")
			for _, each := range set.Get("adds").Texts() {
				c.Refuse(fmt.Sprintf("capabilities.adds has %q (CIS Docker 5.4)", each), "leave capabilities.adds out; nothing of the platform needs one")
			}
			drops := set.Get("drops")
			all := func(name string) bool { return strings.EqualFold(name, "ALL") }
			if c.runs() && !set.Unknown() && !drops.Unknown() && !anyUnknown(drops) && !slices.ContainsFunc(drops.Texts(), all) {
				c.Refuse("capabilities.drops has no ALL (CIS Docker 5.4)", "let it drop ALL, as workload does for every container")
			}
		},
	},
	{
		ID:       "containers-privileged",
		Sentence: "No container is privileged.",
		Why:      "CIS Docker 5.5: a privileged container has all capabilities and devices of its host.",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			if on, _ := c.Property("privileged").Flag(); on {
				c.Refuse("privileged is true (CIS Docker 5.5)", "leave it out")
			}
		},
	},
	{
		ID:       "containers-no-new-privileges",
		Sentence: "No process of a container can gain privileges.",
		Why:      "CIS Docker 5.26: a setuid program in an image would otherwise make root of anyone.",
		Resource: func(c *Case) {
			if !c.runs() {
				return
			}
			v := c.Property("securityOpts")
			if v.Unknown() || anyUnknown(v) {
				return
			}
			set := false
			for _, opt := range v.Texts() {
				name, value := securityOpt(opt)
				if name != newPrivileges {
					continue
				}
				if value != "true" && value != "" {
					c.Refuse(fmt.Sprintf("securityOpts has %q (CIS Docker 5.26)", opt), "write no-new-privileges:true")
				}
				set = true
			}
			if !set {
				c.Refuse("securityOpts has no no-new-privileges (CIS Docker 5.26)", "add no-new-privileges:true, as workload does for every container")
			}
		},
	},
	{
		ID:       "containers-confinement",
		Sentence: "No container leaves the engine's seccomp, AppArmor and SELinux profiles.",
		Why:      "CIS Docker 5.2, 5.3 and 5.22: the profiles deny the system calls by which most escapes begin; an option that no rule knows may turn them off.",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			for _, opt := range c.Property("securityOpts").Texts() {
				if name, _ := securityOpt(opt); name != newPrivileges {
					c.Refuse(fmt.Sprintf("securityOpts has %q (CIS Docker 5.2, 5.3, 5.22)", opt), "leave it out: the engine's own profiles are right for every part of the platform")
				}
			}
		},
	},
}

// securityOpt splits an option as the engine does, at "=" or, in the old way to write it, at ":".
func securityOpt(text string) (name, value string) {
	name, value, found := strings.Cut(text, "=")
	if !found {
		name, value, _ = strings.Cut(text, ":")
	}
	return name, value
}

// anyUnknown reports whether something in a list is only known in an `up`, and refuses it where nobody judges again.
func anyUnknown(list Value) bool {
	items, _ := list.Items()
	return slices.ContainsFunc(items, Value.Unknown)
}

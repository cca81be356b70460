package rules

import (
	"net/url"
	"regexp"
	"strings"

	"prefect-platform/config"
)

// found is a password within a file.
type found struct{ value, place string }

var assignment = regexp.MustCompile(`(?m)^\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*$`)

// passwords are those that a file holds as such: alone, as its name says, or in the settings of prefect.toml. Hashes and verifiers are judged by other
// rules, as is a password that is no Pulumi secret.
func (f file) passwords() []found {
	if !f.known || !f.secret && !f.veiled {
		return nil
	}
	text := strings.Trim(f.text, "\r\n")
	if whole := strings.NewReplacer("-", "_", ".", "_").Replace(f.name()); config.LooksSecret(whole) && !strings.Contains(text, "\n") && !strings.HasPrefix(f.name(), "tls.") {
		return []found{{text, ""}}
	}
	if !strings.HasSuffix(f.name(), ".toml") {
		return nil
	}
	var all []found
	for _, match := range assignment.FindAllStringSubmatch(f.text, -1) {
		name, value := match[1], strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(match[2])
		place := " (" + name + ")"
		if at, err := url.Parse(value); err == nil && at.User != nil {
			if password, given := at.User.Password(); given {
				all = append(all, found{password, place})
			}
			continue
		}
		if name == "auth_string" {
			_, password, _ := strings.Cut(value, ":")
			all = append(all, found{password, place})
		} else if config.LooksSecret(name) {
			all = append(all, found{value, place})
		}
	}
	return all
}

package rules

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/tokens"
)

var secretsRotationRules = []Rule{
	{
		ID:       "secrets-kept-slot",
		Sentence: fmt.Sprintf("The value before a rotation stays valid for %d days at most, the authority before it for %d.", config.KeepDueDays, config.CAKeepDays),
		Why:      "a rotation is no rotation while the old value still opens the door; seven days let every client follow, and an authority is imported by hand on every machine",
		Resource: func(c *Case) {
			if !c.Is(tokens.Stack) {
				return
			}
			slots := c.rotation()
			for _, name := range rotated {
				each := slots[name]
				if each.Unreadable != "" {
					c.Refuse(each.Unreadable+" cannot be read", "write it as docs/configuration.md says, rotation")
				}
				if !each.Keep {
					continue
				}
				key, change := "rotation."+name, fmt.Sprintf("pulumi config set --path '%s:rotation.%s.keep' false", config.Namespace, name)
				since, err := time.Parse(time.DateOnly, each.Since)
				switch age := days(since, c.Today); {
				case each.Since == "":
					c.Refuse(key+".keep is true, and "+key+".since says nothing", change+", or set "+key+".since to the day of the rotation")
				case err != nil:
					c.Refuse(fmt.Sprintf("%s.since is %q", key, each.Since), "write the day of the rotation as YYYY-MM-DD")
				case age < -1:
					c.Refuse(fmt.Sprintf("%s.since is %s, which has not come", key, each.Since), "set it to the day of the rotation")
				case age > keepDays(name):
					c.Refuse(fmt.Sprintf("%s.keep is true since %s, %d days ago", key, each.Since, age), change)
				}
			}
		},
	},
}

// rotated are the credentials of a stack, those of monitoring and backup among them.
var rotated = []string{"database", "api", "redis", "postgresExporter", "sqlExporter", "backup", "backupRole", "ca"}

func keepDays(name string) int {
	if name == "ca" {
		return config.CAKeepDays
	}
	return config.KeepDueDays
}

// slots is what the section of one credential says. A number or a flag that is written as a text is read as well: the program refuses it later.
type slots struct {
	A, B  int
	Keep  bool
	Since string
	// Unreadable is the field that is none of what it may be.
	Unreadable string
}

func (s slots) generation(slot string) int {
	if slot == "b" {
		return s.B
	}
	return s.A
}

const rotationKey = config.Namespace + ":rotation"

// rotation is what the stack's configuration says about each credential, defaults filled in.
func (c *Case) rotation() map[string]slots {
	var given map[string]map[string]any
	unreadable := ""
	if text := c.Config[rotationKey]; text != "" && json.Unmarshal([]byte(text), &given) != nil {
		unreadable = rotationKey
	}
	all := map[string]slots{}
	for _, name := range rotated {
		each := slots{A: 1, Unreadable: unreadable}
		for field, value := range given[name] {
			text, err := fmt.Sprint(value), error(nil)
			if number, ok := value.(float64); ok {
				text = strconv.FormatFloat(number, 'f', -1, 64)
			}
			switch field {
			case "a":
				each.A, err = strconv.Atoi(text)
			case "b":
				each.B, err = strconv.Atoi(text)
			case "keep":
				each.Keep, err = strconv.ParseBool(text)
			case "since":
				each.Since = text
			}
			if err != nil {
				each.Unreadable = "rotation." + name + "." + field
			}
		}
		all[name] = each
	}
	return all
}

func days(since, today time.Time) int { return int(today.Sub(since).Hours() / 24) }

package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"prefect-platform/internal/tokens"
)

// plain are the properties whose values help a reviewer and can hold no secret by their nature: what they are, and how much.
var plain = map[string][]string{
	tokens.Container:         {"image", "memory", "memorySwap", "memoryReservation", "cpus", "cpuShares", "ports", "restart", "networkMode", "readOnly", "privileged", "shmSize", "stopTimeout", "destroyGraceSeconds", "user"},
	tokens.Image:             {"name"},
	tokens.Network:           {"name", "internal", "driver", "ipamConfigs"},
	tokens.Volume:            {"name", "driver"},
	tokens.LocallySignedCert: {"validityPeriodHours", "earlyRenewalHours"},
	tokens.CertRequest:       {"dnsNames", "ipAddresses"},
}

// properties names what changes. A value is added where it is plain, short and not secret.
func properties(step apitype.StepEventMetadata) []string {
	var texts []string
	for _, name := range changed(step) {
		text := code(name)
		before, after := shown(step, step.Old, name), shown(step, step.New, name)
		if before != "" && after != "" && before != after {
			text += " " + code(before) + " → " + code(after)
		}
		texts = append(texts, text)
	}
	return texts
}

// changed are the names of the top-level properties that differ, sorted.
func changed(step apitype.StepEventMetadata) []string {
	names := slices.Clone(step.Diffs)
	if len(names) == 0 {
		for path := range step.DetailedDiff {
			name, _, _ := strings.Cut(path, ".")
			name, _, _ = strings.Cut(name, "[")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// shown is a value that may be shown, empty for any other.
func shown(step apitype.StepEventMetadata, of *apitype.StepEventStateMetadata, name string) string {
	if of == nil || !slices.Contains(plain[step.Type], name) {
		return ""
	}
	return short(name, of.Inputs[name])
}

const mostOfValue = 120 // bytes

func short(name string, value any) string {
	text := ""
	switch value := value.(type) {
	case string:
		text = value
	case bool, float64, json.Number, int:
		text = fmt.Sprint(value)
	case []any:
		var parts []string
		for _, each := range value {
			if object, ok := each.(map[string]any); ok {
				parts = append(parts, item(name, object))
			} else {
				parts = append(parts, short(name, each))
			}
		}
		text = strings.Join(parts, " ")
	}
	if len(text) > mostOfValue || strings.Contains(text, "[secret]") || strings.Contains(text, unknown) || strings.ContainsAny(text, "\n\r") {
		return ""
	}
	return text
}

// unknown is how Pulumi writes a text that only an `up` will know (sdk/go/common/resource/plugin).
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

// item is an element of a list of objects, of which some members are known to be plain.
func item(list string, object map[string]any) string {
	switch list {
	case "ports":
		return fmt.Sprintf("%v:%v to %v", object["ip"], object["external"], object["internal"])
	case "ipamConfigs":
		return fmt.Sprint(object["subnet"])
	}
	return ""
}

package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"prefect-platform/internal/tokens"
)

// What is beyond these is no limit any more.
const (
	mostMemoryMiB = 1 << 20
	mostCPUs      = 64
	mostLogMiB    = 1024
)

var limitRules = []Rule{
	{
		ID:       "containers-memory",
		Sentence: "Every container has a limit of memory, and no swap beside it.",
		Why:      "CIS Docker 5.11: without it one flow run takes the database down with it. Without memorySwap the engine allows the same again in swap.",
		Resource: func(c *Case) {
			if !c.runs() {
				return
			}
			memory, swap := c.Property("memory"), c.Property("memorySwap")
			if memory.Unknown() || swap.Unknown() {
				return
			}
			limit, _ := memory.Number()
			both, _ := swap.Number()
			switch {
			case limit < 16 || limit > mostMemoryMiB:
				c.Refuse(fmt.Sprintf("memory is %v MiB (CIS Docker 5.11)", limit), fmt.Sprintf("set workload.Spec.MemoryMiB, 16 to %d", mostMemoryMiB))
			case both != limit:
				c.Refuse(fmt.Sprintf("memorySwap is %v beside %v MiB of memory (CIS Docker 5.11)", both, limit), "set memorySwap to the same as memory, as workload does")
			}
		},
	},
	{
		ID:       "containers-cpu",
		Sentence: "Every container has a limit of processors.",
		Why:      "CIS Docker 5.12: one that computes without end would slow all others down, the health checks too.",
		Resource: func(c *Case) {
			if !c.runs() {
				return
			}
			v := c.Property("cpus")
			if v.Unknown() {
				return
			}
			if cores, _ := v.Number(); !(cores > 0 && cores <= mostCPUs) { // NaN is neither
				c.Refuse(fmt.Sprintf("cpus is %v (CIS Docker 5.12)", cores), fmt.Sprintf("set workload.Spec.CPUs, more than 0 and up to %d", mostCPUs))
			}
		},
	},
	{
		ID:       "containers-read-only",
		Sentence: "Every container's root is read-only.",
		Why:      "CIS Docker 5.13: what breaks in cannot leave a program behind, and nothing that matters is lost with a container.",
		Resource: func(c *Case) {
			if !c.runs() || c.Property("readOnly").Unknown() {
				return
			}
			if only, _ := c.Property("readOnly").Flag(); !only {
				c.Refuse("readOnly is not true (CIS Docker 5.13)", "set it, as workload does; give workload.Spec.Tmpfs or a volume for what must be written")
			}
			fields, _ := c.Property("tmpfs").Fields()
			for _, field := range fields {
				if strings.Trim(field.Name, "/. ") == "" {
					c.Refuse(fmt.Sprintf("tmpfs is mounted on %q, which makes the whole root writable (CIS Docker 5.13)", field.Name), "mount it on the folder that must be written")
				}
			}
		},
	},
	{
		ID:       "containers-logs",
		Sentence: "Every container's log is kept on the engine within limits.",
		Why:      "Docker's default log grows until the disk is full, and the database stops (CIS Docker 2.13; OWASP ASVS 5.0 16.4.2).",
		Resource: func(c *Case) {
			if !c.runs() {
				return
			}
			driver, options := c.Property("logDriver"), c.Property("logOpts")
			if driver.Unknown() || options.Unknown() {
				return
			}
			name, _ := driver.Text()
			prefix := ""
			switch {
			case slices.Contains([]string{"local", "json-file"}, name):
			case name == tokens.SendingLogDriver && sendsToCollector(c, options):
				prefix = "cache-"
			default:
				c.Refuse(fmt.Sprintf("logDriver is %q, which keeps no log here, one without limits, or tells somebody of it", name), "set it to local, or let workload send to the collector of logs")
				return
			}
			size, files := options.Get(prefix+"max-size"), options.Get(prefix+"max-file")
			if size.Unknown() || files.Unknown() {
				return
			}
			text, _ := size.Text()
			count, _ := files.Number()
			if mib := mebibytes(text); !(mib > 0 && count >= 1 && mib*count <= mostLogMiB) {
				c.Refuse(fmt.Sprintf("logOpts allow %v files (%[3]smax-file) of %[2]q (%[3]smax-size)", count, text, prefix), fmt.Sprintf("set %smax-size such as 10m and %[1]smax-file such as 5, together up to %d MiB", prefix, mostLogMiB))
			}
		},
	},
}

// sendsToCollector reports whether the log goes to the collector of the same stack, over UDP, which never holds a container up, and stays on the engine as well.
func sendsToCollector(c *Case, options Value) bool {
	collector, err := c.network().LogCollector()
	to, known := options.Get("syslog-address").Text()
	off, set := options.Get("cache-disabled").Text()
	fields, _ := options.Fields()
	for _, field := range fields {
		if !slices.Contains([]string{"syslog-address", "syslog-format", "tag", "cache-disabled", "cache-max-size", "cache-max-file", "cache-compress"}, field.Name) {
			return false
		}
	}
	return err == nil && known && to == fmt.Sprintf("udp://%s:%d", collector, tokens.LogPort) && (!set || off == "false")
}

var logSize = regexp.MustCompile(`^([0-9]{1,12})([bkmg]?)b?$`)

// mebibytes reads a size as Docker's log drivers do; 0 when it is none, or no limit.
func mebibytes(text string) float64 {
	found := logSize.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if found == nil {
		return 0
	}
	number, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		return 0
	}
	unit := map[string]float64{"": 1.0 / (1 << 20), "b": 1.0 / (1 << 20), "k": 1.0 / (1 << 10), "m": 1, "g": 1 << 10}
	return number * unit[found[2]]
}

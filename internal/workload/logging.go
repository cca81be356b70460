package workload

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/internal/tokens"
)

// logDriver is not the engine's default, so that options of its daemon.json are never merged into ours, which the provider would see as a change.
const logDriver = "local"

// logOptions bound the log on the engine.
func logOptions(prefix string) pulumi.StringMap {
	return pulumi.StringMap{prefix + "max-size": pulumi.String("10m"), prefix + "max-file": pulumi.String("5")}
}

// logging returns driver and options. What a collector is sent is kept on the engine too, in what Docker calls the cache of the driver.
func (e *Engine) logging(s Spec) (string, pulumi.StringMap) {
	if !e.Logs.IsValid() || s.LogStays {
		return logDriver, logOptions("")
	}
	options := logOptions("cache-")
	maps.Copy(options, pulumi.StringMap{
		"cache-disabled": pulumi.String("false"),
		"syslog-address": pulumi.String(fmt.Sprintf("udp://%s", e.Logs)),
		"syslog-format":  pulumi.String("rfc5424micro"),
		"tag":            pulumi.String(s.Role + "/{{.Name}}"), // as log_collector.py reads it
	})
	return tokens.SendingLogDriver, options
}

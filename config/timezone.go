package config

import (
	"time"
	_ "time/tzdata" // the machine that runs Pulumi need not have the zones
)

func (c Config) checkTimeZone(p *Problems) {
	// Go reads "" as UTC and "Local" as the zone of this machine; a container knows neither.
	if _, err := time.LoadLocation(c.TimeZone); err != nil || c.TimeZone == "" || c.TimeZone == "Local" {
		p.add("timeZone", quoteOrNothing(c.TimeZone), "an IANA name such as UTC or Asia/Shanghai", set("timeZone", "UTC"))
	}
}

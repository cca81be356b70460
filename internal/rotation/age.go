package rotation

import (
	"time"

	"prefect-platform/config"
)

const day = 24 * time.Hour

// Since is the day of the last rotation; false where the configuration does not say.
func (c Credential) Since() (time.Time, bool) {
	since, err := time.Parse(time.DateOnly, c.Slots.Since)
	return since, err == nil
}

// DueDays is after how many days the active value is due.
func (c Credential) DueDays() int {
	if c.Name == CA {
		return config.CADueDays
	}
	return config.RotationDueDays
}

// KeepDays is for how many days the other value may be valid.
func (c Credential) KeepDays() int {
	if c.Name == CA {
		return config.CAKeepDays
	}
	return config.KeepDueDays
}

// Age is the number of days since the last rotation.
func (c Credential) Age(now time.Time) (days int, known bool) {
	since, known := c.Since()
	return int(now.Sub(since) / day), known
}

// Due is the last day on which the active value may be in use, and whether that is over.
func (c Credential) Due(now time.Time) (last time.Time, over bool) {
	return c.until(c.DueDays(), now)
}

// KeptUntil is the last day on which the other value may be valid, and whether that is over. It says something only where one is kept.
func (c Credential) KeptUntil(now time.Time) (last time.Time, over bool) {
	return c.until(c.KeepDays(), now)
}

func (c Credential) until(days int, now time.Time) (last time.Time, over bool) {
	since, known := c.Since()
	if !known {
		return time.Time{}, false
	}
	age, _ := c.Age(now)
	return since.AddDate(0, 0, days), age > days
}

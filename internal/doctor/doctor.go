// Package doctor judges whether a stack can run, and whether it runs well. It looks at nothing itself: it turns what was seen into findings with a remedy.
package doctor

import (
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/lock"
	"prefect-platform/internal/mend"
)

// Level says how much a finding matters.
type Level int

// The levels.
const (
	Fine    Level = iota
	Warning       // works, but not as it should
	Problem       // does not work
)

// Finding is the outcome of one check.
type Finding struct {
	Level Level
	// Check is one word: engine, ports, disk, ...
	Check string
	// Found is what was seen.
	Found string
	// Remedy is what to do about it; empty when nothing is to be done.
	Remedy string
}

// Seen is what the doctor is told. What could not be looked at is left empty, and not judged.
type Seen struct {
	Stack string
	// Command writes a verb of the operator's command as it is to be typed on this machine.
	Command func(verb string) string

	Tools     []Tool
	Config    config.Config
	ConfigErr error

	EngineAt  string
	EngineErr error
	Local     bool
	Facts     *live.Facts
	Has       *live.Inventory
	// FreeDisk is in bytes; negative when it could not be measured.
	FreeDisk int64
	// PortTaken tells whether something on this machine other than the engine's containers listens on an address; only asked for a local engine.
	PortTaken func(address string, port int) bool

	// DatabaseVolume is the one that the stack was deployed with last.
	DatabaseVolume string

	Locks []lock.Holder
	// Mend is what state and engine disagree about.
	Mend *mend.Plan
}

// Tool is a program that must be on the PATH.
type Tool struct {
	Name string
	// Version is empty when there is none.
	Version string
	// Least is the oldest version that will do.
	Least string
	// Old says that Version is older than Least.
	Old bool
	// Remedy says where to get it.
	Remedy string
}

// Prerequisites judges what `up` cannot do without. What `up` itself mends is not among it.
func Prerequisites(s Seen) []Finding {
	findings := s.tools()
	findings = append(findings, s.configuration()...)
	findings = append(findings, s.engine()...)
	findings = append(findings, s.ports()...)
	findings = append(findings, s.disk()...)
	findings = append(findings, s.memory()...)
	findings = append(findings, s.images()...)
	findings = append(findings, s.database()...)
	return append(findings, s.foreign()...)
}

// All judges everything.
func All(s Seen) []Finding {
	findings := Prerequisites(s)
	findings = append(findings, s.locks()...)
	findings = append(findings, s.mendable()...)
	return append(findings, s.containers()...)
}

// Worst is the highest level among findings.
func Worst(findings []Finding) Level {
	worst := Fine
	for _, f := range findings {
		worst = max(worst, f.Level)
	}
	return worst
}

// Limits from which a difference between the clocks matters: log times look wrong first, then certificates and tokens.
const (
	skewNoticed = 5 * time.Second
	skewWrong   = time.Minute
)

// Limits of free disk space in bytes. The images alone need about 2 GiB.
const (
	diskShort = 10 << 30
	diskFull  = 2 << 30
)

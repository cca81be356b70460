package catalogue

import (
	"time"

	"prefect-platform/internal/tokens"
)

// Settings are what differs between stacks. The configuration validates them.
type Settings struct {
	// Speed divides every duration of scraping, rules and notifications: 1 for people, 60 for a test that waits seconds where people wait minutes.
	Speed int

	Host      string // under which clients reach the edge, for the probes' Host header and SNI
	Runbooks  string // URL or path that the runbooks' file names are appended to, with its last slash
	User      string // of Prefect's credential
	PrivateCA bool   // the edge's certificate is signed by an authority that only AuthorityFile has
	API       string // host name of its containers on the monitoring network
	Replicas  int    // of them
	APIMemory int    // bytes that each of them may use
	Pools     []Pool // whose workers the stack runs
	Grafana   bool
	Logs      bool // of containers are collected
	Backup    bool
	ACME      bool // an authority is asked for the edge's certificate
	Canary    bool

	Thresholds Thresholds
	Objectives SLOs
}

func (s Settings) api() Endpoint { return Endpoint{s.API, tokens.PortAPI} }

// Pool is a work pool and how many workers the stack runs for it.
type Pool struct {
	Name    string
	Workers int
}

// Thresholds are figures about which teams differ.
type Thresholds struct {
	LateRuns              int           // late runs of a queue that are a warning
	LateRunsCritical      int           // and that wake somebody
	LongestRun            time.Duration // after which a running flow run is taken for stuck
	PendingRun            time.Duration // after which a run that a worker has taken should have started
	SchedulerHorizon      time.Duration // how far ahead runs must be scheduled; Prefect plans an hour
	EventsBytes           int           // size of the tables of events
	ConnectionsRatio      float64       // used connections of PostgreSQL
	TransactionAge        time.Duration // of an open transaction
	ErrorRatio            float64       // 5xx of all answers
	UnauthorizedPerSecond float64       // refused credentials
	LimitedRatio          float64       // answers 429 of all
	ActiveConnections     int           // of the edge
	CertificateDays       int           // left, warning
	CertificateCritical   int           // left, critical
	DiskFree              float64       // share of a file system, warning
	DiskFreeCritical      float64
	MemoryAvailable       float64 // share of the host's memory
	CPUUsed               float64
	BackupAge             time.Duration
	RestoreTestAge        time.Duration
}

// SLOs are the service level objectives over 30 days, as shares of 1.
type SLOs struct {
	Availability float64 // requests that did not end in a 5xx
	Scheduling   float64 // flow runs that started no later than 60 s after their time
	Latency      float64 // API requests answered within a second
}

// Defaults returns the settings of a small stack.
func Defaults() Settings {
	return Settings{
		Speed:     1,
		Host:      "localhost",
		Runbooks:  "docs/runbooks/",
		User:      "prefect",
		API:       tokens.APIMetricsHost("a", 1),
		Replicas:  1,
		APIMemory: 512 << 20,
		Pools:     []Pool{{Name: "default", Workers: 1}},
		Thresholds: Thresholds{
			LateRuns:              1,
			LateRunsCritical:      25,
			LongestRun:            6 * time.Hour,
			PendingRun:            15 * time.Minute,
			SchedulerHorizon:      15 * time.Minute,
			EventsBytes:           10 << 30,
			ConnectionsRatio:      0.8,
			TransactionAge:        10 * time.Minute,
			ErrorRatio:            0.05,
			UnauthorizedPerSecond: 1,
			LimitedRatio:          0.05,
			ActiveConnections:     1500,
			CertificateDays:       14,
			CertificateCritical:   3,
			DiskFree:              0.15,
			DiskFreeCritical:      0.05,
			MemoryAvailable:       0.1,
			CPUUsed:               0.95,
			BackupAge:             26 * time.Hour,
			RestoreTestAge:        15 * 24 * time.Hour,
		},
		Objectives: SLOs{Availability: 0.995, Scheduling: 0.99, Latency: 0.95},
	}
}

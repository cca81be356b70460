package config

// Default returns the configuration of an empty stack file: a single small host, reachable from that host only.
func Default() Config {
	return Config{
		Host:     "localhost",
		TimeZone: "UTC",
		Edge: Edge{
			Address:   "127.0.0.1",
			HTTPSPort: 8443,
			HTTPPort:  8080,
			Limits: Limits{
				API:         Rate{PerSecond: 100, Burst: 200},
				UI:          Rate{PerSecond: 50, Burst: 200},
				WebSocket:   Rate{PerSecond: 5, Burst: 100},
				Connections: 256,
			},
			MaxBodyMiB: 16,
			MemoryMiB:  128,
			CPUs:       1,
		},
		TLS: TLS{Mode: SelfSigned, ValidityDays: 90, RenewalDays: 30, ACME: ACME{Directory: LetsEncryptStaging, Challenge: ChallengeHTTP}},
		Database: Database{
			MemoryMiB:          1024,
			CPUs:               2,
			MaxConnections:     100,
			RunRetentionDays:   90,
			EventRetentionDays: 7,
			SlowQueryMillis:    500,
			Volume:             1,
		},
		Redis:    Redis{MemoryMiB: 256, CPUs: 1},
		API:      API{Replicas: 1, MemoryMiB: 768, CPUs: 1, PoolSize: 5, PoolOverflow: 10, LogLevel: "WARNING"},
		Services: Services{Replicas: 1, MemoryMiB: 768, CPUs: 1, PoolSize: 5, PoolOverflow: 10},
		Workers:  []Worker{DefaultWorker()},
		Access:   Access{User: "prefect"},
		Rotation: Rotation{Database: firstSlot(), API: firstSlot(), Redis: firstSlot(), PostgresExporter: firstSlot(), SQLExporter: firstSlot(), Backup: firstSlot(), BackupRole: firstSlot(), CA: firstSlot()},
		Network:  Network{Base: "10.213.0.0/16"},
		Backup:   Backup{Repository: Local, EveryHours: 24, KeepDays: 14, DrillDays: 7, MemoryMiB: 256},
		Monitoring: Monitoring{
			Enabled:       true,
			RetentionDays: 15,
			RetentionMiB:  2048,
			MemoryMiB:     192,
			Speed:         1,
			Grafana:       Grafana{Enabled: true, MemoryMiB: 256},
			Logs:          Logs{RetentionDays: 15, MemoryMiB: 320},
			Thresholds: Thresholds{
				LateRuns:                1,
				LateRunsCritical:        25,
				LongestRunMinutes:       360,
				TransactionMinutes:      10,
				CertificateDays:         14,
				CertificateCriticalDays: 3,
				DiskFreePercent:         15,
				DiskFreeCriticalPercent: 5,
				ConnectionsPercent:      80,
				ErrorPercent:            5,
			},
			Objectives: Objectives{AvailabilityPercent: 99.5, SchedulingPercent: 99, LatencyPercent: 95},
		},
	}
}

// DefaultWorker returns what an entry of Workers has where it says nothing.
func DefaultWorker() Worker {
	return Worker{Pool: "default", Replicas: 1, Limit: 10, MemoryMiB: 1024, CPUs: 1, DrainSeconds: 300}
}

func firstSlot() Slots {
	return Slots{A: 1, Active: "a"}
}

// Modes of TLS.
const (
	SelfSigned = "selfSigned"
	Provided   = "provided"
	ACMEMode   = "acme"
)

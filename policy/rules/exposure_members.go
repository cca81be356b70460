package rules

import (
	"slices"
	"strings"

	"prefect-platform/config"
	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
)

// membership says why the container that is judged may not be on a network; empty if it may.
func membership(c *Case, network string) string {
	r := c.Resource
	name, own := strings.CutPrefix(network, prefixOf(r))
	runs := processOf(c, r)
	if !own {
		if runs == processWorker && slices.ContainsFunc(c.workers(), func(w config.Worker) bool { return slices.Contains(w.Networks, network) }) {
			return ""
		}
		return "which is not one of the stack's"
	}
	inPrefect := r.In(tokens.Prefect)
	// What copies the database has no way out, and what takes the copies out does not reach the database.
	inBackup := func(kind images.Name) bool {
		image, ok := c.image()
		return r.In(tokens.Backup) && (!ok || image.kind == kind)
	}
	// What asks an authority for certificates has a way out, and is asked in turn through the edge.
	lego := func() bool {
		image, ok := c.image()
		return r.In(tokens.Proxy) && (!ok || image.kind == images.Lego)
	}
	switch name {
	case tokens.NetworkApp:
		return ""
	case tokens.NetworkMon:
		if runs == processWorker {
			return "from which the edge may be asked and figures are told, and runs the team's code"
		}
		return ""
	case tokens.NetworkEdge:
		if image, ok := c.image(); r.In(tokens.Proxy) && (!ok || image.kind == images.Nginx) || lego() {
			return ""
		}
		return "from which ports are published, and is not the edge"
	case tokens.NetworkEgress:
		if inPrefect && (runs == processServices || runs == processWorker) || inBackup(images.Restic) || lego() || r.In(tokens.Monitoring) {
			return ""
		}
		return "which leads out, and is neither Prefect's services nor a worker"
	case tokens.NetworkLogs:
		if called, _ := c.Property("name").Text(); r.In(tokens.Monitoring) && called == prefixOf(r)+tokens.HostLogCollector {
			return ""
		}
		return "on which the host has an address, and is not the collector of logs"
	case tokens.NetworkDB:
		if r.In(tokens.Database) || inPrefect && slices.Contains([]process{processAPI, processServices, processMigration}, runs) || inBackup(images.Postgres) || r.In(tokens.Monitoring) {
			return ""
		}
		return "where the database is, and is nothing that needs it"
	default:
		return "which the address plan (config/network.go) does not have"
	}
}

package throwaway

import (
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"strconv"

	"gopkg.in/yaml.v3"

	"prefect-platform/config"
)

// What stands in for keys that only the owner of a stack can fill in.
const (
	standInHost       = "prefect.stands-in.internal"
	standInRepository = "rest:https://backup.stands-in.internal/prefect"
	standInNetwork    = "10.0.0.0/8"

	standInReceiver = "nobody"
)

const fill = " stands in until the stack says its own"

// required fills in keys that the program insists on and whose value is still a placeholder. What is there and wrong stays: the program is to refuse it.
func (w *work) required(all *yaml.Node, own func(string) string) {
	if production, _ := strconv.ParseBool(scalar(find(all, own("production")))); production {
		host := find(all, own("host"))
		if given := scalar(host); !isSecure(host) && (given == "" || config.Placeholder(given)) {
			set(all, own("host"), text(standInHost))
			w.note("host", standInHost+fill)
		}
		w.watched(all, own)
		w.backedUp(all, own)
	}
	if isSecure(find(all, own("host"))) {
		set(all, own("host"), text(standInHost))
		w.note("host", standInHost+" in place of the encrypted one")
	}
	edge := child(all, own("edge"))
	if allow := find(edge, "allow"); edge.Kind == yaml.MappingNode && !isSecure(edge) && (allow == nil || allow.Kind == yaml.SequenceNode && len(allow.Content) == 0) {
		set(edge, "allow", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{text(standInNetwork)}})
		w.note("edge.allow", standInNetwork+fill)
	}
}

// watched names somebody who is told of alerts, where production demands it and the stack names nobody.
func (w *work) watched(all *yaml.Node, own func(string) string) {
	monitoring := child(all, own("monitoring"))
	if off := scalar(find(monitoring, "enabled")); monitoring.Kind != yaml.MappingNode || isSecure(monitoring) || off == "false" {
		return
	}
	if receivers := find(monitoring, "receivers"); receivers == nil || receivers.Kind == yaml.SequenceNode && len(receivers.Content) == 0 {
		one := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{text("name"), text(standInReceiver), text("kind"), text(config.Webhook)}}
		set(monitoring, "receivers", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{one}})
		set(child(all, own("receiverSecrets")), standInReceiver, w.secure(receiverURL()))
		w.note("monitoring.receivers", standInReceiver+fill)
	}
	if find(all, own("watchdogUrl")) == nil {
		set(all, own("watchdogUrl"), w.secure(receiverURL()))
		w.note("watchdogUrl", "one that nobody answers"+fill)
	}
}

// backedUp names a repository of backups, where production demands one elsewhere and the stack has none.
func (w *work) backedUp(all *yaml.Node, own func(string) string) {
	backup := child(all, own("backup"))
	if backup.Kind != yaml.MappingNode || isSecure(backup) || scalar(find(backup, "enabled")) == "false" {
		return
	}
	if given := find(backup, "repository"); given == nil || scalar(given) == config.Local {
		set(backup, "repository", text(standInRepository))
		w.note("backup.repository", standInRepository+fill)
	}
}

// nowhere is a name that never resolves (RFC 6761).
const nowhere = "engine.invalid"

// engine names one that cannot be reached, of the same kind, so that the same rules are checked. An address that is no address stays, to be refused.
func (w *work) engine(all *yaml.Node) {
	const hostKey, contextKey = "docker:host", "docker:context"
	host := find(all, hostKey)
	if remove(all, contextKey) {
		w.note(contextKey, "left out: contexts belong to a machine")
	}
	at, err := url.Parse(scalar(host))
	if err != nil && !isSecure(host) {
		return
	}
	instead := "unix:///nowhere/docker.sock"
	switch {
	case host == nil:
	case isSecure(host), at.Scheme == "ssh":
		instead = "ssh://" + nowhere
	case at.Scheme == "tcp" && at.Hostname() != "":
		instead = "tcp://" + nowhere + ":2376"
	case at.Scheme != "unix" && at.Scheme != "npipe":
		return
	}
	set(all, hostKey, text(instead))
	w.note(hostKey, "an engine that cannot be reached, so that nothing can be touched")
}

// password is a text that every rule for passwords accepts, 43 characters.
func password() string {
	bytes := make([]byte, 32)
	if _, err := rand.Read(bytes); err != nil {
		panic(err) // never returns an error (crypto/rand)
	}
	return base64.RawURLEncoding.EncodeToString(bytes)
}

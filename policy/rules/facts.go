package rules

import (
	"strconv"
	"time"

	"prefect-platform/config"
)

// Source hands out a stack's configuration key by key, as both Pulumi's program and its policy packs are given it.
type Source interface {
	GetConfig(key string) (string, bool)
	IsConfigSecret(key string) bool
	DryRun() bool
}

// NewFacts reads what judgements know beside the resource.
func NewFacts(from Source) Facts {
	facts := Facts{Preview: from.DryRun(), Today: time.Now(), Config: map[string]string{}}
	for _, key := range config.Keys() {
		value, ok := from.GetConfig(key)
		if !ok {
			continue
		}
		facts.Config[key] = value
		if from.IsConfigSecret(key) {
			facts.Secrets = append(facts.Secrets, key)
		}
	}
	facts.Production, _ = strconv.ParseBool(facts.Config[config.Namespace+":production"]) // what is no truth value, the program refuses
	return facts
}

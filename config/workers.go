package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// poolName is narrower than Prefect's own rule (prefect/types/names.py) so that the name is one argument, one label and one line.
var poolName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}$`)

// dockerNetwork is what the engine accepts as a name (moby, daemon/names).
var dockerNetwork = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]+$`)

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// Slug is the part that the pool's name has in names of containers and volumes. It is unique in a valid configuration.
func (w Worker) Slug() string {
	return strings.Trim(notSlug.ReplaceAllString(strings.ToLower(w.Pool), "-"), "-")
}

// Role is what the group's containers are called.
func (w Worker) Role() string { return "worker-" + w.Slug() }

func (c Config) checkWorkers(p *Problems) {
	poolOf := map[string]int{}
	for i, worker := range c.Workers {
		key := fmt.Sprintf("workers[%d]", i)
		worker.checkPool(p, key+".pool")
		if first, taken := poolOf[worker.Slug()]; taken {
			p.add(key+".pool", quote(worker.Pool), fmt.Sprintf("a pool that differs from that of workers[%d] in its letters and digits; more workers for one pool are replicas", first), "")
		} else {
			poolOf[worker.Slug()] = i
		}
		p.between(key+".replicas", worker.Replicas, 1, 100, "")
		p.between(key+".limit", worker.Limit, 1, 1000, "flow runs")
		p.between(key+".drainSeconds", worker.DrainSeconds, 0, 86_400, "seconds")
		p.container(key, 256, worker.MemoryMiB, worker.CPUs)
		if worker.Image != "" {
			checkImage(p, key+".image", worker.Image, 1)
			c.checkSkew(p, key+".image", worker.Image)
		}
		worker.checkEnvironment(p, key, c.Secrets.WorkerSecrets)
		worker.checkNetworks(p, key)
	}
}

func (w Worker) checkPool(p *Problems, key string) {
	switch {
	case !poolName.MatchString(w.Pool):
		p.add(key, quoteOrNothing(w.Pool), "1 to 63 letters, digits, spaces, dots, _ or -, a letter or digit first", set(key, "default"))
	case strings.HasPrefix(strings.ToLower(w.Pool), "prefect"):
		p.add(key, quote(w.Pool), `a name that does not begin with "prefect", which Prefect keeps for itself`, set(key, "default"))
	}
}

func (w Worker) checkEnvironment(p *Problems, key string, supplied map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(w.Environment)) {
		at := join(key+".environment", name)
		if checkVariable(p, at, name) && LooksSecret(name) {
			p.add(at, "a name that tells of a secret", "the value in the secret workerSecrets and the name in "+key+".secretEnvironment", setSecret(join("workerSecrets", name)))
		}
	}
	seen := map[string]bool{}
	for i, name := range w.SecretEnvironment {
		at := fmt.Sprintf("%s.secretEnvironment[%d]", key, i)
		if _, also := w.Environment[name]; also {
			p.add(at, quote(name)+", which is in environment too", "one of the two", remove(join(key+".environment", name)))
		}
		if _, exists := supplied[name]; !exists {
			p.add(at, quoteOrNothing(name), "a name that the secret workerSecrets holds", setSecret(join("workerSecrets", name)))
		}
		if seen[name] {
			p.add(at, quote(name)+" again", "each name once", remove(at))
		}
		seen[name] = true
	}
}

func (w Worker) checkNetworks(p *Problems, key string) {
	for i, name := range w.Networks {
		at := fmt.Sprintf("%s.networks[%d]", key, i)
		switch {
		case !dockerNetwork.MatchString(name):
			p.add(at, quoteOrNothing(name), "the name of a Docker network", "docker network ls")
		case slices.Contains([]string{"bridge", "host", "none"}, name):
			p.add(at, quote(name), "a network that somebody made for this purpose", "docker network create warehouse")
		case strings.HasPrefix(name, "prefect-"):
			p.add(at, quote(name), "a network of others: those of the stack are joined as needed", remove(at))
		}
	}
}

package rules

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"prefect-platform/internal/tokens"
)

var scaleRules = []Rule{
	{
		ID:       "scale-redis",
		Sentence: "Every process of Prefect that holds the database keeps in Redis what it would keep in its own memory, and leaves migrations to their job.",
		Why: "Two processes of a kind run at each replacement, if not always. In memory each would plan runs, hold leases and act on events by itself: runs are late or doubled and leases never end, without any error " +
			"(Prefect docs, self-hosted scaling; #20090, #18766; docs/decisions/0001-redis-is-never-optional.md). Migrations take no lock.",
		Resource: func(c *Case) {
			if !c.runs() {
				return
			}
			if kind := processOf(c, c.Resource); kind != processAPI && kind != processServices {
				return
			}
			env, known := environmentOf(c, c.Resource)
			if !known {
				return
			}
			for _, each := range redisBacked {
				if !env.right(each.name, each.right) {
					c.Refuse(env.tell(each.name), "set it to "+each.value+", as components/prefect/environment.go does for every process")
				}
			}
			if len(env[docketURL]) > 0 && !env.right(docketURL, isRedisURL) {
				c.Refuse(docketURL+" is no redis:// URL", "leave it out: prefect.toml has it")
			}
		},
	},
	{
		ID:       "scale-docket",
		Sentence: "The file with a Prefect server's secrets names a Redis for its task scheduler.",
		Why:      "With memory:// every services process has a scheduler of its own: schedules and automations are acted on once for each of them (Prefect docs, self-hosted scaling). The file is secret and known in an `up` only.",
		Resource: func(c *Case) {
			if !c.Is(tokens.Container) {
				return
			}
			for _, file := range c.Uploads() {
				if file.Name() != "prefect.toml" {
					continue
				}
				if text, ok := file.Content.Text(); ok {
					judgeDocket(c, file.Content.Path(), text)
				}
			}
		},
	},
	{
		ID:       "scale-start-first",
		Sentence: "What may run twice is replaced without a gap: the new container answers before the old one is asked to stop.",
		Why:      "The provider's own way is to remove first: every change of a setting would take the API away for half a minute (pulumi-docker resources.go; docs/decisions/0002-start-first-with-drain.md).",
		Resource: func(c *Case) {
			kind := processOf(c, c.Resource)
			if !c.serves() || kind != processAPI && kind != processServices && kind != processWorker {
				return
			}
			if c.Resource.DeleteBeforeReplace {
				c.Refuse("it is removed before its successor is made (deleteBeforeReplace)", "use workload.StartFirst")
			}
		},
	},
}

const docketURL = "PREFECT_SERVER_DOCKET_URL"

// demanded is a variable and what it must be. The value "a number" is any number.
type demanded struct{ name, value string }

func (d demanded) right(found string) bool {
	if d.value == "a number" {
		_, err := strconv.ParseUint(found, 10, 16)
		return err == nil
	}
	return strings.EqualFold(found, d.value)
}

// redisBacked are the settings without which a process keeps something in its own memory (Prefect src/prefect/settings/models/server and integrations/prefect-redis).
var redisBacked = []demanded{
	{"PREFECT_SERVER_EVENTS_MESSAGING_BROKER", "prefect_redis.messaging"},
	{"PREFECT_SERVER_EVENTS_MESSAGING_CACHE", "prefect_redis.messaging"},
	{"PREFECT_SERVER_EVENTS_CAUSAL_ORDERING", "prefect_redis.ordering"},
	{"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", "prefect_redis.lease_storage"},
	{"PREFECT_SERVER_WORKER_CHANNEL_CLEANUP_QUEUE_STORAGE", "prefect_redis.cleanup_queue"},
	{"PREFECT_REDIS_MESSAGING_HOST", tokens.HostCache},
	{"PREFECT_REDIS_MESSAGING_PORT", "a number"},
	{"PREFECT_REDIS_MESSAGING_DB", "a number"},
	{"PREFECT_REDIS_WORKER_CLEANUP_QUEUE_HOST", tokens.HostCache},
	{"PREFECT_REDIS_WORKER_CLEANUP_QUEUE_PORT", "a number"},
	{"PREFECT_REDIS_WORKER_CLEANUP_QUEUE_DB", "a number"},
	{"PREFECT_SERVER_DATABASE_MIGRATE_ON_START", "false"},
}

func judgeDocket(c *Case, at, text string) {
	var file struct {
		Server *struct {
			Docket struct {
				URL string `toml:"url"`
			} `toml:"docket"`
		} `toml:"server"`
	}
	if _, err := toml.Decode(text, &file); err != nil {
		c.Refuse(at+" is no TOML, so nobody knows what Prefect takes from it", "write it with internal/prefecttoml")
		return
	}
	if file.Server != nil && !isRedisURL(file.Server.Docket.URL) {
		c.Refuse(at+" has no redis:// URL at server.docket.url", "write it with internal/prefecttoml.Server, whose DocketURL is that of components/cache")
	}
}

func isRedisURL(text string) bool {
	at, err := url.Parse(text)
	return err == nil && (at.Scheme == "redis" || at.Scheme == "rediss") && at.Hostname() != ""
}

package rules

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"prefect-platform/internal/tokens"
)

func generator(kind string) fixture {
	token := "random:index/" + kind
	return fixture{name: kind, add: []Resource{{Type: token, Name: "token", URN: "urn:pulumi:prod::p::" + token + "::token", Properties: property.NewMap(map[string]property.Value{"length": property.New(32.0)})}}, found: "public ID"}
}

var _ = prove("secrets-generator", proof{
	fails: []fixture{
		generator("randomString:RandomString"), generator("randomId:RandomId"), generator("randomBytes:RandomBytes"), generator("randomPet:RandomPet"),
		generator("randomUuid:RandomUuid"), generator("randomUuid4:RandomUuid4"), generator("randomUuid7:RandomUuid7"), generator("randomInteger:RandomInteger"), generator("randomShuffle:RandomShuffle"),
	},
	neverUnknown: "the type of a resource is always known",
})

func password(name, resource string, change func(*Resource), found string) fixture {
	return fixture{name: name, of: tokens.Password, resource: resource, change: change, found: found}
}

func changes(all ...func(*Resource)) func(*Resource) {
	return func(r *Resource) {
		for _, change := range all {
			change(r)
		}
	}
}

var _ = prove("secrets-password-strength", proof{
	fails: []fixture{
		password("a short one", "api-a", put("length", 16), "length is 16"),
		password("one character less", "seal", put("length", 31), "length is 31"),
		password("a length in text", "database-initial", put("length", "12"), "length is 12"),
		password("no length", "api-a", without("length"), "no length"),
		password("digits only", "api-a", changes(put("upper", false), put("lower", false)), "32 characters of 10 different ones have 106 bits"),
		password("few signs", "api-a", changes(put("upper", false), put("lower", "false"), put("numeric", false), put("special", true), put("overrideSpecial", "!!!!????")), "of 2 different ones have 32 bits"),
		password("the old name of numeric", "api-a", changes(put("upper", false), put("lower", false), put("number", false)), "of 0 different ones"),
		password("a salt of 8", "api-a-salt", put("length", 8), "a salt needs 16"),
		password("a salt of digits", "api-a-salt", changes(put("upper", false), put("lower", false)), "a salt needs 80"),
		{name: "a colleague's", add: []Resource{{Type: tokens.Password, Name: "grafana", URN: "urn:pulumi:prod::p::" + tokens.Password + "::grafana", Properties: property.NewMap(map[string]property.Value{"length": property.New(20.0)})}}, found: "length is 20"},
	},
	unknown: []fixture{
		password("the length", "api-a", unknownProperty("length"), ""),
		password("a class", "api-a", unknownProperty("upper"), ""),
	},
})

var _ = prove("secrets-salt", proof{
	fails: []fixture{
		{name: "a password that is called a salt", add: []Resource{{Type: tokens.Password, Name: "grafana-salt", URN: "urn:pulumi:prod::p::" + tokens.Password + "::grafana-salt", Properties: property.NewMap(map[string]property.Value{"length": property.New(16.0)})}}, found: "there is no password grafana"},
		{name: "a salt that is left", remove: []string{"redis-b"}, found: "there is no password redis-b"},
	},
	neverUnknown: "it goes by names",
})

var _ = prove("secrets-generation", proof{
	fails: []fixture{
		password("no keepers", "api-a", without("keepers"), `keepers.generation is ""`),
		password("another keeper", "redis-b", put("keepers", map[string]any{"rotation": "0"}), `keepers.generation is ""`),
		password("another generation", "database-a", put("keepers", map[string]any{"generation": "7"}), `keepers.generation is "7"`),
		{name: "of an exporter", add: []Resource{{Type: tokens.Password, Name: "sql-exporter-b", URN: "urn:pulumi:prod::p::" + tokens.Password + "::sql-exporter-b", Properties: property.NewMap(map[string]property.Value{
			"length": property.New(32.0), "keepers": property.New(map[string]property.Value{"generation": property.New("7")}),
		})}}, found: "rotation.sqlExporter.b"},
		password("a salt without", "database-a-salt", without("keepers"), `keepers.generation is ""`),
		password("keepers that are ignored", "api-b", func(r *Resource) { r.IgnoreChanges = []string{"keepers"} }, "changes of keepers are ignored"),
		password("everything ignored", "seal", func(r *Resource) { r.IgnoreChanges = []string{"*"} }, "changes of * are ignored"),
		password("one keeper ignored", "api-b", func(r *Resource) { r.IgnoreChanges = []string{`keepers["generation"]`} }, "are ignored"),
	},
	unknown: []fixture{
		password("the keepers", "api-a", unknownProperty("keepers"), ""),
		password("the generation", "api-a", put("keepers", map[string]any{"generation": property.New(property.Computed)}), ""),
	},
})

// rotatedOn is a stack that rotated one credential some days ago.
func rotatedOn(days int, rest string) func(*Facts) {
	return configured("rotation", `{"api": {"a": 1, "since": "`+today.AddDate(0, 0, -days).Format(time.DateOnly)+`"`+rest+`}}`)
}

var _ = prove("secrets-kept-slot", proof{
	fails: []fixture{
		{name: "eight days", facts: rotatedOn(8, `, "keep": true`), found: "rotation.api.keep is true since"},
		{name: "a flag in text", facts: rotatedOn(30, `, "keep": "true"`), found: "30 days ago"},
		{name: "no day", facts: configured("rotation", `{"redis": {"a": 1, "keep": true}}`), found: "rotation.redis.since says nothing"},
		{name: "another spelling of the day", facts: configured("rotation", `{"redis": {"a": 1, "keep": true, "since": "1.12.2026"}}`), found: `rotation.redis.since is "1.12.2026"`},
		{name: "a day to come", facts: rotatedOn(-300, `, "keep": true`), found: "which has not come"},
		{name: "a flag that is none", facts: configured("rotation", `{"redis": {"keep": "maybe"}}`), found: "rotation.redis.keep cannot be read"},
		{name: "an exporter", facts: configured("rotation", `{"postgresExporter": {"a": 1, "keep": true}}`), found: "rotation.postgresExporter.since says nothing"},
		{name: "an authority for a year", facts: configured("rotation", `{"ca": {"b": 1, "active": "b", "keep": true, "since": "`+today.AddDate(-1, 0, 0).Format(time.DateOnly)+`"}}`), found: "rotation.ca.keep is true since"},
		{name: "no object", facts: configured("rotation", `{"redis": true}`), found: "prefect-platform:rotation cannot be read"},
		{name: "a stack for trying out too", stack: "dev", facts: rotatedOn(8, `, "keep": true`), found: "8 days ago"},
	},
	neverUnknown: "the configuration of a stack is known before anything else",
})

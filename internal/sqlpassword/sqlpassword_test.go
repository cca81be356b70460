package sqlpassword

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestFind_ReadsWhatPostgresReads(t *testing.T) {
	literal := func(text string) []Given { return []Given{{text, true}} }
	unreadable := []Given{{}}
	for sql, want := range map[string][]Given{
		`ALTER ROLE a PASSWORD 'x';`:                                                 literal("x"),
		"create user a\n  encrypted\tpassword\n'x'":                                  literal("x"),
		`ALTER ROLE a PASSWORD/* '' */'it''s'`:                                       literal("it's"),
		"ALTER ROLE a PASSWORD -- '\n 'x'":                                           literal("x"),
		`ALTER ROLE a PASSWORD NULL`:                                                 nil,
		`-- PASSWORD 'x'`:                                                            nil,
		`/* a /* b */ PASSWORD 'x' */`:                                               nil,
		`SELECT password FROM t; INSERT INTO t (name, password) VALUES (1)`:          nil,
		`SELECT "password" 'x'`:                                                      nil,
		`ALTER ROLE a PASSWORD :'given'`:                                             unreadable,
		`ALTER ROLE a PASSWORD E'\x61'`:                                              unreadable,
		`ALTER ROLE a PASSWORD U&'\0061'`:                                            unreadable,
		`ALTER ROLE a PASSWORD $$x$$`:                                                {{"x", false}},
		`DO $do$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ''x'''; END $do$`:              literal("x"),
		`SELECT format('ALTER ROLE a PASSWORD %L', 'x') \gexec`:                      unreadable,
		`SELECT 'ALTER ROLE a PASSWORD ' || quote_literal('x') \gexec`:               unreadable,
		`CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'b', password 'x')`:        literal("x"),
		`SELECT 'CREATE ROLE a' WHERE NOT EXISTS (SELECT FROM pg_roles) \gexec`:      nil,
		`SELECT 'PASSWORD' AS title`:                                                 unreadable,
		`ALTER ROLE a PASSWORD 'x' VALID UNTIL 'infinity'; ALTER ROLE b PASSWORD ''`: {{"x", true}, {"", true}},
	} {
		if got := Find(sql); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", sql, got, want)
		}
	}
}

func TestFind_EndsOnEveryText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sql := rapid.StringOf(rapid.SampledFrom([]rune(`'"$-/*\:%|aE password'`))).Draw(t, "sql")
		for _, given := range Find(sql + ` PASSWORD 'x'`) {
			if given.Readable && len(given.Literal) > len(sql)+14 {
				t.Fatalf("%q is longer than its text", given.Literal)
			}
		}
	})
}

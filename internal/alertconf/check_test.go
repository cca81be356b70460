package alertconf

import (
	"strings"
	"testing"
)

func TestCheck_RefusesRoutesThatAlertmanagerWouldNotStartWith(t *testing.T) {
	o := everyKind()
	for name, each := range map[string]struct {
		change func(*document)
		says   string
	}{
		"to nobody":             {func(d *document) { d.Route.Receiver = "team" }, `receiver "team", which is not there`},
		"to nobody, further in": {func(d *document) { d.Route.Routes[2].Receiver = "team" }, `receiver "team", which is not there`},
		"no operator":           {func(d *document) { d.Route.Routes[2].Matchers = []string{`severity "critical"`} }, `severity "critical" is no matcher`},
		"no quotes":             {func(d *document) { d.Route.Routes[2].Matchers = []string{`severity=critical`} }, `severity=critical is no matcher`},
		"no regular expression": {func(d *document) { d.Inhibit[0].Target = []string{`service=~"(prefect"`} }, "missing closing )"},
		"a quote in the middle": {func(d *document) { d.Inhibit[0].Source = []string{`service="a"b"`} }, `service="a"b"`},
	} {
		t.Run(name, func(t *testing.T) {
			d := document{o.routes(), inhibitions(), o.receivers(), []string{Templates}}
			each.change(&d)
			if err := d.check(); err == nil || !strings.Contains(err.Error(), each.says) {
				t.Errorf("got %v, not %q", err, each.says)
			}
		})
	}
}

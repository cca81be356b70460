//go:build e2e

package policy

import (
	"slices"
	"testing"
)

const (
	template = "internal/nginxconf/nginx.conf.tmpl"
)

// mutations each change one line of the program or of a stack's configuration.
var mutations = []variant{
	{name: "credential off everywhere", edits: []edit{{template, `auth_basic "{{.Realm}}";`, `auth_basic off;`}}, want: []string{"auth-credential"}},
}

func TestPreview_RefusesEveryMutationByTheRightRule(t *testing.T) {
	b := newBench(t)
	t.Run("group", func(t *testing.T) {
		for _, v := range mutations {
			t.Run(v.name, func(t *testing.T) {
				t.Parallel()
				got := b.preview(t, v)
				if got.err == nil || !slices.Equal(got.rules(), slices.Sorted(slices.Values(v.want))) {
					t.Errorf("want %v and a failure; %s", v.want, got.describe())
				}
			})
		}
	})
	t.Logf("%d mutations", len(mutations))
}

func TestPreview_LetsTheUnchangedStacksPassWithoutAWord(t *testing.T) {
	b := newBench(t)
	for _, stack := range []string{"dev", "prod"} {
		got := b.preview(t, variant{stack: stack})
		if got.err != nil || len(got.mandatory)+len(got.advisory) > 0 {
			t.Errorf("%s: %s", stack, got.describe())
		}
	}
}

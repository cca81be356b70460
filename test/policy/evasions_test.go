//go:build e2e

package policy

import (
	"slices"
	"testing"
)

// evasions were written by somebody who had not read the rules, to get around them.
var evasions = slices.Concat(
	authenticationEvasions, edgeEvasions, secretEvasions, certificateEvasions, serverEvasions, containerEvasions, rawEvasions, lateEvasions,
)

func TestPreview_StopsEveryEvasion(t *testing.T) {
	b := newBench(t)
	t.Run("group", func(t *testing.T) {
		for _, v := range evasions {
			t.Run(v.name, func(t *testing.T) {
				t.Parallel()
				got := b.preview(t, v)
				stopped := got.err != nil && len(got.mandatory) > 0
				switch {
				case v.unseen == "" && !stopped:
					t.Errorf("%s goes through; %s", v.why, got.describe())
				case v.unseen != "" && stopped:
					t.Errorf("it is seen now, by %v: take the reason away", got.rules())
				}
				t.Logf("stopped by %v %s", got.rules(), v.unseen)
			})
		}
	})
}

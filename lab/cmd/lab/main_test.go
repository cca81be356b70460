package main

import (
	"context"
	"errors"
	"flag"
	"strings"
	"testing"
)

func TestRun_TakesNamesForImagesOnly(t *testing.T) {
	for _, args := range [][]string{{"image"}, {"up", "loki"}, {"nothing"}, {}} {
		if err := run(context.Background(), args); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%q: got %v, want the usage", args, err)
		}
	}
	if err := run(context.Background(), []string{"image", "nothing"}); err == nil || !strings.Contains(err.Error(), "lab/images/nothing") {
		t.Errorf("got %v for an image that is not there", err)
	}
}

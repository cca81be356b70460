// Command lab provides what a real `pulumi up` needs and this machine cannot reach: the pulumi command with its plugins,
// a Docker Engine, and the images. Whatever official part is there or can be reached is used instead.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"prefect-platform/lab/internal/state"
)

const usage = `Usage: lab [--clone DIR] [--dir DIR] VERB [NAME...]

  up      provide toolchain, engine and images; what is there already is skipped
  image   provide single images, named as their folders in lab/images; loki only so, because it takes a quarter of an hour to build, and the versions that upgrades start from
  tools   provide the toolchain only, for a preview that needs no engine
  env     print the shell lines that put them to use:  eval "$(lab env)"
  status  say what is there
  official  fail unless every image is the official one
  down    stop the lab's engine; its data, images and all caches stay
  clean   stop it and delete everything the lab has made

`

// lab is one clone with the state folder of its lab.
type lab struct {
	clone string
	dir   state.Dir
	names []string // of what the verb is about
}

var verbs = map[string]func(lab, context.Context) error{
	"up": lab.up, "image": lab.image, "tools": lab.tools, "env": lab.env, "status": lab.status, "official": lab.official, "down": lab.down, "clean": lab.clean,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "lab: interrupted; run the same command again to go on")
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("lab", flag.ContinueOnError)
	clone := flags.String("clone", "", "clone of prefect-platform (default: the one around the working directory)")
	dir := flags.String("dir", "", "state folder (default: .lab in the clone)")
	flags.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	verb, known := verbs[flags.Arg(0)]
	if named := flags.NArg() > 1; !known || named != (flags.Arg(0) == "image") {
		flags.Usage()
		return flag.ErrHelp
	}
	l, err := find(*clone, *dir)
	if err != nil {
		return err
	}
	l.names = flags.Args()[1:]
	return verb(l, ctx)
}

func find(clone, dir string) (lab, error) {
	if clone == "" {
		here, err := os.Getwd()
		if err != nil {
			return lab{}, err
		}
		if clone, err = state.FindClone(here); err != nil {
			return lab{}, err
		}
	}
	if dir == "" {
		dir = filepath.Join(clone, ".lab")
	}
	clone, err := filepath.Abs(clone)
	if err != nil {
		return lab{}, err
	}
	dir, err = filepath.Abs(dir)
	return lab{clone: clone, dir: state.Dir(dir)}, err
}

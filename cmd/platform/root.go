package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"prefect-platform/internal/clone"
)

// options are the flags that every verb has.
type options struct {
	stack   string
	yes     bool
	verbose bool
}

const about = `platform runs a private Prefect Server with Pulumi: the same program and state as plain ` + "`pulumi up`" + `, plus
checks, repairs and explanations.

The stack "dev" keeps its state in the ignored folder .state, under the passphrase "dev" that everybody knows. To use it with plain Pulumi:

  export PULUMI_BACKEND_URL=file://$PWD/.state PULUMI_CONFIG_PASSPHRASE=dev
  pulumi config set --stack dev --path prefect-platform:edge.httpsPort 9443
  pulumi up --stack dev

Every other stack is in the backend you are logged in to (pulumi login, or PULUMI_BACKEND_URL), under your own passphrase or key.`

func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:           "platform",
		Short:         "Run a private Prefect Server",
		Long:          about,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVarP(&o.stack, "stack", "s", clone.DevStack, "stack to work on")
	root.PersistentFlags().BoolVarP(&o.yes, "yes", "y", false, "ask nothing")
	root.PersistentFlags().BoolVarP(&o.verbose, "verbose", "v", false, "say more")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newUp(o), newPreview(o), newCredentials(o), newRotate(o), newDoctor(o), newDrift(o), newLogs(o), newBackup(o), newRestore(o), newUpgrade(o), newImport(o), newRecover(o), newDown(o), newClean(o))
	return root
}

// self is how this command was called, so that a hint can be copied and run.
func self() string {
	called := os.Args[0]
	if strings.Contains(called, "go-build") {
		return "go run ./cmd/platform"
	}
	if filepath.Base(called) == called { // found on the PATH
		return called
	}
	if here, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(here, called); err == nil && !strings.HasPrefix(relative, "..") {
			return relative
		}
	}
	return called
}

// command is a hint for another verb on the same stack.
func (o options) command(verb string) string {
	if o.stack == clone.DevStack {
		return self() + " " + verb
	}
	return self() + " " + verb + " --stack " + o.stack
}

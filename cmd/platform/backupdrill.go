package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"prefect-platform/internal/tokens"
)

func newBackupDrill(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "drill",
		Short: "Try out now whether the newest backup can be restored",
		Long: `Have the newest backup made a database of its own, beside the one in use, as it is done every backup.drillDays by itself: all that was received is replayed,
every table and index is read, the dump is compared with what it was made of, and Prefect is started on it and decrypts the blocks. It says what was found, and fails
when the backup is not whole. Nothing of the stack is touched.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := open(c.Context(), o)
			if err != nil {
				return err
			}
			return s.drillBackup(c.Context())
		},
	}
}

func (s *session) drillBackup(ctx context.Context) error {
	x, err := s.removable(ctx)
	if err != nil {
		return err
	}
	defer x.close()
	running := map[string]string{}
	for _, c := range x.Has.Of(s.options.stack) {
		if c.Role == tokens.RoleService && c.State == "running" {
			running[c.Workload] = c.ID
		}
	}
	for _, role := range []string{tokens.BackupStore, tokens.BackupDrill, tokens.BackupBoot} {
		if running[role] == "" {
			return fmt.Errorf("%s does not run: %s says more", role, s.command("doctor"))
		}
	}
	return drill(ctx, func(script string, arguments ...string) (string, error) {
		return x.engine.Exec(ctx, running[tokens.BackupStore], append([]string{"sh", "-c", script, "sh"}, arguments...)...)
	}, rand.Text(), time.Second)
}

// What the container that stores is asked. The first wakes it; the second prints how far the drill is that $1 asked for, and what it has said.
const (
	askForDrill = `echo "$1" >"$DRILL/asked" && date +%s.drill >"$STAGE/store-now"`
	askOfDrill  = `verdict=$(cat "$DRILL/verdict" 2>/dev/null)
if [ "${verdict% *}" = "$1" ]; then echo "${verdict#* }"
elif [ "$(head -n 1 "$DRILL/ready" 2>/dev/null)" = "$1" ]; then echo tries
elif [ -e "$DRILL/ready" ] || [ -e /tmp/ready ]; then echo waits && exit
else echo stuck && exit; fi
cat "$DRILL/said"`
)

// drill asks for a drill and prints what it says, as it says it, until it has ended.
func drill(ctx context.Context, ask func(script string, arguments ...string) (string, error), id string, every time.Duration) error {
	const failing = time.Minute // after which it is believed that nothing can be stored
	if _, err := ask(askForDrill, id); err != nil {
		return err
	}
	told, stuck := "", time.Time{}
	for {
		said, err := ask(askOfDrill, id)
		if err != nil {
			return err
		}
		how, text, _ := strings.Cut(said, "\n")
		text = text[:strings.LastIndex(text, "\n")+1] // whole lines
		if news, goesOn := strings.CutPrefix(text, told); goesOn {
			fmt.Print(news)
			told = text
		}
		switch {
		case how == "passed":
			return nil
		case how == "failed":
			return errors.New("the backup did not pass: it must not be relied on")
		case how != "stuck":
			stuck = time.Time{}
		case stuck.IsZero():
			stuck = time.Now()
		case time.Since(stuck) > failing:
			return errors.New("the newest snapshot cannot be tried: nothing can be stored now (platform logs backup-store)")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
}

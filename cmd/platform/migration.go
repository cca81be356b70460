package main

import (
	"context"
	"fmt"
	"time"

	"prefect-platform/config"
	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
)

// migration is what an `up` with another version of Prefect does to the database. The version before cannot read it then.
type migration struct {
	from, to string // versions, or images where the tag does not say
	stored   bool   // whether the stack that runs is backed up
}

// migration tells of the one that comes; nil for none. Another volume of the database is none, because the one in use is kept as it is.
func (x *examination) migration() *migration {
	if x.DatabaseVolume == "" || x.DatabaseVolume != x.dataVolume(x.Config.Database.Volume) {
		return nil
	}
	to := config.PrefectOf(images.Resolve(x.Config.Images, images.Prefect))
	for _, r := range x.state.Resources() {
		if r.Type() != tokens.Container || r.Replaced() || r.Label(tokens.LabelWorkload) != "api" || r.Label(tokens.LabelRole) != tokens.RoleService {
			continue
		}
		if from := config.PrefectOf(r.Input("image")); from != to {
			_, storing := x.store(x.Stack)
			return &migration{from: from, to: to, stored: storing && x.Config.Backup.Enabled}
		}
	}
	return nil
}

// warn is for before anybody agrees.
func (m *migration) warn() {
	if m != nil && !m.stored {
		fmt.Printf("warn   Prefect goes from %s to %s, and this stack has no backup: there is no way back but a dump of your own, made before (docs/operations.md, Copy of the data by hand)\n", m.from, m.to)
	}
}

// keepWayBack has everything stored before a migration, and says which moment to restore if it was a mistake.
func (s *session) keepWayBack(ctx context.Context, x *examination, m *migration) error {
	if m == nil || !m.stored {
		return nil
	}
	from, err := s.source(ctx, x, restoreOptions{})
	if err != nil {
		return err
	}
	at, _, err := from.storedUntil(ctx, x)
	if err != nil {
		return fmt.Errorf("%w: there would be no way back from Prefect %s to %s. %s says why; with backup.enabled false it goes on without. Nothing was changed", err, m.to, m.from, s.command("doctor"))
	}
	fmt.Printf("store  Prefect goes from %s to %s; everything before is stored. The way back, with the image of %s (images.override.prefect): %s --to %s\n", m.from, m.to, m.from, s.command("restore"), at.Format(time.RFC3339))
	return nil
}

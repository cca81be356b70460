package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"prefect-platform/config"
	"prefect-platform/internal/datavolume"
	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
)

// database refuses to begin with an empty one where there is another: after a restore that somebody took back by hand, or when the image became one of another
// major version, which cannot read what the one before wrote.
func (s Seen) database() []Finding {
	if s.Has == nil || s.ConfigErr != nil {
		return nil
	}
	major := images.PostgresMajor(s.Config.Images)
	wanted := tokens.Prefix(s.Stack) + "-" + datavolume.Name(s.Config.Database.Volume, major)
	if s.Has.Volumes[wanted] {
		return []Finding{{Fine, "database", "the data is in volume " + wanted, ""}}
	}
	others := slices.Sorted(maps.Keys(s.Has.Volumes))
	others = slices.DeleteFunc(others, func(name string) bool { _, _, ok := datavolume.Of(s.Stack, name); return !ok })
	if len(others) == 0 {
		return nil
	}
	if s.Has.Volumes[s.DatabaseVolume] {
		others = []string{s.DatabaseVolume}
	}
	older := 0
	for _, name := range others {
		_, of, _ := datavolume.Of(s.Stack, name)
		older = max(older, of)
	}
	finding := Finding{
		Problem, "database", fmt.Sprintf("volume %s is not there, and an `up` would begin with an empty one; there is %s", wanted, strings.Join(others, ", ")),
		fmt.Sprintf("%s brings it back from a backup; or name the volume to use: pulumi config set --path %s:database.volume; to begin anew: docker volume create %s", s.Command("restore"), config.Namespace, wanted),
	}
	if older < major {
		finding.Found = fmt.Sprintf("the data is in %s, which PostgreSQL %d cannot read", strings.Join(others, ", "), major)
		finding.Remedy = fmt.Sprintf("%s brings it to a volume of %d; to stay with %d for now, name its image: pulumi config set --path %s:images.override.postgres postgres:%d.N", s.Command("upgrade postgres"), major, older, config.Namespace, older)
	}
	return []Finding{finding}
}

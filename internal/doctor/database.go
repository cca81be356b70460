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

// database refuses to begin with an empty one where there was another: when the volume is lost, or the engine is not the one that it is on, after a restore that
// somebody took back by hand, or when the image became one of another major version, which cannot read what the one before wrote. A backup would take the empty one
// for good, and after some days have nothing else.
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
	anew := "to begin anew: docker volume create " + wanted
	if len(others) == 0 {
		if s.DatabaseVolume == "" {
			return nil
		}
		return []Finding{{
			Problem, "database", fmt.Sprintf("the data is lost: volume %s is not on this engine, and an `up` would begin with an empty one", s.DatabaseVolume),
			fmt.Sprintf("%s brings it back from a backup; look whether docker:host names the right engine; %s", s.Command("restore"), anew),
		}}
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
		fmt.Sprintf("%s brings it back from a backup; or name the volume to use: pulumi config set --path %s:database.volume; %s", s.Command("restore"), config.Namespace, anew),
	}
	if older < major {
		finding.Found = fmt.Sprintf("the data is in %s, which PostgreSQL %d cannot read", strings.Join(others, ", "), major)
		finding.Remedy = fmt.Sprintf("%s brings it to a volume of %d; to stay with %d for now, name its image: pulumi config set --path %s:images.override.postgres postgres:%d.N", s.Command("upgrade postgres"), major, older, config.Namespace, older)
	}
	return []Finding{finding}
}

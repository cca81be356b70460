// Package datavolume names the volumes with the data of PostgreSQL.
package datavolume

import (
	"fmt"
	"regexp"
	"strconv"

	"prefect-platform/internal/tokens"
)

// Name is that of a volume, after the stack's prefix. A restore or an upgrade fills one of the next generation, and leaves the one before as it is. The major version
// is in the name because another one cannot read what is in the volume.
func Name(generation, major int) string {
	if generation == 1 {
		return fmt.Sprintf("%s-%d", tokens.HostDatabase, major)
	}
	return fmt.Sprintf("%s-%d-%d", tokens.HostDatabase, generation, major)
}

var name = regexp.MustCompile(`^` + tokens.HostDatabase + `-(?:([0-9]+)-)?([0-9]+)$`)

// Of gives the generation and the major version of a volume of a stack; ok says that it is one with its database.
func Of(stack, volume string) (generation, major int, ok bool) {
	prefix := tokens.Prefix(stack) + "-"
	if len(volume) < len(prefix) || volume[:len(prefix)] != prefix {
		return 0, 0, false
	}
	found := name.FindStringSubmatch(volume[len(prefix):])
	if found == nil {
		return 0, 0, false
	}
	generation = 1
	if found[1] != "" {
		generation, _ = strconv.Atoi(found[1])
	}
	major, _ = strconv.Atoi(found[2])
	return generation, major, true
}

// Mount is where the image of a major version wants the volume.
func Mount(major int) string {
	if major < 18 {
		return "/var/lib/postgresql/data"
	}
	return "/var/lib/postgresql"
}

// Folder is the place of the data in the volume.
func Folder(major int) string {
	if major < 18 {
		return "."
	}
	return fmt.Sprintf("%d/docker", major)
}

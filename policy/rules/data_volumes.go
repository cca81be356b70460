package rules

import (
	"fmt"
	"slices"
	"strconv"

	"prefect-platform/internal/images"
	"prefect-platform/internal/tokens"
)

// dataPaths are where the images keep data.
var dataPaths = map[images.Name][]string{
	images.Postgres: {"/var/lib/postgresql", "/var/lib/postgresql/data"},
	images.Redis:    {"/data"},
}

// backupScripts are what the backup runs in the database's image instead of a server; the database of the drill is thrown away.
var backupScripts = []string{"receive", "copy", "drill"}

// copiesOnly reports whether a container is one of the backup that is no server of data.
func copiesOnly(c *Case, r Resource) bool {
	if !r.In(tokens.Backup) {
		return false
	}
	quiet := &Case{Facts: c.Facts} // one that is not known is none of these
	entry := quiet.PropertyOf(r, "entrypoints").Texts()
	return len(entry) == 1 && slices.ContainsFunc(backupScripts, func(name string) bool { return entry[0] == tokens.FilesDir+"/"+name })
}

// dataServer reports whether a container is a server that keeps data, and of which kind.
func dataServer(c *Case, r Resource) (images.Name, bool) {
	if r.Type != tokens.Container || neverStarts(c, r) || runsOnce(c, r) || copiesOnly(c, r) {
		return "", false
	}
	image, ok := c.imageAt(c.PropertyOf(r, "image"))
	return image.kind, ok && dataPaths[image.kind] != nil
}

// dataPlace is where the container that is judged keeps its data, and how the name of its volume ends; no path when the version is not to be told, of which image-floor speaks.
func dataPlace(c *Case, kind images.Name) (at, name string) {
	image, _ := c.image()
	version, ok := image.version()
	if !ok {
		return "", ""
	}
	at = dataPaths[kind][0]
	if kind == images.Postgres && version.Major < 18 {
		at = dataPaths[kind][1]
	}
	return at, "-" + strconv.FormatUint(version.Major, 10)
}

func judgeProtected(c *Case, r Resource, m mount, all []Resource) {
	name, ok := m.volume.Text()
	if !ok {
		return
	}
	quiet := &Case{Facts: c.Facts} // names of volumes for files may be unknown
	for _, v := range all {
		if v.Type != tokens.Volume {
			continue
		}
		if text, _ := quiet.PropertyOf(v, "name").Text(); text != name {
			continue
		}
		if !v.Protect {
			c.RefuseOf(v, "it holds the data of "+r.Name+" and is not protected", "pass pulumi.Protect(true), as components/database does")
		}
		return
	}
	c.RefuseOf(r, fmt.Sprintf("%s holds the volume %q, which the stack does not have", m.path, name), "make it with workload.Engine.NewVolume and pulumi.Protect(true)")
}

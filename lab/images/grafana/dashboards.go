package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// dashboard is what the double looks at in one, and the file as it is.
type dashboard struct {
	UID, Title    string
	Tags          []string
	SchemaVersion int
	Editable      bool
	Panels        []panel
	Templating    struct {
		List []struct {
			Name, Type string
			Datasource *sourceRef
		}
	}
	Annotations struct {
		List []struct {
			Name       string
			Datasource *sourceRef
		}
	}

	folder string
	file   json.RawMessage
}

type panel struct {
	ID          int
	Title, Type string
	Datasource  *sourceRef
	GridPos     struct{ H, W, X, Y int }
	Targets     []struct {
		RefID, Expr string
		Datasource  *sourceRef
	}
	Panels []panel // of a row that is folded
}

// sourceRef names a data source, by UID, or by a variable of the dashboard.
type sourceRef struct{ Type, UID string }

// leastSchema is that of Grafana 9, which Grafana 12 takes without migrating.
const leastSchema = 36

func (p provisioned) readDashboards(from provider) error {
	switch {
	case from.Name == "":
		return errors.New("the provider has no name")
	case from.Type != "file":
		return fmt.Errorf("the double knows no type %q", from.Type)
	case from.AllowUIUpdates:
		return errors.New("they could be changed by hand (allowUiUpdates), until the next start")
	}
	var problems []error
	before := len(p.dashboards)
	err := filepath.WalkDir(from.Options.Path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		d := dashboard{folder: from.Folder, file: content}
		if err = json.Unmarshal(content, &d); err == nil {
			err = p.check(d)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", path, err))
			return nil
		}
		p.dashboards[d.UID] = d
		return nil
	})
	if err == nil && len(p.dashboards) == before && len(problems) == 0 {
		err = fmt.Errorf("none is in %s", from.Options.Path)
	}
	return errors.Join(append(problems, err)...)
}

func (p provisioned) check(d dashboard) error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if other, twice := p.dashboards[d.UID]; !uid.MatchString(d.UID) || twice {
		problem("uid %q is none, or is that of %q too", d.UID, other.Title)
	}
	for _, other := range p.dashboards {
		if other.Title == d.Title && other.folder == d.folder {
			problem("its folder has two with the title %q", d.Title)
		}
	}
	if d.Title == "" || d.SchemaVersion < leastSchema || d.Editable || len(d.Panels) == 0 {
		problem("want a title, a schemaVersion of %d or more, editable to be false, and panels; found %q, %d, %v and %d panels", leastSchema, d.Title, d.SchemaVersion, d.Editable, len(d.Panels))
	}
	variables := map[string]bool{}
	source := func(where string, ref *sourceRef) {
		if ref == nil || strings.HasPrefix(ref.UID, "-- ") { // Grafana's own: mixed, dashboard, annotations
			return
		}
		if name := variable.FindStringSubmatch(ref.UID); name != nil {
			if !variables[name[1]] {
				problem("%s: no variable before it is the data source %s", where, ref.UID)
			}
		} else if known, ok := p.dataSources[ref.UID]; !ok || ref.Type != "" && ref.Type != known.Type {
			problem("%s: no data source of type %q has the uid %q", where, ref.Type, ref.UID)
		}
	}
	for _, v := range d.Templating.List {
		source("variable "+v.Name, v.Datasource)
		variables[v.Name] = v.Type == "datasource"
	}
	for _, a := range d.Annotations.List {
		if a.Datasource != nil && a.Datasource.Type != "grafana" {
			source("annotation "+a.Name, a.Datasource)
		}
	}
	ids := map[int]bool{}
	for _, each := range flatten(d.Panels) {
		where := fmt.Sprintf("panel %d %q", each.ID, each.Title)
		if each.ID <= 0 || ids[each.ID] || each.Type == "" {
			problem("%s: it has no type, or no id of its own", where)
		}
		ids[each.ID] = true
		if at := each.GridPos; at.W < 1 || at.H < 1 || at.X < 0 || at.X+at.W > 24 {
			problem("%s: it does not fit into the 24 columns", where)
		}
		source(where, each.Datasource)
		refs := map[string]bool{}
		for _, target := range each.Targets {
			source(where+" query "+target.RefID, target.Datasource)
			if target.RefID == "" || refs[target.RefID] || target.Datasource == nil && each.Datasource == nil {
				problem("%s: query %q has no letter of its own, or no data source", where, target.RefID)
			}
			refs[target.RefID] = true
		}
	}
	return errors.Join(problems...)
}

var variable = regexp.MustCompile(`^\$\{?(\w+)\}?$`)

func flatten(panels []panel) (all []panel) {
	for _, p := range panels {
		all = append(append(all, p), flatten(p.Panels)...)
	}
	return all
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// provisioned is what the files describe.
type provisioned struct {
	dataSources map[string]dataSource // by UID
	dashboards  map[string]dashboard  // by UID
}

type dataSource struct {
	Name, Type, UID, URL, Access, User, Database string
	OrgID                                        int            `yaml:"orgId"`
	BasicAuth                                    bool           `yaml:"basicAuth"`
	BasicAuthUser                                string         `yaml:"basicAuthUser"`
	IsDefault                                    bool           `yaml:"isDefault"`
	Editable                                     bool           `yaml:"editable"`
	JSONData                                     map[string]any `yaml:"jsonData"`
	SecureJSONData                               map[string]any `yaml:"secureJsonData"`
}

type provider struct {
	Name, Folder, Type    string
	OrgID                 int    `yaml:"orgId"`
	FolderUID             string `yaml:"folderUid"`
	DisableDeletion       bool   `yaml:"disableDeletion"`
	AllowUIUpdates        bool   `yaml:"allowUiUpdates"`
	UpdateIntervalSeconds int    `yaml:"updateIntervalSeconds"`
	Options               struct {
		Path                      string
		FoldersFromFilesStructure bool `yaml:"foldersFromFilesStructure"`
	}
}

// provisioningFile has the keys of both kinds of files; each kind is refused what is the other's.
type provisioningFile struct {
	APIVersion  int `yaml:"apiVersion"`
	Prune       bool
	DataSources []dataSource `yaml:"datasources"`
	Providers   []provider
}

// readProvisioning reads all files below a folder, and reports all that is wrong with them at once.
func readProvisioning(dir string, lookup func(string) (string, bool)) (provisioned, error) {
	p := provisioned{dataSources: map[string]dataSource{}, dashboards: map[string]dashboard{}}
	var problems []error
	var providers []provider
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		return p, err
	}
	for _, path := range files {
		problem := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("%s: %w", path, fmt.Errorf(format, args...)))
		}
		kind, ext := filepath.Base(filepath.Dir(path)), filepath.Ext(path)
		if info, err := os.Stat(path); err == nil && info.IsDir() || ext == ".json" && kind == "dashboards" {
			continue // for a provider
		}
		if ext != ".yaml" && ext != ".yml" || kind != "datasources" && kind != "dashboards" {
			problem("the double does not know what it is for")
			continue
		}
		content, err := readYAML(path, lookup)
		switch {
		case err != nil:
			problem("%w", err)
			continue
		case content.APIVersion != 1:
			problem("apiVersion is %d, want 1", content.APIVersion)
		case (kind == "datasources") != (content.Providers == nil) || (kind == "dashboards") != (content.DataSources == nil):
			problem("it does not belong into the folder %s", kind)
		}
		for _, source := range content.DataSources {
			if err := p.add(source); err != nil {
				problem("data source %q: %w", source.Name, err)
			}
		}
		providers = append(providers, content.Providers...)
	}
	for _, provider := range providers {
		if err := p.readDashboards(provider); err != nil {
			problems = append(problems, fmt.Errorf("dashboards of provider %q: %w", provider.Name, err))
		}
	}
	return p, errors.Join(problems...)
}

var reference = regexp.MustCompile(`\$(?:(\$)|__file\{([^}]*)\}|__env\{(\w+)\}|\{(\w+)\}|(\w+))?`)

// readYAML decodes strictly, with references to variables and files in the values replaced as Grafana does: $NAME, ${NAME}, $__env{NAME}, $__file{path}, and $$ for $.
func readYAML(path string, lookup func(string) (string, bool)) (file provisioningFile, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return file, err
	}
	var tree yaml.Node
	if err := yaml.Unmarshal(content, &tree); err != nil {
		return file, err
	}
	var problems []error
	var replace func(*yaml.Node)
	replace = func(node *yaml.Node) {
		if node.Kind == yaml.ScalarNode {
			node.Value = reference.ReplaceAllStringFunc(node.Value, func(text string) string {
				groups := reference.FindStringSubmatch(text)
				if groups[1] != "" {
					return "$"
				}
				if groups[2] != "" {
					value, err := os.ReadFile(groups[2])
					problems = append(problems, err)
					return string(bytes.TrimSpace(value))
				}
				name := groups[3] + groups[4] + groups[5]
				value, set := lookup(name)
				if !set {
					problems = append(problems, fmt.Errorf("%q in %q names no variable that is set: Grafana would drop it; a $ is written $$", text, node.Value))
				}
				return value
			})
		}
		for _, child := range node.Content {
			replace(child)
		}
	}
	replace(&tree)
	if err := errors.Join(problems...); err != nil {
		return file, err
	}
	replaced, err := yaml.Marshal(&tree)
	if err != nil {
		return file, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(replaced))
	decoder.KnownFields(true)
	return file, decoder.Decode(&file)
}

var uid = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`)

func (p provisioned) add(source dataSource) error {
	at, err := url.Parse(source.URL)
	_, twice := p.dataSources[source.UID]
	switch {
	case source.Name == "":
		return errors.New("it has no name")
	case !uid.MatchString(source.UID):
		return fmt.Errorf("uid %q is none", source.UID)
	case twice:
		return fmt.Errorf("uid %q is there twice", source.UID)
	case !slices.Contains([]string{"prometheus", "alertmanager", "loki"}, source.Type):
		return fmt.Errorf("the double knows no type %q", source.Type)
	case err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "":
		return fmt.Errorf("url %q is none", source.URL)
	case source.Access != "proxy":
		return fmt.Errorf("access is %q: browsers do not reach it", source.Access)
	case source.Editable:
		return errors.New("it is editable")
	}
	for _, other := range p.dataSources {
		if source.IsDefault && other.IsDefault || source.Name == other.Name {
			return fmt.Errorf("name or being the default belongs to %q", other.Name)
		}
	}
	p.dataSources[source.UID] = source
	return nil
}

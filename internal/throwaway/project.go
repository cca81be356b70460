package throwaway

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// Project makes, of a clone's Pulumi.yaml, one that runs the clone's program from another folder. The binary stays where the clone builds it, so that nothing is
// compiled twice.
func Project(pulumiYAML []byte, clone string) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(pulumiYAML, &document); err != nil {
		return nil, fmt.Errorf("the project file Pulumi.yaml cannot be read: %w", err)
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("the project file Pulumi.yaml is not an object")
	}
	root := document.Content[0]
	if main := scalar(find(root, "main")); !filepath.IsAbs(main) {
		set(root, "main", text(filepath.Join(clone, main)))
	}
	options := child(child(root, "runtime"), "options")
	for _, name := range []string{"buildTarget", "binary"} {
		if path := scalar(find(options, name)); path != "" && !filepath.IsAbs(path) {
			set(options, name, text(filepath.Join(clone, path)))
		}
	}
	var out bytes.Buffer
	err := yaml.NewEncoder(&out).Encode(root)
	return out.Bytes(), err
}

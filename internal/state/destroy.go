package state

import (
	"strings"

	"prefect-platform/internal/tokens"
)

// Disposable returns the URNs of what `down` takes off the engine: containers, networks and volumes with files (which Pulumi only forgets). Data volumes, images, certificates and
// secrets stay.
func (d *Deployment) Disposable() []string {
	var urns []string
	for _, r := range d.Resources() {
		if strings.HasPrefix(r.Type(), "docker:index/") && r.Type() != tokens.Image && !r.Data() {
			urns = append(urns, r.URN())
		}
	}
	return urns
}

// DataVolumes returns the names of the volumes that outlive `down`.
func (d *Deployment) DataVolumes() []string {
	var names []string
	for _, r := range d.Resources() {
		if r.Data() {
			names = append(names, r.ID())
		}
	}
	return names
}

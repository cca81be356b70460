package live

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"prefect-platform/internal/tokens"
)

// Inventory is what an engine has, of every stack and of others.
type Inventory struct {
	Containers []Container
	Networks   []Network
	// Volumes holds the names of all volumes.
	Volumes map[string]bool
	// Images holds every tag and digest of an image, as the engine spells them; ask Image.
	Images map[string]Image
}

// Container is one container, running or not.
type Container struct {
	ID    string
	Name  string
	Image string
	// ImageID is that of the image it was made from, wherever the tag points by now.
	ImageID  string
	Stack    string // label, empty for a container of someone else
	Workload string // label
	Role     string // label
	// State is created, running, paused, restarting, removing, exited or dead.
	State string
	// Health is starting, healthy, unhealthy, or empty without a health check.
	Health string
	// Ports are those that are published now; a container that does not run publishes none.
	Ports    []Port
	Networks []Attachment
}

// Port is a published port.
type Port struct {
	Address string
	Port    int
	// Internal is the container's own port.
	Internal int
	// Protocol is tcp, udp or sctp.
	Protocol string
}

// Attachment is a network that a container is on.
type Attachment struct {
	// ID is empty for some containers that never started.
	ID   string
	Name string
}

// Network is one Docker network.
type Network struct {
	ID    string
	Name  string
	Stack string // label
}

// Image is what a reference resolves to.
type Image struct {
	ID string
	// LabMade says that the lab built it in place of the official one.
	LabMade bool
}

// Inventory lists what the engine has.
func (e *Engine) Inventory(ctx context.Context) (*Inventory, error) {
	containers, err := e.api.ContainerList(ctx, client.ContainerListOptions{All: true})
	if err != nil {
		return nil, fmt.Errorf("list containers: %w", err)
	}
	networks, err := e.api.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	volumes, err := e.api.VolumeList(ctx, client.VolumeListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	images, err := e.api.ImageList(ctx, client.ImageListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}

	all := &Inventory{Volumes: map[string]bool{}, Images: map[string]Image{}}
	for _, c := range containers.Items {
		all.Containers = append(all.Containers, newContainer(c))
	}
	for _, n := range networks.Items {
		all.Networks = append(all.Networks, Network{ID: n.ID, Name: n.Name, Stack: n.Labels[tokens.LabelStack]})
	}
	for _, v := range volumes.Items {
		all.Volumes[v.Name] = true
	}
	for _, i := range images.Items {
		_, labMade := i.Labels[tokens.LabelLab]
		for _, spelled := range append(i.RepoTags, i.RepoDigests...) {
			all.Images[spelled] = Image{ID: i.ID, LabMade: labMade}
		}
	}
	return all, nil
}

func newContainer(c container.Summary) Container {
	found := Container{
		ID:       c.ID,
		Image:    c.Image,
		ImageID:  c.ImageID,
		Stack:    c.Labels[tokens.LabelStack],
		Workload: c.Labels[tokens.LabelWorkload],
		Role:     c.Labels[tokens.LabelRole],
		State:    string(c.State),
		Health:   health(c),
	}
	if len(c.Names) > 0 {
		found.Name = strings.TrimPrefix(c.Names[0], "/")
	}
	for _, p := range c.Ports {
		if p.PublicPort != 0 {
			found.Ports = append(found.Ports, Port{Address: p.IP.String(), Port: int(p.PublicPort), Internal: int(p.PrivatePort), Protocol: p.Type})
		}
	}
	if c.NetworkSettings != nil {
		for _, name := range slices.Sorted(maps.Keys(c.NetworkSettings.Networks)) {
			found.Networks = append(found.Networks, Attachment{ID: c.NetworkSettings.Networks[name].NetworkID, Name: name})
		}
	}
	return found
}

// health reads the text that `docker ps` shows where the API (before 1.52) has no field of its own.
func health(c container.Summary) string {
	if c.Health != nil && c.Health.Status != container.NoHealthcheck {
		return string(c.Health.Status)
	}
	for text, status := range map[string]string{"(healthy)": "healthy", "(unhealthy)": "unhealthy", "(health: starting)": "starting"} {
		if strings.HasSuffix(c.Status, text) {
			return status
		}
	}
	return ""
}

// Of returns the containers of one stack.
func (i *Inventory) Of(stack string) []Container {
	var own []Container
	for _, c := range i.Containers {
		if c.Stack == stack {
			own = append(own, c)
		}
	}
	return own
}

// Image looks up a reference as people write it: "docker.io/library/redis:8.0.6" is what the engine calls "redis:8.0.6", and beside a digest a tag says nothing.
func (i *Inventory) Image(written string) (Image, bool) {
	named, err := reference.ParseNormalizedNamed(written)
	if err != nil {
		return Image{}, false
	}
	spelled := reference.FamiliarString(reference.TagNameOnly(named))
	if digested, ok := named.(reference.Digested); ok {
		spelled = reference.FamiliarName(named) + "@" + digested.Digest().String()
	}
	image, found := i.Images[spelled]
	return image, found
}

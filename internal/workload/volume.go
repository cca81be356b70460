package workload

import (
	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NewVolume adds a volume with data that must outlive every container and the stack itself: `destroy` leaves it, and `up` finds it again by its name
// (creating a volume that exists is no change to Docker). It has no label: the provider replaces a volume for a changed label.
func (e *Engine) NewVolume(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*Volume, error) {
	full := e.Prefix + "-" + name
	volume, err := docker.NewVolume(ctx, name, &docker.VolumeArgs{Name: pulumi.String(full)},
		append(opts, pulumi.Provider(e.provider), pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{"labels"}))...)
	if err != nil {
		return nil, err
	}
	return &Volume{Name: full, Ready: volume}, nil
}

// Volume is a named volume on the engine.
type Volume struct {
	Name  string
	Ready pulumi.Resource
}

// NewOpenVolume adds a data volume in which any user can make files (mode 1777), for paths that the image does not have.
// Docker gives an empty volume the mode of the image's folder it is first mounted on, so a container that is never started mounts it on /var/tmp.
func (e *Engine) NewOpenVolume(ctx *pulumi.Context, name, image string, opts ...pulumi.ResourceOption) (*Volume, error) {
	volume, err := e.NewVolume(ctx, name, opts...)
	if err != nil {
		return nil, err
	}
	holder, err := e.holder(ctx, name+"-open", holderArgs{
		workload: name,
		image:    image,
		volume:   pulumi.String(volume.Name),
		path:     "/var/tmp",
		depends:  []pulumi.Resource{volume.Ready},
	}, opts...)
	if err != nil {
		return nil, err
	}
	volume.Ready = holder
	return volume, nil
}

package workload

import (
	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/internal/tokens"
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

// NewScratchVolume adds a volume that containers share while they run. Nothing is lost with it: `platform down` removes it, see filesVolume.
func (e *Engine) NewScratchVolume(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*Volume, error) {
	full := e.Prefix + "-" + name
	volume, err := e.filesVolume(ctx, name, name, pulumi.String(full), opts...)
	if err != nil {
		return nil, err
	}
	return &Volume{Name: full, Ready: volume}, nil
}

// filesVolume adds a volume that Pulumi forgets and `platform up` and `platform down` remove once no container knows it.
// Were Pulumi to remove it, an `up` could never finish after one that failed half way and a way back to the files before: the old volume waits for its removal in
// the state then, while the new one has its name, because it has its content.
func (e *Engine) filesVolume(ctx *pulumi.Context, name, workload string, full pulumi.StringInput, opts ...pulumi.ResourceOption) (*docker.Volume, error) {
	var labels docker.VolumeLabelArray
	for _, label := range e.labelled(workload, tokens.RoleFiles) {
		labels = append(labels, docker.VolumeLabelArgs{Label: pulumi.String(label[0]), Value: pulumi.String(label[1])})
	}
	return docker.NewVolume(ctx, name, &docker.VolumeArgs{Name: full, Labels: labels},
		append(opts, pulumi.Provider(e.provider), pulumi.RetainOnDelete(true), pulumi.DeleteBeforeReplace(false))...)
}

// Volume is a named volume on the engine.
type Volume struct {
	Name  string
	Ready pulumi.Resource
}

// NewOpenVolume adds a data volume in which any user can make files, for paths that the image does not have.
func (e *Engine) NewOpenVolume(ctx *pulumi.Context, name, image string, opts ...pulumi.ResourceOption) (*Volume, error) {
	volume, err := e.NewVolume(ctx, name, opts...)
	if err != nil {
		return nil, err
	}
	return e.open(ctx, volume, name, image, opts...)
}

// NewOpenScratchVolume adds a scratch volume in which any user can make files.
func (e *Engine) NewOpenScratchVolume(ctx *pulumi.Context, name, image string, opts ...pulumi.ResourceOption) (*Volume, error) {
	volume, err := e.NewScratchVolume(ctx, name, opts...)
	if err != nil {
		return nil, err
	}
	return e.open(ctx, volume, name, image, opts...)
}

// open gives an empty volume the mode 1777: Docker takes the mode of the image's folder that it is first mounted on, so a container that is never started
// mounts it on /var/tmp.
func (e *Engine) open(ctx *pulumi.Context, volume *Volume, name, image string, opts ...pulumi.ResourceOption) (*Volume, error) {
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
	return &Volume{Name: volume.Name, Ready: holder}, nil
}

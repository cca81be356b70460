package workload

import (
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/internal/tokens"
)

// healthScript watches a container from inside, see Health.
//
//go:embed health.sh
var healthScript string

const healthFile = tokens.HealthFile

// fileSet is a filled volume, to be mounted on FilesDir.
type fileSet struct {
	volume pulumi.StringInput
	ready  pulumi.Resource
}

// files fills a volume whose name is a fingerprint of its content: a change makes another volume, so that whatever still runs keeps reading what it started with,
// also when the `up` fails half way. (Uploading into the container itself is no way: the provider extracts at "/", which a read-only root refuses.)
func (e *Engine) files(ctx *pulumi.Context, name string, s Spec, opts ...pulumi.ResourceOption) (*fileSet, error) {
	names := slices.Sorted(maps.Keys(s.Files))
	uploads := make(docker.ContainerUploadArray, 0, len(names))
	for _, file := range names {
		uploads = append(uploads, docker.ContainerUploadArgs{
			File:        pulumi.String(FilesDir + "/" + file),
			Content:     s.Files[file].Content.ToStringOutput().ToStringPtrOutput(),
			Permissions: pulumi.String(string(s.Files[file].Mode)),
			Executable:  pulumi.Bool(s.Files[file].Mode == Executable),
		})
	}

	volume, err := e.filesVolume(ctx, name+"-files", s.Role, pulumi.Sprintf("%s-%s-files-%s", e.Prefix, s.Role, e.fingerprint(names, s.Files)), opts...)
	if err != nil {
		return nil, err
	}
	holder, err := e.holder(ctx, name+"-files", holderArgs{
		workload: s.Role,
		image:    s.Image,
		volume:   volume.Name,
		path:     FilesDir,
		uploads:  uploads,
		depends:  []pulumi.Resource{volume},
	}, opts...)
	if err != nil {
		return nil, err
	}
	return &fileSet{volume: volume.Name, ready: holder}, nil
}

// fingerprint names a set of files by content and mode. Secret ones are hashed under a key of the stack, for the name of a volume is public and
// a plain hash would let anyone test guesses; sets without secrets are known in every preview.
func (e *Engine) fingerprint(names []string, files map[string]File) pulumi.StringOutput {
	parts := make([]any, 0, len(names)+1)
	secret := false
	for _, name := range names {
		parts = append(parts, files[name].Content)
		secret = secret || files[name].Mode == Secret
	}
	if secret {
		parts = append(parts, e.seal)
	}
	hash := pulumi.All(parts...).ApplyT(func(values []any) string {
		key := ""
		if secret {
			key = values[len(values)-1].(string)
		}
		mac := hmac.New(sha256.New, []byte(key))
		for i, name := range names {
			content := values[i].(string)
			_, _ = fmt.Fprintf(mac, "%s\x00%s\x00%d\x00%s", name, files[name].Mode, len(content), content)
		}
		return hex.EncodeToString(mac.Sum(nil))[:16]
	}).(pulumi.StringOutput)
	return pulumi.Unsecret(hash).(pulumi.StringOutput)
}

type holderArgs struct {
	workload string
	image    string
	volume   pulumi.StringInput
	path     string
	uploads  docker.ContainerUploadArray
	depends  []pulumi.Resource
}

// holder is a container that never starts: Docker copies what is uploaded to it into the volume that it mounts.
func (e *Engine) holder(ctx *pulumi.Context, name string, args holderArgs, opts ...pulumi.ResourceOption) (pulumi.Resource, error) {
	image, err := e.image(ctx, args.image)
	if err != nil {
		return nil, err
	}
	return docker.NewContainer(ctx, name, &docker.ContainerArgs{
		Image:       pulumi.String(args.image),
		Entrypoints: texts([]string{"true"}), // an image may have no command, and Docker then makes no container
		Start:       pulumi.Bool(false),
		MustRun:     pulumi.Bool(false),
		NetworkMode: pulumi.String("none"),
		Labels:      e.labels(args.workload, tokens.RoleFiles),
		LogDriver:   pulumi.String(logDriver),
		LogOpts:     logOptions(""),
		Volumes: docker.ContainerVolumeArray{docker.ContainerVolumeArgs{
			VolumeName:    args.volume,
			ContainerPath: pulumi.String(args.path),
		}},
		Uploads: args.uploads,
	}, append(opts, pulumi.Provider(e.provider), pulumi.DependsOn(append(args.depends, image)), replacement(StartFirst))...)
}

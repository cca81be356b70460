package workload

import (
	"net/netip"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/engine"
	"prefect-platform/internal/tokens"
)

// Engine is where the workloads of one stack run.
type Engine struct {
	Stack    string
	Prefix   string // begins every name on the engine
	TimeZone string
	// Database names the volume with the data. All jobs run again on another one: what they did to the one before is not done to it.
	Database string
	// Logs is where the engine sends each line of a container besides keeping it; zero: nowhere.
	Logs netip.AddrPort

	provider *docker.Provider
	seal     pulumi.StringOutput // key of the fingerprints of secret files
	images   map[string]pulumi.Resource
}

// NewEngine registers the provider. Nothing is connected to before the first resource needs it, so that a preview works without an engine.
func NewEngine(ctx *pulumi.Context, to config.Engine, timeZone string) (*Engine, error) {
	at := engine.Resolve(to)
	args := &docker.ProviderArgs{DisableDockerDaemonCheck: pulumi.Bool(true)}
	if at.Host != "" {
		args.Host = pulumi.String(at.Host)
	}
	if at.Context != "" {
		args.Context = pulumi.String(at.Context)
	}
	if at.CertPath != "" {
		args.CertPath = pulumi.String(at.CertPath)
	}
	if len(at.SSHOptions) > 0 {
		args.SshOpts = pulumi.ToStringArray(at.SSHOptions)
	}
	provider, err := docker.NewProvider(ctx, "engine", args)
	if err != nil {
		return nil, err
	}
	seal, err := random.NewRandomPassword(ctx, "seal", &random.RandomPasswordArgs{Length: pulumi.Int(32), Special: pulumi.Bool(false)})
	if err != nil {
		return nil, err
	}
	return &Engine{
		Stack:    ctx.Stack(),
		Prefix:   Prefix(ctx.Stack()),
		TimeZone: timeZone,
		provider: provider,
		seal:     seal.Result,
		images:   map[string]pulumi.Resource{},
	}, nil
}

// Prefix begins the name of everything that a stack has on its engine.
func Prefix(stack string) string { return tokens.Prefix(stack) }

// image makes sure that the engine has an image. It is kept when the stack goes: another stack may use it.
func (e *Engine) image(ctx *pulumi.Context, reference string) (pulumi.Resource, error) {
	if known, ok := e.images[reference]; ok {
		return known, nil
	}
	image, err := docker.NewRemoteImage(ctx, reference, &docker.RemoteImageArgs{
		Name:        pulumi.String(reference),
		KeepLocally: pulumi.Bool(true),
	}, pulumi.Provider(e.provider))
	if err != nil {
		return nil, err
	}
	e.images[reference] = image
	return image, nil
}

func (e *Engine) labels(workload, role string) docker.ContainerLabelArray {
	var labels docker.ContainerLabelArray
	for _, label := range e.labelled(workload, role) {
		labels = append(labels, docker.ContainerLabelArgs{Label: pulumi.String(label[0]), Value: pulumi.String(label[1])})
	}
	return labels
}

// labelled are names and values of the labels by which the operator's command knows what belongs to the stack.
func (e *Engine) labelled(workload, role string) [][2]string {
	return [][2]string{{tokens.LabelStack, e.Stack}, {tokens.LabelWorkload, workload}, {tokens.LabelRole, role}}
}

package workload

import (
	"net/netip"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/tokens"
)

// isolated keeps the host off an internal bridge too: with an address on it, whatever listens on the host would answer to the database, and the database to
// everyone on the host. Docker Engine 28 and later know it.
const isolated = "isolated"

// NewNetwork adds a bridge network of the stack. An internal one has no way out, and nothing on it can be published.
// The name it returns is an output, so that a container is made anew with its network.
func (e *Engine) NewNetwork(ctx *pulumi.Context, name string, subnet netip.Prefix, internal bool, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	options := pulumi.StringMap{}
	if internal && name != tokens.NetworkLogs { // where the engine is who sends
		options["com.docker.network.bridge.gateway_mode_ipv4"] = pulumi.String(isolated)
	}
	addresses := docker.NetworkIpamConfigArgs{Subnet: pulumi.String(subnet.String())}
	if name == tokens.NetworkMon || name == tokens.NetworkLogs { // on which addresses are fixed
		addresses.IpRange = pulumi.String(config.Given(subnet).String())
	}
	network, err := docker.NewNetwork(ctx, name, &docker.NetworkArgs{
		Name:        pulumi.String(e.Prefix + "-" + name),
		Driver:      pulumi.String("bridge"),
		Internal:    pulumi.Bool(internal),
		Options:     options,
		IpamConfigs: docker.NetworkIpamConfigArray{addresses},
		Labels:      docker.NetworkLabelArray{docker.NetworkLabelArgs{Label: pulumi.String(tokens.LabelStack), Value: pulumi.String(e.Stack)}},
	}, append(opts, pulumi.Provider(e.provider))...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return network.Name, nil
}

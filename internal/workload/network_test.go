package workload

import (
	"net/netip"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/internal/tokens"
)

func TestRun_AsksForAFixedAddressOnlyWhereThereIsOne(t *testing.T) {
	spec := example(StopFirst)
	spec.Networks = append(spec.Networks, Network{Name: pulumi.String("mon"), Address: netip.MustParseAddr("10.213.3.254")})
	r, err := register(func(ctx *pulumi.Context, e *Engine) error {
		_, err := Run(ctx, e, "it", spec)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	joined := r.Find(t, tokens.Container, "it").Inputs["networksAdvanced"].ArrayValue()
	if _, set := joined[0].ObjectValue()["ipv4Address"]; set {
		t.Errorf("a network without a fixed address is joined as %v", joined[0])
	}
	if got := joined[1].ObjectValue()["ipv4Address"]; !got.DeepEquals(resource.NewProperty("10.213.3.254")) {
		t.Errorf("the fixed address is %v", got)
	}
}

func TestNewNetwork_KeepsAddressesThatAreFixedFromBeingGivenToOthers(t *testing.T) {
	subnet := netip.MustParsePrefix("10.213.3.0/24")
	r, err := register(func(ctx *pulumi.Context, e *Engine) error {
		for _, name := range []string{tokens.NetworkMon, tokens.NetworkApp} {
			if _, err := e.NewNetwork(ctx, name, subnet, true); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]resource.PropertyMap{
		tokens.NetworkMon: {"subnet": resource.NewProperty("10.213.3.0/24"), "ipRange": resource.NewProperty("10.213.3.0/25")},
		tokens.NetworkApp: {"subnet": resource.NewProperty("10.213.3.0/24")},
	} {
		if got := r.Find(t, tokens.Network, name).Inputs["ipamConfigs"].ArrayValue(); len(got) != 1 || !got[0].ObjectValue().DeepEquals(want) {
			t.Errorf("%s has the addresses %v, want %v", name, got, want)
		}
	}
}

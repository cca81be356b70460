package config

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSubnet_KeepsItsPlace(t *testing.T) {
	network := Network{Base: "10.213.0.0/16"}
	for name, want := range map[string]string{"edge": "10.213.0.0/24", "app": "10.213.1.0/24", "db": "10.213.2.0/24", "mon": "10.213.3.0/24", "egress": "10.213.4.0/24", "logs": "10.213.5.0/24"} {
		if got, err := network.Subnet(name); err != nil || got.String() != want {
			t.Errorf("%s is %v (%v), want %s", name, got, err, want)
		}
	}
}

func TestSubnet_StaysWithinAnyValidBase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.IntRange(16, 20).Draw(t, "bits")
		address := netip.AddrFrom4([4]byte{10, rapid.Byte().Draw(t, "second"), rapid.Byte().Draw(t, "third"), 0})
		base := netip.PrefixFrom(address, bits).Masked()
		taken := map[netip.Prefix]bool{}
		for _, name := range subnets {
			subnet, err := Network{Base: base.String()}.Subnet(name)
			if err != nil || !base.Overlaps(subnet) || subnet.Bits() != 24 || subnet != subnet.Masked() || taken[subnet] {
				t.Fatalf("%s of %s is %v (%v)", name, base, subnet, err)
			}
			taken[subnet] = true
		}
	})
}

func TestSubnet_RefusesWhatThePlanDoesNotHold(t *testing.T) {
	for _, c := range []struct{ base, name, want string }{
		{"10.213.0.0/16", "gateway", `no network "gateway" in the address plan, only edge, app, db, mon, egress`},
		{"10.213.0.0/21", "app", "network.base: 10.213.0.0/21 is not an IPv4 network of /16 to /20"},
		{"fd00::/16", "app", "network.base: fd00::/16 is not an IPv4 network of /16 to /20"},
		{"", "app", "network.base: netip.ParsePrefix"},
	} {
		if _, err := (Network{Base: c.base}).Subnet(c.name); !strings.HasPrefix(fmt.Sprint(err), c.want) {
			t.Errorf("%s of %q gives %v", c.name, c.base, err)
		}
	}
}

func TestFixedAddresses_AreThoseThatDockerGivesToNobody(t *testing.T) {
	network := Network{Base: "10.213.0.0/16"}
	for want, of := range map[string]func(Network) (netip.Addr, error){"10.213.3.254": Network.EdgeExporter, "10.213.5.254": Network.LogCollector} {
		address, err := of(network)
		subnet := netip.PrefixFrom(address, 24).Masked()
		if err != nil || address.String() != want || !subnet.Contains(address) || Given(subnet).Contains(address) {
			t.Errorf("%v (%v) of %s, of which Docker gives %s", address, err, subnet, Given(subnet))
		}
		if _, err := of(Network{}); err == nil {
			t.Errorf("%s: there is one without a plan", want)
		}
	}
}

package nginxconf

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	crossplane "github.com/nginxinc/nginx-go-crossplane"
	"pgregory.net/rapid"
)

// shape is a configuration without its arguments: what an injected directive would change.
func shape(within crossplane.Directives) []string {
	var names []string
	for _, d := range within {
		switch d.Directive {
		case "allow", "set_real_ip_from", "real_ip_header", "real_ip_recursive": // as many as the lists have
			continue
		case "geo":
			names = append(names, "geo")
			continue
		}
		names = append(names, d.Directive)
		if d.Block != nil {
			names = append(names, "{")
			names = append(names, shape(d.Block)...)
			names = append(names, "}")
		}
	}
	return names
}

// hostile mixes what is valid with what means something to nginx.
func hostile() *rapid.Generator[string] {
	valid := rapid.SampledFrom([]string{"prefect.example.com", "localhost", "10.1.2.3", "2001:db8::1", "a-b.c", "prefect-api:4200"})
	special := rapid.StringOfN(rapid.RuneFrom([]rune("ab1.:-[]/%~^$*{};\"'\\# \t\n\r\x00é")), 0, 12, -1)
	return rapid.OneOf(valid, special, rapid.Custom(func(t *rapid.T) string { return valid.Draw(t, "valid") + special.Draw(t, "special") }), rapid.String())
}

func TestRender_CannotBeMadeToWriteAnotherDirective(t *testing.T) {
	want := shape(render(t, dev()))
	rapid.Check(t, func(t *rapid.T) {
		o := dev()
		o.Host = hostile().Draw(t, "host")
		o.AlsoFor = rapid.SliceOfN(hostile(), 0, 3).Draw(t, "also for")
		o.Upstream = rapid.OneOf(rapid.Just(o.Upstream), hostile()).Draw(t, "upstream")
		o.PublicPort = rapid.Int().Draw(t, "port")
		if rapid.Bool().Draw(t, "usual port") {
			o.PublicPort = 443
		}

		conf, err := Render(o)
		if err != nil {
			return
		}
		if got := shape(parse(t, conf)); !slices.Equal(got, want) {
			t.Fatalf("another configuration comes out:\n%s", conf)
		}
	})
}

func TestIsHost_AcceptsNothingThatNginxReadsAsMoreThanAName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := hostile().Draw(t, "name")
		if isHost(name) && strings.ContainsAny(name, " \t\r\n{};\"'\\#$~*/%") {
			t.Fatalf("%q is accepted", name)
		}
	})
}

func TestIsHost_TakesNamesAsDNSDoes(t *testing.T) {
	for name, want := range map[string]bool{
		"localhost": true, "prefect.example.com": true, "a": true, "1.example": true, "xn--bcher-kva.example": true,
		"127.0.0.1": true, "::1": true, strings.Repeat("a", 63) + ".b": true,
		"": false, ".": false, "example.com.": false, "*.example.com": false, "Example.com": false, "-a.b": false, "a-.b": false, "a..b": false, "a_b": false,
		"fe80::1%eth0": false, "[::1]": false, "localhost:8443": false, strings.Repeat("a", 64): false, strings.Repeat("a.", 127) + "a": false,
	} {
		if got := isHost(name); got != want {
			t.Errorf("%q is a host: %v", name, got)
		}
	}
}

// anyNetwork has host bits, mapped addresses and lengths of all kinds.
func anyNetwork() *rapid.Generator[netip.Prefix] {
	return rapid.Custom(func(t *rapid.T) netip.Prefix {
		bytes := rapid.SliceOfN(rapid.Byte(), 4, 4)
		if rapid.Bool().Draw(t, "IPv6") {
			bytes = rapid.SliceOfN(rapid.Byte(), 16, 16)
		}
		address, _ := netip.AddrFromSlice(bytes.Draw(t, "address"))
		return netip.PrefixFrom(address, rapid.IntRange(1, address.BitLen()).Draw(t, "bits"))
	})
}

func TestRender_AllowsExactlyTheNetworksOfTheList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := dev()
		o.Allow = rapid.SliceOfN(anyNetwork(), 1, 6).Draw(t, "allow")
		o.Exempt = rapid.SliceOfN(anyNetwork(), 0, 6).Draw(t, "exempt")
		o.TrustedProxies = rapid.SliceOfN(anyNetwork(), 0, 6).Draw(t, "trusted")
		conf := render(t, o)

		for _, list := range []struct {
			directive string
			within    crossplane.Directives
			want      []netip.Prefix
		}{
			{"set_real_ip_from", conf, o.TrustedProxies},
			{"allow", server(t, conf, "8443", true), o.Allow}, // the third server, on 8081, is not published
			{"allow", server(t, conf, "8080", false), o.Allow},
		} {
			written := all(list.within, list.directive)
			for _, d := range written {
				network, err := netip.ParsePrefix(d.Args[0])
				if err != nil || !slices.ContainsFunc(list.want, func(p netip.Prefix) bool { return p.Masked() == network }) {
					t.Fatalf("%s %s comes from nowhere (%v)", list.directive, d.Args[0], err)
				}
			}
			for _, network := range list.want {
				if !slices.ContainsFunc(written, func(d *crossplane.Directive) bool { return d.Args[0] == network.Masked().String() }) {
					t.Fatalf("%s %s is missing", list.directive, network)
				}
			}
		}
		exempt := all(conf, "geo")[0].Block[1:]
		if len(exempt) > len(o.Exempt) || (len(o.Exempt) > 0) != (len(exempt) > 0) {
			t.Fatalf("%d networks are exempt instead of %d", len(exempt), len(o.Exempt))
		}
	})
}

// generous is any user:password that a client may have.
func generous() *rapid.Generator[string] { return rapid.StringN(1, 64, 128) }

func TestRenderAuthorization_IsTwoMapsWhateverTheCredentials(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		active, kept := generous().Draw(t, "active"), generous().Draw(t, "kept")
		text := RenderAuthorization(active, kept)
		conf := parse(t, "events {}\nhttp {\n"+text+"}")
		maps := all(conf, "map")
		if len(maps) != 2 || len(conf[1].Block) != 2 {
			t.Fatalf("not two maps:\n%s", text)
		}
		want := 2
		if active == kept {
			want = 1
		}
		for _, m := range maps {
			if len(m.Block) != want {
				t.Fatalf("%d entries:\n%s", len(m.Block), text)
			}
		}
	})
}

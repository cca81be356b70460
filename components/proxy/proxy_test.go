package proxy

import (
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/credential"
	"prefect-platform/internal/mocks"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

const (
	nginxName   = "proxy-nginx"
	installName = "proxy-install"
	keyType     = tokens.PrivateKey
	caType      = tokens.SelfSignedCert
	leafType    = tokens.LocallySignedCert
	requestType = tokens.CertRequest
)

// register adds an edge of the default configuration to a recorder.
func register(r *mocks.Recorder, edit func(*Args), options ...pulumi.RunOption) error {
	return r.Run(func(ctx *pulumi.Context) error {
		engine, err := workload.NewEngine(ctx, config.Engine{}, "UTC")
		if err != nil {
			return err
		}
		c := config.Default()
		slots := c.Rotation.API
		slots.Keep = true
		api, err := credential.New(ctx, "api", slots, "", "")
		if err != nil {
			return err
		}
		args := Args{
			Engine:     engine,
			Image:      "nginx:1.2.3",
			Host:       c.Host,
			Edge:       c.Edge,
			TLS:        c.TLS,
			CA:         c.Rotation.CA,
			User:       c.Access.User,
			Credential: api,
			Upstream:   "prefect-api:4200",
			Networks:   Networks{Edge: pulumi.String("edge"), App: pulumi.String("app")},
		}
		if edit != nil {
			edit(&args)
		}
		_, err = New(ctx, "proxy", args)
		return err
	}, options...)
}

func mustRegister(t *testing.T, edit func(*Args), options ...pulumi.RunOption) *mocks.Recorder {
	t.Helper()
	r := &mocks.Recorder{}
	if err := register(r, edit, options...); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNew_PublishesTheTwoPortsOnTheAddressOnly(t *testing.T) {
	r := mustRegister(t, func(a *Args) { a.Edge.Address, a.Edge.HTTPSPort, a.Edge.HTTPPort = "192.0.2.7", 443, 80 })
	published := map[float64]float64{}
	for _, port := range r.Find(t, tokens.Container, nginxName).Inputs["ports"].ArrayValue() {
		p := port.ObjectValue()
		if p["ip"].StringValue() != "192.0.2.7" {
			t.Errorf("published on %v", p["ip"])
		}
		published[p["internal"].NumberValue()] = p["external"].NumberValue()
	}
	if len(published) != 2 || published[8443] != 443 || published[8080] != 80 {
		t.Errorf("published are %v", published)
	}
}

// fixed are the inputs that would replace the running nginx if they changed.
func fixed(t *testing.T, edit func(*Args)) resource.PropertyMap {
	t.Helper()
	return mustRegister(t, edit).Find(t, tokens.Container, nginxName).Inputs
}

func TestNew_KeepsTheContainerForAnotherConfigurationCertificateOrCredential(t *testing.T) {
	before := fixed(t, nil)
	for name, edit := range map[string]func(*Args){
		"host":        func(a *Args) { a.Host = "prefect.example.com" },
		"allowlist":   func(a *Args) { a.Edge.Allow = []string{"203.0.113.0/24"} },
		"limits":      func(a *Args) { a.Edge.Limits.API.PerSecond++ },
		"certificate": func(a *Args) { a.TLS.ValidityDays, a.TLS.AlsoFor = 10, []string{"127.0.0.1"} },
		"credential":  func(a *Args) { a.Credential.ActiveSlot = "b" },
		"user":        func(a *Args) { a.User = "team" },
	} {
		if after := fixed(t, edit); !before.DeepEquals(after) {
			t.Errorf("another %s replaces nginx: %v", name, before.Diff(after))
		}
	}
	if after := fixed(t, func(a *Args) { a.Image = "nginx:1.2.4" }); before.DeepEquals(after) {
		t.Error("another image does not replace nginx, so this test cannot fail")
	}
}

func TestNew_KnowsTheConfigurationInAPreview(t *testing.T) {
	r := mustRegister(t, func(a *Args) { a.Host = "prefect.example.com" }, mocks.Preview)
	inputs := r.Find(t, tokens.Proxy, "proxy").Inputs
	if conf := inputs[tokens.InputNginxConf]; !conf.IsString() || !strings.Contains(conf.StringValue(), "server_name prefect.example.com;") {
		t.Errorf("nginx.conf is %v", conf)
	}
	for key, value := range inputs {
		if value.ContainsUnknowns() || value.ContainsSecrets() {
			t.Errorf("%s is unknown or secret, so that no policy can judge it", key)
		}
	}
}

func TestNew_MarksWhatIsSecretAndNothingElse(t *testing.T) {
	r := mustRegister(t, nil)
	modes, secret := map[string]string{}, map[string]bool{}
	for _, each := range r.Find(t, tokens.Container, installName+"-files").Inputs["uploads"].ArrayValue() {
		upload := each
		if upload.IsSecret() {
			upload = upload.SecretValue().Element
		}
		name := strings.TrimPrefix(upload.ObjectValue()["file"].StringValue(), workload.FilesDir+"/")
		modes[name] = upload.ObjectValue()["permissions"].StringValue()
		secret[name] = each.ContainsSecrets()
	}
	for name, want := range map[string]string{
		"nginx.conf": "0444", "tls.crt": "0444", "install": "0555",
		"authorization.map": "0440", "htpasswd": "0440", "htpasswd.kept": "0440", "tls.key": "0440",
	} {
		if modes[name] != want {
			t.Errorf("%s has the mode %q, want %s", name, modes[name], want)
		}
	}
	for _, name := range []string{"authorization.map", "htpasswd", "htpasswd.kept"} {
		if !secret[name] {
			t.Errorf("%s would be stored in plaintext", name)
		}
	}
}

func TestNew_LeavesOutThePasswordThatIsNotKept(t *testing.T) {
	r := mustRegister(t, func(a *Args) { a.Credential.IdleValid = false })
	uploads := r.Find(t, tokens.Container, installName+"-files").Inputs["uploads"].String()
	if strings.Contains(uploads, "htpasswd.kept") || strings.Contains(uploads, "generated-for-api-b") {
		t.Error("the idle slot is still let in")
	}
}

func TestNew_SignsForEveryNameAndAddressAndProtectsTheAuthority(t *testing.T) {
	r := mustRegister(t, func(a *Args) { a.TLS.AlsoFor = []string{"127.0.0.1", "prefect.internal", "::1"} })

	request := r.Find(t, requestType, "proxy").Inputs
	if names := request["dnsNames"].String(); names != `{[{localhost} {prefect.internal}]}` {
		t.Errorf("names are %s", names)
	}
	if addresses := request["ipAddresses"].String(); addresses != `{[{127.0.0.1} {::1}]}` {
		t.Errorf("addresses are %s", addresses)
	}
	leaf := r.Find(t, leafType, "proxy").Inputs
	if leaf["validityPeriodHours"].NumberValue() != 90*24 || leaf["earlyRenewalHours"].NumberValue() != 30*24 {
		t.Errorf("the leaf is valid for %v hours and renewed %v before", leaf["validityPeriodHours"], leaf["earlyRenewalHours"])
	}
	for _, key := range r.All(keyType) {
		if key.Inputs["algorithm"].StringValue() != "ECDSA" || key.Inputs["ecdsaCurve"].StringValue() != "P256" {
			t.Errorf("%s is %v", key.Name, key.Inputs)
		}
	}
	for token, name := range map[string]string{keyType: "proxy-ca", caType: "proxy-ca"} {
		if protect := r.Find(t, token, name).RegisterRPC.Protect; protect == nil || !*protect {
			t.Errorf("%s of the authority is not protected", token)
		}
	}
	if protect := r.Find(t, keyType, "proxy").RegisterRPC.Protect; protect != nil && *protect {
		t.Error("the leaf's key is protected, so that no other host could be named")
	}
}

func TestNew_HasTheAuthorityBeforeVouchForTheActiveOneWhileItIsKept(t *testing.T) {
	for name, each := range map[string]struct {
		slots     config.Slots
		signs     string
		protected map[string]bool
		vouches   string
	}{
		"never rotated": {config.Slots{A: 1, Active: "a"}, "proxy-ca", map[string]bool{"proxy-ca": true}, ""},
		"turned":        {config.Slots{A: 1, B: 1, Active: "b", Keep: true}, "proxy-ca-b1", map[string]bool{"proxy-ca": false, "proxy-ca-b1": true}, "proxy-ca"},
		"retired":       {config.Slots{A: 1, B: 1, Active: "b"}, "proxy-ca-b1", map[string]bool{"proxy-ca": false, "proxy-ca-b1": true}, ""},
		"turned again":  {config.Slots{A: 2, B: 1, Active: "a", Keep: true}, "proxy-ca-a2", map[string]bool{"proxy-ca-a2": true, "proxy-ca-b1": false}, "proxy-ca-b1"},
		"taken back":    {config.Slots{A: 1, B: 1, Active: "a", Keep: true}, "proxy-ca", map[string]bool{"proxy-ca": true, "proxy-ca-b1": false}, "proxy-ca-b1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := mustRegister(t, func(a *Args) { a.CA = each.slots })
			made := map[string]bool{}
			for _, ca := range r.All(caType) {
				made[ca.Name] = ca.RegisterRPC.Protect != nil && *ca.RegisterRPC.Protect
			}
			if !maps.Equal(made, each.protected) {
				t.Errorf("authorities and whether they are protected: %v, want %v", made, each.protected)
			}
			signers := map[string]string{}
			for _, signed := range r.All(leafType) {
				signers[signed.Name] = signed.Inputs["caCertPem"].StringValue()
			}
			want := map[string]string{"proxy": "the certificate of " + each.signs}
			if each.vouches != "" {
				want[tokens.CrossSigned] = "the certificate of " + each.vouches
			}
			if !maps.Equal(signers, want) {
				t.Errorf("who signs what: %v, want %v", signers, want)
			}
		})
	}
}

func TestNew_TakesAProvidedCertificate(t *testing.T) {
	chain, key := pair(t, time.Now().Add(time.Hour), "prefect.example.com")
	r := mustRegister(t, func(a *Args) {
		a.Host = "prefect.example.com"
		a.TLS, a.TLSKey = config.TLS{Mode: config.Provided, Certificate: chain}, key
	})
	for _, made := range r.All("") {
		if strings.HasPrefix(made.TypeToken, "tls:") && made.Name != "proxy-ca" { // which is kept for the way back
			t.Errorf("%s %s was made", made.TypeToken, made.Name)
		}
		if made.TypeToken == tokens.Proxy && strings.Contains(resource.NewProperty(made.Inputs).String(), "PRIVATE KEY") {
			t.Error("the key is among the recorded inputs")
		}
	}
	if uploads := r.Find(t, tokens.Container, installName+"-files").Inputs["uploads"]; !uploads.ContainsSecrets() {
		t.Error("the key would be stored in plaintext")
	}
}

func TestNew_StopsAtAFailedInstallation(t *testing.T) {
	r := &mocks.Recorder{ExitCode: 1}
	err := register(r, nil)
	if err == nil || !strings.Contains(err.Error(), "proxy-install failed with exit code 1") {
		t.Errorf("got %v", err)
	}
	for _, container := range r.All(tokens.Container) {
		if container.Name == nginxName {
			t.Error("nginx was touched although the installation failed")
		}
	}
}

func TestNew_RefusesBadArgumentsBeforeAnythingIsRegistered(t *testing.T) {
	expired, expiredKey := pair(t, time.Now().Add(-time.Hour), "localhost")
	other, otherKey := pair(t, time.Now().Add(time.Hour), "other.example.com")
	_, strangeKey := pair(t, time.Now().Add(time.Hour), "other.example.com")
	for name, each := range map[string]struct {
		edit func(*Args)
		says string
	}{
		"no engine":         {func(a *Args) { a.Engine = nil }, "engine, image and networks are required"},
		"no credential":     {func(a *Args) { a.Credential = nil }, "user and credential are required"},
		"no monitoring":     {func(a *Args) { a.Monitoring = &Monitoring{} }, "monitoring has no network"},
		"no network of it":  {monitored(nil), "monitoring needs a network"},
		"no host":           {func(a *Args) { a.Host = "" }, `"" is neither a DNS name nor an IP address`},
		"not a network":     {func(a *Args) { a.Edge.Allow = []string{"203.0.113.7"} }, `"203.0.113.7" is not a network`},
		"unknown mode":      {func(a *Args) { a.TLS.Mode = "acmi" }, `TLS mode "acmi"`},
		"nothing for acme":  {func(a *Args) { a.TLS.Mode = "acme" }, "what asks for certificates"},
		"no certificate":    {func(a *Args) { a.TLS = config.TLS{Mode: config.Provided} }, "do not belong together"},
		"key of another":    {provided(other, strangeKey, "other.example.com"), "do not belong together"},
		"for another host":  {provided(other, otherKey, "localhost"), "is not for localhost"},
		"ended certificate": {provided(expired, expiredKey, "localhost"), "ended on"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &mocks.Recorder{}
			err := register(r, each.edit)
			if err == nil || !strings.Contains(err.Error(), each.says) {
				t.Errorf("got %v, want %q", err, each.says)
			}
			if len(r.All(tokens.Proxy)) > 0 {
				t.Error("the component was registered")
			}
		})
	}
}

func monitored(network pulumi.StringInput) func(*Args) {
	return func(a *Args) {
		a.Monitoring = &Monitoring{network, netip.MustParsePrefix("10.213.3.0/24"), netip.MustParseAddrPort("10.213.3.254:5140"), ""}
	}
}

func TestNew_IsOnTheNetworkOfMonitoringOnlyWhenItIsWatched(t *testing.T) {
	for name, each := range map[string]struct {
		edit     func(*Args)
		networks int
		conf     bool
	}{"watched": {monitored(pulumi.String("mon")), 3, true}, "not watched": {nil, 2, false}} {
		r := mustRegister(t, each.edit)
		joined := r.Find(t, tokens.Container, nginxName).Inputs["networksAdvanced"].ArrayValue()
		if len(joined) != each.networks {
			t.Errorf("%s: it is on %v", name, joined)
		}
		conf := r.Find(t, tokens.Proxy, "proxy").Inputs[tokens.InputNginxConf].StringValue()
		if strings.Contains(conf, "syslog:server=10.213.3.254:5140") != each.conf {
			t.Errorf("%s: its log is sent to the exporter: %v", name, !each.conf)
		}
	}
}

func provided(chain, key, host string) func(*Args) {
	return func(a *Args) {
		a.Host, a.TLS, a.TLSKey = host, config.TLS{Mode: config.Provided, Certificate: chain}, key
	}
}

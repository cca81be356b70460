package proxy

import (
	_ "embed"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// ACME is what it takes to ask an authority for certificates.
type ACME struct {
	Image   string             // lego
	Network pulumi.StringInput // with a way out
	Egress  config.Egress
	Secrets map[string]string // of the DNS provider, by the variable that names them
}

// acmeDir is where lego and nginx find the volume with the account and the certificates. What is served is in its folder current, all else only lego can read.
const acmeDir = "/srv/acme"

const reportsDir = "/reports"

//go:embed files/acme
var acmeScript string

// acmeVolumes: account and certificates outlive the stack, because an authority gives only so many of them.
type acmeVolumes struct{ certificates, reports *workload.Volume }

func (a Args) acmeVolumes(ctx *pulumi.Context, opts ...pulumi.ResourceOption) (v acmeVolumes, err error) {
	if a.TLS.Mode != config.ACMEMode {
		return v, nil
	}
	if v.certificates, err = a.Engine.NewOpenVolume(ctx, tokens.HostACME, a.Image, opts...); err != nil {
		return v, err
	}
	v.reports, err = a.Engine.NewOpenScratchVolume(ctx, tokens.HostACME+"-reports", a.Image, opts...)
	return v, err
}

func (v acmeVolumes) ready() []pulumi.Resource {
	if v.certificates == nil {
		return nil
	}
	return []pulumi.Resource{v.certificates.Ready, v.reports.Ready}
}

func (a Args) directory() string {
	if a.TLS.Mode != config.ACMEMode {
		return ""
	}
	return a.TLS.ACME.URL()
}

// acme asks for certificates. It is ready as long as one is served that has not ended: an `up` waits for the first one, and for no other.
func (a Args) acme(v acmeVolumes) workload.Spec {
	s := workload.Spec{
		Role:       tokens.HostACME,
		Image:      a.ACME.Image,
		User:       "65534:0", // nginx reads by its group what is served
		Entrypoint: []string{workload.FilesDir + "/acme"},
		Command:    append([]string{acmeDir, reportsDir, "/lego"}, a.legoArguments()...),
		Env:        map[string]string{"DIRECTORY": a.directory(), "NAME": a.Host, "HOME": "/tmp"},
		Files:      map[string]workload.File{"acme": workload.Script(acmeScript)},
		Mounts:     []workload.Mount{{Volume: v.certificates.Name, Path: acmeDir}, {Volume: v.reports.Name, Path: reportsDir}},
		Networks:   []workload.Network{{Name: a.ACME.Network}},
		Health:     workload.Health{Command: []string{"test", "-e", "/tmp/ready"}, StartWithin: 3 * time.Minute},
		MemoryMiB:  config.LegoMiB,
		Order:      workload.StopFirst,
	}
	if a.TLS.ACME.Challenge == config.ChallengeHTTP {
		s.Networks = append(s.Networks, workload.Network{Name: a.Networks.Edge, Aliases: []string{tokens.HostACME}})
	}
	maps.Copy(s.Env, a.TLS.ACME.Settings)
	for name, secret := range a.ACME.Secrets {
		s.Env[name+"_FILE"] = workload.FilesDir + "/" + name
		s.Files[name] = workload.SecretText(pulumi.ToSecret(pulumi.String(secret)).(pulumi.StringOutput))
	}
	if e := a.ACME.Egress; e.CACertificates != "" {
		s.Files["extra-ca.pem"] = workload.Text(e.CACertificates)
		s.Env["LEGO_CA_CERTIFICATES"], s.Env["LEGO_CA_SYSTEM_CERT_POOL"] = workload.FilesDir+"/extra-ca.pem", "true"
	}
	if e := a.ACME.Egress; e.Proxy != "" {
		maps.Copy(s.Env, map[string]string{"HTTPS_PROXY": e.Proxy, "HTTP_PROXY": e.Proxy, "NO_PROXY": strings.Join(e.NoProxy, ",")})
	}
	return s
}

func (a Args) legoArguments() []string {
	o := a.TLS.ACME
	arguments := []string{"--server", o.URL(), "--email", o.Email, "--accept-tos"}
	for _, name := range append([]string{a.Host}, a.TLS.AlsoFor...) {
		arguments = append(arguments, "--domains", name)
	}
	if o.Challenge == config.ChallengeHTTP {
		_, port, _ := net.SplitHostPort(tokens.ChallengeEndpoint)
		return append(arguments, "--http", "--http.port", ":"+port, "--http.delay", "5s") // in which the edge learns where lego is
	}
	arguments = append(arguments, "--dns", o.Provider)
	if len(o.Resolvers) > 0 { // they are who knows: the servers of the zone may be out of reach
		arguments = slices.Concat(arguments, []string{"--dns.propagation-rns", "--dns.propagation-disable-ans"})
	}
	for _, resolver := range o.Resolvers {
		arguments = append(arguments, "--dns.resolvers", resolver)
	}
	return arguments
}

// Package proxy runs the edge: the nginx through which people and remote clients reach Prefect, and the only container that publishes a port.
//
// The container is never replaced for another configuration, password or certificate. A job brings those into a volume, checks them with the same nginx, and makes
// them current; the running nginx follows. When a check fails, the `up` fails and the edge keeps what it has.
package proxy

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/credential"
	"prefect-platform/internal/nginxconf"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// Host is the name of the edge on the application network.
const Host = tokens.HostEdge

// Args describe the edge. All fields but TLSKey, After and Monitoring are required.
type Args struct {
	Engine *workload.Engine
	Image  string

	Host   string // under which clients reach it
	Edge   config.Edge
	TLS    config.TLS
	TLSKey string       // PEM, with a provided certificate only
	CA     config.Slots // of the stack's own authority

	User       string // of the one credential
	Credential *credential.Credential

	Upstream string            // host:port of the API
	After    []pulumi.Resource // what Upstream leads to: the edge turns to it only when it is there
	Networks Networks

	Monitoring *Monitoring // nil: nobody watches it
	ACME       *ACME       // with this mode of TLS only
}

// Networks are the names of the Docker networks that the edge joins.
type Networks struct {
	Edge pulumi.StringInput // from which its ports are published
	App  pulumi.StringInput // where it finds the API
}

// Monitoring is how the edge is watched.
type Monitoring struct {
	Network  pulumi.StringInput // the Docker network
	Subnet   netip.Prefix
	Exporter netip.AddrPort // fixed, see nginxconf.Monitoring
	Grafana  string         // host:port of what is shown under /grafana/; empty: nothing is
}

// Proxy is the edge.
type Proxy struct {
	pulumi.ResourceState

	// CACertificate is the PEM certificate of the authority that signs a self-signed edge, which clients must trust, with that of the one before it while that is kept;
	// empty when the certificate is a provided one.
	CACertificate pulumi.StringOutput
	// Ready holds the container, which serves the newest configuration.
	Ready []pulumi.Resource
	// Reports has text files about certificates for the exporter of the host's figures; nil unless an authority is asked for them.
	Reports *workload.Volume
}

// New adds the edge to the stack. It fails before any resource is registered when args are incomplete or a provided certificate does not fit.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Proxy, error) {
	conf, err := args.nginxConf()
	if err == nil {
		err = args.validate()
	}
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", name, err)
	}

	proxy := &Proxy{}
	recorded := pulumi.Map{
		tokens.InputImage:     pulumi.String(args.Image),
		tokens.InputHost:      pulumi.String(args.Host),
		tokens.InputTLSMode:   pulumi.String(args.TLS.Mode),
		tokens.InputDirectory: pulumi.String(args.directory()),
		tokens.InputAllow:     pulumi.ToStringArray(args.allowed()),
		tokens.InputNginxConf: pulumi.String(conf),
	}
	if err := ctx.RegisterComponentResourceV2(tokens.Proxy, name, recorded, proxy, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(proxy)

	cert, err := newCertificate(ctx, name, args, parent)
	if err != nil {
		return nil, err
	}
	releases, err := args.Engine.NewOpenScratchVolume(ctx, name+"-releases", args.Image, parent)
	if err != nil {
		return nil, err
	}
	install, err := workload.Job(ctx, args.Engine, name+"-install", args.install(conf, cert, releases), parent, pulumi.DependsOn(append([]pulumi.Resource{releases.Ready}, args.After...)))
	if err != nil {
		return nil, err
	}
	volumes, err := args.acmeVolumes(ctx, parent)
	if err != nil {
		return nil, err
	}
	nginx, err := workload.Run(ctx, args.Engine, name+"-nginx", args.nginx(releases, volumes.certificates), parent, pulumi.DependsOnInputs(install.Done), pulumi.DependsOn(volumes.ready()))
	if err != nil {
		return nil, err
	}
	if args.TLS.Mode == config.ACMEMode { // it needs an edge that leads the authority to it
		if _, err := workload.Run(ctx, args.Engine, name+"-"+tokens.HostACME, args.acme(volumes), parent, pulumi.DependsOn(nginx.Ready)); err != nil {
			return nil, err
		}
		proxy.Reports = volumes.reports
	}

	proxy.CACertificate = cert.authority
	proxy.Ready = nginx.Ready
	outputs := maps.Clone(recorded) // what rules about the stack as a whole are shown
	outputs["caCertificate"] = proxy.CACertificate
	return proxy, ctx.RegisterResourceOutputs(proxy, outputs)
}

func (a Args) validate() error {
	switch {
	case a.Engine == nil || a.Image == "" || a.Networks.Edge == nil || a.Networks.App == nil:
		return errors.New("engine, image and networks are required")
	case a.Monitoring != nil && a.Monitoring.Network == nil:
		return errors.New("monitoring needs a network")
	case a.User == "" || a.Credential == nil:
		return errors.New("user and credential are required")
	case a.TLS.Mode == config.Provided:
		return checkPair(a.TLS.Certificate, a.TLSKey, a.Host)
	case a.TLS.Mode == config.ACMEMode && (a.ACME == nil || a.ACME.Image == "" || a.ACME.Network == nil):
		return errors.New("image and network of what asks for certificates are required")
	case a.TLS.Mode != config.SelfSigned && a.TLS.Mode != config.ACMEMode:
		return fmt.Errorf("TLS mode %q is neither %s, %s nor %s", a.TLS.Mode, config.SelfSigned, config.Provided, config.ACMEMode)
	}
	return nil
}

func (a Args) nginxConf() (string, error) {
	options, err := a.options()
	if err != nil {
		return "", err
	}
	return nginxconf.Render(options)
}

package proxy

import (
	_ "embed"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/internal/htpasswd"
	"prefect-platform/internal/nginxconf"
	"prefect-platform/internal/workload"
)

// home is where both containers find the releases.
const home = "/srv/edge"

// user is nginx in the unprivileged image, in root's group.
const user = "101:0"

//go:embed files/install
var installScript string

//go:embed files/edge
var edgeScript string

// install is the job that makes the configuration current.
func (a Args) install(conf string, cert *certificate, releases *workload.Volume) workload.Spec {
	files := a.credentialFiles()
	files["install"] = workload.Script(installScript)
	files[nginxconf.Config] = workload.Text(conf)
	if cert.chain != nil {
		files[nginxconf.Certificate] = workload.File{Content: cert.chain, Mode: workload.Public}
		files[nginxconf.CertificateKey] = workload.SecretText(cert.key)
	}

	verify := "-verify_hostname"
	if _, err := netip.ParseAddr(a.Host); err == nil {
		verify = "-verify_ip"
	}
	return workload.Spec{
		Role:       "edge-install",
		Image:      a.Image,
		User:       user,
		Entrypoint: []string{workload.FilesDir + "/install"},
		Command:    []string{home, "http://" + statusAddress(Host), verify, a.Host},
		Files:      files,
		Mounts:     []workload.Mount{{Volume: releases.Name, Path: home}},
		Networks:   []workload.Network{{Name: a.Networks.App}},
		MemoryMiB:  64,
	}
}

// nginx is the edge itself. Whatever changes here replaces it, and closes its ports for seconds.
func (a Args) nginx(releases, certificates *workload.Volume) workload.Spec {
	s := workload.Spec{
		Role:       Host,
		Image:      a.Image,
		User:       user,
		Entrypoint: []string{workload.FilesDir + "/edge"},
		Command:    []string{home},
		Files:      map[string]workload.File{"edge": workload.Script(edgeScript)},
		Mounts:     []workload.Mount{{Volume: releases.Name, Path: home, ReadOnly: true}},
		Tmpfs:      map[string]string{"/tmp": fmt.Sprintf("mode=1777,size=%dm", a.Edge.MemoryMiB/2)}, // bodies and cached assets count as memory
		Networks:   a.networks(),
		Ports: []workload.Port{
			{Address: a.Edge.Address, Published: a.Edge.HTTPPort, Internal: nginxconf.HTTPPort},
			{Address: a.Edge.Address, Published: a.Edge.HTTPSPort, Internal: nginxconf.HTTPSPort},
		},
		Health:      workload.Health{Command: []string{"curl", "-fsSo", "/dev/null", "http://" + statusAddress("127.0.0.1")}},
		MemoryMiB:   a.Edge.MemoryMiB,
		CPUs:        a.Edge.CPUs,
		Interactive: true,
		OpenFiles:   8192,
		Grace:       20 * time.Second, // the script gives open connections 10
		Order:       workload.StopFirst,
	}
	if certificates != nil {
		s.Mounts = append(s.Mounts, workload.Mount{Volume: certificates.Name, Path: acmeDir, ReadOnly: true})
	}
	return s
}

func (a Args) networks() []workload.Network {
	all := []workload.Network{{Name: a.Networks.Edge}, {Name: a.Networks.App, Aliases: []string{Host}}}
	if a.Monitoring != nil {
		all = append(all, workload.Network{Name: a.Monitoring.Network, Aliases: []string{Host}})
	}
	return all
}

func statusAddress(host string) string {
	return net.JoinHostPort(host, strconv.Itoa(nginxconf.StatusPort)) + "/healthz"
}

// credentialFiles let in the active credential and, after a rotation, the one before it.
func (a Args) credentialFiles() map[string]workload.File {
	active := a.Credential.Active()
	files := map[string]workload.File{nginxconf.Passwords: workload.SecretText(a.passwords(active.Secret, active.Salt))}

	kept := pulumi.String("").ToStringOutput()
	if a.Credential.IdleValid {
		idle := a.Credential.Idle()
		kept = pulumi.Sprintf("%s:%s", a.User, idle.Secret)
		files[nginxconf.KeptPasswords] = workload.SecretText(a.passwords(idle.Secret, idle.Salt))
	}
	files[nginxconf.Authorization] = workload.SecretText(pulumi.All(active.Secret, kept).ApplyT(func(values []any) string {
		return nginxconf.RenderAuthorization(a.User+":"+values[0].(string), values[1].(string))
	}).(pulumi.StringOutput))
	return files
}

func (a Args) passwords(secret, salt pulumi.StringOutput) pulumi.StringOutput {
	return pulumi.All(secret, salt).ApplyT(func(values []any) (string, error) {
		return htpasswd.Line(a.User, values[0].(string), values[1].(string))
	}).(pulumi.StringOutput)
}

package config

import (
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
)

// engineInstead says what takes the place of settings that the docker provider knows and this program does not use.
var engineInstead = map[string]string{
	"caMaterial":               "docker:certPath with a folder that holds ca.pem, so that the platform command can use it too",
	"certMaterial":             "docker:certPath with a folder that holds cert.pem, so that the platform command can use it too",
	"keyMaterial":              "docker:certPath with a folder that holds key.pem: provider settings are not encrypted in the state",
	"registryAuth":             "`docker login` on this machine: the provider would keep the password unencrypted in the state",
	"disableDockerDaemonCheck": "nothing: the provider connects when it first needs the engine",
}

var engineKeys = []string{"host", "context", "certPath", "sshOpts"}

func (p *Problems) decodeEngine(engine *Engine, name, text string, secret bool) {
	key := "docker:" + name
	switch name {
	case "host":
		engine.Host = text
	case "context":
		engine.Context = text
	case "certPath":
		engine.CertPath = text
	case "sshOpts":
		decoder{p, secret}.decodeText(key, text, reflect.ValueOf(&engine.SSHOptions).Elem())
	default:
		if instead, known := engineInstead[name]; known {
			p.add(key, "a setting that is not used", instead, remove(key))
			return
		}
		p.unknown(key, name, engineKeys)
	}
}

// check looks at what the stack says about its engine. What comes from the environment of the person who runs it is checked when it is used.
func (e Engine) check(p *Problems) {
	if e.Host != "" && e.Context != "" {
		p.add("docker:context", quote(e.Context)+", besides docker:host", "one of the two", remove("docker:context"))
	}
	if e.CertPath != "" && !filepath.IsAbs(e.CertPath) {
		p.add("docker:certPath", quote(e.CertPath), "an absolute path", "")
	}
	remote := false
	if e.Host != "" {
		remote = e.checkHost(p)
	}
	if len(e.SSHOptions) > 0 && e.Host != "" && !remote {
		p.add("docker:sshOpts", "options for ssh, without an ssh:// host", "none, or docker:host with ssh://", remove("docker:sshOpts"))
	}
}

// checkHost tells whether the host is reached by ssh.
func (e Engine) checkHost(p *Problems) bool {
	const key = "docker:host"
	at, err := url.Parse(e.Host)
	if err != nil {
		p.add(key, redacted(nil, e.Host), "unix:///path, ssh://user@host, tcp://host:port or npipe://", "")
		return false
	}
	if _, given := at.User.Password(); given {
		p.add(key, "a password in the address", "a key: ssh would ignore the password, and it would be in the state", "")
		return at.Scheme == "ssh"
	}
	switch at.Scheme {
	case "unix":
		if at.Host != "" || at.Path == "" {
			p.add(key, quote(e.Host), "unix:// and an absolute path, such as unix:///var/run/docker.sock", "")
		}
	case "ssh":
		if at.Hostname() == "" {
			p.add(key, quote(e.Host), "ssh://user@host", "")
		}
		return true
	case "tcp":
		e.checkTCP(p, at)
	case "npipe":
	default:
		p.add(key, quote(e.Host), "unix:///path, ssh://user@host, tcp://host:port or npipe://", "")
	}
	return false
}

func (e Engine) checkTCP(p *Problems, at *url.URL) {
	if at.Hostname() == "" || at.Port() == "" {
		p.add("docker:host", quote(e.Host), "tcp://host:port, usually port 2376", "")
		return
	}
	address, err := netip.ParseAddr(at.Hostname())
	loopback := at.Hostname() == "localhost" || err == nil && address.IsLoopback()
	if e.CertPath == "" && !loopback {
		p.add("docker:certPath", "nothing, with "+e.Host, "the folder with ca.pem, cert.pem and key.pem: without TLS whoever reaches the engine is root on its host", set("docker:certPath", "/etc/docker/client"))
	}
}

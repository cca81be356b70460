package rules

import (
	"encoding/base64"
	"fmt"
	"path"
	"strconv"
	"strings"

	"prefect-platform/config"
	"prefect-platform/internal/nginxconf"
	"prefect-platform/internal/secretlike"
	"prefect-platform/internal/tokens"
)

var secretsFilesRules = []Rule{
	{
		ID:       "secrets-file-mode",
		Sentence: "A file with a secret is readable for root and its group only, and not executable.",
		Why:      "the provider's default is 0644; files belong to root:root, and containers have group 0 and no right to change that; CIS Docker 5.6, OWASP ASVS 5.0 13.3.2",
		Resource: func(c *Case) {
			for _, f := range c.files() {
				if !f.isSecret() {
					continue
				}
				const change = "give it mode 0440: workload.SecretText(…), or Permissions: pulumi.String(\"0440\") without Executable"
				mode, ok := f.at.Get("permissions").Text()
				if f.at.Get("permissions").Unknown() || f.at.Get("permissions").Exists() && !ok {
					continue
				}
				if mode == "" {
					mode = "0644"
				}
				if bits, err := strconv.ParseUint(mode, 8, 32); err != nil || bits&^0o440 != 0 || bits == 0 {
					c.Refuse(fmt.Sprintf("%s (%s) holds a secret and has mode %s", f.at.Path(), f.path, mode), change)
				} else if executable, _ := f.at.Get("executable").Flag(); executable {
					c.Refuse(fmt.Sprintf("%s (%s) holds a secret and is executable", f.at.Path(), f.path), change)
				}
			}
		},
	},
	{
		ID:       "secrets-file-literal",
		Sentence: "A file with a secret gets it from a Pulumi secret.",
		Why:      "otherwise the state and every preview have it in plain text; " + asvsSecrets,
		Resource: func(c *Case) {
			for _, f := range c.files() {
				if f.known && !f.secret && !f.veiled {
					if what := f.looks(); what != "" {
						c.Refuse(fmt.Sprintf("%s (%s) is plain text and looks like %s", f.at.Path(), f.path, what), "make it of a Pulumi secret: a generated password, or a value of the stack's configuration set with --secret, by workload.SecretText")
					}
				}
			}
		},
	},
	{
		ID:       "secrets-file-source",
		Sentence: "No file is taken from the machine that runs Pulumi.",
		Why:      "what is in it, no preview and no policy sees, and it is another one on another machine",
		Resource: func(c *Case) {
			for _, f := range c.files() {
				if source := f.at.Get("source"); source.Exists() && !source.Unknown() {
					if name, isText := source.Text(); !isText || name != "" {
						c.Refuse(fmt.Sprintf("%s.source is %s", f.at.Path(), quoted(name)), "give its text as content: embed it, or set it with pulumi config set --secret")
					}
				}
			}
		},
	},
	{
		ID:       "secrets-file-readable",
		Sentence: "A file in base64 can be decoded.",
		Why:      "what cannot be read cannot be judged",
		Resource: func(c *Case) {
			for _, f := range c.files() {
				if f.broken {
					c.Refuse(f.at.Path()+".contentBase64 is no base64", "give its text as content, or standard base64")
				}
			}
		},
	},
	{
		ID:       "secrets-weak-password",
		Sentence: "A password in a file cannot be guessed.",
		Why:      "the first thing that an attacker tries is a list; OWASP ASVS 5.0 6.2.4",
		Resource: func(c *Case) {
			for _, f := range c.files() {
				for _, each := range f.passwords() {
					if config.Guessable(each.value) {
						c.Refuse(fmt.Sprintf("%s (%s) holds a weak password%s", f.at.Path(), f.path, each.place), "use a generated one: "+strongPassword)
					}
				}
			}
		},
	},
}

// file is an upload, decoded.
type file struct {
	at     Value
	path   string
	text   string
	known  bool // text is the whole content
	secret bool // the content is a Pulumi secret
	// veiled says that a list of files is a Pulumi secret as a whole: so the engine has it in an `up` once one of them is, after the provider has checked it.
	// Which file it was for, only a first preview says; in an `up`, names and contents must do.
	veiled bool
	broken bool // the content is no base64
}

// files are the uploads of the container that is judged, whether they are given as text or as base64.
func (c *Case) files() []file {
	if !c.Is(tokens.Container) {
		return nil
	}
	items, _ := c.Property("uploads").Items()
	var all []file
	for _, item := range items {
		name, _ := item.Get("file").Text()
		f := file{at: item, path: name}
		plain, coded := item.Get("content"), item.Get("contentBase64")
		f.secret = plain.Secret() || coded.Secret()
		f.veiled = c.Property("uploads").holds.Secret() || item.holds.Secret()
		if text, ok := plain.Text(); ok && text != "" {
			f.text, f.known = text, true
		} else if text, ok := coded.Text(); ok && text != "" {
			decoded, err := base64.StdEncoding.DecodeString(text)
			f.text, f.known, f.broken = string(decoded), err == nil, err != nil
		}
		all = append(all, f)
	}
	return all
}

func (f file) name() string { return strings.ToLower(path.Base(f.path)) }

// isSecret reports whether nobody but the container may read a file. Names count too, as a secret that is none for Pulumi is unknown in a first preview; one that is
// known and looks like a secret, secrets-file-literal refuses whatever its mode.
func (f file) isSecret() bool {
	switch name := f.name(); {
	case f.secret, f.veiled && f.looks() != "":
		return true
	case name == nginxconf.CertificateKey, name == "prefect.toml", name == nginxconf.Authorization, strings.HasPrefix(name, nginxconf.Passwords):
		return true
	case strings.HasSuffix(name, ".key"), name == ".pgpass", name == "roles.sql", strings.HasPrefix(name, "id_") && !strings.HasSuffix(name, ".pub"):
		return true
	}
	return false
}

// looks says what in a file that is not marked as secret looks like one.
func (f file) looks() string {
	if !f.known {
		return ""
	}
	name := f.name()
	switch {
	case strings.HasPrefix(f.text, "#!"), strings.HasSuffix(name, ".sh"):
		return secretlike.Script(f.text)
	case strings.HasSuffix(name, ".py"):
		return secretlike.Code(f.text)
	case name == ".pgpass" || name == "pgpass":
		return "a password file of PostgreSQL"
	}
	single := strings.TrimSpace(f.text)
	if !strings.ContainsAny(single, " \n\t") {
		if what := secretlike.Named(strings.SplitN(name, ".", 2)[0], single); what != "" {
			return what
		}
	}
	for _, extension := range []string{".env", ".ini", ".toml", ".yaml", ".yml", ".properties", ".cnf", ".cfg", ".json"} {
		if strings.HasSuffix(name, extension) {
			return secretlike.Text(f.text)
		}
	}
	return secretlike.Code(f.text)
}

func quoted(text string) string { return fmt.Sprintf("%q", text) }

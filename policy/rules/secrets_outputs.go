package rules

import (
	"strings"

	"prefect-platform/internal/secretlike"
	"prefect-platform/internal/tokens"
)

// outputCertificate is the one output of the program that a first preview does not know.
const outputCertificate = "caCertificate"

var secretsOutputsRules = []Rule{{
	ID:       "secrets-outputs",
	Sentence: "What the stack puts out holds no secret, and is known in every preview but for the certificate of its authority.",
	Why:      "Outputs go to the console, to the logs of pipelines and to whoever may read the state; pulumi/actions hands a secret on before it masks it (src/main.ts). A secret that was made plain or encoded first is no longer marked, so what a preview does not know is refused.",
	Stack: func(c *Case, all []Resource) {
		for _, r := range all {
			if r.Type == tokens.Stack {
				judgeOutputs(c, r)
			}
		}
	},
}}

func judgeOutputs(c *Case, stack Resource) {
	const change = "take it out of main.go; `platform credentials` tells people what they need"
	for name := range stack.Properties.AllStable {
		output := c.PropertyOf(stack, name)
		if name == outputCertificate && !output.Secret() {
			if text, ok := output.holdsText(); ok && text != "" && !strings.HasPrefix(text, "-----BEGIN CERTIFICATE-----") {
				c.RefuseOf(stack, "the output "+name+" is no certificate", change)
			}
			continue
		}
		if output.Secret() || output.exists && output.holds.HasComputed() {
			c.RefuseOf(stack, "the output "+name+" is a secret, or not known yet and so perhaps made of one", change)
			continue
		}
		for _, leaf := range output.Leaves() {
			if what := secretlike.Named(leaf.Name, leaf.Text); what != "" {
				c.RefuseOf(stack, "the output "+leaf.Value.Path()+" looks like "+what, change)
			}
		}
	}
}

// holdsText is the text of a value if it is a known one, without a judgement.
func (v Value) holdsText() (string, bool) {
	if !v.Known() || !v.holds.IsString() {
		return "", false
	}
	return v.holds.AsString(), true
}

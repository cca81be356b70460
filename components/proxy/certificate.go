package proxy

import (
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
)

// certificate is what the edge shows, and who signed it.
type certificate struct {
	chain     pulumi.StringInput  // PEM, leaf first; nil when an authority is asked for it
	key       pulumi.StringInput  // PEM, secret
	authority pulumi.StringOutput // PEM, one or two; empty when clients trust the signer already
}

func newCertificate(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*certificate, error) {
	authorities, err := newAuthorities(ctx, args.CA, opts...)
	if err != nil {
		return nil, err
	}
	switch args.TLS.Mode {
	case config.ACMEMode:
		return &certificate{authority: pulumi.String(args.TLS.ACME.Trust).ToStringOutput()}, nil
	case config.Provided:
		return &certificate{
			chain:     pulumi.String(args.TLS.Certificate),
			key:       pulumi.ToSecret(pulumi.String(args.TLSKey)).(pulumi.StringOutput),
			authority: pulumi.String("").ToStringOutput(),
		}, nil
	}
	return authorities.sign(ctx, name, args, opts...)
}

// subjects sorts hosts into DNS names and IP addresses, which a certificate keeps apart.
func subjects(host string, alsoFor []string) (names, addresses []string) {
	for _, each := range append([]string{host}, alsoFor...) {
		if _, err := netip.ParseAddr(each); err == nil {
			addresses = append(addresses, each)
		} else {
			names = append(names, each)
		}
	}
	return names, addresses
}

// checkPair reports what is wrong with a provided certificate as early as in a preview. The install job checks again, with nginx itself.
func checkPair(chain, key, host string) error {
	pair, err := stdtls.X509KeyPair([]byte(chain), []byte(key))
	if err != nil {
		return fmt.Errorf("the provided certificate and key do not belong together: %w", err)
	}
	var problems []error
	if err := pair.Leaf.VerifyHostname(host); err != nil {
		problems = append(problems, fmt.Errorf("the provided certificate is not for %s: %w", host, err))
	}
	if end := pair.Leaf.NotAfter; time.Now().After(end) {
		problems = append(problems, fmt.Errorf("the provided certificate ended on %s", end.UTC().Format(time.DateOnly)))
	}
	return errors.Join(problems...)
}

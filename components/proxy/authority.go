package proxy

import (
	"fmt"

	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/tokens"
)

// authorityYears is the lifetime of a stack's own certificate authority.
const authorityYears = 10

// authorities are the two slots of the stack's own authority. A rotation is seamless because the one before vouches for the active one: the edge shows the active one
// as an intermediate as well, so that a client is served that trusts either.
type authorities struct {
	active *authority
	before *authority // nil when nobody need trust it any more
}

type authority struct {
	subject tls.SelfSignedCertSubjectArgs
	key     *tls.PrivateKey
	cert    *tls.SelfSignedCert
}

// newAuthorities makes both slots, if they ever had a value: one that is retired is kept for the way back.
func newAuthorities(ctx *pulumi.Context, slots config.Slots, opts ...pulumi.ResourceOption) (*authorities, error) {
	both := map[string]*authority{}
	for slot, generation := range map[string]int{"a": slots.A, "b": slots.B} {
		if generation == 0 {
			continue
		}
		made, err := newAuthority(ctx, slot, generation, slot == slots.Active, opts...)
		if err != nil {
			return nil, err
		}
		both[slot] = made
	}
	all := &authorities{active: both["a"], before: both["b"]}
	if slots.Active == "b" {
		all.active, all.before = all.before, all.active
	}
	if !slots.Keep {
		all.before = nil
	}
	return all, nil
}

// newAuthority makes one generation. The active one is protected, while a provided certificate is in use too: every client that trusts it would have to be told of another
// one. Its subject names the stack and not the host, which may change.
func newAuthority(ctx *pulumi.Context, slot string, generation int, active bool, opts ...pulumi.ResourceOption) (*authority, error) {
	name := tokens.Authority(slot, generation)
	opts = append(opts, pulumi.Protect(active))
	key, err := newKey(ctx, name, opts...)
	if err != nil {
		return nil, err
	}
	subject := tls.SelfSignedCertSubjectArgs{CommonName: pulumi.String(authorityName(ctx.Stack(), slot, generation))}
	cert, err := tls.NewSelfSignedCert(ctx, name, &tls.SelfSignedCertArgs{
		PrivateKeyPem:       key.PrivateKeyPem,
		IsCaCertificate:     pulumi.Bool(true),
		AllowedUses:         pulumi.ToStringArray([]string{"cert_signing", "crl_signing"}),
		ValidityPeriodHours: pulumi.Int(authorityYears * 365 * 24),
		SetSubjectKeyId:     pulumi.Bool(true),
		Subject:             subject,
	}, opts...)
	if err != nil {
		return nil, err
	}
	return &authority{subject, key, cert}, nil
}

// authorityName tells authorities apart for people; the first keeps the name that it had when there were no others.
func authorityName(stack, slot string, generation int) string {
	if slot == "a" && generation == 1 {
		return "Prefect platform " + stack
	}
	return fmt.Sprintf("Prefect platform %s %s%d", stack, slot, generation)
}

// bundle is what clients trust: the active one first.
func (a *authorities) bundle() pulumi.StringOutput {
	if a.before == nil {
		return a.active.cert.CertPem
	}
	return pulumi.Sprintf("%s%s", a.active.cert.CertPem, a.before.cert.CertPem)
}

// sign makes a certificate for the edge. An `up` within its last TLS.RenewalDays makes another one.
func (a *authorities) sign(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*certificate, error) {
	key, err := newKey(ctx, name, opts...)
	if err != nil {
		return nil, err
	}
	names, addresses := subjects(args.Host, args.TLS.AlsoFor)
	request, err := tls.NewCertRequest(ctx, name, &tls.CertRequestArgs{
		PrivateKeyPem: key.PrivateKeyPem,
		DnsNames:      pulumi.ToStringArray(names),
		IpAddresses:   pulumi.ToStringArray(addresses),
		Subject:       tls.CertRequestSubjectArgs{CommonName: pulumi.String("Prefect")}, // clients look at the names above only
	}, opts...)
	if err != nil {
		return nil, err
	}
	leaf, err := a.active.issue(ctx, name, request, args.TLS, &tls.LocallySignedCertArgs{AllowedUses: pulumi.ToStringArray([]string{"digital_signature", "server_auth"})}, opts...)
	if err != nil {
		return nil, err
	}
	chain := leaf.CertPem
	if a.before != nil {
		cross, err := a.before.vouch(ctx, a.active, args.TLS, opts...)
		if err != nil {
			return nil, err
		}
		chain = pulumi.Sprintf("%s%s", chain, cross.CertPem)
	}
	return &certificate{chain: chain, key: key.PrivateKeyPem, authority: a.bundle()}, nil
}

// vouch lets whoever trusts an authority trust the other one too. It lasts no longer than a leaf, and is renewed like one.
func (a *authority) vouch(ctx *pulumi.Context, other *authority, t config.TLS, opts ...pulumi.ResourceOption) (*tls.LocallySignedCert, error) {
	request, err := tls.NewCertRequest(ctx, tokens.CrossSigned, &tls.CertRequestArgs{
		PrivateKeyPem: other.key.PrivateKeyPem,
		Subject:       tls.CertRequestSubjectArgs{CommonName: other.subject.CommonName},
	}, opts...)
	if err != nil {
		return nil, err
	}
	return a.issue(ctx, tokens.CrossSigned, request, t, &tls.LocallySignedCertArgs{
		AllowedUses:     pulumi.ToStringArray([]string{"cert_signing", "crl_signing"}),
		IsCaCertificate: pulumi.Bool(true),
	}, opts...)
}

func (a *authority) issue(ctx *pulumi.Context, name string, request *tls.CertRequest, t config.TLS, args *tls.LocallySignedCertArgs, opts ...pulumi.ResourceOption) (*tls.LocallySignedCert, error) {
	args.CertRequestPem = request.CertRequestPem
	args.CaPrivateKeyPem, args.CaCertPem = a.key.PrivateKeyPem, a.cert.CertPem
	args.ValidityPeriodHours = pulumi.Int(t.ValidityDays * 24)
	args.EarlyRenewalHours = pulumi.Int(t.RenewalDays * 24)
	args.SetSubjectKeyId = pulumi.Bool(true)
	return tls.NewLocallySignedCert(ctx, name, args, opts...)
}

func newKey(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (*tls.PrivateKey, error) {
	return tls.NewPrivateKey(ctx, name, &tls.PrivateKeyArgs{Algorithm: pulumi.String("ECDSA"), EcdsaCurve: pulumi.String("P256")}, opts...)
}

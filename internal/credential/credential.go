// Package credential makes the secrets of a stack, each in two slots, so that a new value can be valid before the old one stops being so.
package credential

import (
	"strconv"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
)

// Length of a generated value in characters of [A-Za-z0-9]: about 190 bits.
const Length = 32

// Credential is a secret in two slots.
type Credential struct {
	A, B Value
	// ActiveSlot is "a" or "b".
	ActiveSlot string
	// IdleValid says that the other slot is accepted too.
	IdleValid bool
}

// Value is one slot. Both outputs are secret.
type Value struct {
	Secret pulumi.StringOutput
	// Salt belongs to hashes of the secret, so that the same secret gives the same hash in every `up`.
	Salt pulumi.StringOutput
}

// New adds a credential. A slot for which the user supplies a value uses that instead of a generated one.
//
// Only RandomPassword is used: RandomString, RandomId and RandomBytes have the secret as their resource ID, which is stored in plaintext (pulumi-random #190).
func New(ctx *pulumi.Context, name string, slots config.Slots, suppliedA, suppliedB string) (*Credential, error) {
	return newCredential(ctx, name, slots, suppliedA, suppliedB, false)
}

// NewKey adds one whose active value nothing else can stand in for, as what it encrypted is lost with it. Pulumi refuses to replace or delete that.
func NewKey(ctx *pulumi.Context, name string, slots config.Slots, suppliedA, suppliedB string) (*Credential, error) {
	return newCredential(ctx, name, slots, suppliedA, suppliedB, true)
}

func newCredential(ctx *pulumi.Context, name string, slots config.Slots, suppliedA, suppliedB string, isKey bool) (*Credential, error) {
	a, err := newValue(ctx, name+"-a", slots.A, suppliedA, pulumi.Protect(isKey && slots.Active == "a"))
	if err != nil {
		return nil, err
	}
	b, err := newValue(ctx, name+"-b", slots.B, suppliedB, pulumi.Protect(isKey && slots.Active == "b"))
	if err != nil {
		return nil, err
	}
	return &Credential{A: *a, B: *b, ActiveSlot: slots.Active, IdleValid: slots.Keep}, nil
}

// Active is the slot that clients inside the stack use.
func (c *Credential) Active() Value {
	if c.ActiveSlot == "b" {
		return c.B
	}
	return c.A
}

// Idle is the other slot.
func (c *Credential) Idle() Value {
	if c.ActiveSlot == "b" {
		return c.A
	}
	return c.B
}

// Valid reports whether a slot, "a" or "b", is accepted.
func (c *Credential) Valid(slot string) bool { return slot == c.ActiveSlot || c.IdleValid }

// newValue keeps the generation as keeper: another number, and only that, makes another value. The salt has the same life.
func newValue(ctx *pulumi.Context, name string, generation int, supplied string, protect pulumi.ResourceOption) (*Value, error) {
	keepers := pulumi.StringMap{"generation": pulumi.String(strconv.Itoa(generation))}
	salt, err := random.NewRandomPassword(ctx, name+"-salt", &random.RandomPasswordArgs{Length: pulumi.Int(16), Special: pulumi.Bool(false), Keepers: keepers})
	if err != nil {
		return nil, err
	}
	if supplied != "" {
		return &Value{Secret: pulumi.ToSecret(pulumi.String(supplied)).(pulumi.StringOutput), Salt: salt.Result}, nil
	}
	generated, err := random.NewRandomPassword(ctx, name, &random.RandomPasswordArgs{Length: pulumi.Int(Length), Special: pulumi.Bool(false), Keepers: keepers}, protect)
	if err != nil {
		return nil, err
	}
	return &Value{Secret: generated.Result, Salt: salt.Result}, nil
}

package guard

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestObject_KeepsTypesSecretsAndNesting(t *testing.T) {
	got, err := object(context.Background(), pulumi.Map{
		"text":   pulumi.String("x"),
		"number": pulumi.Int(3),
		"flag":   pulumi.Bool(true),
		"list":   pulumi.Array{pulumi.String("a"), pulumi.ToSecret(pulumi.String("b"))},
		"object": pulumi.Map{"inner": pulumi.Float64(0.5)},
		"secret": pulumi.ToSecret(pulumi.Map{"p": pulumi.String("q")}),
		"null":   nil,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := property.NewMap(map[string]property.Value{
		"text":   property.New("x"),
		"number": property.New(3.0),
		"flag":   property.New(true),
		"list":   property.New([]property.Value{property.New("a"), property.New("b").WithSecret(true)}),
		"object": property.New(map[string]property.Value{"inner": property.New(0.5)}),
		"secret": property.New(map[string]property.Value{"p": property.New("q")}).WithSecret(true),
		"null":   property.New(property.Null),
	})
	if !got.Equals(want) {
		t.Errorf("got  %#v\nwant %#v", property.New(got), property.New(want))
	}
}

func TestObject_AssetsAreSomethingThatNoRuleCanRead(t *testing.T) {
	got, err := object(context.Background(), pulumi.Map{"file": pulumi.NewStringAsset("x")})
	if err != nil {
		t.Fatal(err)
	}
	if v := got.Get("file"); v.IsString() || v.IsMap() || v.IsNull() || v.IsComputed() {
		t.Errorf("an asset became %#v", v)
	}
}

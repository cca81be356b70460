package guard

import (
	"context"
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// object turns inputs back into what they were on the wire.
func object(ctx context.Context, inputs pulumi.Map) (property.Map, error) {
	fields := map[string]property.Value{}
	for name, input := range inputs {
		v, err := value(ctx, input)
		if err != nil {
			return property.Map{}, fmt.Errorf("%s: %w", name, err)
		}
		fields[name] = v
	}
	return property.NewMap(fields), nil
}

func value(ctx context.Context, input any) (property.Value, error) {
	output, ok := input.(pulumi.Output)
	if !ok {
		return plain(ctx, input)
	}
	awaited, err := internals.UnsafeAwaitOutput(ctx, output)
	switch {
	case err != nil:
		return property.Value{}, err
	case !awaited.Known:
		return property.New(property.Computed).WithSecret(awaited.Secret), nil
	}
	v, err := plain(ctx, awaited.Value)
	return v.WithSecret(v.Secret() || awaited.Secret), err
}

// plain reads what the SDK holds by the kind of its Go value: its own types for inputs are texts, numbers, lists and maps underneath. Assets and archives, which no
// resource of the platform has, become a reference that no rule can read and each therefore refuses where it needs it.
func plain(ctx context.Context, input any) (property.Value, error) {
	v := reflect.ValueOf(input)
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return property.New(property.Null), nil
	}
	switch input.(type) {
	case pulumi.Asset, pulumi.Archive, pulumi.Resource:
		return property.New(property.ResourceReference{}), nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return value(ctx, v.Elem().Interface())
	case reflect.String:
		return property.New(v.String()), nil
	case reflect.Bool:
		return property.New(v.Bool()), nil
	case reflect.Float32, reflect.Float64:
		return property.New(v.Float()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return property.New(float64(v.Int())), nil
	case reflect.Slice, reflect.Array:
		list := make([]property.Value, 0, v.Len())
		for i := range v.Len() {
			item, err := value(ctx, v.Index(i).Interface())
			if err != nil {
				return property.Value{}, err
			}
			list = append(list, item)
		}
		return property.New(list), nil
	case reflect.Map:
		fields := map[string]property.Value{}
		for _, key := range v.MapKeys() {
			field, err := value(ctx, v.MapIndex(key).Interface())
			if err != nil {
				return property.Value{}, err
			}
			fields[key.String()] = field
		}
		return property.New(fields), nil
	default:
		return property.Value{}, fmt.Errorf("a %T cannot be judged", input)
	}
}

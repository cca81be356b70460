package rules

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Leaf is a value within a property that holds no others, as a text.
type Leaf struct {
	Value Value
	// Name is that of the field that holds it, or of the list that does.
	Name string
	Text string
}

// Leaves are all known texts, numbers and flags within a value, whatever its shape. What is secret as a whole, and what is unknown, is left out; what is unknown is
// refused in an `up`, as is what nobody can look into.
func (v Value) Leaves() []Leaf { return v.leaves(v.path) }

func (v Value) leaves(name string) []Leaf {
	switch {
	case v.Unknown() || !v.exists || v.holds.Secret():
		return nil
	case v.holds.IsString():
		return []Leaf{{v, name, v.holds.AsString()}}
	case v.holds.IsNumber():
		return []Leaf{{v, name, strconv.FormatFloat(v.holds.AsNumber(), 'f', -1, 64)}}
	case v.holds.IsBool():
		return []Leaf{{v, name, strconv.FormatBool(v.holds.AsBool())}}
	}
	var all []Leaf
	switch {
	case v.holds.IsArray():
		for i, item := range v.holds.AsArray().All {
			all = append(all, v.child(fmt.Sprintf("%s[%d]", v.path, i), item, true).leaves(name)...)
		}
	case v.holds.IsMap():
		for field, item := range v.holds.AsMap().AllStable {
			all = append(all, v.child(v.path+"."+field, item, true).leaves(field)...)
		}
	default:
		v.wrong("texts, numbers, lists and objects only")
	}
	return all
}

// SecretPlaces are the paths at which a Pulumi secret is, without those within one.
func (v Value) SecretPlaces() []string {
	switch {
	case !v.exists || !v.holds.HasSecrets():
		return nil
	case v.holds.Secret():
		return []string{v.path}
	}
	var all []string
	switch {
	case v.holds.IsArray():
		for i, item := range v.holds.AsArray().All {
			all = append(all, v.child(fmt.Sprintf("%s[%d]", v.path, i), item, true).SecretPlaces()...)
		}
	case v.holds.IsMap():
		for field, item := range v.holds.AsMap().AllStable {
			all = append(all, v.child(v.path+"."+field, item, true).SecretPlaces()...)
		}
	default:
		return []string{v.path}
	}
	return all
}

// Properties are all properties of the resource that is judged, sorted by name.
func (c *Case) Properties() []Value {
	var all []Value
	for name := range c.Resource.Properties.AllStable {
		all = append(all, c.Property(name))
	}
	return all
}

// fromJSON is a decoded value as a property.
func fromJSON(value any) property.Value {
	switch value := value.(type) {
	case string:
		return property.New(value)
	case float64:
		return property.New(value)
	case bool:
		return property.New(value)
	case []any:
		list := make([]property.Value, 0, len(value))
		for _, each := range value {
			list = append(list, fromJSON(each))
		}
		return property.New(list)
	case map[string]any:
		fields := map[string]property.Value{}
		for name, each := range value {
			fields[name] = fromJSON(each)
		}
		return property.New(fields)
	}
	return property.New(property.Null)
}

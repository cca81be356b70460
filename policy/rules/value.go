package rules

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Value is a place in a resource's properties that can be asked for anything.
//
// What is missing is empty. What has another type than asked for is refused: nobody could say what it does. What is unknown is let pass in a preview, because an `up`
// judges again before it makes the resource, and is refused in an `up`, after which nobody would.
type Value struct {
	of     *Case
	owner  Resource
	path   string
	holds  property.Value
	exists bool
}

// Property is a property of the resource that is judged.
func (c *Case) Property(name string) Value { return c.PropertyOf(c.Resource, name) }

// PropertyOf is a property of one of all resources.
func (c *Case) PropertyOf(r Resource, name string) Value {
	found, ok := r.Properties.GetOk(name)
	return Value{of: c, owner: r, path: name, holds: found, exists: ok && !found.IsNull()}
}

// Path says where the value is, such as uploads[2].content.
func (v Value) Path() string { return v.path }

// Exists reports whether there is anything, known or not.
func (v Value) Exists() bool { return v.exists }

// Known reports whether there is something that is known.
func (v Value) Known() bool { return v.exists && !v.holds.IsComputed() }

// Unknown reports whether the value exists and is only known in an `up`. It refuses it when nobody would judge again.
func (v Value) Unknown() bool {
	if !v.exists || !v.holds.IsComputed() {
		return false
	}
	if !v.of.Preview {
		v.of.RefuseOf(v.owner, v.path+" is not known even now", "give it a value that does not depend on what is made later")
	}
	return true
}

// Secret reports whether the value, or anything within, is a Pulumi secret.
func (v Value) Secret() bool { return v.exists && v.holds.HasSecrets() }

// wrong refuses a value that is not what was asked for.
func (v Value) wrong(want string) {
	if v.Known() {
		v.of.RefuseOf(v.owner, fmt.Sprintf("%s is %s and cannot be judged", v.path, kind(v.holds)), "make it "+want)
	}
}

// Text is the value as a text; ok says that it is a known one.
func (v Value) Text() (text string, ok bool) {
	if v.Unknown() || !v.exists {
		return "", false
	}
	if !v.holds.IsString() {
		v.wrong("a text")
		return "", false
	}
	return v.holds.AsString(), true
}

// Number is the value as a number; ok says that it is a known one. A text that is a number counts: the provider reads it as one.
func (v Value) Number() (number float64, ok bool) {
	if v.Unknown() || !v.exists {
		return 0, false
	}
	switch {
	case v.holds.IsNumber():
		return v.holds.AsNumber(), true
	case v.holds.IsString():
		if parsed, err := strconv.ParseFloat(v.holds.AsString(), 64); err == nil {
			return parsed, true
		}
	}
	v.wrong("a number")
	return 0, false
}

// Flag is the value as true or false; ok says that it is a known one. The texts "true" and "false" count: the provider reads them so.
func (v Value) Flag() (flag, ok bool) {
	if v.Unknown() || !v.exists {
		return false, false
	}
	switch {
	case v.holds.IsBool():
		return v.holds.AsBool(), true
	case v.holds.IsString():
		if parsed, err := strconv.ParseBool(v.holds.AsString()); err == nil {
			return parsed, true
		}
	}
	v.wrong("true or false")
	return false, false
}

// Items are the entries of a list. ok is false when the list as a whole is missing or unknown.
func (v Value) Items() (items []Value, ok bool) {
	if v.Unknown() || !v.exists {
		return nil, false
	}
	if !v.holds.IsArray() {
		v.wrong("a list")
		return nil, false
	}
	list := v.holds.AsArray()
	items = make([]Value, 0, list.Len())
	for i, item := range list.All {
		items = append(items, v.child(fmt.Sprintf("%s[%d]", v.path, i), item, true))
	}
	return items, true
}

// Fields are the entries of an object, sorted by name. ok is false when the object as a whole is missing or unknown.
func (v Value) Fields() (fields []Field, ok bool) {
	if v.Unknown() || !v.exists {
		return nil, false
	}
	if !v.holds.IsMap() {
		v.wrong("an object")
		return nil, false
	}
	for name, field := range v.holds.AsMap().AllStable {
		fields = append(fields, Field{name, v.child(v.path+"."+name, field, true)})
	}
	return fields, true
}

// Field is an entry of an object.
type Field struct {
	Name  string
	Value Value
}

// Get is one entry of an object; missing when there is no object.
func (v Value) Get(name string) Value {
	path := v.path + "." + name
	if v.Unknown() || !v.exists {
		return v.child(path, property.Value{}, false)
	}
	if !v.holds.IsMap() {
		v.wrong("an object")
		return v.child(path, property.Value{}, false)
	}
	field, ok := v.holds.AsMap().GetOk(name)
	return v.child(path, field, ok)
}

func (v Value) child(path string, holds property.Value, exists bool) Value {
	return Value{of: v.of, owner: v.owner, path: path, holds: holds, exists: exists && !holds.IsNull()}
}

// Texts are the known entries of a list of texts.
func (v Value) Texts() []string {
	items, _ := v.Items()
	var texts []string
	for _, item := range items {
		if text, ok := item.Text(); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

func kind(v property.Value) string {
	switch {
	case v.IsBool():
		return "true or false"
	case v.IsNumber():
		return "a number"
	case v.IsString():
		return "a text"
	case v.IsArray():
		return "a list"
	case v.IsMap():
		return "an object"
	default:
		return "an asset, archive or reference"
	}
}

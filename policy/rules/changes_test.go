package rules

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// several makes all of some changes.
func several(changes ...func(*Resource)) func(*Resource) {
	return func(r *Resource) {
		for _, change := range changes {
			change(r)
		}
	}
}

// putIn gives a field of one item of a list a value.
func putIn(list string, index int, field string, value any) func(*Resource) {
	return func(r *Resource) {
		items := r.Properties.Get(list).AsArray().AsSlice()
		items[index] = property.New(items[index].AsMap().Set(field, plainValue(value)))
		r.Properties = r.Properties.Set(list, property.New(items))
	}
}

// putField gives a field of an object a value.
func putField(name, field string, value any) func(*Resource) {
	return func(r *Resource) {
		fields := property.NewMap(nil)
		if object := r.Properties.Get(name); object.IsMap() {
			fields = object.AsMap()
		}
		r.Properties = r.Properties.Set(name, property.New(fields.Set(field, plainValue(value))))
	}
}

// added puts another item at the end of a list.
func added(list string, value any) func(*Resource) {
	return func(r *Resource) {
		var items []property.Value
		if v := r.Properties.Get(list); v.IsArray() {
			items = v.AsArray().AsSlice()
		}
		r.Properties = r.Properties.Set(list, property.New(append(items, plainValue(value))))
	}
}

// reEnv gives a variable of a container's environment another value.
func reEnv(name, value string) func(*Resource) {
	return func(r *Resource) {
		items := r.Properties.Get("envs").AsArray().AsSlice()
		for i, item := range items {
			if n := len(name); len(item.AsString()) > n && item.AsString()[:n+1] == name+"=" {
				items[i] = property.New(name + "=" + value)
				r.Properties = r.Properties.Set("envs", property.New(items))
				return
			}
		}
		panic(fmt.Sprintf("no variable %s", name))
	}
}

// unEnv takes a variable away from a container's environment.
func unEnv(name string) func(*Resource) {
	return func(r *Resource) {
		var rest []property.Value
		for _, item := range r.Properties.Get("envs").AsArray().AsSlice() {
			if n := len(name); len(item.AsString()) <= n || item.AsString()[:n+1] != name+"=" {
				rest = append(rest, item)
			}
		}
		if len(rest) == r.Properties.Get("envs").AsArray().Len() {
			panic(fmt.Sprintf("no variable %s", name))
		}
		r.Properties = r.Properties.Set("envs", property.New(rest))
	}
}

var computed = property.New(property.Computed)

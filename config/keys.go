package config

import "reflect"

// Keys lists every full key that a stack's configuration may have, such as prefect-platform:edge or docker:host.
func Keys() []string {
	var keys []string
	for _, name := range append(fieldNames(reflect.TypeFor[Config]()), secretNames()...) {
		keys = append(keys, Namespace+":"+name)
	}
	for _, name := range engineKeys {
		keys = append(keys, "docker:"+name)
	}
	return keys
}

// SecretKeys lists the full keys that must be encrypted, such as prefect-platform:tlsKey.
func SecretKeys() []string {
	var keys []string
	for _, name := range secretNames() {
		keys = append(keys, Namespace+":"+name)
	}
	return keys
}

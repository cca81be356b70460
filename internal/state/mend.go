package state

import "slices"

// ForgetPending drops all pending operations. What they left behind is to be found on the engine.
func (d *Deployment) ForgetPending() { delete(d.deployment, "pending_operations") }

// Forget takes resources out of the state, and out of the dependencies of all others, so that the next `up` makes them anew and nobody tries to delete them.
// Nothing is done to what they stand for.
func (d *Deployment) Forget(these func(Resource) bool) {
	var kept []any
	remaining := map[string]bool{}
	gone := map[string]bool{}
	for _, each := range list(d.deployment["resources"]) {
		resource := Resource{fields: object(each)}
		if these(resource) {
			gone[resource.URN()] = true
			continue
		}
		kept = append(kept, each)
		remaining[resource.URN()] = true
	}
	dangling := func(urn string) bool { return gone[urn] && !remaining[urn] }
	for _, each := range kept {
		forgetReferences(object(each), dangling)
	}
	d.deployment["resources"] = kept
}

// forgetReferences covers every field of a resource that names others, but for its parent and provider, which are never forgotten.
func forgetReferences(resource map[string]any, dangling func(urn string) bool) {
	for _, field := range []string{"dependencies", "replaceWith"} {
		if urns, ok := resource[field].([]any); ok {
			resource[field] = without(urns, dangling)
		}
	}
	byProperty := object(resource["propertyDependencies"])
	for property, urns := range byProperty {
		byProperty[property] = without(list(urns), dangling)
	}
	if dangling(text(resource["deletedWith"])) {
		delete(resource, "deletedWith")
	}
}

func without(urns []any, dangling func(urn string) bool) []any {
	return slices.DeleteFunc(slices.Clone(urns), func(urn any) bool { return dangling(text(urn)) })
}

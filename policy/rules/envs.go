package rules

import "strings"

// variableOf is one variable of a container's environment.
type variableOf struct {
	name, value string
	path        string
}

// envs is the environment of the container that is judged, as far as it is known. Of a name that is there twice, each counts.
func (c *Case) envs() []variableOf {
	items, _ := c.Property("envs").Items()
	var all []variableOf
	for _, item := range items {
		if text, ok := item.Text(); ok {
			name, value, _ := strings.Cut(text, "=")
			all = append(all, variableOf{name, value, item.Path()})
		}
	}
	return all
}

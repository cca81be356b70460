package rules

import "path"

// Upload is a file that a container's creation brings into a volume or into the container.
type Upload struct {
	// Path is where the container has it.
	Path string
	// Content is its text; in the resource it may also be base64 or come from this machine.
	Content Value
	// Mode is the octal permission, such as 0440; 0644 when none is given.
	Mode string
}

// Name is the last part of the path.
func (u Upload) Name() string { return path.Base(u.Path) }

// Uploads are the files of the container that is judged.
func (c *Case) Uploads() []Upload { return c.UploadsOf(c.Resource) }

// UploadsOf are the files of one of all containers.
func (c *Case) UploadsOf(r Resource) []Upload {
	items, _ := c.PropertyOf(r, "uploads").Items()
	var files []Upload
	for _, item := range items {
		name, _ := item.Get("file").Text()
		mode, ok := item.Get("permissions").Text()
		if !ok || mode == "" {
			mode = "0644" // kreuzwerker resource_docker_container.go: the default of upload.permissions
		}
		files = append(files, Upload{Path: name, Content: item.Get("content"), Mode: mode})
	}
	return files
}

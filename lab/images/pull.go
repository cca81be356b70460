package images

import (
	"context"
	"io"
	"strings"
	"time"

	"prefect-platform/lab/engine"
	"prefect-platform/lab/internal/step"
)

// probeLimit bounds the one question that tells whether a registry can be reached.
const probeLimit = 10 * time.Second

// RegistryAnswers asks for the manifest of one image, without downloading it.
func RegistryAnswers(ctx context.Context, client engine.Client) bool {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	return client.Run(ctx, io.Discard, "manifest", "inspect", All[0].Name) == nil
}

// Pull fetches the official image unless one of that name is there.
func Pull(client engine.Client, image Image) step.Step {
	return step.Step{
		Name: "image-" + image.Dir, What: "pulls " + image.Name,
		Done: func(ctx context.Context) (bool, error) { return present(ctx, client, image.Name), ctx.Err() },
		Run: func(ctx context.Context, log io.Writer) error {
			return client.Run(ctx, log, "pull", image.Name)
		},
	}
}

func present(ctx context.Context, client engine.Client, name string) bool {
	return client.Run(ctx, io.Discard, "image", "inspect", name) == nil
}

// Official is the origin of an image that the lab did not make.
const Official = "official"

// Origin says whether an image is there, and whether it is official or made by the lab.
func Origin(ctx context.Context, client engine.Client, name string) string {
	output, err := client.Command(ctx, "image", "inspect", "--format", `{{index .Config.Labels "`+engine.Label+`"}}`, name).Output()
	switch {
	case err != nil:
		return "missing"
	case strings.TrimSpace(string(output)) == "true":
		return "made by the lab"
	default:
		return Official
	}
}

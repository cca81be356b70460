package main

import (
	"context"
	"errors"
	"fmt"

	"prefect-platform/lab/engine"
	"prefect-platform/lab/images"
)

// official fails unless every image is the official one: what was learned of images that the lab made says nothing about those.
func (l lab) official(ctx context.Context) error {
	client, err := engine.Official(ctx, engine.New(l.dir))
	if err != nil {
		return err
	}
	if client == nil {
		own := engine.New(l.dir).Client()
		client = &own
	}
	var problems []error
	for _, image := range images.All {
		origin := images.Origin(ctx, *client, image.Name)
		fmt.Printf("%-44s %s\n", image.Name, origin)
		if origin != images.Official {
			problems = append(problems, fmt.Errorf("%s is %s, not the official image", image.Name, origin))
		}
	}
	return errors.Join(problems...)
}

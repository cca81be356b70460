// Package shim hands out the Terraform provider for Docker. Its import path lies below that of the provider, which keeps
// its code in an internal package.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"

	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// New makes the provider; version is what it reports to the engine.
func New(version string) *schema.Provider { return provider.New(version)() }

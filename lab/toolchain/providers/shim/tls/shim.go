// Package shim hands out the Terraform provider for keys and certificates. Its import path lies below that of the provider, which
// keeps its code in an internal package.
package shim

import (
	framework "github.com/hashicorp/terraform-plugin-framework/provider"

	"github.com/hashicorp/terraform-provider-tls/internal/provider"
)

// New makes the provider.
func New() framework.Provider { return provider.New() }

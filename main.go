// Command prefect-platform is the Pulumi program of a private Prefect Server. It is run by `pulumi up`, or by `platform up`, which prepares and explains more.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/components"
	"prefect-platform/config"
	"prefect-platform/policy/guard"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		c, err := config.FromEnvironment()
		if err != nil {
			return err
		}
		if err := guard.Install(ctx); err != nil {
			return err
		}
		platform, err := components.NewPlatform(ctx, c)
		if err != nil {
			return err
		}
		ctx.Export("url", pulumi.String(platform.URL))
		ctx.Export("user", pulumi.String(c.Access.User))
		ctx.Export("caCertificate", platform.CACertificate)
		return nil
	})
}

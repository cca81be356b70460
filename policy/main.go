// Command policy is the policy pack of the platform. The rules are in the package rules; here they are handed to Pulumi.
package main

//go:generate go run -C .. ./policy/docgen

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"
)

func main() {
	// Nothing may be printed on standard output: Pulumi reads the port there.
	if err := policyx.Main(newPack); err != nil {
		fmt.Fprintln(os.Stderr, "policy:", err)
		os.Exit(1)
	}
}

// Command tls is the lab's build of the tls provider plugin, with the tokens of the official one.
package main

import (
	"context"

	"github.com/hashicorp/terraform-provider-tls/shim"
	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
)

const (
	name    = "tls"
	version = "5.5.1"
)

func main() {
	info := tfbridge.ProviderInfo{
		P: pf.ShimProvider(shim.New()), Name: name, Version: version,
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
	}
	info.MustComputeTokens(tokens.SingleModule("tls_", "index", tokens.MakeStandard(name)))
	pf.Main(context.Background(), name, info, pf.ProviderMetadata{PackageSchema: []byte(`{"name":"` + name + `","version":"` + version + `"}`)})
}

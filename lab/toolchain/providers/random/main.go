// Command random is the lab's build of the random provider plugin, with the tokens of the official one.
package main

import (
	"context"
	"strings"

	pf "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-random/shim"
)

const (
	name    = "random"
	version = "4.21.2"
)

func main() {
	info := tfbridge.ProviderInfo{
		P: pf.ShimProvider(shim.New()), Name: name, Version: version,
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		Resources:    map[string]*tfbridge.ResourceInfo{},
	}
	for _, kind := range []string{"Password", "Id", "Bytes", "String", "Uuid", "Integer", "Pet", "Shuffle"} {
		info.Resources["random_"+strings.ToLower(kind)] = &tfbridge.ResourceInfo{
			Tok: tokens.Type("random:index/random" + kind + ":Random" + kind),
		}
	}
	pf.Main(context.Background(), name, info, pf.ProviderMetadata{PackageSchema: []byte(`{"name":"` + name + `","version":"` + version + `"}`)})
}

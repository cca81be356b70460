// Command docker is the lab's build of the docker provider plugin. Tokens, property names and the overlay are those of the
// official plugin, version 4; the Terraform provider below is newer than the official one's, because the older
// ones cannot be had as Go modules.
package main

import (
	"unicode"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

const (
	name    = "docker"
	version = "4.11.2"
)

// maxName is the longest name that the official plugin generates: logical name, a dash and a random suffix.
const maxName = 255

func main() {
	tfbridge.Main(name, version, info(), []byte(`{"name":"`+name+`","version":"`+version+`"}`))
}

func info() tfbridge.ProviderInfo {
	provider := tfbridge.ProviderInfo{
		P: shimv2.NewProvider(shim.New("prefect-platform-lab")), Name: name, ResourcePrefix: name, Version: version,
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_container": container(),
			"docker_image":     remoteImage(),
			"docker_network":   resource("Network"),
			"docker_volume":    resource("Volume"),
			"docker_service":   resource("Service"),
			"docker_secret":    resource("Secret"),
			"docker_config":    resource("ServiceConfig"),
			"docker_plugin":    resource("Plugin"),
			"docker_tag":       resource("Tag"),
		},
		IgnoreMappings: []string{"docker_registry_image", "docker_buildx_builder"},
	}
	provider.SetAutonaming(maxName, "-")
	return provider
}

func container() *tfbridge.ResourceInfo {
	c := resource("Container")
	c.DeleteBeforeReplace = true
	// The bridge would make plurals of both.
	c.Fields = map[string]*tfbridge.SchemaInfo{
		"command":           {Name: "command"},
		"networks_advanced": {Name: "networksAdvanced"},
	}
	return c
}

// remoteImage keeps its given name: an entry in Fields exempts a property from generated names.
func remoteImage() *tfbridge.ResourceInfo {
	image := resource("RemoteImage")
	image.Fields = map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}}
	return image
}

// resource gives the token of the official schema: docker:index/serviceConfig:ServiceConfig for "ServiceConfig".
func resource(name string) *tfbridge.ResourceInfo {
	function := string(unicode.ToLower(rune(name[0]))) + name[1:]
	return &tfbridge.ResourceInfo{Tok: tokens.Type("docker:index/" + function + ":" + name)}
}

package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-docker/sdk/v4/go/docker"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// The SDK is generated from the official plugin's schema: a name in it that this plugin does not know would be dropped silently.
func TestResources_KnowEveryPropertyOfTheOfficialSchema(t *testing.T) {
	provider := info()
	for resource, args := range map[string]interface{ ElementType() reflect.Type }{
		"docker_container": docker.ContainerArgs{},
		"docker_image":     docker.RemoteImageArgs{},
		"docker_network":   docker.NetworkArgs{},
		"docker_volume":    docker.VolumeArgs{},
	} {
		terraform, ok := provider.P.ResourcesMap().GetOk(resource)
		if !ok {
			t.Fatalf("no %s", resource)
		}
		known(t, resource, args.ElementType(), terraform.Schema(), provider.Resources[resource].Fields)
	}
}

// gone lists what newer Terraform providers have dropped, and the program must not use: the engine always refuses duplicates.
var gone = map[string]bool{"docker_network.checkDuplicate": true}

// known follows the SDK's fields into nested objects and wants each in the Terraform schema, under its Pulumi name.
func known(t *testing.T, path string, sdk reflect.Type, schema shim.SchemaMap, fields map[string]*tfbridge.SchemaInfo) {
	names := map[string]shim.Schema{}
	schema.Range(func(name string, property shim.Schema) bool {
		names[tfbridge.TerraformToPulumiNameV2(name, schema, fields)] = property
		return true
	})
	for field := range sdk.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("pulumi"), ",")
		property, ok := names[name]
		if !ok {
			if !gone[path+"."+name] {
				t.Errorf("%s.%s is unknown to this plugin", path, name)
			}
			continue
		}
		element := field.Type
		for element.Kind() == reflect.Pointer || element.Kind() == reflect.Slice {
			element = element.Elem()
		}
		if nested, ok := property.Elem().(shim.Resource); ok && element.Kind() == reflect.Struct {
			known(t, path+"."+name, element, nested.Schema(), nil)
		}
	}
}

func TestContainer_IsDeletedBeforeItsReplacementIsMade(t *testing.T) {
	if !info().Resources["docker_container"].DeleteBeforeReplace {
		t.Error("unlike the official plugin, this one would make the new container first")
	}
}

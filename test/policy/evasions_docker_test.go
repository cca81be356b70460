//go:build e2e

package policy

// rawEvasions add resources of their own beside the platform, as a colleague would who needs "only a small helper".
var rawEvasions = []variant{
	{
		name:    "an upload and all ports",
		program: "publishall.go.txt",
		why:     "no port is listed: publishAllPorts publishes what the image exposes on all addresses, and a configuration uploaded into the container forwards it to the API",
	},
	{
		name:    "a database on the local network",
		program: "macvlan.go.txt",
		why:     "a container with an address of its own on the company's network (macvlan) forwards PostgreSQL, and publishes nothing",
	},
	{
		name:    "the network of the edge, shared",
		program: "sidecar.go.txt",
		why:     "a root process in the edge's network namespace reads the credential of every request on its way to the API",
	},
	{
		name:    "a folder of the host behind a volume",
		program: "volume.go.txt",
		why:     "a named volume of the driver local is bound to / of the host, which a job without any bind mount can then change",
	},
	{
		name:    "the engine's socket behind a mount",
		program: "socket.go.txt",
		why:     "a mount of type volume with driver options binds /var/run of the host, with the socket by which everybody is root",
	},
	{
		name:    "the socket by a path that is written another way",
		program: "socketpath.go.txt",
		why:     "//var/lib/../run//docker.sock is /var/run/docker.sock, under another name inside: who holds it is root on the host",
	},
	{
		name:    "the volumes of the database",
		program: "fromcontainer.go.txt",
		why:     "fromContainer brings data and socket of PostgreSQL, where uid 999 is superuser without a password, into a container with a way out",
	},
	{
		name:    "a service of the swarm",
		program: "service.go.txt",
		why:     "docker.Service runs a Prefect API without a credential through sh -c, on a port of every address of the host (on an engine in swarm mode)",
	},
	{
		name:    "a plugin of the engine",
		program: "plugin.go.txt",
		why:     "a plugin that is granted everything runs as root on the host with its network and devices",
	},
	{
		name:    "a tag over a pinned image",
		program: "tag.go.txt",
		why:     "docker.Tag gives another image the pinned name of the edge, which then runs it",
	},
	{
		name:    "a build under the name of a pinned image",
		program: "build.go.txt",
		why:     "RemoteImage with a build makes, of a repository of a stranger, what the platform then runs as Prefect",
	},
	{
		name:    "a component that calls itself the proxy",
		program: "fakeproxy.go.txt",
		why:     "a child of a component of the proxy's type, with its recorded inputs, publishes the API's network",
	},
	{
		name:    "numbers and booleans as text",
		program: "untyped.go.txt",
		why:     "a container is registered without the SDK's types; the provider turns \"true\" and \"5432\" into what they mean: privileged, and PostgreSQL for everybody",
	},
	{
		name:    "a second prefect-api",
		program: "alias.go.txt",
		why:     "a container with the alias of the API on its network gets half of all requests, with their credential",
	},
	{
		name:    "an engine without encryption",
		program: "provider.go.txt",
		why:     "a provider of its own speaks to an engine on port 2375 in the clear, to which everything that it makes, with its secrets, can be read and changed on the way",
	},
	{
		name:    "a disk of the host",
		program: "device.go.txt",
		why:     "no privileged, no bind mount: the host's disk as a device, on which all volumes can be read",
	},
	{
		name:    "a dashboard for everybody",
		program: "grafana.go.txt",
		why:     "Grafana from a mirror, with anonymous access as administrator by an argument and not by the environment, on all addresses",
	},
}

// lateEvasions are not what they are before the up.
var lateEvasions = []variant{
	{
		name:    "ports that nobody knows yet",
		program: "lateports.go.txt",
		why:     "the list of ports comes from another resource: unknown in a preview, PostgreSQL on all addresses in an up",
	},
	{
		name:    "a network mode that nobody knows yet",
		program: "latehost.go.txt",
		why:     "the network mode comes from another resource: unknown in a preview, host in an up, where the API of a second Prefect listens for everybody",
	},
	{
		name:    "an image that nobody knows yet",
		program: "lateimage.go.txt",
		why:     "the container's image is the digest of another resource, which pulls a release of nginx from 2020, in place of the edge's own network alias",
	},
	{
		name:    "an environment that nobody knows yet",
		program: "lateenv.go.txt",
		why:     "the environment is computed from a generated password that is no longer marked as secret: unknown in a preview, in docker inspect after the up",
	},
	{
		name:    "not in a preview",
		program: "onlyup.go.txt",
		why:     "the program looks whether it is previewed, and adds the published database only in an up",
		unseen:  "it registers nothing in a preview; in an up pack and guard refuse the container",
	},
	{
		name:    "past Pulumi",
		program: "exec.go.txt",
		why:     "the program itself runs docker in an up, and Pulumi never hears of the container that publishes the API",
		unseen:  "no resource is registered, ever; platform drift finds an unknown container",
	},
	{
		name: "a transform after the guard",
		edits: []edit{
			{"main.go", "\t\tplatform, err := components.NewPlatform(ctx, c)\n", `		if err := ctx.RegisterResourceTransform(func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
			if args.Type != "docker:index/container:Container" || args.Name != "cache-server" {
				return nil
			}
			args.Props["publishAllPorts"] = pulumi.Bool(true)
			args.Props["networkMode"] = pulumi.String("bridge")
			args.Props["networksAdvanced"] = pulumi.Array{
				pulumi.Map{"name": pulumi.String("prefect-" + ctx.Stack() + "-app"), "aliases": pulumi.ToStringArray([]string{"redis"})},
				pulumi.Map{"name": pulumi.String("prefect-" + ctx.Stack() + "-edge")},
			}
			return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
		}); err != nil {
			return err
		}
		platform, err := components.NewPlatform(ctx, c)
`},
			{"main.go", "import (\n", "import (\n\t\"context\"\n\n"},
		},
		why: "a transform, registered after the guard's own, publishes Redis, whose program text is untouched",
	},
	{
		name:    "a change to what exists that is ignored",
		program: "ignore.go.txt",
		why:     "a container is described as harmless and ignores changes of its ports and image, so that what was published by hand or by an earlier up stays published",
	},
}

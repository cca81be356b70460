// Package cache runs the Redis that Prefect's processes share: message broker, event ordering, concurrency leases, docket and cleanup queue.
package cache

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/credential"
	"prefect-platform/internal/dsn"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// Where Prefect finds the cache on the application network, and as whom.
const (
	Host = tokens.HostCache
	Port = 6379
	User = "default"
)

const user = "999:999" // redis in the official Debian image

// Scripts, whose first lines say what they are for.
var (
	//go:embed start.sh
	startScript string
	//go:embed accounts.sh
	accountsScript string
	//go:embed ping.sh
	pingScript string
)

// Args describe a cache; all fields are required.
type Args struct {
	Engine     *workload.Engine
	Image      string
	Size       config.Redis
	Network    pulumi.StringInput
	Credential *credential.Credential
}

// Cache is a Redis with an append-only file: killed, it comes back with what it had acknowledged up to a second before.
type Cache struct {
	pulumi.ResourceState

	// Password is that of the active slot. It is secret.
	Password pulumi.StringOutput
	// DocketURL is the connection URL for Prefect's task scheduler, which has a database of its own. It is secret.
	DocketURL pulumi.StringOutput
	// Ready completes when the passwords of all valid slots let in.
	Ready pulumi.ResourceArrayOutput
}

// New adds a cache to the stack. It fails before any resource is registered when args are incomplete.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Cache, error) {
	if args.Engine == nil || args.Network == nil || args.Credential == nil || args.Image == "" {
		return nil, fmt.Errorf("cache %s: engine, image, network and credential are required", name)
	}
	cache := &Cache{}
	recorded := pulumi.Map{
		tokens.InputImage:      pulumi.String(args.Image),
		tokens.InputMemoryMiB:  pulumi.Int(args.Size.MemoryMiB),
		tokens.InputActiveSlot: pulumi.String(args.Credential.ActiveSlot),
	}
	if err := ctx.RegisterComponentResourceV2(tokens.Cache, name, recorded, cache, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(cache)

	data, err := args.Engine.NewVolume(ctx, Host+"-8", parent, pulumi.Protect(true))
	if err != nil {
		return nil, err
	}
	own, err := random.NewRandomPassword(ctx, name+"-accounts", &random.RandomPasswordArgs{Length: pulumi.Int(credential.Length), Special: pulumi.Bool(false)}, parent)
	if err != nil {
		return nil, err
	}
	server, err := workload.Run(ctx, args.Engine, name+"-server", args.server(data, own.Result), parent, pulumi.DependsOn([]pulumi.Resource{data.Ready}))
	if err != nil {
		return nil, err
	}
	turned, err := workload.Job(ctx, args.Engine, name+"-accounts", args.turn(server, own.Result), parent, pulumi.DependsOn(server.Ready))
	if err != nil {
		return nil, err
	}

	cache.Ready = turned.Done
	cache.Password = args.Credential.Active().Secret
	cache.DocketURL = cache.Password.ApplyT(func(password string) string {
		return dsn.Target{Scheme: dsn.Redis, User: User, Password: password, Host: Host, Port: Port, Database: "1"}.URL()
	}).(pulumi.StringOutput)
	return cache, ctx.RegisterResourceOutputs(cache, recorded) // policies over the whole stack see outputs only
}

func (a Args) server(data *workload.Volume, own pulumi.StringOutput) workload.Spec {
	return workload.Spec{
		Role:       Host,
		Image:      a.Image,
		User:       user,
		Entrypoint: []string{workload.FilesDir + "/start"},
		Command:    []string{"redis-server", workload.FilesDir + "/redis.conf"},
		Files: map[string]workload.File{
			"redis.conf": workload.Text(configuration(a.Size.MemoryMiB)),
			accountsFile: workload.SecretText(own.ApplyT(ownAccounts).(pulumi.StringOutput)),
			"start":      workload.Script(startScript),
			"ping":       workload.Script(pingScript),
		},
		Mounts:      []workload.Mount{{Volume: data.Name, Path: "/data"}},
		Networks:    []workload.Network{{Name: a.Network, Aliases: []string{Host}}},
		Health:      workload.Health{Command: []string{workload.FilesDir + "/ping"}},
		MemoryMiB:   a.Size.MemoryMiB,
		CPUs:        a.Size.CPUs,
		Interactive: true,
		Grace:       30 * time.Second,
		Order:       workload.StopFirst,
	}
}

// accountsFile has a line for each account, as Redis itself writes it.
const accountsFile = "users.acl"

// turn gives the running server the passwords of all valid slots.
func (a Args) turn(server *workload.Service, own pulumi.StringOutput) workload.Spec {
	valid := []any{a.Credential.Active().Secret}
	if a.Credential.IdleValid {
		valid = append(valid, a.Credential.Idle().Secret)
	}
	return workload.Spec{
		Role:       Host + "-accounts",
		Image:      a.Image,
		User:       user,
		Entrypoint: []string{workload.FilesDir + "/turn"},
		Command:    []string{Host},
		Files: map[string]workload.File{
			"turn":       workload.Script(accountsScript),
			accountsFile: workload.SecretText(accountsOf(valid...)),
			"password":   workload.SecretText(own),
			"server":     {Content: server.ID(), Mode: workload.Public}, // another container may have come with an empty volume
		},
		Networks:  []workload.Network{{Name: a.Network}},
		MemoryMiB: 32,
	}
}

func accountsOf(passwords ...any) pulumi.StringOutput {
	return pulumi.All(passwords...).ApplyT(func(values []any) string {
		hashes := make([]string, len(values))
		for i, value := range values {
			hashes[i] = hash(value.(string))
		}
		return fmt.Sprintf("user %s on resetpass %s ~* &* +@all\n", User, strings.Join(hashes, " "))
	}).(pulumi.StringOutput)
}

// ownAccounts are those of a first start: nobody gets in but the health check, which may do nothing but PING, and the job that makes the others.
func ownAccounts(password string) string {
	return "user default off resetpass resetkeys resetchannels -@all\n" +
		"user health on nopass resetkeys resetchannels -@all +ping\n" +
		"user accounts on resetpass " + hash(password) + " resetkeys resetchannels -@all +acl|setuser +acl|save\n"
}

// hash is how Redis keeps a password.
func hash(password string) string {
	sum := sha256.Sum256([]byte(password))
	return "#" + hex.EncodeToString(sum[:])
}

// configuration refuses writes when memory is full instead of evicting: every key is a message, a lease or a schedule that someone waits for.
// A quarter of the container's memory stays free for rewriting the append-only file.
func configuration(memoryMiB int) string {
	return fmt.Sprintf(`bind * -::*
protected-mode no
port %d
dir /data
aclfile /data/%s
appendonly yes
appendfsync everysec
save ""
maxmemory %dmb
maxmemory-policy noeviction
`, Port, accountsFile, memoryMiB*3/4)
}

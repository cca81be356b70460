// Package cache runs the Redis that Prefect's processes share: message broker, event ordering, concurrency leases, docket and cleanup queue.
package cache

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

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

//go:embed ping.sh
var pingScript string

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
	// Ready holds the container, which answers PING.
	Ready []pulumi.Resource
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
	server, err := workload.Run(ctx, args.Engine, name+"-server", args.server(data), parent, pulumi.DependsOn([]pulumi.Resource{data.Ready}))
	if err != nil {
		return nil, err
	}

	cache.Ready = server.Ready
	cache.Password = args.Credential.Active().Secret
	cache.DocketURL = cache.Password.ApplyT(func(password string) string {
		return dsn.Target{Scheme: dsn.Redis, User: User, Password: password, Host: Host, Port: Port, Database: "1"}.URL()
	}).(pulumi.StringOutput)
	return cache, ctx.RegisterResourceOutputs(cache, recorded) // policies over the whole stack see outputs only
}

func (a Args) server(data *workload.Volume) workload.Spec {
	return workload.Spec{
		Role:    Host,
		Image:   a.Image,
		User:    "999:999", // redis in the official Debian image
		Command: []string{"redis-server", workload.FilesDir + "/redis.conf"},
		Files: map[string]workload.File{
			"redis.conf": workload.SecretText(a.configuration()),
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

func (a Args) configuration() pulumi.StringInput {
	slots := []pulumi.StringOutput{a.Credential.Active().Secret}
	if a.Credential.IdleValid {
		slots = append(slots, a.Credential.Idle().Secret)
	}
	passwords := make([]any, len(slots))
	for i, slot := range slots {
		passwords[i] = slot
	}
	return pulumi.All(passwords...).ApplyT(func(values []any) string {
		texts := make([]string, len(values))
		for i, value := range values {
			texts[i] = value.(string)
		}
		return configuration(a.Size.MemoryMiB, texts)
	}).(pulumi.StringOutput)
}

// configuration refuses writes when memory is full instead of evicting: every key is a message, a lease or a schedule that someone waits for.
// A quarter of the container's memory stays free for rewriting the append-only file. Passwords are given as hashes; the account of the health check may do nothing but PING.
func configuration(memoryMiB int, passwords []string) string {
	var account strings.Builder
	for _, password := range passwords {
		hash := sha256.Sum256([]byte(password))
		account.WriteString(" #" + hex.EncodeToString(hash[:]))
	}
	return fmt.Sprintf(`bind * -::*
protected-mode no
port %d
dir /data
appendonly yes
appendfsync everysec
save ""
maxmemory %dmb
maxmemory-policy noeviction
user %s on resetpass%s ~* &* +@all
user health on nopass resetkeys resetchannels -@all +ping
`, Port, memoryMiB*3/4, User, account.String())
}

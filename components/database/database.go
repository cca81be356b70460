// Package database runs the PostgreSQL server of a stack.
package database

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"prefect-platform/config"
	"prefect-platform/internal/credential"
	"prefect-platform/internal/datavolume"
	"prefect-platform/internal/dsn"
	"prefect-platform/internal/postgresconf"
	"prefect-platform/internal/scram"
	"prefect-platform/internal/tokens"
	"prefect-platform/internal/workload"
)

// Host and Port are where the server is found on the database network.
const (
	Host = tokens.HostDatabase
	Port = 5432
)

// User is that of the data, postgres in the official Debian image.
const User = "999:999"

// initArgs make a cluster that does not depend on the image's libraries, and lets nobody in without a password.
const initArgs = "--auth-local=peer --auth-host=scram-sha-256 --data-checksums --locale-provider=builtin --locale=C.UTF-8"

// Args describe a database; all fields but Readers and Backup are required.
type Args struct {
	Engine     *workload.Engine
	Image      string // of one of config.PostgresMajors, which is part of the data volume's name: another cannot read it
	Size       config.Database
	Network    pulumi.StringInput // the internal network that only the server's clients join
	Subnet     netip.Prefix       // its addresses, the only ones that may log in
	Credential *credential.Credential
	Readers    *Readers               // of monitoring; nil takes their login away
	Backup     *credential.Credential // with which the server is copied; nil takes that login away
}

// Readers are the credentials with which monitoring reads figures.
type Readers struct {
	Server, Prefect *credential.Credential // see postgresconf.RoleServerFigures, RolePrefectFigures
}

// Database is a PostgreSQL server whose application role is ready to log in.
type Database struct {
	pulumi.ResourceState

	// URL is the connection URL of the active role, for SQLAlchemy with asyncpg. It is secret.
	URL pulumi.StringOutput
	// Ready completes when the roles are as described; it fails with the log of what failed.
	Ready pulumi.ResourceArrayOutput

	args   Args
	socket *workload.Volume
}

// New adds a database. It fails before any resource is registered when args are incomplete.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Database, error) {
	if args.Engine == nil || args.Network == nil || args.Credential == nil || args.Image == "" || !args.Subnet.IsValid() {
		return nil, fmt.Errorf("database %s: engine, image, network, subnet and credential are required", name)
	}
	major := config.PostgresMajor(args.Image)
	if !slices.Contains(config.PostgresMajors, major) {
		return nil, fmt.Errorf("database %s: image %s is of none of the versions %v", name, args.Image, config.PostgresMajors)
	}
	db := &Database{}
	recorded := pulumi.Map{
		tokens.InputImage:          pulumi.String(args.Image),
		tokens.InputMajor:          pulumi.Int(major),
		tokens.InputMaxConnections: pulumi.Int(args.Size.MaxConnections),
		tokens.InputMemoryMiB:      pulumi.Int(args.Size.MemoryMiB),
		tokens.InputHBA:            pulumi.String(postgresconf.HBA(args.Subnet)),
		tokens.InputActiveSlot:     pulumi.String(args.Credential.ActiveSlot),
	}
	if err := ctx.RegisterComponentResourceV2(tokens.Database, name, recorded, db, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(db)

	data, err := args.Engine.NewVolume(ctx, datavolume.Name(args.Size.Volume, major), parent, pulumi.Protect(true))
	if err != nil {
		return nil, err
	}
	socket, err := args.Engine.NewScratchVolume(ctx, SocketVolume, parent)
	if err != nil {
		return nil, err
	}
	initial, err := random.NewRandomPassword(ctx, name+"-initial", &random.RandomPasswordArgs{Length: pulumi.Int(credential.Length), Special: pulumi.Bool(false)}, parent)
	if err != nil {
		return nil, err
	}
	server, err := workload.Run(ctx, args.Engine, name+"-server", args.server(data, socket, initial.Result), parent, pulumi.DependsOn([]pulumi.Resource{data.Ready, socket.Ready}))
	if err != nil {
		return nil, err
	}
	roles, err := workload.Job(ctx, args.Engine, name+"-roles", args.statements("roles", args.roles(), socket), parent, pulumi.DependsOn(server.Ready))
	if err != nil {
		return nil, err
	}

	db.Ready, db.args, db.socket = roles.Done, args, socket
	db.URL = args.url()
	return db, ctx.RegisterResourceOutputs(db, recorded) // policies over the whole stack see outputs only
}

func (a Args) server(data, socket *workload.Volume, initialPassword pulumi.StringOutput) workload.Spec {
	conf := postgresconf.Server{
		MemoryMiB:       a.Size.MemoryMiB,
		MaxConnections:  a.Size.MaxConnections,
		Reserved:        config.ReadersConnections,
		SlowQueryMillis: a.Size.SlowQueryMillis,
		HBAFile:         workload.FilesDir + "/pg_hba.conf",
	}
	return workload.Spec{
		Role:    Host,
		Image:   a.Image,
		User:    User,
		Command: []string{"postgres", "-c", "config_file=" + workload.FilesDir + "/postgresql.conf"},
		Env: map[string]string{
			"POSTGRES_DB":            postgresconf.Database,
			"POSTGRES_PASSWORD_FILE": workload.FilesDir + "/initial-password", // the entry point wants one; the roles job takes it away
			"POSTGRES_INITDB_ARGS":   initArgs,
		},
		Files: map[string]workload.File{
			"postgresql.conf":  workload.Text(conf.Conf()),
			"pg_hba.conf":      workload.Text(postgresconf.HBA(a.Subnet)),
			"initial-password": workload.SecretText(initialPassword),
		},
		Mounts: []workload.Mount{
			{Volume: data.Name, Path: datavolume.Mount(config.PostgresMajor(a.Image))},
			{Volume: socket.Name, Path: postgresconf.SocketDir},
		},
		Networks: []workload.Network{{Name: a.Network, Aliases: []string{Host}}},
		// With -h: on the socket it would call the temporary server of the first start healthy.
		Health:      workload.Health{Command: []string{"pg_isready", "-q", "-h", "127.0.0.1", "-U", postgresconf.ProbeUser, "-d", postgresconf.Database}},
		MemoryMiB:   a.Size.MemoryMiB,
		CPUs:        a.Size.CPUs,
		Interactive: true,
		ShmMiB:      256,
		Grace:       2 * time.Minute,
		Order:       workload.StopFirst,
	}
}

// Run runs SQL as the superuser, once and again whenever it changes.
func (db *Database) Run(ctx *pulumi.Context, name, role, sql string, opts ...pulumi.ResourceOption) (*workload.JobRun, error) {
	return workload.Job(ctx, db.args.Engine, name, db.args.statements(role, pulumi.String(sql), db.socket), opts...)
}

// statements reaches the server over its socket, as the superuser without a password and without a network.
func (a Args) statements(role string, sql pulumi.StringInput, socket *workload.Volume) workload.Spec {
	return workload.Spec{
		Role:       role,
		Image:      a.Image,
		User:       User,
		Entrypoint: []string{"psql"},
		Command: []string{
			"--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1", "--host=" + postgresconf.SocketDir, "--username=postgres",
			"--dbname=" + postgresconf.Database, "--file=" + workload.FilesDir + "/" + role + ".sql",
		},
		Files:     map[string]workload.File{role + ".sql": workload.SecretText(sql)},
		Mounts:    []workload.Mount{{Volume: socket.Name, Path: postgresconf.SocketDir}},
		MemoryMiB: 64,
	}
}

func (a Args) roles() pulumi.StringOutput {
	return pulumi.Sprintf("%s%s%s", a.applicationRoles(), a.readers(), a.backup())
}

func (a Args) applicationRoles() pulumi.StringOutput {
	return pulumi.All(a.Credential.A.Secret, a.Credential.A.Salt, a.Credential.B.Secret, a.Credential.B.Salt).ApplyT(func(v []any) (string, error) {
		slotA, errA := slot(postgresconf.RoleA, v[0], v[1], a.Credential.Valid("a"))
		slotB, errB := slot(postgresconf.RoleB, v[2], v[3], a.Credential.Valid("b"))
		return postgresconf.Roles(slotA, slotB), errors.Join(errA, errB)
	}).(pulumi.StringOutput)
}

func (a Args) readers() pulumi.StringInput {
	if a.Readers == nil {
		return pulumi.String(postgresconf.NoReaders(postgresconf.RoleServerFigures, postgresconf.RolePrefectFigures))
	}
	const reserved = "pg_use_reserved_connections" // who cannot log in when all connections are taken cannot tell of it
	return pulumi.All(verifier(a.Readers.Server), verifier(a.Readers.Prefect)).ApplyT(func(v []any) string {
		return postgresconf.Readers(
			postgresconf.Reader{Role: postgresconf.RoleServerFigures, Verifier: v[0].(string), Connections: config.ExporterConnections, MemberOf: []string{"pg_monitor", reserved}},
			postgresconf.Reader{Role: postgresconf.RolePrefectFigures, Verifier: v[1].(string), Connections: config.ExporterConnections, MemberOf: []string{reserved}},
		)
	}).(pulumi.StringOutput)
}

func (a Args) backup() pulumi.StringInput {
	if a.Backup == nil {
		return pulumi.String(postgresconf.NoBackup())
	}
	return verifier(a.Backup).ApplyT(postgresconf.Backup).(pulumi.StringOutput)
}

// verifier is that of the active slot.
func verifier(of *credential.Credential) pulumi.StringOutput {
	return pulumi.All(of.Active().Secret, of.Active().Salt).ApplyT(func(v []any) (string, error) {
		return scram.Verifier(v[0].(string), v[1].(string))
	}).(pulumi.StringOutput)
}

func (a Args) url() pulumi.StringOutput {
	role := postgresconf.RoleA
	if a.Credential.ActiveSlot == "b" {
		role = postgresconf.RoleB
	}
	return a.Credential.Active().Secret.ApplyT(func(password string) string {
		return dsn.Target{Scheme: dsn.AsyncPG, User: role, Password: password, Host: Host, Port: Port, Database: postgresconf.Database}.URL()
	}).(pulumi.StringOutput)
}

func slot(role string, password, salt any, valid bool) (postgresconf.Slot, error) {
	verifier, err := scram.Verifier(password.(string), salt.(string))
	return postgresconf.Slot{Role: role, Verifier: verifier, Valid: valid}, err
}

package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"prefect-platform/config"
	"prefect-platform/internal/clone"
	"prefect-platform/internal/datavolume"
	"prefect-platform/internal/doctor"
	"prefect-platform/internal/engine"
	"prefect-platform/internal/engine/live"
	"prefect-platform/internal/lock"
	"prefect-platform/internal/mend"
	"prefect-platform/internal/state"
)

// examination is what was seen of a stack and its engine, and the two to go on with.
type examination struct {
	doctor.Seen
	state  *state.Deployment
	engine *live.Engine // nil when it does not answer
	remote bool         // over ssh
}

// examine looks at everything that may keep a stack from working. What is wrong with stack or engine is part of the result; an error means that it could not look.
func (s *session) examine(ctx context.Context) (*examination, error) {
	x := &examination{Seen: doctor.Seen{Stack: s.options.stack, Command: s.command, FreeDisk: -1, PortTaken: portTaken}}
	x.Tools = []doctor.Tool{pulumiTool(s.clone), goTool()}

	var exporting sync.WaitGroup
	var exportErr error
	exporting.Go(func() { x.state, exportErr = s.export(ctx) })
	x.Config, x.ConfigErr = s.config(ctx)
	exporting.Wait()
	if exportErr != nil {
		return nil, exportErr
	}

	for _, r := range x.state.Resources() {
		if _, _, ok := datavolume.Of(x.Stack, r.ID()); ok && r.Data() && !r.Replaced() {
			x.DatabaseVolume = r.ID()
		}
	}
	to := engine.Resolve(x.Config.Engine)
	x.remote = strings.HasPrefix(to.Host, "ssh://")
	if x.remote {
		x.Tools = append(x.Tools, tool("ssh", "install an OpenSSH client", "-V"))
	}
	x.look(ctx, to)
	if local := clone.LocalBackend(s.env, os.LookupEnv); local != "" {
		holders, err := lock.FromFolder(local, config.Namespace, s.options.stack)
		if err != nil {
			return nil, err
		}
		x.Locks = holders
	}
	return x, nil
}

// look asks the engine.
func (x *examination) look(ctx context.Context, to engine.Endpoint) {
	x.EngineAt = to.Host
	e, err := live.Dial(ctx, to)
	if err != nil {
		x.EngineErr = err
		return
	}
	x.engine, x.EngineAt, x.Local = e, e.At, e.Local
	if x.Facts, err = e.Facts(ctx); err != nil {
		x.EngineErr = err
		return
	}
	if x.Has, err = e.Inventory(ctx); err != nil {
		x.EngineErr = err
		return
	}
	plan := mend.New(x.Stack, x.state, x.Has)
	x.Mend = &plan
	for _, c := range x.Has.Of(x.Stack) {
		if c.State != "running" || c.Role != "service" {
			continue
		}
		if free, err := e.FreeDisk(ctx, c.ID); err == nil {
			x.FreeDisk = free
			return
		}
	}
}

// close ends the connections to the engine.
func (x *examination) close() {
	if x.engine != nil {
		_ = x.engine.Close()
	}
}

// portTaken tries to listen where the edge will.
func portTaken(address string, port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err != nil {
		// Ports below 1024 may be closed to us and open to the engine.
		return strings.Contains(err.Error(), "address already in use")
	}
	_ = listener.Close()
	return false
}

func goTool() doctor.Tool {
	return tool("go", "https://go.dev/doc/install (Pulumi builds the program with it)", "env", "GOVERSION")
}

func tool(name, remedy string, version ...string) doctor.Tool {
	found := doctor.Tool{Name: name, Remedy: remedy}
	output, err := exec.Command(name, version...).CombinedOutput()
	if err == nil {
		found.Version = strings.TrimPrefix(strings.TrimSpace(string(output)), name)
	}
	return found
}

// checked examines a stack and stops where `up`, `down` and `clean` could not do their work.
func (s *session) checked(ctx context.Context) (*examination, error) {
	x, err := s.examine(ctx)
	if err != nil {
		return nil, err
	}
	findings := doctor.Prerequisites(x.Seen)
	s.findings = findings
	doctor.Print(os.Stdout, findings, doctor.Warning)
	if doctor.Worst(findings) == doctor.Problem {
		x.close()
		fmt.Println("Nothing was changed. Mend this, then run it again.")
		return nil, errSaid
	}
	return x, nil
}

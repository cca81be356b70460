// Command grafana is a double of Grafana, which cannot be had where only package registries are reached. It starts with the settings and the provisioning that
// Grafana would start with, or says what is wrong with them, and answers what a health check, a proxy in front and a test ask. It draws nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// version is set when the program is linked.
var version = "unknown"

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	if err := run(log); err != nil {
		log.Error("the double of Grafana does not start, or stops", "error", err)
		os.Exit(1)
	}
}

func run(log *slog.Logger) error {
	if len(os.Args) != 2 || os.Args[1] != "server" {
		return fmt.Errorf("want the one argument server, found %q: the double takes its settings from the environment", os.Args[1:])
	}
	settings, err := readSettings(os.Environ(), os.ReadFile)
	if err != nil {
		return err
	}
	provisioned, err := readProvisioning(settings.text("GF_PATHS_PROVISIONING"), os.LookupEnv)
	if err != nil {
		return err
	}
	handler, err := newSite(settings, provisioned)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: ":" + settings.text("GF_SERVER_HTTP_PORT"), Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	log.Info("this is the lab's double of Grafana, it is not Grafana", "version", version, "address", server.Addr,
		"dataSources", len(provisioned.dataSources), "dashboards", len(provisioned.dashboards))
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

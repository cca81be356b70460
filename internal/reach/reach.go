// Package reach asks the edge of a stack, over the network and as a client would, whether Prefect is there.
package reach

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Edge is an edge as a client knows it.
type Edge struct {
	// URL is that of the edge, without a trailing slash.
	URL string
	// CA is the PEM certificate to trust; empty means those of the system.
	CA string
	// User and Password are the credential.
	User, Password string
}

// ErrNotAllowed says that the edge answers, but not to this machine's address.
var ErrNotAllowed = errors.New("the edge answers 403: this machine is not in edge.allow")

var errUnauthorized = errors.New("401 Unauthorized")

// every is the pause between two tries.
const every = 500 * time.Millisecond

// Wait asks until Prefect answers that it is ready, or the context ends; then the last answer is the error.
func (e Edge) Wait(ctx context.Context) error { return e.until(ctx, e.ready) }

// WaitRefused asks until the credential is refused, or the context ends; then the last answer is the error.
func (e Edge) WaitRefused(ctx context.Context) error { return e.until(ctx, e.refused) }

func (e Edge) until(ctx context.Context, try func(context.Context, *http.Client) error) error {
	client, err := e.client()
	if err != nil {
		return err
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var last error
	for {
		switch err := try(ctx, client); {
		case err == nil || errors.Is(err, ErrNotAllowed):
			return err
		case ctx.Err() == nil || last == nil: // not the end of the context, but a reason
			last = err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return last
		}
	}
}

// ready checks the way in twice: without a credential as a load balancer does, then with it down to the database.
func (e Edge) ready(ctx context.Context, client *http.Client) error {
	if err := e.get(ctx, client, "/api/health", false); err != nil {
		return err
	}
	return e.get(ctx, client, "/api/ready", true)
}

func (e Edge) refused(ctx context.Context, client *http.Client) error {
	switch err := e.get(ctx, client, "/api/ready", true); {
	case errors.Is(err, errUnauthorized):
		return nil
	case err == nil:
		return fmt.Errorf("GET %s/api/ready: the credential is still accepted", e.URL)
	default:
		return err
	}
}

func (e Edge) get(ctx context.Context, client *http.Client, path string, login bool) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL+path, nil)
	if err != nil {
		return err
	}
	if login {
		request.SetBasicAuth(e.User, e.Password)
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusForbidden:
		return ErrNotAllowed
	case http.StatusUnauthorized:
		return fmt.Errorf("GET %s%s: %w", e.URL, path, errUnauthorized)
	default:
		return fmt.Errorf("GET %s%s: %s", e.URL, path, response.Status)
	}
}

func (e Edge) client() (*http.Client, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if e.CA != "" {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM([]byte(e.CA)) {
			return nil, errors.New("the CA certificate of the stack cannot be read")
		}
	}
	return &http.Client{
		Timeout:   5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true},
	}, nil
}

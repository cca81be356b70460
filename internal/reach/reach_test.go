package reach

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func serve(t *testing.T, handle http.HandlerFunc) Edge {
	t.Helper()
	server := httptest.NewTLSServer(handle)
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return Edge{URL: server.URL, CA: string(ca), User: "prefect", Password: "p@ss:word"}
}

// prefect answers like the edge: health to everybody, readiness to those who log in.
func prefect(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	switch {
	case r.URL.Path == "/api/health" && user == "":
	case r.URL.Path == "/api/ready" && user == "prefect" && password == "p@ss:word":
	default:
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestWait_EndsWhenPrefectIsReady(t *testing.T) {
	var asked atomic.Int32
	edge := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		prefect(w, r)
	})
	if err := edge.Wait(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestWait_ReportsTheLastAnswer(t *testing.T) {
	edge := serve(t, prefect)
	edge.Password = "wrong"
	if err := edge.Wait(soon(t)); err == nil || !strings.Contains(err.Error(), "/api/ready: 401") {
		t.Errorf("got %v", err)
	}
}

func TestWait_GivesUpAtOnceWhereItIsNotAllowed(t *testing.T) {
	edge := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	if err := edge.Wait(soon(t)); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("got %v", err)
	}
}

func TestWait_TrustsNoOtherCertificate(t *testing.T) {
	edge := serve(t, prefect)
	edge.CA = ""
	if err := edge.Wait(soon(t)); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("got %v", err)
	}
	edge.CA = "no certificate"
	if err := edge.Wait(soon(t)); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("got %v", err)
	}
}

func TestWaitRefused_EndsWhenTheCredentialIsRefused(t *testing.T) {
	var asked atomic.Int32
	edge := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		switch asked.Add(1) {
		case 1: // still accepted
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := edge.WaitRefused(ctx); err != nil || asked.Load() != 3 {
		t.Errorf("after %d requests: %v", asked.Load(), err)
	}
}

func TestWaitRefused_TakesNothingElseForARefusal(t *testing.T) {
	for status, says := range map[int]string{http.StatusOK: "still accepted", http.StatusServiceUnavailable: "503"} {
		edge := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		if err := edge.WaitRefused(soon(t)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%d: got %v", status, err)
		}
	}
	elsewhere := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	if err := elsewhere.WaitRefused(soon(t)); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("got %v", err)
	}
}

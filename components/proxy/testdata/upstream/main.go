// Command upstream stands in for the Prefect API behind the edge in the lab tests.
package main

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

var (
	ready  atomic.Bool
	served atomic.Int64
)

func main() {
	ready.Store(true)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, true) })
	mux.HandleFunc("GET /api/ready", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			answer(w, 503, "Database is not available")
			return
		}
		answer(w, 200, "OK")
	})
	mux.HandleFunc("/api/", api)
	mux.HandleFunc("/", page)

	server := &http.Server{Addr: ":4200", Handler: mux, ReadHeaderTimeout: time.Minute}
	log.Fatal(server.ListenAndServe())
}

// api echoes a request, or does what its query says.
func api(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	query := r.URL.Query()
	if wanted := query.Get("ready"); wanted != "" {
		ready.Store(wanted == "true")
	}
	switch {
	case query.Has("hang-up"): // after the request was read
		log.Print("hang up on ", r.Method)
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = connection.Close()
		}
	case query.Get("status") != "":
		status, err := strconv.Atoi(query.Get("status"))
		if err != nil {
			status = 400
		}
		answer(w, status, "as you asked")
	case strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		websocket(w, r)
	default:
		name, _ := os.Hostname()
		answer(w, 200, map[string]any{
			"instance": name, "uri": r.RequestURI, "host": r.Host, "headers": r.Header, "bytes": len(body), "ballast": strings.Repeat("compress me ", 500),
		})
	}
}

// websocket shakes hands (RFC 6455, 4.2.2) and echoes whatever comes.
func websocket(w http.ResponseWriter, r *http.Request) {
	key := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	connection, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = connection.Close() }()
	_, err = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(key[:])+"\r\n\r\n")
	if err == nil {
		_, _ = io.Copy(connection, buffered)
	}
}

// page is the user interface: bundles, and the same page for everything else that a browser navigates to.
func page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Served", strconv.FormatInt(served.Add(1), 10))
	w.Header().Set("Set-Cookie", "prefect_ui_version=v2")
	if strings.Contains(r.URL.Path, "assets/") && !strings.Contains(r.URL.Path, "missing") {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, strings.Repeat("console.log('bundle');\n", 200))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<!doctype html><title>Prefect</title>")
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

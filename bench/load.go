package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// connections that are kept busy. Ways take turns, so that what else the machine does falls on all of them.
const (
	connections = 32
	rows        = 50 // flow runs in the database, of which each request lists 20
)

// job is what the client in the container is told on its environment, as JSON.
type job struct {
	Ways       map[string]string // base URLs of the same API, by name
	Turns      int               // of each way
	Turn       time.Duration     // how long one is
	Fill       string            // base URL by which flow runs are made first; empty: there are some
	ServerName string            // in the edge's certificate
	CA         string            // PEM
	Auth       string            // user:password
}

// result of one way.
type result struct {
	Requests, Failed uint64
	PerSecond        float64
	P50, P99         time.Duration
}

// jobVariable hands the job to the client.
const jobVariable = "BENCH_JOB"

// generate measures all ways and prints their results as JSON.
func generate(ctx context.Context) error {
	var j job
	if err := json.Unmarshal([]byte(os.Getenv(jobVariable)), &j); err != nil {
		return fmt.Errorf("%s: %w", jobVariable, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(j.CA)) {
		return errors.New("no CA certificate")
	}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots, ServerName: j.ServerName, MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: connections,
	}
	if j.Fill != "" {
		if err := fill(ctx, j, transport); err != nil {
			return err
		}
	}
	metrics := map[string]*vegeta.Metrics{}
	for name := range j.Ways {
		metrics[name] = &vegeta.Metrics{}
	}
	for range j.Turns {
		for name, base := range j.Ways {
			j.attack(ctx, transport, base, metrics[name])
		}
	}
	results := map[string]result{}
	for name, m := range metrics {
		results[name] = summary(m, time.Duration(j.Turns)*j.Turn)
	}
	return json.NewEncoder(os.Stdout).Encode(results)
}

// attack keeps all connections busy for one turn.
func (j job) attack(ctx context.Context, transport *http.Transport, base string, into *vegeta.Metrics) {
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{Transport: transport, Timeout: 30 * time.Second}),
		vegeta.Workers(connections), vegeta.MaxWorkers(connections),
	)
	defer context.AfterFunc(ctx, func() { attacker.Stop() })()
	target := vegeta.Target{Method: http.MethodPost, URL: base + "/api/flow_runs/filter", Header: j.header(), Body: []byte(`{"limit": 20}`)}
	for r := range attacker.Attack(vegeta.NewStaticTargeter(target), vegeta.Rate{}, j.Turn, "") {
		into.Add(r)
	}
	transport.CloseIdleConnections()
}

func (j job) header() http.Header {
	request := http.Request{Header: http.Header{"Content-Type": {"application/json"}, "Host": {j.ServerName}}}
	user, password, _ := strings.Cut(j.Auth, ":")
	request.SetBasicAuth(user, password)
	return request.Header
}

// fill gives the requests something to list.
func fill(ctx context.Context, j job, transport *http.Transport) error {
	var flow struct {
		ID string `json:"id"`
	}
	if err := j.post(ctx, transport, "/api/flows/", map[string]any{"name": "bench"}, &flow); err != nil {
		return err
	}
	for range rows {
		if err := j.post(ctx, transport, "/api/flow_runs/", map[string]any{"flow_id": flow.ID}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (j job) post(ctx context.Context, transport *http.Transport, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, j.Fill+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header = j.header()
	answer, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s", path, answer.Status)
	}
	if into == nil {
		into = &json.RawMessage{}
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

// summary of all turns: requests per second while requests were made, not while the other way had its turn.
func summary(m *vegeta.Metrics, took time.Duration) result {
	m.Close()
	return result{
		Requests:  m.Requests,
		Failed:    m.Requests - uint64(float64(m.Requests)*m.Success+0.5),
		PerSecond: float64(m.Requests) / took.Seconds(),
		P50:       m.Latencies.P50,
		P99:       m.Latencies.P99,
	}
}

//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// webSocketAuth opens one of the WebSocket paths as Prefect's clients do, sends the token (none if empty) and returns the first answer.
func webSocketAuth(ctx context.Context, path, token string) (string, error) {
	connection, answer, err := webSocket(ctx, path, token)
	if connection != nil {
		_ = connection.CloseNow()
	}
	return answer, err
}

// webSocket is webSocketAuth that leaves the connection open.
func webSocket(ctx context.Context, path, token string) (*websocket.Conn, string, error) {
	connection, _, err := websocket.Dial(ctx, strings.Replace(stack.URL, "https://", "wss://", 1)+path, &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: &http.Transport{TLSClientConfig: http1(stack.TLS())}},
		Subprotocols: []string{"prefect"},
	})
	if err != nil {
		return nil, "", err
	}
	hello := map[string]string{"type": "auth"}
	if token != "" {
		hello["token"] = token
	}
	message, err := json.Marshal(hello)
	if err == nil {
		err = connection.Write(ctx, websocket.MessageText, message)
	}
	if err != nil {
		return connection, "", err
	}
	_, answer, err := connection.Read(ctx)
	return connection, string(answer), err
}

// http1 leaves HTTP/2 out, over which this library opens no WebSocket.
func http1(config *tls.Config) *tls.Config {
	config.NextProtos = []string{"http/1.1"}
	return config
}

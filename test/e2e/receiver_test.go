//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// double stands for whoever gets notifications: webhooks, a chat and a mail server. It prints a line for each. While there is a file /tmp/broken it refuses
// those for the path /alerts.
const double = `
import http.server, json, os, socketserver, threading

one = threading.Lock()

def note(**what):
    with one:
        print(json.dumps(what), flush=True)

class Web(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        refused = self.path == "/alerts" and os.path.exists("/tmp/broken")
        if not refused:
            note(path=self.path, body=json.loads(body))
        self.send_response(500 if refused else 200)
        self.end_headers()
        self.wfile.write(b"ok")  # Slack's answer, without which Alertmanager takes a message for lost
    def log_message(self, *_):
        pass

class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        def say(text):
            self.wfile.write(text + b"\r\n")
        say(b"220 double")
        while line := self.rfile.readline():
            match line[:4].upper():
                case b"DATA":
                    say(b"354 go on")
                    text = b""
                    while (line := self.rfile.readline()) not in (b".\r\n", b""):
                        text += line
                    note(path="mail", mail=text.decode())
                    say(b"250 taken")
                case b"QUIT":
                    say(b"221 bye")
                    return
                case _:
                    say(b"250 fine")

threading.Thread(target=socketserver.ThreadingTCPServer(("0.0.0.0", 2525), Mail).serve_forever).start()
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Web).serve_forever()
`

// notification is what arrived at the double: by webhook or chat the body, by mail the text.
type notification struct {
	Path string `json:"path"`
	Body struct {
		Alerts []struct {
			Status      string            `json:"status"`
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"alerts"`
		Attachments []struct {
			Title string `json:"title"`
			Text  string `json:"text"`
		} `json:"attachments"`
	} `json:"body"`
	Mail string `json:"mail"`
}

// notifications are what has arrived at the double, beginning after a number of them.
func notifications(t *testing.T, receiver *Process, after int) []notification {
	t.Helper()
	stdout, _ := receiver.Output(t)
	var all []notification
	for _, line := range strings.Split(stdout, "\n") {
		var n notification
		if json.Unmarshal([]byte(line), &n) == nil {
			all = append(all, n)
		}
	}
	return all[min(after, len(all)):]
}

// tells says why nobody was told of an alert's status at a path, after a number of notifications; nil if somebody was.
func tells(t *testing.T, receiver *Process, path string, after int, alert, status string) error {
	t.Helper()
	var others []string
	for _, n := range notifications(t, receiver, after) {
		for _, a := range n.Body.Alerts {
			if n.Path != path || a.Labels["alertname"] != alert || a.Status != status {
				others = append(others, n.Path+" "+a.Labels["alertname"]+" "+a.Status)
				continue
			}
			if a.Annotations["runbook_url"] == "" || a.Annotations["summary"] == "" || a.Labels["severity"] == "" {
				t.Errorf("%s tells too little: %+v", alert, a)
			}
			return nil
		}
	}
	slices.Sort(others)
	return fmt.Errorf("nobody was told that %s is %s, but of %v", alert, status, slices.Compact(others))
}

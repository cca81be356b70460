# The interface of a provider of DNS that lego calls httpreq, before the server of records.
import base64, http.server, json, sys, urllib.request
expected = "Basic " + base64.b64encode(("prefect:" + sys.argv[1]).encode()).decode()
class Provider(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        record = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != expected:
            self.send_response(401)
        else:
            verb = "set-txt" if self.path == "/present" else "clear-txt"
            body = json.dumps({"host": record["fqdn"], "value": record["value"]}).encode()
            urllib.request.urlopen("http://records:8055/" + verb, body)
            self.send_response(200)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Provider)
print("ready", flush=True)
server.serve_forever()

# A server of names that knows every name as one container, wherever that is just then. Clients find the edge under localhost, an authority cannot.
import socket, socketserver, sys, threading

def answer(query):
    end = query.index(b"\0", 12) + 5
    found = b""
    if query[end - 4:end - 2] == b"\0\1":
        found = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(socket.gethostbyname(sys.argv[1]))
    return query[:2] + b"\x85\x80\0\1" + (b"\0\1" if found else b"\0\0") + b"\0\0\0\0" + query[12:end] + found

class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        query, server = self.request
        server.sendto(answer(query), self.client_address)

class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        while length := self.rfile.read(2):
            reply = answer(self.rfile.read(int.from_bytes(length)))
            self.wfile.write(len(reply).to_bytes(2) + reply)

stream = socketserver.ThreadingTCPServer(("0.0.0.0", 8053), Stream)
datagram = socketserver.ThreadingUDPServer(("0.0.0.0", 8053), Datagram)
print("ready", flush=True)
threading.Thread(target=stream.serve_forever).start()
datagram.serve_forever()

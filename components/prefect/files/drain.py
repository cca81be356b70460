"""First process of an API container: python drain.py --serve SECONDS --linger SECONDS -- MODULE ARGUMENTS...

Runs a Python module that serves with uvicorn, and lets a proxy lose no request when the container is replaced. Uvicorn's own
stop closes idle connections and the listening socket at once: whoever sends at that moment gets a reset, and a proxy does
not repeat a POST that it has sent. On SIGTERM or SIGINT this does instead:

1. For --serve seconds it serves on, and ends each connection with its answer (Connection: close). The proxy takes the
   successor into rotation, and gives up its idle connections if it keeps them for less than that.
2. New connections are held off until none waits to be accepted, then refused: a proxy tries those elsewhere at once.
3. Requests that are under way are answered, WebSockets closed with 1012 (restart), and the server ends.
4. For --linger seconds the address lives on: one that refuses is tried elsewhere at once, one that is gone hangs.

Exit code 0 after that, 1 when a step failed, else that of the module. Further signals change nothing. Before the server serves, a signal ends it at once.
"""

import argparse
import asyncio
import runpy
import socket
import struct
import sys
import time

import platformlog
import uvicorn

IP_MINTTL = 21  # linux/in.h
# In TCP_INFO of a listening socket tcpi_unacked is how many connections wait to be accepted (net/ipv4/tcp.c, tcp_get_info).
UNACKED = 24

ACCEPTED = 1.0  # seconds that what was accepted last has to send its request


def hold_off_new_connections(listener):
    """Packets that ask for a connection are dropped (net/ipv4/tcp_ipv4.c, min_ttl): what others send lives for 64 hops, not 255."""
    listener.setsockopt(socket.IPPROTO_IP, IP_MINTTL, 255)


def accept_packets(connection):
    """A connection whose handshake ended while new ones were held off has inherited that; what was dropped comes again after 0.2 s."""
    connection.setsockopt(socket.IPPROTO_IP, IP_MINTTL, 0)


def waiting(listener):
    """How many connections wait to be accepted."""
    return struct.unpack_from("I", listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), UNACKED)[0]


async def drain(server, serve):
    try:
        platformlog.say("drain", f"serving on for {serve:g} s")
        server.config.encoded_headers.append((b"connection", b"close"))
        await asyncio.sleep(serve)

        platformlog.say("drain", "refusing new connections")
        listeners = [listener for each in server.servers for listener in each.sockets]
        for listener in listeners:
            hold_off_new_connections(listener)
        await asyncio.sleep(0.02)  # a handshake that had begun ends
        while any(waiting(listener) for listener in listeners):
            await asyncio.sleep(0.01)
        for each in server.servers:
            each.close()
        for connection in server.server_state.connections:
            accept_packets(connection.transport.get_extra_info("socket"))
        await asyncio.sleep(ACCEPTED)
    finally:
        platformlog.say("drain", "stopping")
        server.should_exit = True


def install(serve):
    """Makes uvicorn drain when it is told to stop. Returns what is not empty once it was told."""
    drains = []

    def begin(server):
        if not drains:
            drains.append(asyncio.ensure_future(drain(server, serve)))

    def handle_exit(server, number, frame):
        if server.started:
            asyncio.get_running_loop().call_soon_threadsafe(begin, server)
        else:
            server.should_exit = True

    uvicorn.Server.handle_exit = handle_exit
    return drains


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run a server that drains when it is stopped.")
    parser.add_argument("--serve", type=float, required=True, metavar="SECONDS")
    parser.add_argument("--linger", type=float, required=True, metavar="SECONDS")
    parser.add_argument("module")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    drained = install(options.serve)
    sys.argv = [options.module, *options.arguments]
    try:
        runpy.run_module(options.module, run_name="__main__", alter_sys=True)
    finally:
        if drained:
            platformlog.say("drain", f"stopped, lingering for {options.linger:g} s")
            time.sleep(options.linger)
            drained[0].result()

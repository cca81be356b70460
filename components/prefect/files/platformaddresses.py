"""Turns from one container of the API to the next, while several bear its name.

While the API is replaced because the value of its credential was changed in its slot, one that knows the old value answers beside one that knows
the new. libc puts the address that is most like the caller's own first each time (RFC 6724, rule 9), so that trying again leads to the same one.
"""

import os
import socket
import urllib.parse

TURN = "PLATFORM_API_TURN"  # in the environment, for flow runs
LOOK_UP = socket.getaddrinfo


def turn(number):
    """Puts another address of the API first, in this process and those that it starts; 0 leaves the order as it is."""
    os.environ[TURN] = str(number)
    install()


def install():
    """Does so with the number that is in the environment."""
    host = urllib.parse.urlsplit(os.environ.get("PREFECT_API_URL")).hostname
    number = int(os.environ.get(TURN, "0"))

    def turned(name, *args, **options):
        found = LOOK_UP(name, *args, **options)
        if (name.decode() if isinstance(name, bytes) else name) != host:
            return found
        addresses = sorted({entry[4] for entry in found})
        first = addresses[number % len(addresses)]
        return sorted(found, key=lambda entry: entry[4] != first)

    socket.getaddrinfo = turned if number else LOOK_UP

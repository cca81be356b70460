"""Logging handler that appends flow and task logs to one file as JSON lines, from any number of processes at once.

Every flow run is a process of its own and logs into the same file, which rotates by size. The lock is on the log file
itself and taken anew for each record: it survives neither a fork nor a rotation, so that neither can break it.
A log must never harm the flow: what cannot be written within LOCK_SECONDS is dropped, and no error is raised.
"""

import fcntl
import logging
import os
import sys
import time

import platformlog

LOCK_SECONDS = 1.0  # longest wait for the other processes
PAUSE_SECONDS = 10.0  # records dropped unseen after a failure, so that a flow is not slowed by each of its log lines


class FlowLogHandler(logging.Handler):
    """Writes to filename; above maxBytes it becomes filename.1 and so on up to filename.<backupCount>."""

    def __init__(self, filename, maxBytes=50 * 1024 * 1024, backupCount=5):
        super().__init__()
        self.path, self.max_bytes, self.backups = filename, maxBytes, backupCount
        self.paused_until = 0.0

    def emit(self, record):
        if time.monotonic() < self.paused_until:
            return
        try:
            self._append(platformlog.encode(record).encode() + b"\n")
        except Exception as error:  # a full disk, a lock held by a stopped process, an argument that cannot be formatted
            if isinstance(error, OSError):
                self.paused_until = time.monotonic() + PAUSE_SECONDS
            print(f"log record not written to {self.path}: {error!r}", file=sys.stderr)

    def _append(self, line):
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o664)
            try:
                _lock(fd, deadline)
                size = os.fstat(fd).st_size
                if not self._is_current(fd):
                    continue  # rotated while we waited: what we hold is a backup now
                if size and size + len(line) > self.max_bytes:
                    self._rotate()
                    continue
                if os.write(fd, line) != len(line):
                    os.ftruncate(fd, size)  # the disk is full: no half line for the next one to be glued to
                    raise OSError("disk full")
                return
            finally:
                os.close(fd)

    def _is_current(self, fd):
        try:
            return os.path.samestat(os.fstat(fd), os.stat(self.path))
        except FileNotFoundError:
            return False

    def _rotate(self):
        """Only the holder of the current file's lock gets here, and the last rename hands that over."""
        names = [self.path, *(f"{self.path}.{n}" for n in range(1, self.backups + 1))]
        for source, target in reversed(list(zip(names, names[1:]))):
            if os.path.exists(source):
                os.replace(source, target)
        if not self.backups:
            os.unlink(self.path)


def _lock(fd, deadline):
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.002)

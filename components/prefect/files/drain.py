"""First process of an API container: python drain.py --serve SECONDS --linger SECONDS -- COMMAND...

A replaced API container must neither stop before the proxy has its successor in rotation nor vanish while the proxy still
connects to it: an address that refuses is tried elsewhere at once, one that is gone hangs. So on SIGTERM or SIGINT the
command serves on for --serve seconds, is told to stop, and once it has ended its address lives on for --linger seconds.
Exit code 0 after a stop, else that of the command (128 + n for signal n). Further signals change nothing.
"""

import argparse
import signal
import subprocess
import sys
import time

SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


def start(command):
    """The command in a session of its own, so that signals to our process group do not reach it."""
    return subprocess.Popen(
        command, start_new_session=True, preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    )


def run(command, serve, linger):
    # Blocked signals wait until they are asked for: none is lost between a look at the child and the wait for a signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    child = start(command)

    while child.poll() is None and signal.sigwait(SIGNALS) == signal.SIGCHLD:
        pass
    if child.returncode is None:
        print(f"drain: serving on for {serve:g} s", flush=True)
        deadline = time.monotonic() + serve
        while child.poll() is None and (left := deadline - time.monotonic()) > 0:
            signal.sigtimedwait({signal.SIGCHLD}, left)
    if child.returncode is not None:
        return child.returncode if child.returncode >= 0 else 128 - child.returncode

    print("drain: stopping", flush=True)
    child.terminate()
    child.wait()
    print(f"drain: stopped, lingering for {linger:g} s", flush=True)
    time.sleep(linger)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run a server that drains when it is stopped.")
    parser.add_argument("--serve", type=float, required=True, metavar="SECONDS")
    parser.add_argument("--linger", type=float, required=True, metavar="SECONDS")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    sys.exit(run(options.command, options.serve, options.linger))

import os
import signal
import subprocess
import sys
import time
import unittest

from support import FILES, wait

# Prints what happens to it; ends 0.3 s after a SIGTERM, as a server that finishes its requests.
SERVER = """
import os, signal, sys, time
def stop(number, frame):
    print("got", number, flush=True); time.sleep(0.3); sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("pid", os.getpid(), flush=True)
while True: time.sleep(60)
"""


def drain(*command, serve=1.0, linger=0.6):
    arguments = [sys.executable, FILES / "drain.py", "--serve", str(serve), "--linger", str(linger), "--", *command]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, start_new_session=True)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Drain(unittest.TestCase):
    def serving(self, **times):
        process = drain(sys.executable, "-c", SERVER, **times)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, int(process.stdout.readline().split()[1])

    def test_serves_then_stops_then_lingers(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                process, server = self.serving()
                stopped = time.monotonic()
                process.send_signal(number)
                wait(lambda: not alive(server), 5, "end of the server")
                served = time.monotonic() - stopped
                self.assertEqual(process.wait(5), 0)
                total = time.monotonic() - stopped
                self.assertGreaterEqual(served, 1.3)  # --serve, and the server's own 0.3 s
                self.assertLess(served, 2.3)
                self.assertGreaterEqual(total - served, 0.5)  # --linger
                self.assertLess(total, 3.5)
                self.assertIn("got 15", process.stdout.read())

    def test_signals_to_the_group_do_not_reach_the_server(self):
        process, server = self.serving()
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(process.stdout.readline(), "drain: serving on for 1 s\n")
        time.sleep(0.5)
        self.assertTrue(alive(server))
        self.assertEqual(process.wait(5), 0)

    def test_a_second_signal_shortens_nothing(self):
        process, server = self.serving()
        started = time.monotonic()
        for _ in range(3):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
        self.assertEqual(process.wait(5), 0)
        self.assertGreaterEqual(time.monotonic() - started, 1.8)

    def test_ends_at_once_with_the_code_of_a_server_that_ends(self):
        for command, code in ((["sh", "-c", "exit 7"], 7), (["true"], 0), (["sh", "-c", "kill -KILL $$"], 137)):
            with self.subTest(command):
                started = time.monotonic()
                process = drain(*command)
                self.assertEqual(process.wait(5), code)
                self.assertLess(time.monotonic() - started, 0.9)
                process.stdout.close()

    def test_ends_when_the_server_is_killed_while_draining(self):
        process, server = self.serving(serve=60)
        process.send_signal(signal.SIGTERM)
        process.stdout.readline()
        os.kill(server, signal.SIGKILL)
        self.assertEqual(process.wait(5), 137)

    def test_passes_options_to_the_command(self):
        process = drain("echo", "--host", "0.0.0.0", "--no-services")
        self.assertEqual(process.communicate()[0], "--host 0.0.0.0 --no-services\n")

    def test_the_server_starts_with_no_signal_blocked(self):
        process = drain("grep", "SigBlk", "/proc/self/status")
        self.assertEqual(int(process.communicate()[0].split()[1], 16), 0)


if __name__ == "__main__":
    unittest.main()

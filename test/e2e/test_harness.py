#!/usr/bin/env python3
"""What the tests start ends with them, however they end."""
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys

from kvs_harness import *

HERE = pathlib.Path(__file__).resolve().parent
# A thread that is gone by the time the server is asked, as that of the soak's faults is after every round.
WITH_A_SERVER = """
import faulthandler, signal, threading
from kvs_harness import *
started = []
thread = threading.Thread(target=lambda: started.append(Server()))
thread.start()
thread.join()
assert started[0].request("GET", "/livez").status == 200
print(started[0].process.pid, started[0].own_directory, flush=True)
"""


class WhatATestStarts(unittest.TestCase):
    def start(self, text):
        """A program with a server: (the program, something that can be waited for until the server has ended)."""
        program = subprocess.Popen([sys.executable, "-c", WITH_A_SERVER + text], cwd=HERE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(program.stderr.close)
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        pid, directory = program.stdout.readline().decode().split()
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        server = os.pidfd_open(int(pid))
        self.addCleanup(os.close, server)
        self.addCleanup(self.end, server)
        return program, server

    def end(self, server):
        try:
            signal.pidfd_send_signal(server, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def has_ended(self, server, seconds):
        return bool(select.select([server], [], [], seconds)[0])

    def test_ends_with_a_program_that_is_killed(self):
        program, server = self.start("signal.pause()")
        self.assertFalse(self.has_ended(server, 0))
        program.kill()
        self.assertTrue(self.has_ended(server, STOP_TIMEOUT))

    def test_ends_with_a_program_whose_watchdog_finds_it_hanging(self):
        program, server = self.start("faulthandler.dump_traceback_later(0.001, exit=True)\nsignal.pause()")
        self.assertTrue(self.has_ended(server, STOP_TIMEOUT))
        self.assertEqual(program.wait(STOP_TIMEOUT), 1)
        self.assertIn(b"Timeout", program.stderr.read())


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The systemd unit: what systemd says of it, and the server under what it allows."""
import contextlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from kvs_harness import *

UNIT = ROOT / "packaging" / "kvs.service"
LAUNCHER = pathlib.Path(__file__).with_name("under_filter.py")
MOST_EXPOSED = 1.2


def interpreter():
    """A Python that has Debian's module; the one that runs this may be another."""
    for python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            if subprocess.run([python, "-c", "import seccomp"], capture_output=True, check=False).returncode == 0:
                return python
    return None


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, check=False)


class Unit(unittest.TestCase):
    def setUp(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("needs systemd-analyze")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="kvs-unit-"))
        self.addCleanup(shutil.rmtree, self.directory, True)

    def test_it_is_well_formed(self):
        copy = self.directory / "kvs.service"  # with a binary and pages that are there
        text = UNIT.read_text().replace("/usr/bin/kvs", BINARY)
        copy.write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.M))
        done = analyze("verify", "--man=no", copy)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_little_is_left_to_a_server_that_was_taken_over(self):
        done = analyze("security", "--offline=true", "--no-pager", UNIT)
        exposure = float(re.search(r"Overall exposure level for kvs.service: ([\d.]+)", done.stdout).group(1))
        self.assertLessEqual(exposure, MOST_EXPOSED, done.stdout)

    def test_the_configuration_it_names_is_valid_and_all_default(self):
        text = (ROOT / "packaging" / "kvs.conf").read_text()
        for line in text.splitlines():
            self.assertRegex(line, r"^(#.*)?$")
        config = self.directory / "kvs.conf"
        config.write_text(re.sub(r"^#(?=[a-z])", "", text, flags=re.M))  # and so is each line that is commented out
        code, stderr = run("serve", "--config", str(config), "--check-config", env={"HOME": "/"})
        self.assertEqual((code, stderr), (0, ""))


class UnderItsFilter(unittest.TestCase):
    """The server does what it is for with no call but those of the unit."""

    def setUp(self):
        python = interpreter()
        if not shutil.which("systemd-analyze") or not python:
            self.skipTest("needs systemd-analyze and python3-seccomp")
        self.launcher = [python, str(LAUNCHER), str(UNIT)]

    def server(self, *flags, **kw):
        # A sanitizer looks for leaks by ptrace, which the filter forbids, too.
        server = Server(*flags, wrapper=self.launcher, env={"ASAN_OPTIONS": "detect_leaks=0"}, **kw)
        self.addCleanup(server.remove)
        return server

    def test_the_filter_is_in_force(self):
        def refused(*command):
            done = subprocess.run(self.launcher + list(command), capture_output=True, text=True,
                                  check=False)
            return done.returncode != 0 and "Operation not permitted" in done.stderr
        self.assertTrue(refused(sys.executable, "-c", "import os; os.setpriority(os.PRIO_PROCESS, 0, 5)"))
        self.assertTrue(refused(sys.executable, "-c", "import os; os.sched_setaffinity(0, os.sched_getaffinity(0))"))
        self.assertTrue(refused(sys.executable, "-c", "import socket; socket.socket(socket.AF_NETLINK)"))
        self.assertFalse(refused(shutil.which("true")))

    def test_it_serves_watches_snapshots_and_starts_again(self):
        server = self.server("--threads", "2", "--history-bytes", "64KiB")
        with server.watch() as watch:
            self.assertEqual(watch.next()["op"], "synced")
            revision = server.put("k", "value")
            self.assertEqual(watch.next()["revision"], revision)
            for number in range(40):  # segments are made, old ones go
                server.put("k%d" % number, b"x" * 16384)
        self.assertEqual(server.request("GET", "/v1/snapshot").status, 200)
        self.assertEqual(server.request("GET", "/v1/status").status, 200)
        server.stop()
        self.assertNotRegex(server.stderr, "level=error|not permitted")
        server.start()
        self.assertEqual(server.request("GET", "/v1/kv/k").body, b"value")
        server.stop()

    def test_the_kafka_client_starts_under_it_too(self):
        server = self.server("--bus", "kafka", "--kafka-brokers", "localhost:1", "--instance", "one", wait="listening")
        self.assertEqual(server.request("GET", "/v1/kv/k").json()["code"], "starting")
        self.assertNotRegex(server.stderr, "not permitted")


if __name__ == "__main__":
    main()

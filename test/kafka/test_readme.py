#!/usr/bin/env python3
"""The README's "Several instances", run as it is written: only the addresses are others."""
import json
import os
import re
import shlex
import signal
import subprocess
import tempfile

from kafka_harness import *  # first: it knows where the others are
from kafka_broker import Port
from kvs_cli import Command

BROKER, FIRST, SECOND = "127.0.0.1:9092", "127.0.0.1:23333", "127.0.0.1:23334"  # as the README writes them


def lines():
    """The commands of the section, without comments."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Several instances\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+# .*$", "", line) for block in blocks for line in block.splitlines()]


class SeveralInstances(ClusterTest):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="kvs-readme-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        os.symlink(os.path.abspath(BINARY), os.path.join(self.directory, "kvs"))
        self.addresses = {BROKER: self.cluster.bootstrap}
        for shown in (FIRST, SECOND):
            port = Port()
            self.addCleanup(port.close)
            self.addresses[shown] = f"127.0.0.1:{port.number}"
        self.env = {"KVS_SERVER": "http://" + self.addresses[FIRST], "PATH": self.directory + os.pathsep + os.environ["PATH"]}
        self.lines = iter(lines())

    def next(self, *words):
        """The next line of the README, which must be about this; addresses put in."""
        line = next(self.lines)
        for word in words:
            self.assertIn(word, line)
        return re.sub("|".join(map(re.escape, self.addresses)), lambda found: self.addresses[found.group()], line)

    def shell(self, line):
        """What it prints."""
        ended = subprocess.run(["bash", "-c", line], cwd=self.directory, env=environment(self.env), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(ended.returncode, 0, (line, ended))
        return ended.stdout.decode("utf-8")

    def serve(self, line):
        """Starts it, and waits until it is ready."""
        self.assertTrue(line.endswith(" &"), line)
        process = Process(["bash", "-c", "exec " + line[:-2]], self.env, cwd=self.directory)
        self.addCleanup(lambda: process.running() and process.process.kill())
        port = int(re.search(r"--listen 127\.0\.0\.1:(\d+)", line).group(1))
        process.wait_line(r"\blistening\b")
        wait_until(lambda: self.status(port, "/readyz") == 200, "it is ready")
        return process

    @staticmethod
    def status(port, target):
        with Connection(("127.0.0.1", port)) as connection:
            return connection.request("GET", target).status

    def test_it_does_what_it_says(self):
        start_a, start_b = self.next("--instance a", FIRST), self.next("--instance b", SECOND)
        a, b = self.serve(start_a), self.serve(start_b)
        on_b = " --server http://" + self.addresses[SECOND]
        first = int(self.shell(self.next("kvs set City")))
        self.assertEqual(self.shell(self.next("kvs get City --linearizable", SECOND)), "Ahmedabad")
        watching = self.next("kvs watch --since 0", SECOND)
        watch = Command(*shlex.split(watching)[1:], env=self.env)
        self.addCleanup(watch.kill)
        watch.wait_stdout('"op":"synced"')

        a.signal(signal.SIGKILL)  # "Kill either and the other goes on"
        a.wait()
        second = int(self.shell("kvs set City Surat" + on_b))
        watch.wait_stdout("Surat")
        a = self.serve(start_a)  # "what was killed comes back from its directory and reads on from there"
        self.assertEqual(self.shell("kvs get City"), "Surat")
        b.signal(signal.SIGKILL)
        b.wait()
        third = int(self.shell("kvs set City Pune"))
        b = self.serve(start_b)
        watch.wait_stdout("Pune")
        watch.signal(signal.SIGINT)
        events = [json.loads(line) for line in watch.end().stdout.splitlines()]
        sets = [(event["revision"], event["value"]) for event in events if event["op"] == "set"]
        self.assertEqual(sets, [(first, "Ahmedabad"), (second, "Surat"), (third, "Pune")])

        read = self.shell(self.next("kcat", "-C", BROKER)).splitlines()
        self.assertEqual([line for line in read if "City" in line],
                         [f"{first - 1} City = Ahmedabad", f"{second - 1} City = Surat", f"{third - 1} City = Pune"])
        self.shell(self.next("kcat", "-P", BROKER))
        self.assertEqual(self.shell("kvs get City --linearizable" + on_b), "Surat")
        self.assertEqual(list(self.lines), [])  # nothing is shown that was not run
        for process in (a, b):
            process.signal(signal.SIGTERM)
            self.assertEqual(process.wait(), 0)


if __name__ == "__main__":
    main()

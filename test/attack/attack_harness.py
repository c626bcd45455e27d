"""Attacks and healthy clients as processes of their own, and what the server holds: for the tests and for the benchmark."""
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from kvs_server import start_kept  # noqa: E402


class Failed(AssertionError):
    """A program of ours ended instead of answering; what it said is in the message."""


class Program:
    """One of the programs here, asked and answered by lines. Ends when it is closed, or with us."""

    def __init__(self, name, *arguments, start=start_kept):
        words = [sys.executable, str(HERE / name), *(str(argument) for argument in arguments)]
        self.process = start(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            self.line()  # "ready"
        except Failed:
            self.close()
            raise

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failed(self.process.stderr.read().strip())
        return line

    def ask(self, text):
        try:
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self.line()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Attack(Program):
    """Under way once it is made; a context."""

    def __init__(self, name, port, **kw):
        super().__init__("attacks.py", name, port, **kw)


class Healthy(Program):
    def __init__(self, port, **kw):
        super().__init__("healthy.py", port, **kw)

    def measure(self, count, rate=0):
        return json.loads(self.ask(f"{count} {rate}"))


def resident(pid):
    """Bytes of memory, as the system counts them (VmRSS)."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))

"""`kvs serve` as a process of the test's own: port 0, a data directory of its own, ended by its process id only."""
import atexit
import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from kvs_http import TIMEOUT, Connection, ConnectionEnded
from kvs_websocket import Watch, WebSocket

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("KVS_BINARY") or str(ROOT / "build" / "dev" / "kvs")
START_TIMEOUT = 60.0
STOP_TIMEOUT = 60.0
COMPLAINTS = re.compile(r"(Address|Leak|Thread)Sanitizer|runtime error:|terminate called|Assertion .*failed")

_alive = set()
# The kernel ends a child with the thread that started it. This one stays until the program ends, however it ends: killed, or
# by a watchdog that leaves no time for anything else.
_keeper = concurrent.futures.ThreadPoolExecutor(1)


def start_kept(arguments, **kw):
    """subprocess.Popen of a program that ends with this one at the latest. It runs on the processors its starter may use."""
    processors = os.sched_getaffinity(0)

    def start():
        os.sched_setaffinity(0, processors)
        return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *arguments], **kw)

    return _keeper.submit(start).result()


@atexit.register
def _kill_what_is_left():
    for process in list(_alive):
        if process.poll() is None:
            process.kill()
            process.wait()


def environment(extra=None):
    """Ours without KVS_*, which the binary would take for flags."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KVS_")}
    clean.update(extra or {})
    return clean


class Process:
    """A program whose stderr is collected line by line as it comes."""

    def __init__(self, arguments, env=None, **kw):
        self.changed = threading.Condition()
        self.lines = []
        self.at_end = False
        self.process = start_kept(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  env=environment(env), **kw)
        _alive.add(self.process)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with self.process.stderr as pipe:
            for line in pipe:
                with self.changed:
                    self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                    self.changed.notify_all()
        with self.changed:
            self.at_end = True
            self.changed.notify_all()

    @property
    def pid(self):
        return self.process.pid

    @property
    def stderr(self):
        with self.changed:
            return "\n".join(self.lines)

    def wait_line(self, pattern, timeout=START_TIMEOUT, count=1):
        """The match in the count-th stderr line that has one, as soon as it is there."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                matches = [found for found in (re.search(pattern, line) for line in self.lines) if found]
                if len(matches) >= count:
                    return matches[count - 1]
                if self.at_end or not self.changed.wait(max(0, deadline - time.monotonic())):
                    raise AssertionError(f"no line with {pattern!r} on stderr of {self.pid}:\n" + "\n".join(self.lines))

    def wait(self, timeout=STOP_TIMEOUT):
        """Its exit code, negative for a signal, when it has ended and everything it said was read."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.pid} did not end within {timeout} s:\n{self.stderr}") from None
        self.reader.join(timeout)
        _alive.discard(self.process)
        assert not COMPLAINTS.search(self.stderr), self.stderr
        return code

    def signal(self, number):
        """Once it comes back from a SIGSTOP, no thread of the process runs any more."""
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def running(self):
        return self.process.poll() is None


class Server:
    """A running server. `wait` says for what the constructor waits: "ready", "listening" or "" (nothing)."""

    def __init__(self, *flags, data_dir=None, listen="127.0.0.1:0", env=None, wait="ready", wrapper=()):
        self.flags = list(flags)
        self.listen = listen
        self.env = env
        self.wrapper = list(wrapper)
        self.own_directory = None
        if data_dir is None:
            self.own_directory = tempfile.mkdtemp(prefix="kvs-e2e-")
            data_dir = os.path.join(self.own_directory, "data")
        self.data_dir = str(data_dir)
        self.process = None
        self.address = None
        self.start(wait)

    def __enter__(self):
        return self

    def __exit__(self, kind, *unused):
        if kind is None and self.process.running():
            self.stop()
        self.remove()

    def start(self, wait="ready"):
        arguments = self.wrapper + [BINARY, "serve", "--listen", self.listen, "--data-dir", self.data_dir] + self.flags
        self.process = Process(arguments, self.env)
        if wait:
            self.wait_listening()
        if wait == "ready":
            self.wait_ready()

    def wait_listening(self):
        if self.listen.startswith("unix:"):
            self.process.wait_line(r"\blistening\b.*\bunix:")
            self.address = self.listen[len("unix:"):]
        else:
            port = self.process.wait_line(r"\blistening\b.*\burl\W{1,3}https?://[^ ]*:(\d+)").group(1)
            self.address = ("127.0.0.1", int(port))

    def wait_ready(self, timeout=START_TIMEOUT):
        """Asks /readyz until it says 200, again at every line the server logs and every few milliseconds."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                with self.connect() as connection:
                    answer = connection.request("GET", "/readyz")
                    if answer.status == 200:
                        return
            except (OSError, ConnectionEnded) as error:
                answer = error
            waiting = self.process.running() and time.monotonic() < deadline
            assert waiting, f"not ready: {answer!r}\n{self.process.stderr}"
            with self.process.changed:
                self.process.changed.wait(0.003)

    @property
    def port(self):
        return self.address[1]

    @property
    def stderr(self):
        return self.process.stderr

    def connect(self, **kw):
        return Connection(self.address, **kw)

    def websocket(self, target, headers=None, **kw):
        return WebSocket(self.address, target, headers, **kw)

    def watch(self, query="", headers=None, **kw):
        return Watch(self.address, query, headers, **kw)

    def request(self, method, target, headers=None, body=None, **kw):
        """One request on a connection of its own."""
        with self.connect() as connection:
            return connection.request(method, target, headers, body, **kw)

    def put(self, key, value, headers=None):
        """Stores and returns the revision; the key goes into the path as it is."""
        answer = self.request("PUT", "/v1/kv/" + key, headers, value)
        assert answer.status in (200, 201), repr(answer)
        return answer.json()["revision"]

    def state(self):
        """The whole state as events of an initial state, in key order."""
        with self.watch("initial=1") as watch:
            return watch.until("synced")[:-1]

    def terminate(self):
        self.process.signal(signal.SIGTERM)

    def stop(self, code=0):
        """SIGTERM, and the exit code must be as expected."""
        self.terminate()
        ended = self.process.wait()
        assert ended == code, f"exit code {ended} instead of {code}:\n{self.stderr}"

    def kill(self):
        """As kill -9 by hand: nothing is flushed, nobody is told."""
        if self.process.running():
            self.process.process.kill()
        self.process.wait()

    def remove(self):
        """Ends it if it still runs, and removes the data directory if it was made here."""
        if self.process.running():
            self.process.process.kill()
            self.process.process.wait()
        if self.own_directory:
            shutil.rmtree(self.own_directory, ignore_errors=True)


def run(*arguments, env=None, timeout=STOP_TIMEOUT, wrapper=()):
    """Runs `kvs ARGUMENTS` to its end: (exit code, stderr)."""
    process = Process(list(wrapper) + [BINARY, *arguments], env)
    try:
        code = process.wait(timeout)
    finally:
        if process.running():
            process.process.kill()
            process.process.wait()
    return code, process.stderr

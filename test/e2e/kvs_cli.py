"""The command line as people and scripts use it: through pipes, or on a pseudo-terminal of the test's own."""
import base64
import collections
import hashlib
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import termios
import threading
import time

from kvs_harness import ServerTest
from kvs_server import BINARY, COMPLAINTS, environment, start_kept

DEADLINE = 60.0

Result = collections.namedtuple("Result", "code stdout stderr")


class Command:
    """A running command. With terminal=True its stdout (and its stdin, unless one is given) is a pseudo-terminal; with
    errors_on_terminal=True its stderr is one (and its stdin, unless stdout is one or one is given): see type()."""

    def __init__(self, *arguments, env=None, stdin=None, terminal=False, errors_on_terminal=False, columns=None,
                 program=BINARY):
        variables = {"TERM": "xterm", "COLUMNS": str(columns) if columns else ""}
        variables.update(env or {})
        self.master = None
        ours, slave = None, None
        if terminal:
            self.master, slave = self._terminal()
        else:
            ours, slave = os.pipe()
        self.errors, errors_slave = self._terminal() if errors_on_terminal else os.pipe()
        keyboard = slave if terminal else errors_slave if errors_on_terminal else subprocess.DEVNULL
        self.keyboard = self.master if terminal else self.errors
        source = subprocess.PIPE if stdin is not None else keyboard
        self.process = start_kept([program, *arguments], stdin=source, stdout=slave, stderr=errors_slave,
                                  env=environment(variables))
        os.close(slave)
        os.close(errors_slave)
        self.output = self.master if terminal else ours
        self.changed = threading.Condition()
        self.stdout_bytes = b""
        self.stderr_bytes = b""
        self.open = {"stdout_bytes", "stderr_bytes"}
        sources = ((self.output, "stdout_bytes"), (self.errors, "stderr_bytes"))
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True) for pair in sources]
        for reader in self.readers:
            reader.start()
        if stdin is not None:
            try:
                self.process.stdin.write(stdin)
                self.process.stdin.close()
            except BrokenPipeError:
                pass

    @staticmethod
    def _terminal():
        """Ours and theirs. The bytes come as they were written, and what is typed does not."""
        master, slave = pty.openpty()
        modes = termios.tcgetattr(slave)
        modes[1] &= ~termios.OPOST  # no \r before \n
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        return master, slave

    def type(self, text):
        """Keys pressed at the terminal that is its stdin."""
        os.write(self.keyboard, text.encode())

    def _read(self, descriptor, name):
        while True:
            try:
                piece = os.read(descriptor, 65536)
            except OSError:  # a terminal whose other side is closed
                piece = b""
            with self.changed:
                if not piece:
                    self.open.discard(name)
                setattr(self, name, getattr(self, name) + piece)
                self.changed.notify_all()
            if not piece:
                return

    @property
    def stdout(self):
        return self.stdout_bytes.decode("utf-8", "replace")

    @property
    def stderr(self):
        return self.stderr_bytes.decode("utf-8", "replace")

    def _wait_for(self, name, text, count):
        deadline = time.monotonic() + DEADLINE
        with self.changed:
            while getattr(self, name).count(text.encode()) < count:
                left = deadline - time.monotonic()
                if left <= 0 or (name not in self.open and not self.open):
                    raise AssertionError(f"no {text!r} in {name}: {getattr(self, name)!r}; stderr: {self.stderr}")
                self.changed.wait(min(left, 1))

    def wait_stdout(self, text, count=1):
        self._wait_for("stdout_bytes", text, count)

    def wait_stderr(self, text, count=1):
        self._wait_for("stderr_bytes", text, count)

    def wait_watching(self):
        """For commands started with --debug: the watch stands, whatever changes from now on will be seen."""
        self.wait_stderr("< 101")

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, timeout=DEADLINE):
        """Waits for its end."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            said = f"stdout: {self.stdout!r}, stderr: {self.stderr}"
            raise AssertionError(f"did not end within {timeout} s; {said}") from None
        for reader in self.readers:
            reader.join(DEADLINE)
        self._close()
        assert not COMPLAINTS.search(self.stderr), self.stderr
        return Result(code, self.stdout, self.stderr)

    def _close(self):
        if self.errors is not None:
            os.close(self.errors)
            self.errors = None
        if self.output is not None:
            os.close(self.output)
            self.output = None

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def kvs(*arguments, **kw):
    """Runs it to its end."""
    return Command(*arguments, **kw).end()


def interrupted(command):
    command.signal(signal.SIGINT)
    return command.end()


class FakeServer:
    """Answers each connection's requests with the given bytes, one after the other; None = never, b"" = hangs up; of a
    function what it gives, called with the head of the request."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.stopped, self.stop_now = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop_now.close()
        self.thread.join(DEADLINE)
        self.listener.close()
        self.stopped.close()

    def _wait(self, connection):
        """False if the test is over."""
        ready, _, _ = select.select([connection, self.stopped], [], [])
        return self.stopped not in ready

    def _run(self):
        while self._wait(self.listener):
            connection, _ = self.listener.accept()
            with connection:
                self._serve(connection)

    def _serve(self, connection):
        waiting = b""
        while self._wait(connection):
            piece = connection.recv(65536)
            waiting += piece
            if not piece:
                return
            while b"\r\n\r\n" in waiting:
                head, _, waiting = waiting.partition(b"\r\n\r\n")
                self.requests.append(head.decode())
                answer = self.answers.pop(0) if self.answers else b""
                if callable(answer):
                    answer = answer(head.decode())
                if answer is not None:
                    connection.sendall(answer)
                if answer == b"":
                    return
                if answer is not None and answer.startswith(b"HTTP/1.1 101 "):
                    if self._wait(connection):
                        connection.recv(65536)  # the answer to our closing frame, after which the server hangs up
                    return


def answer(status, body="", kind="application/json"):
    text = body.encode()
    return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


def upgrade(*frames):
    """A watch: the handshake, and what the server then sends."""

    def respond(head):
        key, = re.findall(r"(?i)sec-websocket-key: *(\S+)", head)
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
        return (f"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: kvs.v1\r\n"
                f"Kvs-Revision: 5\r\nSec-WebSocket-Accept: {accept}\r\n\r\n").encode() + b"".join(frames)

    return respond


def problem(status, code, detail, **more):
    members = {"type": "urn:kvs:problem:" + code, "status": status, "code": code, "detail": detail}
    members.update(more)
    return answer(status, json.dumps(members), "application/problem+json")


class CommandTest(ServerTest):
    """`self.kvs(...)` talks to the class's server."""

    def address(self):
        return {"KVS_SERVER": "127.0.0.1:%d" % self.server.port}

    def kvs(self, *arguments, env=None, **kw):
        variables = self.address()
        variables.update(env or {})
        return kvs(*arguments, env=variables, **kw)

    def start(self, *arguments, env=None, **kw):
        variables = self.address()
        variables.update(env or {})
        command = Command(*arguments, env=variables, **kw)
        self.addCleanup(command.kill)
        return command

    def assert_ends(self, result, code=0, stdout=None, stderr=None):
        self.assertEqual(result.code, code, result)
        if stdout is not None:
            self.assertEqual(result.stdout, stdout, result)
        if stderr is not None:
            self.assertEqual(result.stderr, stderr, result)
        return result

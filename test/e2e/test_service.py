#!/usr/bin/env python3
"""The server as a service: what it tells systemd, what it takes from it. The test is the service manager."""
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios

from kvs_harness import *
from kvs_server import start_kept

# Runs a program as systemd does: the passed sockets from descriptor 3 on, $LISTEN_PID its own.
ACTIVATE = """import os, sys
passed = [int(number) for number in sys.argv[1].split(",") if number]
high = [os.dup2(fd, 100 + at) for at, fd in enumerate(passed)]
for at, fd in enumerate(high):
    os.dup2(fd, 3 + at, inheritable=True)
    os.close(fd)
os.environ["LISTEN_PID"] = str(os.getpid() + int(os.environ.pop("OFF_BY", "0")))
os.execv(sys.argv[2], sys.argv[2:])
"""


class NotifySocket:
    """The end of $NOTIFY_SOCKET that systemd has."""

    def __init__(self, path):
        self.path = str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(30)
        self.socket.bind("\0" + self.path[1:] if self.path[0] == "@" else self.path)
        self.seen = []

    def next(self):
        text = self.socket.recv(4096).decode()
        self.seen.append(dict(line.split("=", 1) for line in text.split("\n")))
        return self.seen[-1]

    def until(self, name):
        """The first message with that assignment."""
        while name not in self.next():
            pass
        return self.seen[-1]

    def close(self):
        self.socket.close()


class ServiceTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="kvs-service-"))
        self.addCleanup(shutil.rmtree, self.directory, True)

    def notify_socket(self, path=None):
        manager = NotifySocket(path or self.directory / "notify")
        self.addCleanup(manager.close)
        return manager

    def serve(self, *flags, **kw):
        server = Server(*flags, data_dir=kw.pop("data_dir", self.directory / "data"), **kw)
        self.addCleanup(server.remove)
        return server


class Notify(ServiceTest):
    def test_the_start_the_reading_again_and_the_end_are_told_in_order(self):
        manager = self.notify_socket()
        server = self.serve(env={"NOTIFY_SOCKET": manager.path})
        ready = manager.until("READY")
        self.assertEqual(ready["READY"], "1")
        self.assertTrue(ready["STATUS"])
        first = manager.seen[0]
        self.assertIn("loading", first["STATUS"])
        self.assertGreaterEqual(int(first["EXTEND_TIMEOUT_USEC"]), 10_000_000)
        self.assertEqual(server.request("GET", "/readyz").status, 200)
        server.terminate()
        stopping = manager.until("STOPPING")
        self.assertEqual(stopping["STOPPING"], "1")
        self.assertGreaterEqual(int(stopping["EXTEND_TIMEOUT_USEC"]), 10_000_000)
        self.assertEqual(server.process.wait(), 0)
        self.assertFalse([message for message in manager.seen if "WATCHDOG" in message])

    def test_ready_is_said_only_when_requests_are_served(self):
        manager = self.notify_socket()
        server = self.serve("--threads", "4", env={"NOTIFY_SOCKET": manager.path}, wait="listening")
        manager.until("READY")
        for _ in range(8):  # each I/O thread, twice
            self.assertEqual(server.request("GET", "/v1/kv/k").status, 404)
        server.stop()

    def test_an_abstract_socket_is_told_too(self):
        manager = self.notify_socket("@kvs-service-%d" % os.getpid())
        server = self.serve(env={"NOTIFY_SOCKET": manager.path})
        manager.until("READY")
        server.stop()

    def test_a_socket_that_is_not_there_does_not_matter(self):
        server = self.serve(env={"NOTIFY_SOCKET": str(self.directory / "nobody")})
        server.put("k", "v")
        server.stop()

    def test_what_is_asked_before_the_data_is_there_is_answered(self):
        server = self.serve("--bus", "kafka", "--kafka-brokers", "127.0.0.1:1", "--instance", "one", wait="listening")
        short, long = server.request("GET", "/readyz"), server.request("GET", "/readyz?verbose")
        for answer in (short, long):
            self.assertEqual((answer.status, answer.header("Retry-After"), answer.header("Content-Type")),
                             (503, "1", "text/plain; charset=utf-8"))
            self.assertIsNone(answer.header("Kvs-Revision"))
        self.assertRegex(short.body.decode(), r"\Astore: waiting for the bus \(.*\)\n\Z")
        self.assertRegex(long.body.decode(), r"\A\[-\]store waiting for the bus \(.*\)\n\[-\]bus not reached yet \(.*\)\n")
        metrics = server.request("GET", "/metrics")
        self.assertEqual((metrics.status, metrics.header("Content-Type")), (200, "text/plain; version=0.0.4; charset=utf-8"))
        for line in ("kvs_ready 0", "kvs_bus_up 0", "kvs_keys 0", "kvs_revision 0"):
            self.assertIn("\n" + line + "\n", metrics.body.decode())
        self.assertRegex(metrics.body.decode(), r'\nkvs_http_requests_total\{method="GET",route="/readyz",code="503"\} [1-9]')
        for name in ("kvs_oldest_revision", "kvs_journal_bytes"):  # nobody knows yet
            self.assertNotIn(name, metrics.body.decode())
        server.stop()

    def test_a_bus_that_is_away_is_no_hung_start(self):
        manager = self.notify_socket()
        server = self.serve("--bus", "kafka", "--kafka-brokers", "127.0.0.1:1", "--instance", "one",
                            env={"NOTIFY_SOCKET": manager.path}, wait="listening")
        manager.until("EXTEND_TIMEOUT_USEC")
        answer = server.request("GET", "/v1/kv/k")
        self.assertEqual((answer.status, answer.json()["code"]), (503, "starting"))
        self.assertTrue(answer.header("Retry-After"))
        self.assertEqual(server.request("GET", "/livez").body, b"ok\n")
        self.assertIs(server.request("GET", "/v1/status").json()["ready"], False)
        ready = server.request("GET", "/readyz")
        self.assertEqual((ready.status, ready.header("Retry-After")), (503, "1"))
        self.assertFalse([message for message in manager.seen if "READY" in message])
        # On this bus the default is not `always`: said, with why that is right.
        self.assertEqual(server.request("GET", "/v1/status").json()["fsync"], "never")
        server.process.wait_line("level=info.*what a power cut takes from the data directory is read again from the topic.*fsync=never")
        server.terminate()
        manager.until("STOPPING")
        self.assertEqual(server.process.wait(), 0)


class Hangup(ServiceTest):
    def setUp(self):
        super().setUp()
        self.config = self.directory / "kvs.conf"
        self.config.write_text("log-level = warning\n")
        self.manager = self.notify_socket()
        self.server = self.serve("--config", str(self.config), env={"NOTIFY_SOCKET": self.manager.path}, wait="",
                                 listen="unix:" + str(self.directory / "sock"))
        self.manager.until("READY")
        self.server.address = str(self.directory / "sock")

    def reload(self, text):
        self.config.write_text(text)
        self.server.process.signal(signal.SIGHUP)
        self.assertGreater(int(self.manager.until("RELOADING")["MONOTONIC_USEC"]), 0)
        self.assertEqual(self.manager.until("READY")["READY"], "1")

    def origin_is_let_in(self, origin):
        answer = self.server.request("GET", "/v1/kv/k", {"Origin": origin, "Host": "localhost"})
        if answer.status == 403:
            self.assertEqual(answer.json()["code"], "foreign_origin")
            return False
        self.assertEqual((answer.status, answer.header("Access-Control-Allow-Origin")), (404, origin))
        return True

    def test_other_signals_for_programs_do_nothing(self):
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            self.server.process.signal(number)
        self.reload("log-level = info\n")  # comes after them
        self.server.stop()

    def test_the_log_level_changes(self):
        self.assertEqual(self.server.stderr.count("level=info"), 0)
        self.reload("log-level = info\n")
        self.server.process.wait_line('level=info msg="settings read again"')
        self.server.stop()

    def test_allowed_origins_come_and_go_on_every_thread(self):
        for text, expected in (("", False), ("cors-origin = https://a.example\n", True),
                               ("cors-origin = https://b.example\n", False)):
            self.reload(text)
            for _ in range(8):
                self.assertEqual(self.origin_is_let_in("https://a.example"), expected)
        self.server.stop()

    def test_what_wants_a_restart_is_named_and_nothing_else(self):
        self.reload("log-level = warning\nmax-connections = 7\ncors-origin = https://a.example\n")
        self.server.process.wait_line("waits for a restart.*setting=max-connections")
        self.assertEqual(self.server.stderr.count("waits for a restart"), 1)
        limits = self.server.request("GET", "/v1/status").json()["limits"]
        self.assertEqual(limits["max_connections"], 10_000)
        self.server.stop()

    def test_a_mistake_changes_nothing_and_is_named_with_its_line(self):
        self.reload("log-level = info\n\nlog-levle = debug\n")
        self.server.process.wait_line(r"level=error .*kvs\.conf:3: no such setting: 'log-levle'")
        self.assertNotIn("level=info", self.server.stderr)
        self.server.put("k", "v")
        self.server.stop()


class Terminal(ServiceTest):
    def test_a_server_ends_with_the_terminal_it_runs_in(self):
        leader, follower = os.openpty()
        child = os.fork()
        if child == 0:
            os.login_tty(follower)  # a session of its own, whose terminal this is
            os.execve(BINARY, [BINARY, "serve", "--ephemeral", "--listen", "127.0.0.1:0"], environment())
        os.close(follower)
        seen = b""
        while b"ready" not in seen:
            seen += os.read(leader, 4096)
        os.close(leader)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)


class Banner(ServiceTest):
    """What a person sees who starts it by hand: stderr is a terminal."""

    def banner(self, *flags):
        """(address, what came between `ready` and the empty line that ends the banner), the server ended well."""
        leader, follower = os.openpty()
        modes = termios.tcgetattr(follower)
        modes[1] &= ~termios.OPOST
        termios.tcsetattr(follower, termios.TCSANOW, modes)
        process = start_kept([BINARY, "serve", *flags], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=follower,
                             env=environment())
        os.close(follower)
        seen = ""
        try:
            while not re.search(r"try: .*\n\n", seen):
                seen += os.read(leader, 4096).decode()
        finally:
            process.terminate()
            os.set_blocking(leader, True)
            try:
                while os.read(leader, 4096):
                    pass
            except OSError:  # its end of the terminal is closed
                pass
            os.close(leader)
            self.assertEqual(process.wait(STOP_TIMEOUT), 0)
        return re.search(r"\n(  kvs .*?try: [^\n]*)\n\n", seen, re.DOTALL).group(1)

    def test_on_a_terminal_it_says_where_it_is_and_what_to_try(self):
        data = str(self.directory / "here")
        lines = self.banner("--listen", "127.0.0.1:0", "--data-dir", data).splitlines()
        self.assertRegex(lines[0], r"^  kvs [0-9.]+\S*   bus: local   data: " + re.escape(data) + "$")
        port = re.match(r"  http://127\.0\.0\.1:(\d+)$", lines[1]).group(1)
        self.assertEqual(lines[2:], ["", f"  try:  echo -n Ahmedabad | curl -T - http://127.0.0.1:{port}/v1/kv/City"])

    def test_a_local_socket_has_its_own_curl_line(self):
        path = str(self.directory / "kvs.sock")
        lines = self.banner("--listen", "unix:" + path, "--ephemeral").splitlines()
        self.assertRegex(lines[0], r"   data: in memory only$")
        self.assertEqual(lines[1:], ["  unix:" + path, "",
                                     f"  try:  echo -n Ahmedabad | curl -T - --unix-socket {path} http://localhost/v1/kv/City"])

    def test_on_a_pipe_there_is_the_log_alone(self):
        server = self.serve()
        server.stop()
        self.assertNotIn("try:", server.stderr)
        for line in server.stderr.splitlines():
            self.assertRegex(line, "^ts=[^ ]+ level=")


class Watchdog(ServiceTest):
    def test_a_server_that_runs_says_so_again_and_again(self):
        manager = self.notify_socket()
        server = self.serve("--threads", "3", env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "40000"})
        for _ in range(5):
            manager.until("WATCHDOG")
        self.assertLess([set(message) for message in manager.seen].index({"READY", "STATUS"}), len(manager.seen) - 5)
        server.stop()

    def test_one_meant_for_another_process_is_left_alone(self):
        manager = self.notify_socket()
        server = self.serve(env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"})
        manager.until("READY")
        server.stop()
        manager.until("STOPPING")
        self.assertFalse([message for message in manager.seen if "WATCHDOG" in message])


class Sockets(ServiceTest):
    def tcp(self, address="127.0.0.1"):
        listener = socket.create_server((address, 0))
        self.addCleanup(listener.close)
        return listener

    def activated(self, listeners, *flags, off_by=0):
        numbers = ",".join(str(listener.fileno()) for listener in listeners)
        process = Process([sys.executable, "-c", ACTIVATE, numbers, BINARY, "serve", "--data-dir",
                           str(self.directory / "data"), *flags],
                          {"LISTEN_FDS": str(len(listeners)), "OFF_BY": str(off_by)},
                          pass_fds=[listener.fileno() for listener in listeners])
        self.addCleanup(lambda: process.running() and process.process.kill())
        return process

    def ask(self, address, target="/livez"):
        with Connection(address) as connection:
            return connection.request("GET", target)

    def test_passed_sockets_take_the_place_of_the_default(self):
        listener = self.tcp()
        path = str(self.directory / "kvs.sock")
        local = socket.socket(socket.AF_UNIX)
        self.addCleanup(local.close)
        local.bind(path)
        local.listen()
        process = self.activated([listener, local])
        process.wait_line(r"\bready\b")
        urls = re.findall(r"listening\S* url=(\S+)", process.stderr)
        self.assertEqual(urls, ["http://127.0.0.1:%d" % listener.getsockname()[1], "unix:" + path])
        for address in (listener.getsockname(), path):
            self.assertEqual(self.ask(address, "/readyz").body, b"ok\n")
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)
        self.assertTrue(os.path.exists(path), "who opened the socket removes it")

    def test_clients_that_come_before_the_server_are_answered(self):
        listener = self.tcp()
        with Connection(listener.getsockname()) as early:
            early.send(request_bytes("GET", "/livez"))
            process = self.activated([listener])
            self.assertEqual(early.read_response().body, b"ok\n")
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)

    def test_listeners_that_were_asked_for_are_opened_beside_them(self):
        listener = self.tcp()
        process = self.activated([listener], "--listen", "127.0.0.1:0")
        process.wait_line(r"\bready\b")
        urls = re.findall(r"url=http://127.0.0.1:(\d+)", process.stderr)
        self.assertEqual(len(urls), 2, process.stderr)
        for port in urls:
            self.assertEqual(self.ask(("127.0.0.1", int(port))).status, 200)
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)

    def test_those_of_another_process_are_left_alone(self):
        listener = self.tcp()
        process = self.activated([listener], "--listen", "127.0.0.1:0", off_by=1)
        process.wait_line(r"\bready\b")
        self.assertEqual(process.stderr.count("listening url="), 1, process.stderr)
        process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)

    def test_a_passed_socket_that_others_reach_wants_the_same_word_as_an_own_one(self):
        process = self.activated([self.tcp("0.0.0.0")])
        self.assertEqual(process.wait(), 2)
        self.assertRegex(process.stderr, r"LISTEN_FDS: 0\.0\.0\.0 is reachable .*--allow-anonymous")

    def test_what_is_no_listener_is_refused_by_number(self):
        pair = socket.socketpair()
        self.addCleanup(pair[0].close)
        self.addCleanup(pair[1].close)
        process = self.activated([self.tcp(), pair[0]])
        self.assertEqual(process.wait(), 2)
        self.assertIn("LISTEN_FDS: descriptor 4 is no listening stream socket", process.stderr)


class Manners(ServiceTest):
    def status(self, server, name):
        text = pathlib.Path("/proc/%d/status" % server.process.pid).read_text()
        return re.search(rf"^{name}:\s*(\S+)", text, re.M).group(1)

    def test_files_are_private_dumps_are_off_and_privileges_cannot_grow(self):
        # A shell that allows everything, to see that it is the server that does not.
        server = self.serve(wrapper=["sh", "-c", "umask 0; ulimit -S -c $(ulimit -H -c); exec \"$@\"", "sh"])
        server.put("k", "v")
        self.assertEqual(self.status(server, "Umask"), "0077")
        self.assertEqual(self.status(server, "NoNewPrivs"), "1")
        self.assertEqual(resource.prlimit(server.process.pid, resource.RLIMIT_CORE)[0], 0)
        for path in [server.data_dir, *pathlib.Path(server.data_dir).iterdir()]:
            self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)
        server.stop()

    def test_connections_leave_files_for_the_server_itself(self):
        server = self.serve(wrapper=["sh", "-c", "ulimit -n 100; exec \"$@\"", "sh"])
        self.assertRegex(server.stderr, r"fewer connections than --max-connections.*connections=36\b")
        connections = [server.connect() for _ in range(40)]
        for connection in connections:
            self.addCleanup(connection.close)
        self.assertEqual(connections[-1].read_response().status, 503)
        status = connections[0].request("GET", "/v1/status").json()
        self.assertEqual(status["limits"]["max_connections"], 36)
        self.assertEqual(connections[0].request("PUT", "/v1/kv/k", None, "v").status, 201)
        server.stop()

    def test_root_is_warned_once(self):
        server = self.serve()
        self.assertEqual(server.stderr.count("running as root"), 1 if os.geteuid() == 0 else 0)
        server.stop()


if __name__ == "__main__":
    main()

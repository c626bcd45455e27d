#!/usr/bin/env python3
"""The server as a process: many connections, its status, how it starts and stops."""
import os
import pathlib
import re
import resource
import signal
import socket
import tempfile
import time

from kvs_harness import *


def raise_open_files():
    """A thousand clients need as many descriptors here as in the server, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192) if hard != resource.RLIM_INFINITY else 8192, hard))


class ManyConnections(ServerTest):
    def test_a_thousand_connections_at_once(self):
        raise_open_files()
        self.put("k", "value")
        held = [self.connect() for _ in range(1000)]
        for turn in range(3):
            for number, connection in enumerate(held):
                if number % 10:
                    connection.send(request_bytes("GET", "/v1/kv/k"))
                else:
                    connection.send(request_bytes("PUT", "/v1/kv/many-%d" % number, body="%d" % turn))
            for number, connection in enumerate(held):
                answer = connection.read_response()
                if number % 10:
                    self.assertEqual(answer.body, b"value")
                else:
                    self.assertEqual(answer.status, 200 if turn else 201)
        self.assertGreaterEqual(self.ask("GET", "/v1/status").json()["connections"], 1000)

    def test_a_thousand_watchers_hear_of_one_change(self):
        raise_open_files()
        watchers = [self.watch("key=all-hear") for _ in range(1000)]
        for watcher in watchers:
            self.assertEqual(watcher.next()["op"], "synced")
        self.assertGreaterEqual(self.ask("GET", "/v1/status").json()["watchers"], 1000)
        revision = self.put("all-hear")
        self.assertEqual({watcher.next()["revision"] for watcher in watchers}, {revision})

    def test_connections_are_counted_down_again(self):
        held = [self.connect() for _ in range(50)]
        for connection in held:
            connection.request("GET", "/livez")
        for connection in held:
            connection.close()
        deadline = time.monotonic() + 20
        with self.connect() as asking:
            while asking.request("GET", "/v1/status").json()["connections"] > 1:
                self.assertLess(time.monotonic(), deadline)


class ConnectionLimit(ServerTest):
    flags = ("--max-connections", "20")

    def test_one_connection_too_many_is_told_so(self):
        held = [self.connect()]
        deadline = time.monotonic() + 20
        while held[0].request("GET", "/v1/status").json()["connections"] > 1:  # who asked whether it is ready, still
            self.assertLess(time.monotonic(), deadline)
        held += [self.connect() for _ in range(19)]
        for connection in held:
            self.assertEqual(connection.request("GET", "/livez").status, 200)
        refused = self.connect()
        refused.try_send(request_bytes("GET", "/livez"))
        answer = refused.read_response()
        self.assertEqual(answer.status, 503)
        self.assertTrue(answer.header("Retry-After"))
        held.pop().close()
        deadline = time.monotonic() + 20
        while True:
            with self.connect() as again:
                again.try_send(request_bytes("GET", "/livez"))
                if again.read_response().status == 200:
                    break
            self.assertLess(time.monotonic(), deadline)


def own_address():
    """An address of this machine beyond loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
        except OSError:
            raise unittest.SkipTest("this machine has no address but loopback's") from None
        return asking.getsockname()[0]


class AddressLimit(ServerTest):
    flags = ("--listen", "0.0.0.0:0", "--allow-anonymous", "--max-connections-per-address", "3", "--access-log")

    def setUp(self):
        port = self.server.process.wait_line(r"listening.*url=http://0\.0\.0\.0:(\d+)").group(1)
        self.address = (own_address(), int(port))

    def come(self):
        connection = Connection(self.address)
        self.addCleanup(connection.close)
        return connection

    def test_one_address_has_its_share_and_no_more(self):
        held = [self.come() for _ in range(3)]
        for connection in held:
            self.assertEqual(connection.request("GET", "/livez").status, 200)
        refused = self.come()
        refused.try_send(request_bytes("GET", "/livez"))
        answer = refused.read_response()
        self.assertEqual((answer.status, answer.header("Retry-After"), answer.body),
                         (503, "1", b"too many connections from your address; close some, or try again in a few seconds\n"))
        self.server.process.wait_line(r"level=warn.*too many connections from one address.*client=%s:" % re.escape(self.address[0]))
        with self.connect() as near:  # loopback has no such limit
            for _ in range(4):
                with self.connect() as another:
                    self.assertEqual(another.request("GET", "/livez").status, 200)
            text = near.request("GET", "/metrics").body.decode()
            self.assertIn('kvs_connections_refused_total{limit="address"} 1\n', text)
            self.assertIn('kvs_connections_refused_total{limit="all"} 0\n', text)
            self.assertEqual(near.request("GET", "/v1/status").json()["limits"]["max_connections_per_address"], 3)
        held.pop().close()
        deadline = time.monotonic() + 20
        while True:
            again = self.come()
            again.try_send(request_bytes("GET", "/livez"))
            if again.read_response().status == 200:
                break
            again.close()
            self.assertLess(time.monotonic(), deadline)


class BothFamilies(ServerTest):
    def test_on_a_listener_for_both_an_ipv4_address_is_one(self):
        try:
            server = Server("--allow-anonymous", "--access-log", listen="[::]:0")
        except AssertionError as failed:
            if "cannot listen" not in str(failed):
                raise
            self.skipTest("no IPv6 here")
        with server:
            server.request("GET", "/livez")
            server.process.wait_line(r"route=/livez.*client=127\.0\.0\.1:\d+")


class Durability(unittest.TestCase):
    WARNING = r"level=warn msg=.a power cut may lose acknowledged writes .--fsync is not always.. fsync=(\S+)"

    def test_an_fsync_that_may_lose_something_is_said_in_the_log_and_in_the_status(self):
        for given, said in (("never", "never"), ("500ms", "500ms"), ("0.5s", "500ms")):
            with Server("--fsync", given) as server:
                self.assertEqual(server.process.wait_line(self.WARNING).group(1), said)
                self.assertEqual(server.request("GET", "/v1/status").json()["fsync"], said)

    def test_one_that_loses_nothing_is_not_warned_of(self):
        for flags in ((), ("--fsync", "always")):
            with Server(*flags) as server:
                self.assertEqual(server.request("GET", "/v1/status").json()["fsync"], "always")
                self.assertNotIn("power cut", server.stderr)

    def test_what_keeps_nothing_says_that(self):
        with Server("--ephemeral") as server:
            self.assertEqual(server.request("GET", "/v1/status").json()["fsync"], "ephemeral")
            server.process.wait_line("level=warn.*nothing is kept")
            self.assertNotIn("power cut", server.stderr)


class Questions(ServerTest):
    def test_livez_and_readyz(self):
        for path in ("/livez", "/readyz"):
            answer = self.ask("GET", path)
            self.assertEqual((answer.status, answer.body), (200, b"ok\n"))
            self.assertTrue(answer.header("Content-Type").startswith("text/plain"))
            self.assertEqual(self.ask("HEAD", path).status, 200)
            self.assertEqual(self.ask("POST", path, body=b"").status, 405)

    def test_verbose_lines(self):
        self.assertEqual(self.ask("GET", "/readyz?verbose").body, b"[+]store ok\n[+]bus ok\n[+]serving ok\n")
        self.assertEqual(self.ask("GET", "/livez?verbose").body, b"[+]ping ok\n")
        self.assertEqual(self.ask("GET", "/readyz?verbose=0").body, b"ok\n")

    def test_the_status(self):
        before = self.ask("GET", "/v1/status").json()
        revision = self.put("status", "12345")
        watcher = self.watch()
        watcher.next()
        answer = self.ask("GET", "/v1/status")
        status = answer.json()
        self.assertEqual(answer.header("Content-Type"), "application/json")
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        for target in ("/livez", "/readyz", "/metrics", "/v1/snapshot", "/getall", "/v1/requests/x", "/"):
            self.assertEqual(self.ask("GET", target).header("Cache-Control"), "no-store", target)
        self.assertEqual(status["revision"], revision)
        self.assertEqual(status["log_id"], answer.header("Kvs-Log-Id"))
        self.assertEqual(status["keys"], before["keys"] + 1)
        self.assertGreater(status["bytes"], before["bytes"])
        self.assertEqual(status["watchers"], before["watchers"] + 1)
        self.assertGreaterEqual(status["connections"], 2)
        self.assertLessEqual(status["oldest_revision"], revision)
        self.assertEqual((status["ready"], status["draining"]), (True, False))
        self.assertEqual((status["bus"]["kind"], status["bus"]["up"]), ("local", True))
        self.assertEqual(status["fsync"], "always")
        self.assertRegex(status["version"], r"^\d+\.\d+\.\d+")
        self.assertTrue(status["instance"])
        self.assertGreaterEqual(status["uptime_s"], 0)
        self.assertIsInstance(status["limits"], dict)


class Listening(unittest.TestCase):
    def test_a_local_socket(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "kvs.sock")
            with Server(listen="unix:" + path) as server:
                server.put("k", "v")
                self.assertEqual(server.request("GET", "/v1/kv/k").body, b"v")
                subscriber = server.websocket("/subscribe")
                server.put("k", "w")
                self.assertIn(b'"Key":"Client address=', subscriber.receive().payload)
                subscriber.close()
                server.kill()
                server.start()  # the socket a killed server left behind is no obstacle
                self.assertEqual(server.request("GET", "/v1/kv/k").body, b"w")
                server.stop()
                self.assertFalse(os.path.exists(path))

    def test_several_listeners(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "kvs.sock")
            with Server("--listen", "unix:" + path, "--listen", "[::1]:0") as server:
                server.process.wait_line(r"listening.*unix:")
                server.process.wait_line(r"listening.*\[::1\]:[1-9]")
                server.put("k", "v")
                with Connection(path) as connection:
                    self.assertEqual(connection.request("GET", "/v1/kv/k").body, b"v")

    def test_beyond_loopback_only_by_name(self):
        with tempfile.TemporaryDirectory() as directory:
            for address in ("0.0.0.0:0", "[::]:0"):
                code, stderr = run("serve", "--listen", address, "--data-dir", directory + "/data")
                self.assertEqual(code, 2)
                self.assertEqual(len(stderr.splitlines()), 1, stderr)
                self.assertIn("--allow-anonymous", stderr)
            self.assertFalse(os.path.exists(directory + "/data"))
        with Server("--allow-anonymous", listen="0.0.0.0:0") as server:
            self.assertEqual(server.request("GET", "/livez", {"Host": "kvs.example"}).status, 200)

    def test_what_was_allowed_is_said_at_every_start(self):
        with tempfile.TemporaryDirectory() as directory:
            auth = os.path.join(directory, "auth")
            with open(auth, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write("anna %s read\n" % ("0" * 64))
            everybody, along = "everybody who reaches a listener may read and write", "whoever is on the way may read along"
            for flags, said, unsaid in ((["--allow-anonymous"], [everybody, along], []),
                                        (["--allow-anonymous", "--auth-file", auth], [along], [everybody]),
                                        (["--allow-plaintext", "--auth-file", auth], [along], [everybody])):
                with Server("--ephemeral", *flags, listen="0.0.0.0:0") as server:
                    for unused in range(2):
                        server.process.wait_line("msg=ready")
                        stderr = server.stderr
                        for words in said:
                            self.assertRegex(stderr, "%s.*%s" % (words, flags[0]))
                        for words in unsaid:
                            self.assertNotIn(words, stderr)
                        server.kill()
                        server.start()

    def test_a_port_in_use_is_named(self):
        with Server() as server, tempfile.TemporaryDirectory() as directory:
            code, stderr = run("serve", "--listen", "127.0.0.1:%d" % server.port, "--data-dir", directory)
            self.assertEqual(code, 1)
            self.assertIn(str(server.port), stderr)

    def test_hosts_by_name(self):
        with Server("--allowed-host", "kvs.example", "--cors-origin", "https://app.example") as server:
            self.assertEqual(server.request("GET", "/livez", {"Host": "kvs.example:80"}).status, 200)
            self.assertEqual(server.request("GET", "/livez", {"Host": "other.example"}).status, 421)
            answer = server.request("GET", "/v1/kv/k", {"Origin": "https://app.example"})
            self.assertEqual(answer.status, 404)
            self.assertEqual(server.request("GET", "/v1/kv/k", {"Origin": "http://app.example"}).status, 403)


class Stopping(unittest.TestCase):
    def setUp(self):
        self.server = None

    def start(self, *flags):
        self.server = Server(*flags)
        self.addCleanup(self.server.remove)
        return self.server

    def test_sigterm_says_not_ready_goes_on_for_the_delay_and_then_ends_well(self):
        server = self.start("--shutdown-delay", "2s")
        server.put("k", "v")
        watch = server.watch()
        self.addCleanup(watch.close)
        watch.next()
        with server.connect() as connection:
            connection.request("GET", "/readyz")
            server.terminate()
            deadline = time.monotonic() + 20
            answer = connection.request("GET", "/readyz")
            while answer.status == 200:
                self.assertLess(time.monotonic(), deadline)
                answer = connection.request("GET", "/readyz")
            self.assertEqual(answer.status, 503)
            self.assertIn(b"drain", answer.body)
            last = server.put("k", "last words")  # on a new connection, within the delay
        self.assertEqual(watch.next()["revision"], last)
        code, reason = watch.closing()
        self.assertEqual(code, 1001)
        self.assertEqual(reason, "draining since=%d@%s" % (last, watch.response.header("Kvs-Log-Id")))
        self.assertEqual(server.process.wait(), 0)
        server.start()
        self.assertEqual(server.request("GET", "/v1/kv/k").body, b"last words")

    def test_sigint_ends_well_too(self):
        server = self.start()
        server.put("k", "v")
        server.process.signal(signal.SIGINT)
        self.assertEqual(server.process.wait(), 0)

    def test_idle_connections_are_closed_at_once(self):
        server = self.start("--shutdown-timeout", "60s")
        with server.connect() as idle, server.connect() as never:
            idle.request("GET", "/livez")
            begun = time.monotonic()
            server.terminate()
            self.assertTrue(idle.ends())
            self.assertTrue(never.ends())
            self.assertEqual(server.process.wait(), 0)
            self.assertLess(time.monotonic() - begun, 10)

    def test_a_request_in_flight_is_finished(self):
        server = self.start()
        with server.connect() as connection:
            connection.send(request_bytes("PUT", "/v1/kv/k", {"Expect": "100-continue", "Content-Length": "4"}))
            self.assertEqual(connection.read_head()[9:12], b"100")
            server.terminate()
            server.process.wait_line("the listeners are closed")
            with self.assertRaises(ConnectionError):
                server.connect()
            connection.send(b"done")
            answer = connection.read_response()
            self.assertEqual(answer.status, 201)
            self.assertEqual(answer.header("Connection"), "close")
        self.assertEqual(server.process.wait(), 0)
        server.start()
        self.assertEqual(server.request("GET", "/v1/kv/k").body, b"done")

    def test_a_request_that_never_ends_is_cut_by_the_time_out(self):
        server = self.start("--shutdown-timeout", "300ms")
        with server.connect() as connection:
            connection.send(request_bytes("PUT", "/v1/kv/k", {"Content-Length": "4"}))
            begun = time.monotonic()
            server.terminate()
            self.assertEqual(server.process.wait(), 0)
            self.assertLess(time.monotonic() - begun, 15)

    def test_a_second_signal_ends_it_at_once(self):
        server = self.start("--shutdown-delay", "10m")
        server.put("k", "v")
        with server.connect() as connection:
            server.terminate()
            while connection.request("GET", "/readyz").status == 200:
                pass
            begun = time.monotonic()
            server.terminate()
            self.assertEqual(server.process.wait(), 0)
            self.assertLess(time.monotonic() - begun, 15)
        server.start()
        self.assertEqual(server.request("GET", "/v1/kv/k").body, b"v")

    def test_a_start_that_is_not_over_ends_well_too(self):
        """Wherever the signal finds it: nothing was taken yet that could be lost."""
        server = self.start("--fsync", "never")
        last = [server.put("k%d" % number, b"x" * 1000000) for number in range(60)][-1]
        server.kill()  # no snapshot: the next start reads all of it
        for _ in range(3):
            server.start(wait="listening")
            begun = time.monotonic()
            server.stop()
            self.assertLess(time.monotonic() - begun, 15)
        server.start()
        self.assertEqual(server.request("GET", "/v1/status").json()["keys"], 60)
        self.assertEqual(server.request("HEAD", "/v1/kv/k59").revision, last)

    def test_a_clean_stop_leaves_a_snapshot(self):
        server = self.start()
        for number in range(10):
            server.put("k%d" % number, "v")
        names = lambda: {path.name for path in pathlib.Path(server.data_dir).iterdir()}
        before = names()
        server.stop()
        self.assertTrue([name for name in names() - before if "snap" in name], names())

    def test_a_watcher_that_reads_nothing_does_not_keep_the_server(self):
        server = self.start("--shutdown-timeout", "1s")
        watch = server.watch(receive_buffer=4096)
        self.addCleanup(watch.close)
        for number in range(30):
            server.put("large", b"x" * 1000000)
        begun = time.monotonic()
        server.stop()
        self.assertLess(time.monotonic() - begun, 20)


if __name__ == "__main__":
    main()

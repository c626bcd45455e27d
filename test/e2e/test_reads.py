#!/usr/bin/env python3
"""Reads that say how new they must be, what became of a write, and the snapshot."""
import json
import os
import threading

from kvs_cli import kvs
from kvs_harness import *

MiB = 1 << 20


class Waiting(ServerTest):
    def revision(self):
        return self.ask("GET", "/v1/status").json()["revision"]

    def log_id(self):
        return self.ask("GET", "/v1/status").json()["log_id"]

    def waiting(self, target, method="GET", headers=None, body=None):
        """A connection whose request waits at the server: what stood before it in the pipeline has been answered."""
        connection = self.connect()
        connection.send(request_bytes("GET", "/livez") + request_bytes(method, target, headers, body))
        self.assertEqual(connection.read_response().body, b"ok\n")
        return connection

    def test_a_revision_that_is_here_needs_no_wait(self):
        revision = self.put("r1", "v")
        for position in (str(revision), f"{revision}@{self.log_id()}"):
            self.assertEqual(self.ask("GET", "/v1/kv/r1?min_revision=" + position).body, b"v")
            self.assertEqual(self.ask("GET", "/v1/kv/r1", {"Kvs-Min-Revision": position}).body, b"v")

    def test_a_read_waits_for_a_revision_that_comes(self):
        revision = self.put("r2", "old")
        target = f"/v1/kv/r2?min_revision={revision + 1}&timeout=60s"
        waiting = [self.waiting(target), self.waiting("/v1/kv/r2?timeout=60s", headers={"Kvs-Min-Revision": str(revision + 1)}),
                   self.waiting(f"/get?min_revision={revision + 1}&timeout=60s", "POST", None, '{"Key":"r2"}'),
                   self.waiting(f"/v1/snapshot?min_revision={revision + 1}&timeout=60s")]
        self.put("r2", "new")
        answers = [connection.read_response() for connection in waiting]
        self.assertEqual([answer.status for answer in answers], [200] * 4)
        self.assertEqual([answers[0].body, answers[1].body], [b"new", b"new"])
        self.assertEqual(answers[2].json(), {"Key": "r2", "Value": "new"})
        self.assertEqual({answer.revision for answer in answers}, {revision + 1})

    def test_what_is_behind_a_read_that_waits_is_answered_behind_it(self):
        revision = self.put("r3", "old")
        connection = self.waiting(f"/v1/kv/r3?min_revision={revision + 1}&timeout=60s")
        connection.send(request_bytes("PUT", "/v1/kv/r3", None, "newest") + request_bytes("GET", "/v1/kv/r3"))
        self.put("r3", "new")
        self.assertEqual([connection.read_response().body for _ in range(3)][0::2], [b"new", b"newest"])

    def test_a_revision_that_does_not_come_is_504(self):
        revision = self.revision()
        answer = self.ask("GET", f"/v1/kv/none?min_revision={revision + 1000}&timeout=1ms")
        problem = self.assert_problem(answer, 504, "not_caught_up")
        self.assertGreaterEqual(problem["current_revision"], revision)
        self.assertIn("oldest_revision", problem)

    def test_another_history_is_410(self):
        for target, headers in ((f"/v1/kv/a?min_revision=1@{'0' * 15}1", None),
                                ("/v1/kv/a", {"Kvs-Min-Revision": f"1@{'0' * 15}1"})):
            self.assert_problem(self.ask("GET", target, headers), 410, "other_log")

    def test_bad_words_are_400(self):
        for query in ("min_revision=x", "timeout=5", "timeout=61s", "linearizable=perhaps", "min_revison=1"):
            self.assert_problem(self.ask("GET", "/v1/kv/a?" + query), 400, "bad_parameter")

    def test_linearizable_reads_of_many_connections_see_what_was_acknowledged_before(self):
        failures = []

        def one(number):
            with self.server.connect() as mine, self.server.connect() as other:
                for turn in range(20):
                    value = b"%d" % turn
                    other.request("PUT", f"/v1/kv/lin{number}", None, value)
                    answer = mine.request("GET", f"/v1/kv/lin{number}?linearizable=1")
                    if (answer.status, answer.body) != (200, value):
                        failures.append((number, turn, answer))

        threads = [threading.Thread(target=one, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_a_watch_waits_for_its_since(self):
        revision = self.put("r4", "old")
        connection = self.waiting(f"/v1/watch?since={revision + 1}&timeout=60s", headers=UPGRADE)
        self.put("r4", "new")
        answer = connection.read_response()
        self.assertEqual((answer.status, answer.revision), (101, revision + 1))

    def test_a_since_that_does_not_come_is_400(self):
        try:
            self.watch(f"since={self.revision() + 1000}&timeout=1ms")
        except UpgradeRefused as refused:
            self.assert_problem(refused.response, 400, "revision_in_future")
        else:
            self.fail("no refusal")

    def test_a_server_that_stops_answers_those_who_wait(self):
        with Server() as server, server.connect() as connection:
            connection.send(request_bytes("GET", "/livez") +
                            request_bytes("GET", "/v1/kv/a?min_revision=1000&timeout=60s"))
            connection.read_response()
            server.terminate()
            self.assert_problem(connection.read_response(), 503, "draining")
            self.assertTrue(connection.ends())
            self.assertEqual(server.process.wait(), 0)

    def test_the_command_line_waits(self):
        revision = self.put("r5", "v")
        for flags in (["--min-revision", str(revision)], ["--min-revision", f"{revision}@{self.log_id()}"],
                      ["--linearizable"]):
            self.assertEqual(kvs("get", "r5", "--server", self.url(), *flags).stdout, "v")
            listed = kvs("get", "--prefix", "r5", "--server", self.url(), "-o", "json", *flags)
            self.assertEqual(json.loads(listed.stdout), {"r5": "v"})
        result = kvs("get", "r5", "--server", self.url(), "--min-revision", str(revision + 1000), "--timeout", "1ms")
        self.assertEqual(result.code, 124)
        self.assertRegex(result.stderr, r"revision \d+ has not come by here in time; the newest here is \d+")
        self.assertEqual(kvs("get", "r5", "--server", self.url(), "--min-revision", "1@" + "0" * 15 + "1").code, 6)
        self.assertEqual(kvs("get", "r5", "--server", self.url(), "--min-revision", "x").code, 2)

    def url(self):
        return "http://127.0.0.1:%d" % self.server.port


class Requests(ServerTest):
    def outcome(self, name):
        answer = self.ask("GET", "/v1/requests/" + name)
        self.assertEqual(answer.status, 200)
        return answer.json()

    def test_writes_are_known_by_the_ids_of_their_requests(self):
        made = self.put("q1", "v", {"Kvs-Request-Id": "mine/1"})
        self.assertEqual(self.outcome("mine%2F1"), {"id": "mine/1", "outcome": "applied", "revision": made, "status": 201})
        self.ask("PUT", "/v1/kv/q1", {"X-Request-Id": "mine2", "If-None-Match": "*"}, "v")
        self.assertEqual(self.outcome("mine2"), {"id": "mine2", "outcome": "refused", "status": 412})
        answer = self.ask("DELETE", "/v1/kv/q1")
        self.assertEqual(self.outcome(answer.header("Kvs-Request-Id"))["revision"], answer.revision)
        self.assertEqual(self.outcome("never"), {"id": "never", "outcome": "unknown"})


class Snapshot(unittest.TestCase):
    def test_a_server_starts_from_the_snapshot_of_another(self):
        with Server("--fsync", "never") as source:
            with source.connect() as connection:
                for start in range(0, 100_000, 1000):
                    keys = range(start, start + 1000)
                    connection.send(b"".join(request_bytes("PUT", "/v1/kv/key%06d" % n, None, "value %d" % n) for n in keys))
                    answers = [connection.read_response("PUT") for _ in keys]
                    self.assertEqual({answer.status for answer in answers}, {201})
            answer = source.request("GET", "/v1/snapshot")
            status = source.request("GET", "/v1/status").json()
            self.assertEqual((answer.status, answer.header("Content-Type")), (200, "application/octet-stream"))
            self.assertEqual(answer.revision, status["revision"])
            name = answer.header("Content-Disposition").partition('filename="')[2].rstrip('"')
            head = source.request("HEAD", "/v1/snapshot")
            self.assertEqual(head.header("Content-Disposition"), answer.header("Content-Disposition"))
            directory = os.path.join(source.own_directory, "copy")
            os.mkdir(directory, 0o700)
            with open(os.path.join(directory, name), "wb") as file:
                file.write(answer.body)
            with Server(data_dir=directory) as copy:
                seen = copy.request("GET", "/v1/status").json()
                self.assertEqual([seen[name] for name in ("log_id", "revision", "keys")],
                                 [status[name] for name in ("log_id", "revision", "keys")])
                self.assertEqual(copy.request("GET", "/v1/kv/key099999").body, b"value 99999")
                self.assertEqual(copy.put("new", "v"), status["revision"] + 1)

    def test_kvs_snapshot_save_gets_it(self):
        with Server() as source:
            source.put("a", "1")
            revision = source.put("b", "x" * MiB)
            file = os.path.join(source.own_directory, "saved")
            url = "http://127.0.0.1:%d" % source.port
            self.assertEqual(json.loads(kvs("snapshot", "save", file, "--server", url).stdout)["revision"], revision)
            self.assertEqual(json.loads(kvs("snapshot", "inspect", file).stdout)["keys"], 2)

    def test_clients_that_do_not_read_cost_no_memory_and_are_bounded(self):
        with Server("--fsync", "never") as server:
            for number in range(64):
                server.put("large%d" % number, b"x" * MiB)
            before = resident(server)
            stuck = [server.connect(receive_buffer=4096) for _ in range(16)]
            for connection in stuck:
                connection.send(request_bytes("GET", "/v1/snapshot"))
                self.assertIn(b" 200 ", connection.read_head())
            answer = server.request("GET", "/v1/snapshot")
            self.assertEqual((answer.status, answer.json()["code"], answer.header("Retry-After")),
                             (429, "too_many_requests", "1"))
            # A record is a piece, and one more is on its way: a few MiB each, never the 64 of all.
            self.assertLess(resident(server) - before, 16 * 6 * MiB)
            for connection in stuck:
                connection.abort()


def resident(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmRSS:"))


class Operations(ServerTest):
    def test_readyz_names_its_checks(self):
        self.assertEqual(self.ask("GET", "/readyz?verbose").body, b"[+]store ok\n[+]bus ok\n[+]serving ok\n")

    def test_the_status_tells_of_the_bus(self):
        bus = self.ask("GET", "/v1/status").json()["bus"]
        self.assertGreaterEqual(bus.pop("since_ms"), 0)
        self.assertEqual(bus, {"kind": "local", "up": True, "members": []})

    def test_nothing_is_stale_on_the_local_bus(self):
        self.assertIsNone(self.ask("GET", "/v1/kv/none").header("Kvs-Stale-Ms"))


if __name__ == "__main__":
    main()

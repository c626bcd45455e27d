#!/usr/bin/env python3
"""Several instances on one topic, as their HTTP clients see them; and what they say while there is no broker."""
import json

from kafka_commands import *
from kafka_harness import *
from kvs_cli import Command

PATIENCE = "timeout=60s"


class Together(CommandTest):
    def setUp(self):
        self.addCleanup(self.restore)
        self.ada = self.instance()
        self.bob = self.instance(name="bob")

    def test_a_revision_of_one_is_waited_for_at_the_other(self):
        for turn in range(20):
            writer, reader = (self.ada, self.bob) if turn % 2 else (self.bob, self.ada)
            answer = writer.request("PUT", "/v1/kv/k", None, "%d" % turn)
            position = f"{answer.revision}@{answer.header('Kvs-Log-Id')}"
            read = reader.request("GET", f"/v1/kv/k?min_revision={position}&{PATIENCE}")
            self.assertEqual((read.status, read.body), (200, b"%d" % turn))
            self.assertGreaterEqual(read.revision, answer.revision)

    def test_a_linearizable_read_sees_what_was_acknowledged_at_the_other(self):
        for turn in range(20):
            writer, reader = (self.ada, self.bob) if turn % 2 else (self.bob, self.ada)
            writer.put("k", "%d" % turn)
            self.assertEqual(reader.request("GET", "/v1/kv/k?linearizable=1&" + PATIENCE).body, b"%d" % turn)

    def test_what_became_of_a_write_is_known_at_the_other(self):
        revision = self.ada.put("k", "v", {"Kvs-Request-Id": "mine"})
        answer = self.bob.request("GET", f"/v1/requests/mine?linearizable=1&{PATIENCE}").json()
        self.assertEqual(answer, {"id": "mine", "outcome": "applied", "revision": revision, "status": 201})

    def test_a_watch_goes_on_at_the_other(self):
        revision = self.ada.put("k", "1")
        with self.bob.watch(f"since={revision}&{PATIENCE}") as watch:
            later = self.ada.put("k", "2")
            self.assertEqual([event["revision"] for event in watch.until("set")][-1], later)

    def test_each_is_a_member_in_the_other_s_status(self):
        self.ada.put("k", "v")
        self.bob.put("k", "v")

        def names(server):
            return {member["name"] for member in server.request("GET", "/v1/status").json()["bus"]["members"]}

        for server in (self.ada, self.bob):
            wait_until(lambda at=server: names(at) == {"ada", "bob"}, "both members known")
        member = self.ada.request("GET", "/v1/status").json()["bus"]["members"][0]
        self.assertEqual(set(member), {"name", "since", "snapshot", "heard"})
        self.assertRegex(member["heard"], r"^\d{4}-\d\d-\d\dT.*Z$")

    def test_an_instance_that_the_topic_left_behind_comes_in_by_the_other_s_snapshot(self):
        for turn in range(50):
            self.ada.put("k%d" % turn, "v")
        self.ada.stop()  # writes a snapshot
        self.ada.start()
        revision = self.ada.put("newest", "v")
        self.cluster.trim(self.name(), revision - 1)
        late = self.instance("--bootstrap-from", "http://127.0.0.1:%d" % self.ada.port, name="late", wait="")
        late.process.wait_line("got a snapshot")
        again = late.process.wait_line(r"\blistening\b.*:(\d+)$", count=2)
        late.address = ("127.0.0.1", int(again.group(1)))
        late.wait_ready()
        seen, there = (server.request("GET", f"/v1/status").json() for server in (late, self.ada))
        self.assertEqual((seen["log_id"], seen["keys"]), (there["log_id"], there["keys"]))
        self.assertEqual(late.request("GET", f"/v1/kv/newest?min_revision={revision}&{PATIENCE}").body, b"v")


class Away(CommandTest):
    def setUp(self):
        self.addCleanup(self.restore)

    def up(self, server):
        return server.request("GET", "/v1/status").json()["bus"]["up"]

    def go_away(self, server):
        self.cluster.kill()
        wait_until(lambda: not self.up(server), "the bus is away")

    def come_back(self, server):
        self.cluster.start()
        wait_until(lambda: self.up(server), "the bus is back")

    def assert_problem(self, answer, status, code):
        self.assertEqual((answer.status, answer.json()["code"]), (status, code), answer)
        return answer.json()

    def test_reads_go_on_and_say_how_stale_they_are_and_writes_are_refused(self):
        server = self.instance()
        server.put("k", "v")
        self.assertIsNone(server.request("GET", "/v1/kv/k").header("Kvs-Stale-Ms"))
        self.go_away(server)
        first = server.request("GET", "/v1/kv/k")
        second = server.request("POST", "/get", None, '{"Key":"k"}')
        self.assertEqual((first.body, second.json()["Value"]), (b"v", "v"))
        self.assertGreaterEqual(int(second.header("Kvs-Stale-Ms")), int(first.header("Kvs-Stale-Ms")))
        refused = server.request("PUT", "/v1/kv/k", None, "w")
        self.assertIn("nothing was written", self.assert_problem(refused, 503, "bus_away")["detail"])
        self.assertEqual(refused.header("Retry-After"), "1")
        self.assertEqual(server.request("POST", "/set", None, '{"Key":"k","Value":"w"}').status, 503)
        self.assert_problem(server.request("GET", "/v1/kv/k?linearizable=1"), 503, "bus_away")
        self.assertEqual(server.request("GET", "/v1/snapshot").status, 200)
        self.assertEqual(server.request("GET", "/readyz").status, 200)
        self.assertIn(b"[+]bus away for ", server.request("GET", "/readyz?verbose").body)
        self.come_back(server)
        server.put("k", "w")
        answer = server.request("GET", "/v1/kv/k?linearizable=1&" + PATIENCE)
        self.assertEqual((answer.body, answer.header("Kvs-Stale-Ms")), (b"w", None))
        self.assertIn(b"[+]bus ok\n", server.request("GET", "/readyz?verbose").body)

    def test_watchers_hear_of_it_and_miss_nothing(self):
        server = self.instance()
        server.put("k", "before")
        watch, legacy = server.watch(), server.websocket("/subscribe")
        self.addCleanup(watch.close)
        self.addCleanup(legacy.close)
        watch.until("synced")
        command = Command("watch", "--server", "http://127.0.0.1:%d" % server.port, "--count", "1")
        command.wait_stdout("synced")
        self.go_away(server)
        stale = watch.next()
        self.assertEqual(set(stale), {"op", "time"})
        self.assertEqual(stale["op"], "stale")
        command.wait_stdout('"op":"stale"')
        with server.watch("initial=1") as late:
            self.assertEqual([event["op"] for event in late.until("stale")], ["set", "synced", "stale"])
            self.come_back(server)
            self.assertEqual(late.next(), {"op": "fresh"})
        self.assertEqual(watch.next(), {"op": "fresh"})
        server.put("k", "after")
        self.assertEqual(watch.next()["value"], "after")
        self.assertEqual(json.loads(legacy.receive().payload)["Value"], "k: after")
        ended = command.end()
        self.assertEqual([json.loads(line)["op"] for line in ended.stdout.splitlines()],
                         ["synced", "stale", "fresh", "set"])

    def test_a_server_that_has_not_reached_its_broker_only_speaks_of_itself(self):
        topic = self.topic()
        self.cluster.kill()
        server = self.instance(topic=topic, wait="listening")
        self.assertEqual(server.request("GET", "/livez").status, 200)
        for method, target in (("GET", "/v1/kv/k"), ("PUT", "/v1/kv/k"), ("GET", "/v1/snapshot"), ("GET", "/getall"),
                               ("GET", "/v1/requests/r"), ("GET", "/")):
            answer = server.request(method, target, None, b"" if method == "PUT" else None)
            self.assertEqual((answer.status, answer.header("Retry-After")), (503, "1"), target)
        self.assert_problem(server.request("GET", "/v1/kv/k"), 503, "starting")
        self.assertRegex(server.request("GET", "/readyz").body.decode(), "^store: ")
        self.assertFalse(server.request("GET", "/v1/status").json()["ready"])
        self.cluster.start()
        server.wait_ready()
        server.put("k", "v")
        server.stop()

    def test_a_server_that_never_reached_its_broker_can_be_stopped(self):
        topic = self.topic()
        self.cluster.kill()
        server = self.instance(topic=topic, wait="listening")
        server.stop()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""What every kind of client hears of a broker that goes away and comes back, or is not there yet."""
import json

from kafka_commands import *
from kafka_harness import *
from kvs_cli import Command

PATIENCE = "timeout=60s"


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

    def test_the_original_s_clients_and_snapshots(self):
        server = self.instance()
        server.put("k", "v")
        self.go_away(server)
        read = server.request("POST", "/get", None, '{"Key":"k"}')
        self.assertEqual(read.json()["Value"], "v")
        listed = server.request("GET", "/getall")
        self.assertEqual(listed.json(), {"k": "v"})
        refused = server.request("POST", "/set", None, '{"Key":"k","Value":"w"}')
        self.assertEqual((refused.status, refused.header("Retry-After"), refused.header("Kvs-Stale-Ms")), (503, "1", None))
        self.assertIn(b"nothing was written", refused.body)
        snapshot = server.request("GET", "/v1/snapshot")
        self.assertEqual((snapshot.status, snapshot.body[:8]), (200, b"kvs snap"))
        for answer in (read, listed, snapshot):
            self.assertGreaterEqual(int(answer.header("Kvs-Stale-Ms")), 0)
        self.come_back(server)
        server.request("POST", "/set", None, '{"Key":"k","Value":"w"}')
        answer = server.request("POST", "/get?linearizable=1&" + PATIENCE, None, '{"Key":"k"}')
        self.assertEqual((answer.json()["Value"], answer.header("Kvs-Stale-Ms")), ("w", None))

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

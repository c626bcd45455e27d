#!/usr/bin/env python3
"""Idempotency-Key: a retry is answered as the first time, and written once; what became of a write is told."""
import json

from kvs_harness import *

JSON = {"Content-Type": "application/json"}


def keyed(key, **headers):
    return {"Idempotency-Key": key, **{name.replace("_", "-"): value for name, value in headers.items()}}


def document(*operations, **more):
    return json.dumps({"then": list(operations), **more})


class RetryTest(ServerTest):
    def setUp(self):
        self.key = self.id().rsplit(".", 1)[-1]
        self.path = "/v1/kv/" + self.key

    def changes(self):
        """Revision of the newest change."""
        return self.server.request("GET", "/v1/status").json()["revision"]

    def assert_replayed(self, first, again):
        self.assertEqual((again.status, again.header("Idempotency-Replayed")), (first.status, "true"))
        self.assertIsNone(first.header("Idempotency-Replayed"))
        self.assertEqual((again.body, again.etag, again.revision), (first.body, first.etag, first.revision))


class Retries(RetryTest):
    def writes(self):
        """Every kind of write, on keys that are there, with what it needs."""
        return (("PUT", self.path + "?ttl=1h", {}, "v"), ("PATCH", self.path + "?ttl=2h", {}, None),
                ("PATCH", self.path + "?ttl=none", {}, None),
                ("POST", "/v1/txn", JSON, document({"op": "set", "key": self.key, "value": "t"},
                                                   {"op": "delete", "key": self.key + "-not"},
                                                   {"op": "set", "key": self.key + "-new", "value": ""})),
                ("DELETE", f"/v1/kv?prefix={self.key}-", {}, None), ("DELETE", self.path, {}, None),
                ("DELETE", self.path, {}, None), ("PATCH", self.path + "?ttl=1h", {}, None))

    def test_every_write_is_done_once_and_answered_twice(self):
        for number, (method, target, headers, body) in enumerate(self.writes()):
            headers = {**headers, **keyed(f"{self.key}-{number}")}
            first = self.ask(method, target, headers, body)
            before = self.changes()
            again = self.ask(method, target, headers, body)
            if first.status == 404:  # a problem names its own request
                self.assertEqual((again.status, again.header("Idempotency-Replayed")), (404, "true"))
            else:
                self.assert_replayed(first, again)
            self.assertEqual(self.changes(), before)

    def test_a_txn_is_answered_again_though_its_gets_would_now_be_too_much(self):
        names = [f"{self.key}-{number}" for number in range(9)]
        for name in names:
            self.put(name, "x")
        body = document(*({"op": "get", "key": name} for name in names), {"op": "set", "key": self.key, "value": "t"})
        headers = {**JSON, **keyed(self.key)}
        first = self.ask("POST", "/v1/txn", headers, body)
        self.assertEqual(first.status, 200)
        for name in names:
            self.put(name, "x" * (1 << 20))
        self.assert_problem(self.ask("POST", "/v1/txn", JSON, body), 413, "request_too_large")
        again = self.ask("POST", "/v1/txn", headers, body)
        self.assertEqual((again.status, again.header("Idempotency-Replayed")), (200, "true"))
        self.assertEqual(again.revision, first.revision)

    def test_a_refusal_is_answered_again_without_values_even_when_it_would_now_hold(self):
        there = self.put(self.key, "secret")
        head = keyed(self.key, If_None_Match="*")
        first = self.assert_problem(self.ask("PUT", self.path, head, "w"), 412, "condition_failed")
        self.assertEqual(first["current"]["value"], "secret")
        self.ask("DELETE", self.path)
        answer = self.ask("PUT", self.path, head, "w")
        again = self.assert_problem(answer, 412, "condition_failed")
        self.assertEqual(answer.header("Idempotency-Replayed"), "true")
        self.assertEqual(again["current_revision"], there)
        self.assertEqual(again["current"], {"key": self.key, "revision": there})
        self.assertEqual(self.ask("GET", self.path).status, 404)
        absent = keyed(self.key + "-2", If_Match="*")
        for _ in range(2):
            problem = self.assert_problem(self.ask("PUT", self.path, absent, "w"), 412, "condition_failed")
            self.assertEqual((problem["current_revision"], problem["current"]), (0, None))

    def test_what_a_txn_got_is_told_again_without_values(self):
        there = self.put(self.key, "secret")
        body = document({"op": "get", "key": self.key}, {"op": "get", "key": self.key + "-not"},
                        {"op": "set", "key": self.key + "-new", "value": "v"})
        first = self.ask("POST", "/v1/txn", {**JSON, **keyed(self.key)}, body).json()
        self.ask("DELETE", self.path)
        answer = self.ask("POST", "/v1/txn", {**JSON, **keyed(self.key)}, body)
        self.assertEqual(answer.header("Idempotency-Replayed"), "true")
        again = answer.json()
        self.assertEqual(again["results"][0], {"op": "get", "key": self.key,
                                               "record": {"key": self.key, "revision": there}})
        self.assertEqual(again["results"][1:], first["results"][1:])
        self.assertEqual((again["succeeded"], again["revision"]), (True, first["revision"]))
        failed = json.dumps({"if": [{"key": self.key, "revision": there}], "then": [],
                             "else": [{"op": "get", "key": self.key}]})
        for _ in range(2):
            document_again = self.ask("POST", "/v1/txn", {**JSON, **keyed(self.key + "-2")}, failed).json()
            self.assertEqual(document_again["succeeded"], False)

    def test_the_same_json_in_other_words_is_the_same_payload(self):
        one = '{"then":[{"op":"set","key":"%s","value":"v","ttl":"60m"}]}' % self.key
        two = '{ "else":[], "then": [ {"ttl":"1h","value_base64":"dg==","key":"%s","op":"set"} ] }' % self.key
        first = self.ask("POST", "/v1/txn", {**JSON, **keyed(self.key)}, one)
        self.assert_replayed(first, self.ask("POST", "/v1/txn", {**JSON, **keyed(self.key)}, two))

    def test_anything_else_with_the_key_is_refused_and_writes_nothing(self):
        self.assertEqual(self.ask("PUT", self.path, keyed(self.key), "v").status, 201)
        before = self.changes()
        for method, target, headers, body in (
                ("PUT", self.path, {}, "w"), ("PUT", self.path, {}, "v "), ("PUT", self.path + "-2", {}, "v"),
                ("PUT", self.path + "?ttl=1h", {}, "v"), ("PUT", self.path, {"Content-Type": "text/css"}, "v"),
                ("PUT", self.path, {"If-Match": "*"}, "v"), ("DELETE", self.path, {}, None),
                ("PATCH", self.path + "?ttl=none", {}, None), ("DELETE", "/v1/kv?prefix=" + self.key, {}, None),
                ("POST", "/v1/txn", JSON, document({"op": "set", "key": self.key, "value": "v"}))):
            answer = self.ask(method, target, {**headers, **keyed(self.key)}, body)
            self.assert_problem(answer, 422, "request_key_reused")
            self.assertIsNone(answer.header("Idempotency-Replayed"))
        self.assertEqual(self.changes(), before)
        self.assertEqual(self.ask("PUT", self.path, keyed(self.key), "v").header("Idempotency-Replayed"), "true")

    def test_retries_of_a_pipeline_are_answered_in_turn(self):
        with self.connect() as connection:
            connection.send(request_bytes("PUT", self.path, keyed(self.key), "v") * 3)
            first, second, third = (connection.read_response() for _ in range(3))
        self.assert_replayed(first, second)
        self.assert_replayed(first, third)

    def test_a_key_is_visible_ascii_of_at_most_255_bytes(self):
        for wrong in ("", "a b", "k" * 256, "\xe9", "a\tb"):
            answer = self.ask("PUT", self.path, keyed(wrong), "v")
            self.assertIn("Idempotency-Key", self.assert_problem(answer, 400, "bad_parameter")["detail"])
        self.assertEqual(self.ask("GET", self.path).status, 404)
        self.assertEqual(self.ask("PUT", self.path, keyed("k" * 255), "v").status, 201)
        with self.connect() as connection:
            connection.send(request_bytes("PUT", self.path, keyed("a")).replace(
                b"Idempotency-Key: a", b"Idempotency-Key: a\r\nIdempotency-Key: b"))
            self.assertEqual(connection.read_response().status, 400)

    def test_what_was_never_judged_is_not_remembered(self):
        self.assertEqual(self.ask("PUT", self.path + "?ttl=5", keyed(self.key), "v").status, 400)
        self.assertEqual(self.ask("PUT", self.path, keyed(self.key), "v").status, 201)

    def test_what_became_of_it_is_told_by_its_key(self):
        revision = self.ask("PUT", self.path, keyed(self.key), "v").revision
        ask = lambda name: self.ask("GET", "/v1/requests/" + name)
        answer = ask(self.key)
        self.assertEqual(answer.json(), {"id": self.key, "outcome": "applied", "revision": revision, "status": 201})
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        self.ask("PUT", self.path, keyed("%s/2" % self.key, If_None_Match="*"), "w")
        self.assertEqual(ask(self.key + "%2F2").json(), {"id": self.key + "/2", "outcome": "refused", "status": 412})
        self.ask("PATCH", self.path + "-not?ttl=1s", keyed(self.key + "-3"))
        told = ask(self.key + "-3").json()
        self.assertEqual((told["outcome"], told["status"]), ("refused", 404))
        again = self.ask("PUT", self.path, keyed(self.key, Kvs_Request_Id=self.key + "-again"), "v")
        self.assertEqual(again.header("Kvs-Request-Id"), self.key + "-again")
        self.assertEqual(ask(self.key + "-again").json()["revision"], revision)
        self.ask("PUT", self.path, keyed(self.key, Kvs_Request_Id=self.key + "-other"), "w")
        told = ask(self.key + "-other").json()
        self.assertEqual((told["outcome"], told["status"]), ("not_applied", 422))
        self.assertEqual(ask(self.key + "-unknown").json(), {"id": self.key + "-unknown", "outcome": "unknown"})


class Window(RetryTest):
    flags = ("--idempotency-window", "3")

    def test_the_newest_are_remembered(self):
        for number in range(4):
            self.ask("PUT", self.path, keyed(str(number)), str(number))
        self.assertEqual(self.ask("PUT", self.path, keyed("1"), "1").header("Idempotency-Replayed"), "true")
        self.assertEqual(self.ask("GET", self.path).body, b"3")
        self.assertIsNone(self.ask("PUT", self.path, keyed("0"), "0").header("Idempotency-Replayed"))
        self.assertEqual(self.ask("GET", self.path).body, b"0")
        self.assertEqual(self.ask("GET", "/v1/status").json()["limits"]["idempotency_window"], 3)


class Restarts(unittest.TestCase):
    def test_retries_are_known_after_a_kill_and_after_a_snapshot(self):
        writes = (("PUT", "/v1/kv/a?ttl=1h", keyed("1"), "v"),
                  ("POST", "/v1/txn", {**JSON, **keyed("2")}, document({"op": "set", "key": "b", "value": "v"})),
                  ("DELETE", "/v1/kv?prefix=b", keyed("3"), None))
        refusal = ("PUT", "/v1/kv/a", keyed("4", If_None_Match="*"), "w")
        with Server() as server:
            first = [server.request(*write) for write in writes]
            refused = server.request(*refusal).json()
            ends = [server.kill, server.stop, server.kill]
            for end in ends:
                end()
                server.start()
                for answer, write in zip(first, writes):
                    again = server.request(*write)
                    self.assertEqual((again.status, again.body, again.revision),
                                     (answer.status, answer.body, answer.revision))
                    self.assertEqual(again.header("Idempotency-Replayed"), "true")
                again = server.request(*refusal)
                self.assertEqual((again.status, again.header("Idempotency-Replayed")), (412, "true"))
                self.assertEqual(again.json()["current_revision"], refused["current_revision"])
                self.assertEqual(server.request("PUT", "/v1/kv/a", keyed("1"), "other").status, 422)
                told = server.request("GET", "/v1/requests/1").json()
                self.assertEqual(told, {"id": "1", "outcome": "applied", "revision": first[0].revision, "status": 201})


if __name__ == "__main__":
    main()

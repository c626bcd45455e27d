#!/usr/bin/env python3
"""POST /v1/txn: conditions and operations on several keys, at one revision."""
import base64
import json

from kvs_harness import *

KIB = 1024
JSON = {"Content-Type": "application/json"}


class TxnTest(ServerTest):
    flags = ("--max-value-size", "64KiB")

    def setUp(self):
        self.key = self.id().rsplit(".", 1)[-1]

    def named(self, suffix):
        return self.key + suffix

    def txn(self, body, headers=None):
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return self.ask("POST", "/v1/txn", {**JSON, **(headers or {})}, text)

    def record(self, key):
        answer = self.ask("GET", f"/v1/kv/{key}?record=1")
        return answer.json() if answer.status == 200 else None

    def set(self, suffix, value="v", **more):
        return {"op": "set", "key": self.named(suffix), "value": value, **more}

    def delete(self, suffix):
        return {"op": "delete", "key": self.named(suffix)}

    def get(self, suffix):
        return {"op": "get", "key": self.named(suffix)}

    def assert_malformed(self, body, *words):
        problem = self.assert_problem(self.txn(body), 400, "malformed")
        for word in words:
            self.assertIn(word, problem["detail"])


class Transactions(TxnTest):
    def test_all_operations_have_one_revision_and_one_answer(self):
        old = self.put(self.named("old"), "there")
        answer = self.txn({"then": [self.get("old"), self.set("a"), self.set("old", "new"), self.delete("gone"),
                                    self.get("a"), self.get("gone")]})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.header("Content-Type"), "application/json")
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        self.assertIsNone(answer.header("Idempotency-Replayed"))
        document = answer.json()
        revision = document["revision"]
        self.assertEqual(list(document), ["succeeded", "revision", "results"])
        self.assertEqual((document["succeeded"], answer.revision), (True, revision))
        first, second, third, fourth, fifth, sixth = document["results"]
        self.assertEqual((first["op"], first["record"]["value"], first["record"]["revision"]), ("get", "there", old))
        self.assertEqual(second, {"op": "set", "key": self.named("a"), "revision": revision, "created": True})
        self.assertEqual(third, {"op": "set", "key": self.named("old"), "revision": revision, "created": False})
        self.assertEqual(fourth, {"op": "delete", "key": self.named("gone"), "deleted": 0})
        self.assertEqual(fifth, {"op": "get", "key": self.named("a"), "record": self.record(self.named("a"))})
        self.assertEqual(sixth, {"op": "get", "key": self.named("gone"), "record": None})

    def test_a_get_sees_what_was_done_before_it_and_not_what_comes_after(self):
        self.put(self.named("k"), "before")
        results = self.txn({"then": [self.get("k"), self.delete("k"), self.get("k")]}).json()["results"]
        self.assertEqual(results[0]["record"]["value"], "before")
        self.assertEqual([results[1]["deleted"], results[2]["record"]], [1, None])

    def test_conditions_decide_between_then_and_else(self):
        at = self.put(self.named("k"), "v")
        holding = [{"revision": at}, {"value": "v"}, {"value_base64": base64.b64encode(b"v").decode()}]
        failing = [{"revision": at + 1000}, {"revision": 0}, {"absent": True}, {"value": "w"}, {"value": ""}]
        nothing_there = [{"revision": 0}, {"absent": True}]

        def succeeded(*conditions):
            answer = self.txn({"if": list(conditions), "then": [self.get("k")], "else": [self.get("k"), self.get("n")]})
            document = answer.json()
            self.assertEqual((answer.status, len(document["results"])), (200, 1 if document["succeeded"] else 2))
            return document["succeeded"]

        for condition in holding:
            self.assertTrue(succeeded({"key": self.named("k"), **condition}), condition)
        for condition in failing:
            self.assertFalse(succeeded({"key": self.named("k"), **condition}), condition)
        for condition in nothing_there:
            self.assertTrue(succeeded({"key": self.named("n"), **condition}), condition)
        self.assertFalse(succeeded({"key": self.named("n"), "value": ""}))
        good, bad = {"key": self.named("k"), "revision": at}, {"key": self.named("n"), "revision": 1}
        self.assertTrue(succeeded(good, good))
        self.assertFalse(succeeded(good, bad))
        self.assertTrue(succeeded())

    def test_not_succeeded_is_a_200_that_may_write(self):
        answer = self.txn({"if": [{"key": self.named("k"), "revision": 5}], "then": [self.set("k", "then")],
                           "else": [self.set("k", "else")]})
        self.assertEqual((answer.status, answer.json()["succeeded"]), (200, False))
        self.assertEqual(self.record(self.named("k"))["value"], "else")
        self.assertEqual(self.record(self.named("k"))["revision"], answer.json()["revision"])

    def test_one_that_only_looks_changes_nothing_and_gives_the_state_s_revision(self):
        at = self.put(self.named("k"), "v")
        with self.watch("prefix=" + self.key) as watch:
            watch.until("synced")
            for body in ({"then": [self.get("k")]}, {"if": [{"key": self.named("k"), "revision": at}]},
                         {"then": [self.delete("nothing")]}):
                answer = self.txn(body)
                self.assertEqual((answer.json()["succeeded"], answer.revision), (True, at))
            last = self.put(self.named("k"), "w")
            self.assertEqual(watch.next()["revision"], last)

    def test_watchers_get_it_whole_in_its_own_order(self):
        self.put(self.named("b"), "v")
        with self.watch("prefix=" + self.key) as watch:
            watch.until("synced")
            revision = self.txn({"then": [self.set("c"), self.delete("b"), self.set("a", "1")]}).json()["revision"]
            events = watch.take(3)
        self.assertEqual([(event["op"], event["key"][-1]) for event in events],
                         [("set", "c"), ("delete", "b"), ("set", "a")])
        self.assertEqual({event["revision"] for event in events}, {revision})
        self.assertEqual([event.get("more") for event in events], [True, True, None])

    def test_sets_may_have_a_time_to_live_and_a_content_type(self):
        self.txn({"then": [self.set("k", "v", ttl="1h", content_type="text/css")]})
        answer = self.ask("GET", "/v1/kv/" + self.named("k"))
        self.assertEqual(answer.header("Content-Type"), "text/css")
        self.assertIn("expires", self.record(self.named("k")))
        with self.watch("key=" + self.named("e")) as watch:
            self.txn({"then": [self.set("e", "v", ttl="100ms")]})
            event, gone = watch.until("expire")[-2:]
            self.assertGreaterEqual(gone["time"], event["expires"])

    def test_bytes_go_in_and_out_as_base64(self):
        raw = base64.b64encode(b"\xff\x00" + self.key.encode()).decode()
        answer = self.txn({"then": [{"op": "set", "key_base64": raw, "value_base64": "AP8B"},
                                    {"op": "get", "key_base64": raw}, {"op": "delete", "key_base64": "//8="}]})
        results = answer.json()["results"]
        self.assertEqual([result["key_base64"] for result in results], [raw, raw, "//8="])
        self.assertEqual(results[1]["record"]["value_base64"], "AP8B")
        self.assertNotIn("value", results[1]["record"])

    def test_of_a_repeated_member_the_last_counts(self):
        self.txn('{"then":[{"op":"get","op":"set","key":"x","key":"%s","value":1,"value":"v"}]}' % self.named("k"))
        self.assertEqual(self.record(self.named("k"))["value"], "v")

    def test_a_txn_reads_the_write_before_it_on_its_connection(self):
        with self.connect() as connection:
            body = json.dumps({"then": [self.get("k")]})
            connection.send(request_bytes("PUT", "/v1/kv/" + self.named("k"), None, "1") +
                            request_bytes("POST", "/v1/txn", JSON, body) +
                            request_bytes("DELETE", "/v1/kv/" + self.named("k")) +
                            request_bytes("POST", "/v1/txn", JSON, body))
            answers = [connection.read_response() for _ in range(4)]
        self.assertEqual(answers[1].json()["results"][0]["record"]["value"], "1")
        self.assertIsNone(answers[3].json()["results"][0]["record"])

    def test_what_became_of_it_is_known_by_its_request_id(self):
        revision = self.txn({"then": [self.set("k")]}, {"Kvs-Request-Id": self.key}).revision
        told = self.ask("GET", "/v1/requests/" + self.key).json()
        self.assertEqual(told, {"id": self.key, "outcome": "applied", "revision": revision, "status": 200})


class Refused(TxnTest):
    def test_a_body_that_is_no_json_of_this_form(self):
        for text in ("", "{", "[]", "null", "{} {}", b"\xff{}", '{"then":[]', "{'then':[]}"):
            self.assert_malformed(text)
        self.assert_malformed(b'{"then":[{"op":"get","key":"\xff"}]}')
        self.assert_malformed('{"then":' + "[" * 20 + "]" * 20 + "}", "16 deep")
        self.assert_malformed('{"then":[]}x', "nothing may follow")
        self.assert_malformed({}, "asks for nothing")

    def test_members_that_nobody_knows_are_named(self):
        self.assert_malformed({"tehn": []}, "'tehn'", "did you mean 'then'?")
        self.assert_malformed({"then": [self.get("a"), self.set("k", tll="1s")]}, "'then[1].tll'",
                              "did you mean 'ttl'?")
        self.assert_malformed({"then": [{**self.get("k"), "value": "v"}]}, "'then[0].value'")
        self.assert_malformed({"else": [{**self.delete("k"), "ttl": "1s"}]}, "'else[0].ttl'")
        self.assert_malformed({"if": [{"key": "k", "version": 1}]}, "'if[0].version'")

    def test_members_that_are_missing_or_wrong_are_named(self):
        key = self.named("k")
        for operation, words in (({"key": key}, "\"op\""), ({"op": "put", "key": key}, "set, delete or get"),
                                 ({"op": 1, "key": key}, "must be text"), ({"op": "get"}, "\"key\""),
                                 ({"op": "set", "key": key}, "\"value\""),
                                 ({"op": "set", "key": key, "value": None}, "must be text, not null"),
                                 ({"op": "set", "key": key, "value": 1}, "must be text, not a number"),
                                 ({"op": "set", "key": key, "value": "", "value_base64": ""}, "both given"),
                                 ({"op": "get", "key": key, "key_base64": "AA=="}, "both given"),
                                 ({"op": "get", "key_base64": "AA"}, "base64"),
                                 (self.set("k", ttl=5), "must be text"), (self.set("k", ttl="5"), "unit"),
                                 (self.set("k", ttl="0s"), "above 0"), (self.set("k", ttl="none"), "ttl"),
                                 (self.set("k", content_type="a\r\nb: c"), "content_type"),
                                 (self.set("k", content_type="x" * 256), "content_type")):
            for branch in ("then", "else"):
                self.assert_malformed({branch: [self.get("a"), operation]}, "'%s[1]" % branch, words)
        for condition, words in (({"key": key}, "must say one of"), ({"key": key, "revision": 1, "absent": True}, "one of"),
                                 ({"key": key, "absent": False}, "absent"), ({"revision": 1}, "\"key\""),
                                 ({"key": key, "revision": "1"}, "a number"), ({"key": key, "revision": -1}, "from 0"),
                                 ({"key": key, "revision": 2**53}, "from 0"), ({"key": key, "revision": 1.5}, "whole")):
            self.assert_malformed({"if": [condition], "then": [self.get("a")]}, "'if[0]", words)
        self.assert_malformed({"then": {}}, "'then'", "list of objects")
        self.assertIsNone(self.record(key))

    def test_a_key_written_twice(self):
        self.assert_malformed({"then": [self.set("k"), self.get("k"), self.delete("k")]}, "'then[2].key'", "twice")
        self.assert_malformed({"else": [self.set("a"), self.set("k"), self.set("k")]}, "'else[2].key'", "twice")
        self.assertEqual(self.txn({"then": [self.set("k"), self.get("k")], "else": [self.set("k")]}).status, 200)

    def test_bad_keys(self):
        for branch in ("then", "else"):
            self.assert_problem(self.txn({branch: [{"op": "get", "key": ""}]}), 400, "empty_key")
            answer = self.txn({branch: [{"op": "set", "key": "k" * 1025, "value": ""}]})
            self.assertIn(branch + "[0].key", self.assert_problem(answer, 413, "key_too_large")["detail"])
        self.assert_problem(self.txn({"if": [{"key": "", "absent": True}]}), 400, "empty_key")

    def test_too_many_operations(self):
        gets = [self.get("k")] * 1024
        self.assertEqual(len(self.txn({"then": gets}).json()["results"]), 1024)
        self.assert_problem(self.txn({"then": gets + gets[:1]}), 413, "request_too_large")
        self.assert_problem(self.txn({"then": gets, "else": gets[:1]}), 413, "request_too_large")
        checks = [{"key": "k", "revision": 0}] * 1025
        self.assertEqual(self.txn({"if": checks[:1024], "then": gets[:1]}).status, 200)
        self.assert_problem(self.txn({"if": checks, "then": gets[:1]}), 413, "request_too_large")

    def test_more_bytes_than_a_value_may_have(self):
        size = 64 * KIB - 2 * len(self.named("a"))
        half = "x" * (size // 2)
        rest = "x" * (size - size // 2)
        self.assertEqual(self.txn({"then": [self.set("a", half), self.set("b", rest)]}).status, 200)
        answer = self.txn({"then": [self.set("a", half), self.set("b", rest + "x")]})
        self.assertIn("65537", self.assert_problem(answer, 413, "request_too_large")["detail"])
        self.assertEqual(self.record(self.named("b"))["value"], rest)
        escaped = '{"then":[{"op":"set","key":"%s","value":"%s"}]}' % (self.named("a"), "\\u0000" * size)
        self.assertEqual(self.txn(escaped).status, 200)
        with self.connect() as connection:
            connection.try_send(request_bytes("POST", "/v1/txn", JSON, b" " * (2 << 20)))
            self.assert_problem(connection.read_response(), 413, "request_too_large")
        self.assert_problem(self.txn("[0" + ",0" * 400000 + "]"), 413, "request_too_large")

    def test_more_bytes_than_an_answer_may_have(self):
        self.put(self.named("k"), "x" * 60 * KIB)
        self.assertEqual(self.txn({"then": [self.get("k")] * 100}).status, 200)
        answer = self.txn({"then": [self.get("k")] * 200})
        self.assertIn("get fewer keys", self.assert_problem(answer, 413, "request_too_large")["detail"])

    def test_heads_that_do_not_fit(self):
        body = '{"then":[{"op":"get","key":"k"}]}'
        for kind in (None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
            answer = self.ask("POST", "/v1/txn", {"Content-Type": kind}, body)
            self.assert_problem(answer, 415, "unsupported_media_type")
        for kind in ("application/json; charset=utf-8", "Application/JSON"):
            self.assertEqual(self.ask("POST", "/v1/txn", {"Content-Type": kind}, body).status, 200)
        self.assert_problem(self.txn(body, {"Content-Encoding": "gzip"}), 415, "unsupported_media_type")
        self.assert_problem(self.txn(body, {"If-Match": "*"}), 400, "malformed")
        self.assert_problem(self.ask("POST", "/v1/txn?dry=1", JSON, body), 400, "bad_parameter")
        for method in ("GET", "PUT", "DELETE"):
            answer = self.ask(method, "/v1/txn", JSON, body)
            self.assert_problem(answer, 405, "method_not_allowed")
            self.assertEqual(answer.header("Allow"), "POST, OPTIONS")

    def test_a_bad_head_is_refused_before_the_body_is_sent(self):
        with self.connect() as connection:
            connection.send(request_bytes("POST", "/v1/txn", {"Expect": "100-continue", "Content-Length": "100"}))
            answer = connection.read_response()
        self.assert_problem(answer, 415, "unsupported_media_type")
        self.assertEqual(answer.interim, [])

    def test_options(self):
        answer = self.ask("OPTIONS", "/v1/txn")
        self.assertEqual((answer.status, answer.header("Allow")), (204, "POST, OPTIONS"))


class Pages(TxnTest):
    flags = ("--cors-origin", "https://app.example")

    def test_a_page_of_an_origin_that_is_let_in_may_send_what_writes_take(self):
        origin = {"Origin": "https://app.example"}
        for target, methods in (("/v1/txn", "POST"), ("/v1/kv/k", "GET, HEAD, PUT, PATCH, DELETE"), ("/v1/kv", "DELETE")):
            answer = self.ask("OPTIONS", target, origin)
            self.assertIn(methods, answer.header("Access-Control-Allow-Methods"))
            allowed = answer.header("Access-Control-Allow-Headers").split(", ")
            for name in ("Content-Type", "If-Match", "If-None-Match", "Idempotency-Key", "Kvs-Request-Id"):
                self.assertIn(name, allowed)
        answer = self.txn({"then": [self.get("k")]}, origin)
        self.assertIn("Idempotency-Replayed", answer.header("Access-Control-Expose-Headers"))

    def test_other_pages_may_not(self):
        answer = self.txn({"then": [self.set("k")]}, {"Origin": "https://evil.example"})
        self.assert_problem(answer, 403, "foreign_origin")
        answer = self.txn({"then": [self.set("k")]}, {"Sec-Fetch-Site": "cross-site"})
        self.assert_problem(answer, 403, "foreign_origin")
        for method, target in (("PATCH", "/v1/kv/k?ttl=1h"), ("DELETE", "/v1/kv?all=true")):
            answer = self.ask(method, target, {"Sec-Fetch-Site": "cross-site"})
            self.assert_problem(answer, 403, "foreign_origin")
        self.assertIsNone(self.record(self.named("k")))


if __name__ == "__main__":
    main()

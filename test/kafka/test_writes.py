#!/usr/bin/env python3
"""Transactions, times to live, range deletes and retries by HTTP, with two instances on one topic."""
import json
import threading

from kafka_commands import *
from kafka_harness import *

PATIENCE = "timeout=60s"
JSON = {"Content-Type": "application/json"}


def keyed(key, **headers):
    return {"Idempotency-Key": key, **{name.replace("_", "-"): value for name, value in headers.items()}}


class Together(CommandTest):
    def setUp(self):
        self.addCleanup(self.restore)
        self.ada = self.instance()
        self.bob = self.instance(name="bob")

    def txn(self, server, headers=None, **body):
        return server.request("POST", "/v1/txn", {**JSON, **(headers or {})}, json.dumps(body))

    def test_a_txn_at_one_is_one_revision_at_the_other(self):
        at = self.ada.put("old", "v")
        answer = self.txn(self.ada, **{"if": [{"key": "old", "revision": at}, {"key": "new", "absent": True}],
                                       "then": [{"op": "set", "key": "new", "value": "1", "ttl": "1h"},
                                                {"op": "delete", "key": "old"}, {"op": "get", "key": "new"}]})
        self.assertEqual((answer.status, answer.json()["succeeded"]), (200, True))
        with self.bob.watch(f"since={at}&{PATIENCE}") as watch:
            events = [event for event in watch.until("delete") if event["op"] != "synced"]
        self.assertEqual([(event["op"], event["key"]) for event in events], [("set", "new"), ("delete", "old")])
        self.assertEqual({event["revision"] for event in events}, {answer.revision})
        self.assertEqual([event.get("more") for event in events], [True, None])
        record = self.bob.request("GET", "/v1/kv/new?record=1").json()
        self.assertEqual(answer.json()["results"][2]["record"], record)
        failed = self.txn(self.bob, **{"if": [{"key": "old", "revision": at}], "else": [{"op": "get", "key": "new"}]})
        self.assertEqual((failed.json()["succeeded"], failed.json()["results"][0]["record"]), (False, record))

    def test_a_range_and_a_touch_hold_at_the_other(self):
        for key in ("a/1", "a/2", "b"):
            self.ada.put(key, "v")
        touched = self.ada.request("PATCH", "/v1/kv/b?ttl=1h")
        gone = self.ada.request("DELETE", "/v1/kv?prefix=a/")
        self.assertEqual(gone.json(), {"deleted": 2, "revision": gone.revision})
        record = self.bob.request("GET", f"/v1/kv/b?record=1&min_revision={gone.revision}&{PATIENCE}").json()
        self.assertEqual((record["revision"], record["expires"]), (touched.revision, touched.json()["expires"]))
        self.assertEqual([event["key"] for event in self.bob.state()], ["b"])

    def test_a_key_goes_by_itself_at_one_revision_on_both_and_never_early(self):
        with self.ada.watch("key=k") as here, self.bob.watch("key=k") as there:
            here.until("synced")
            there.until("synced")
            put = self.ada.request("PUT", "/v1/kv/k?ttl=300ms", None, "v").json()
            events = [watch.until("expire")[-2:] for watch in (here, there)]
        self.assertEqual(events[0], events[1])
        event, gone = events[0]
        self.assertEqual(event["expires"], put["expires"])
        self.assertGreaterEqual(gone["time"], event["expires"])

    def test_a_key_goes_also_when_the_instance_that_took_it_is_gone(self):
        put = self.ada.request("PUT", "/v1/kv/k?ttl=1s", None, "v")
        self.ada.kill()
        with self.bob.watch(f"key=k&since={put.revision - 1}&{PATIENCE}") as watch:
            event, gone = [event for event in watch.until("expire") if "key" in event]  # between them it says that it is synced
        self.assertEqual((event["op"], event["expires"]), ("set", put.json()["expires"]))
        self.assertGreaterEqual(gone["time"], event["expires"])

    def test_a_retry_at_the_other_gets_the_first_answer(self):
        body = {"then": [{"op": "set", "key": "t", "value": "v"}, {"op": "delete", "key": "k2"}]}
        writes = (("PUT", "/v1/kv/k?ttl=1h", {}, "v"), ("PATCH", "/v1/kv/k?ttl=none", {}, None),
                  ("POST", "/v1/txn", JSON, json.dumps(body)), ("DELETE", "/v1/kv?prefix=t", {}, None),
                  ("DELETE", "/v1/kv/k", {}, None))
        for number, (method, target, headers, text) in enumerate(writes):
            headers = {**headers, **keyed(str(number))}
            first = self.ada.request(method, target, headers, text)
            for server in (self.bob, self.ada):
                again = server.request(method, target, headers, text)
                self.assertEqual((again.status, again.body, again.revision), (first.status, first.body, first.revision))
                self.assertEqual(again.header("Idempotency-Replayed"), "true")
            told = self.bob.request("GET", f"/v1/requests/{number}").json()
            self.assertEqual((told["outcome"], told["revision"], told["status"]), ("applied", first.revision, first.status))
        self.assertEqual(self.bob.request("PUT", "/v1/kv/k", keyed("0"), "other").status, 422)
        self.assertEqual(self.bob.state(), [])

    def test_a_refusal_is_the_same_at_the_other_and_after_a_restart(self):
        at = self.ada.put("k", "v")
        head = keyed("mine", If_None_Match="*")
        self.assertEqual(self.ada.request("PUT", "/v1/kv/k", head, "w").status, 412)
        self.ada.request("DELETE", "/v1/kv/k")

        def assert_refused_again(server):
            again = server.request("PUT", "/v1/kv/k", head, "w")
            self.assertEqual((again.status, again.header("Idempotency-Replayed")), (412, "true"))
            self.assertEqual(again.json()["current"], {"key": "k", "revision": at})

        assert_refused_again(self.bob)
        self.ada.kill()
        self.ada.start()
        assert_refused_again(self.ada)

    def test_one_that_is_under_way_is_said_to_be(self):
        (broker,) = self.cluster.brokers.values()
        answers = []

        def write():
            answers.append(self.ada.request("PUT", "/v1/kv/k", keyed("mine"), "v"))

        broker.pause()
        writers = [threading.Thread(target=write) for _ in range(2)]
        for writer in writers:
            writer.start()
        wait_until(lambda: answers, "the second is told that the first is under way")
        broker.resume()
        for writer in writers:
            writer.join(60)
        second, first = answers
        self.assertEqual((second.status, second.json()["code"]), (409, "request_key_in_use"))
        self.assertEqual(first.status, 201)
        again = self.bob.request("PUT", "/v1/kv/k", keyed("mine"), "v")
        self.assertEqual((again.status, again.body), (201, first.body))


if __name__ == "__main__":
    main()

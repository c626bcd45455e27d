#!/usr/bin/env python3
"""GET /v1/history/{key}: what happened to a key, newest first."""
import base64
import re

from kvs_harness import *

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class HistoryTest(ServerTest):
    def history(self, key, query="", server=None):
        answer = (server or self.server).request("GET", "/v1/history/" + key + query)
        self.assertEqual((answer.status, answer.header("Content-Type"), answer.header("Cache-Control")),
                         (200, "application/json", "no-store"), answer)
        body = answer.json()
        self.assertEqual(answer.revision, body["revision"])
        members = [name for name in body if name != "truncated"]
        self.assertEqual(members[1:], ["revision", "oldest_revision", "items"])
        return body

    def test_sets_and_deletes_newest_first(self):
        first = self.put("h1", "1", {"Content-Type": "text/plain"})
        self.put("else", "v")
        second = self.put("h1", "2")
        gone = self.ask("DELETE", "/v1/kv/h1").json()["revision"]
        again = self.put("h1", "3")
        body = self.history("h1")
        self.assertEqual((body["key"], body["revision"], body["oldest_revision"]), ("h1", again, 0))
        items = body["items"]
        for item in items:
            self.assertRegex(item.pop("modified", None) or item.pop("time"), TIME)
        self.assertEqual(items, [
            {"op": "set", "key": "h1", "value": "3", "revision": again, "created_revision": again, "version": 1, "created": True},
            {"op": "delete", "key": "h1", "revision": gone},
            {"op": "set", "key": "h1", "value": "2", "revision": second, "created_revision": first, "version": 2},
            {"op": "set", "key": "h1", "value": "1", "revision": first, "created_revision": first, "version": 1,
             "content_type": "text/plain", "created": True}])

    def test_of_a_key_that_nobody_knows_there_is_nothing(self):
        self.assertEqual(self.history("never")["items"], [])

    def test_a_limit_gives_the_newest(self):
        revisions = [self.put("h2", str(turn)) for turn in range(110)]
        newest_first = revisions[::-1]
        for query, count in (("", 100), ("?limit=3", 3), ("?limit=1", 1), ("?limit=1000000", 110)):
            items = self.history("h2", query)["items"]
            self.assertEqual([item["revision"] for item in items], newest_first[:count])

    def test_keys_of_any_bytes(self):
        self.ask("PUT", "/v1/kv/%FF/h", body=b"\xfe")
        body = self.history("%FF/h")
        self.assertEqual(base64.b64decode(body.pop("key_base64")), b"\xff/h")
        self.assertEqual(base64.b64decode(body["items"][0]["value_base64"]), b"\xfe")

    def test_mistakes(self):
        self.assert_problem(self.ask("GET", "/v1/history/"), 400, "empty_key")
        self.assert_problem(self.ask("GET", "/v1/history/%"), 400, "bad_key")
        self.assert_problem(self.ask("GET", "/v1/history/" + "k" * 1025), 413, "key_too_large")
        for query in ("limit=0", "limit=x", "limt=1", "revision=1"):
            self.assert_problem(self.ask("GET", "/v1/history/a?" + query), 400, "bad_parameter")
        answer = self.ask("PUT", "/v1/history/a", body=b"")
        self.assert_problem(answer, 405, "method_not_allowed")
        self.assertEqual(answer.header("Allow"), "GET, HEAD, OPTIONS")

    def test_it_waits_as_other_reads(self):
        revision = self.put("h3", "v")
        self.assertEqual(self.history("h3", f"?min_revision={revision}&linearizable=1")["items"][0]["revision"], revision)
        answer = self.ask("GET", f"/v1/history/h3?min_revision={revision + 1000}&timeout=1ms")
        self.assert_problem(answer, 504, "not_caught_up")

    def test_a_head(self):
        self.put("h4", "v")
        got, head = self.ask("GET", "/v1/history/h4"), self.ask("HEAD", "/v1/history/h4")
        self.assertEqual((head.status, head.header("Content-Length"), head.body), (200, got.header("Content-Length"), b""))

    def test_it_goes_on_in_the_journal_and_through_restarts(self):
        with Server("--fsync", "never", "--history-memory", "64KiB", "--history-bytes", "4MiB") as server:
            revisions = []
            for turn in range(60):
                revisions.append(server.put("h", "%d" % turn))
                if turn % 20 == 10:
                    server.put("else", b"x" * 300_000)
                if turn == 40:
                    server.stop()
                    server.start()
            items = self.history("h", server=server)["items"]
            self.assertEqual([item["revision"] for item in items], revisions[::-1])
            self.assertEqual([item["value"] for item in items], [str(turn) for turn in range(60)][::-1])
            self.assertEqual([item["revision"] for item in self.history("h", "?limit=45", server)["items"]], revisions[:14:-1])

    def test_large_values_end_it_early(self):
        with Server("--fsync", "never", "--history-memory", "64KiB") as server:
            revisions = [server.put("h", b"x" * (1 << 20)) for _ in range(12)]
            found = self.history("h", server=server)
            self.assertEqual([item["revision"] for item in found["items"]], revisions[::-1][:8])
            self.assertIs(found["truncated"], True)
            self.assertNotIn("truncated", self.history("h", "?limit=7", server))  # the limit came first
            revision = server.put("small", "v")
            self.assertEqual([item["revision"] for item in self.history("small", server=server)["items"]], [revision])
            self.assertNotIn("truncated", self.history("small", server=server))

    def test_others_are_served_while_one_searches(self):
        with Server("--fsync", "never", "--threads", "1", "--history-memory", "64KiB") as server:
            with server.connect() as connection:
                for start in range(0, 20_000, 500):
                    connection.send(b"".join(request_bytes("PUT", "/v1/kv/k%d" % n, None, "x" * 100) for n in range(start, start + 500)))
                    for _ in range(500):
                        connection.read_response("PUT")
            searches = [server.connect() for _ in range(30)]
            for search in searches:
                search.send(request_bytes("GET", "/v1/history/never"))
            self.assertEqual(server.request("GET", "/v1/kv/k1").status, 200)
            answers = [search.read_response() for search in searches]
            for search in searches:
                search.close()
            for answer in answers:
                if answer.status == 429:  # more at once than the server makes
                    self.assertEqual((answer.json()["code"], answer.header("Retry-After")), ("too_many_requests", "1"))
                else:
                    self.assertEqual((answer.status, answer.json()["items"]), (200, []))
            self.assertIn(200, {answer.status for answer in answers})


if __name__ == "__main__":
    main()

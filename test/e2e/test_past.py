#!/usr/bin/env python3
"""Reads of the past: ?revision= on a key and on the listing."""
import random

from kvs_harness import *

MIB = 1024 * 1024
OTHER = "@" + "0" * 15 + "1"


class Past(ServerTest):
    def get(self, key, revision, more="", headers=None):
        return self.ask("GET", f"/v1/kv/{key}?revision={revision}{more}", headers)

    def log_id(self):
        return self.ask("GET", "/v1/status").json()["log_id"]

    def test_a_key_as_it_was(self):
        first = self.put("p1", "1", {"Content-Type": "text/plain"})
        between = self.put("else", "v")
        second = self.put("p1", "2")
        self.ask("DELETE", "/v1/kv/p1")
        gone = self.ask("DELETE", "/v1/kv/else").json()["revision"]
        for revision, value, etag in ((first, b"1", first), (between, b"1", first), (second, b"2", second)):
            answer = self.get("p1", revision)
            self.assertEqual((answer.status, answer.body, answer.etag), (200, value, '"%d"' % etag))
            self.assertEqual(answer.revision, revision)
        self.assertEqual(self.get("p1", first).header("Content-Type"), "text/plain")
        self.assertEqual(self.get("p1", first, "&record=1").json()["revision"], first)
        for revision in (first - 1, gone):
            answer = self.get("p1", revision)
            self.assert_problem(answer, 404, "no_such_key")
            self.assertEqual(answer.revision, revision)

    def test_a_position_with_the_log_s_name_will_do(self):
        revision = self.put("p2", "old")
        self.put("p2", "new")
        self.assertEqual(self.get("p2", f"{revision}@{self.log_id()}").body, b"old")
        self.assert_problem(self.get("p2", f"{revision}{OTHER}"), 410, "other_log")
        self.assert_problem(self.ask("GET", f"/v1/kv?revision={revision}{OTHER}"), 410, "other_log")

    def test_0_is_the_empty_store(self):
        self.put("p3", "v")
        answer = self.get("p3", 0)
        self.assert_problem(answer, 404, "no_such_key")
        self.assertEqual(answer.revision, 0)
        listed = self.ask("GET", "/v1/kv?revision=0")
        self.assertEqual((listed.json(), listed.revision), ({"revision": 0, "items": [], "prefixes": []}, 0))

    def test_conditions_are_judged_by_the_state_that_was(self):
        first = self.put("p4", "1")
        second = self.put("p4", "2")
        answer = self.get("p4", first, headers={"If-None-Match": '"%d"' % first})
        self.assertEqual((answer.status, answer.revision, answer.etag), (304, first, '"%d"' % first))
        self.assertEqual(self.get("p4", first, headers={"If-None-Match": '"%d"' % second}).body, b"1")
        refused = self.get("p4", first, headers={"If-Match": '"%d"' % second})
        problem = self.assert_problem(refused, 412, "condition_failed")
        self.assertEqual((problem["current_revision"], refused.revision), (first, first))

    def test_the_newest_revision_is_what_is_there(self):
        revision = self.put("p5", "v")
        self.assertEqual(self.get("p5", revision).body, b"v")

    def test_a_revision_that_does_not_come_is_in_the_future(self):
        revision = self.put("p6", "v")
        for target in (f"/v1/kv/p6?revision={revision + 1000}", f"/v1/kv?revision={revision + 1000}"):
            answer = self.ask("GET", target + "&timeout=1ms")
            problem = self.assert_problem(answer, 400, "revision_in_future")
            self.assertEqual(problem["current_revision"], revision)
            self.assertIn("oldest_revision", problem)

    def test_a_revision_that_comes_is_waited_for(self):
        revision = self.put("p7", "old")
        with self.connect() as connection:
            connection.send(request_bytes("GET", "/livez") +
                            request_bytes("GET", f"/v1/kv/p7?revision={revision + 1}&timeout=60s"))
            connection.read_response()
            self.put("p7", "new")
            self.put("p7", "newest")
            answer = connection.read_response()
        self.assertIn((answer.body, answer.revision), ((b"new", revision + 1),))

    def test_it_goes_with_the_other_ways_to_wait(self):
        revision = self.put("p8", "old")
        later = self.put("p8", "new")
        self.assertEqual(self.get("p8", revision, f"&min_revision={later}&linearizable=1").body, b"old")
        answer = self.get("p8", revision, f"&min_revision={later + 1000}&timeout=1ms")
        self.assert_problem(answer, 504, "not_caught_up")

    def test_what_is_behind_it_is_answered_behind_it(self):
        revision = self.put("p9", "old")
        self.put("p9", "new")
        with self.connect() as connection:
            connection.send(request_bytes("GET", f"/v1/kv/p9?revision={revision}") + request_bytes("GET", "/v1/kv/p9"))
            self.assertEqual([connection.read_response().body for _ in range(2)], [b"old", b"new"])

    def test_a_head(self):
        revision = self.put("p10", "four")
        self.put("p10", "longer")
        answer = self.ask("HEAD", f"/v1/kv/p10?revision={revision}")
        self.assertEqual((answer.status, answer.header("Content-Length"), answer.revision), (200, "4", revision))

    def test_not_a_parameter_of_writes_and_not_of_other_routes(self):
        for method, target in (("PUT", "/v1/kv/a"), ("DELETE", "/v1/kv/a"), ("GET", "/v1/snapshot")):
            answer = self.ask(method, target + "?revision=1", body=b"x" if method == "PUT" else None)
            self.assert_problem(answer, 400, "bad_parameter")


class Everything(unittest.TestCase):
    def test_every_state_of_a_long_history_can_be_listed_again_also_after_a_restart(self):
        chance = random.Random(11)
        with Server("--fsync", "never", "--history-memory", "64KiB") as server:
            states, state = {}, {}
            with server.connect() as connection:
                for turn in range(400):
                    key = "k%d" % chance.randrange(20)
                    if chance.random() < 0.3:
                        answer = connection.request("DELETE", "/v1/kv/" + key)
                        state.pop(key, None)
                    else:
                        value = "%d" % turn * chance.randrange(1, 200)
                        answer = connection.request("PUT", "/v1/kv/" + key, None, value)
                        state[key] = value
                    states[answer.revision] = dict(state)
            for restarted in (False, True):
                for revision in chance.sample(sorted(states), 60):
                    answer = server.request("GET", f"/v1/kv?limit=10000&revision={revision}")
                    self.assertEqual((answer.status, answer.revision), (200, revision))
                    listed = {item["key"]: item["value"] for item in answer.json()["items"]}
                    self.assertEqual(listed, states[revision], revision)
                if not restarted:
                    server.stop()
                    server.start()

    def test_below_the_history_it_says_what_there_is(self):
        with Server("--fsync", "never", "--history-bytes", "64KiB", "--history-memory", "64KiB") as server:
            first = server.put("k", "old")
            # Segments are dropped once a snapshot has what they hold.
            server.stop()
            server.start()
            for _ in range(40):
                server.put("k", "x" * 100_000)
            server.stop()
            server.start()
            for target in (f"/v1/kv/k?revision={first}", f"/v1/kv?revision={first}"):
                answer = server.request("GET", target)
                self.assertEqual((answer.status, answer.json()["code"]), (410, "compacted"), answer)
                problem = answer.json()
                self.assertEqual(problem["current_revision"], first + 40)
                self.assertEqual(answer.revision, first + 40)
                oldest = problem["oldest_revision"]
                self.assertGreater(oldest, first)
                # A read of the past may begin later than a watch: at the newest state kept that is not older.
                self.assertGreaterEqual(oldest, server.request("GET", "/v1/status").json()["oldest_revision"])
                self.assertEqual(server.request("GET", f"/v1/kv/k?revision={oldest}").status, 200)


if __name__ == "__main__":
    main()

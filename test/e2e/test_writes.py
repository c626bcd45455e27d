#!/usr/bin/env python3
"""Times to live, touches, range deletes, conditions on every write, the memory limit: /v1/kv as its writers see it."""
import datetime
import json
import resource

from kvs_harness import *


def time_of(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_between(earlier, later):
    return (time_of(later) - time_of(earlier)).total_seconds()


class WriteTest(ServerTest):
    def setUp(self):
        self.key = self.id().rsplit(".", 1)[-1]
        self.path = "/v1/kv/" + self.key

    def record(self, key=None):
        return self.ask("GET", f"/v1/kv/{key or self.key}?record=1").json()

    def assert_bad_parameter(self, answer, *words):
        problem = self.assert_problem(answer, 400, "bad_parameter")
        for word in words:
            self.assertIn(word, problem["detail"])


class TimesToLive(WriteTest):
    def test_a_put_says_when_the_key_will_go_and_so_do_records(self):
        answer = self.ask("PUT", self.path + "?ttl=1h30m", None, "v")
        self.assertEqual(set(answer.json()), {"key", "revision", "created", "expires"})
        record = self.record()
        self.assertEqual(record["expires"], answer.json()["expires"])
        self.assertEqual(seconds_between(record["modified"], record["expires"]), 5400)
        plain = self.ask("PUT", self.path, None, "v")
        self.assertNotIn("expires", plain.json())
        self.assertNotIn("expires", self.record())

    def test_a_ttl_is_a_duration_above_zero_and_at_most_ten_years(self):
        for wrong in ("ttl=30", "ttl=0s", "ttl=3654d", "ttl=none", "ttl=", "ttl=-1s", "ttl=1s&ttl=2s"):
            self.assert_bad_parameter(self.ask("PUT", f"{self.path}?{wrong}", None, "v"), "ttl")
        self.assert_bad_parameter(self.ask("PUT", self.path + "?tll=1s", None, "v"), "did you mean 'ttl'?")
        self.assertEqual(self.ask("GET", self.path).status, 404)
        self.assertEqual(self.ask("PUT", self.path + "?ttl=3653d", None, "v").status, 201)

    def test_a_bad_ttl_is_refused_before_the_body_is_sent(self):
        with self.connect() as connection:
            head = {"Expect": "100-continue", "Content-Length": "1000"}
            connection.send(request_bytes("PUT", self.path + "?ttl=5", head))
            answer = connection.read_response()
            self.assert_bad_parameter(answer, "ttl")
            self.assertEqual(answer.interim, [])

    def test_a_key_goes_by_itself_and_never_early(self):
        watch = self.watch("key=" + self.key)
        watch.until("synced")
        put = self.ask("PUT", self.path + "?ttl=200ms", None, "v")
        event = watch.next()
        self.assertEqual((event["op"], event["expires"]), ("set", put.json()["expires"]))
        self.assertEqual(seconds_between(event["modified"], event["expires"]), 0.2)
        gone = watch.next()
        self.assertEqual(set(gone), {"op", "key", "revision", "time"})
        self.assertEqual((gone["op"], gone["key"]), ("expire", self.key))
        self.assertGreaterEqual(seconds_between(event["expires"], gone["time"]), 0)
        self.assertGreater(gone["revision"], event["revision"])
        self.assert_problem(self.ask("GET", self.path), 404, "no_such_key")

    def test_the_legacy_watch_tells_of_an_expiry_as_of_a_delete(self):
        with self.server.websocket("/subscribe?deletes=1") as watch:
            self.ask("PUT", self.path + "?ttl=100ms", None, "v")
            set_message, gone = (json.loads(watch.receive().payload) for _ in range(2))
        self.assertEqual((set_message["Value"], set_message.get("Deleted")), (self.key + ": v", None))
        self.assertEqual((gone["Value"], gone["Deleted"]), (self.key + ": ", True))

    def test_a_set_without_a_ttl_takes_it_away(self):
        for write in (lambda: self.ask("PUT", self.path, None, "2"),
                      lambda: self.ask("POST", "/set", None, '{"Key":"%s","Value":"2"}' % self.key)):
            self.ask("PUT", self.path + "?ttl=1h", None, "1")
            self.assertIn("expires", self.record())
            self.assertEqual(write().status, 200)
            self.assertNotIn("expires", self.record())


class Touches(WriteTest):
    def test_a_touch_moves_the_time_and_takes_it_away(self):
        created = self.put(self.key, "v")
        first = self.ask("PATCH", self.path + "?ttl=1h")
        self.assertEqual((first.status, set(first.json())), (200, {"key", "revision", "expires"}))
        self.assertEqual(first.etag, '"%d"' % first.json()["revision"])
        self.assertEqual(first.revision, first.json()["revision"])
        self.assertEqual(first.header("Cache-Control"), "no-store")
        record = self.record()
        self.assertEqual((record["expires"], record["value"]), (first.json()["expires"], "v"))
        self.assertEqual((record["created_revision"], record["version"]), (created, 1))
        self.assertEqual(seconds_between(record["modified"], record["expires"]), 3600)
        second = self.ask("PATCH", self.path + "?ttl=none")
        self.assertEqual((second.status, set(second.json())), (200, {"key", "revision"}))
        self.assertGreater(second.revision, first.revision)
        self.assertNotIn("expires", self.record())

    def test_a_touch_is_a_change_like_any_other(self):
        self.ask("PUT", self.path, {"Content-Type": "text/css"}, "v")
        watch = self.watch("key=" + self.key)
        watch.until("synced")
        touched = self.ask("PATCH", self.path + "?ttl=1h").json()
        event = watch.next()
        self.assertEqual((event["op"], event["value"], event["content_type"]), ("set", "v", "text/css"))
        self.assertEqual((event["revision"], event["expires"]), (touched["revision"], touched["expires"]))
        self.assertNotIn("created", event)

    def test_a_key_that_is_not_there_cannot_be_touched(self):
        answer = self.ask("PATCH", self.path + "?ttl=1h", {"Kvs-Request-Id": "touch-nothing"})
        self.assert_problem(answer, 404, "no_such_key")
        told = self.ask("GET", "/v1/requests/touch-nothing").json()
        self.assertEqual((told["outcome"], told["status"]), ("refused", 404))

    def test_a_touch_must_say_how_long(self):
        self.put(self.key)
        self.assert_bad_parameter(self.ask("PATCH", self.path), "?ttl=30s", "?ttl=none")
        self.assert_bad_parameter(self.ask("PATCH", self.path + "?ttl="), "ttl")
        self.assert_bad_parameter(self.ask("PATCH", self.path + "?ttl=5"), "ttl")
        self.assert_problem(self.ask("PATCH", "/v1/kv/?ttl=1s"), 400, "empty_key")


class Conditions(WriteTest):
    def writes(self):
        return (("PUT", self.path, "w"), ("PATCH", self.path + "?ttl=1h", None), ("DELETE", self.path, None))

    def test_every_write_may_have_them_and_is_told_what_is_there_instead(self):
        revision = self.put(self.key)
        for method, target, body in self.writes():
            for headers in ({"If-Match": '"%d"' % (revision + 10**6)}, {"If-None-Match": '"%d"' % revision},
                            {"If-None-Match": "*"}):
                answer = self.ask(method, target, headers, body)
                problem = self.assert_problem(answer, 412, "condition_failed")
                self.assertEqual(problem["current_revision"], revision)
                self.assertEqual(problem["current"], self.record())
                self.assertIsNone(answer.etag)
        self.assertEqual(self.record()["revision"], revision)

    def test_of_a_key_that_is_not_there_it_is_null(self):
        for method, target, body in self.writes():
            problem = self.assert_problem(self.ask(method, target, {"If-Match": "*"}, body), 412, "condition_failed")
            self.assertEqual((problem["current_revision"], problem["current"]), (0, None))

    def test_those_that_hold_let_a_write_through(self):
        for method, target, body in (("PUT", self.path, "1"), *self.writes()):
            there = self.ask("GET", self.path)
            headers = {"If-Match": "1, " + there.etag} if there.status == 200 else {"If-None-Match": "*"}
            self.assertIn(self.ask(method, target, headers, body).status, (200, 201))
        self.assertEqual(self.ask("GET", self.path).status, 404)

    def test_bad_ones_are_refused_before_anything_is_written(self):
        revision = self.put(self.key)
        for method, target, body in self.writes():
            self.assert_problem(self.ask(method, target, {"If-Match": "nonsense"}, body), 400, "malformed")
        self.assertEqual(self.record()["revision"], revision)


class Ranges(WriteTest):
    def fill(self):
        for suffix in ("/b", "/a", "/c", "x"):
            self.put(self.key + suffix)

    def left(self):
        return [event["key"] for event in self.server.state() if event["key"].startswith(self.key)]

    def test_a_prefix_goes_at_one_revision_in_key_order(self):
        self.fill()
        watch = self.watch("prefix=" + self.key)
        watch.until("synced")
        answer = self.ask("DELETE", f"/v1/kv?prefix={self.key}/")
        self.assertEqual((answer.status, answer.json()), (200, {"deleted": 3, "revision": answer.revision}))
        self.assertEqual(answer.header("Content-Type"), "application/json")
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        events = watch.take(3)
        self.assertEqual([event["key"] for event in events], [self.key + end for end in ("/a", "/b", "/c")])
        self.assertEqual({(event["op"], event["revision"]) for event in events}, {("delete", answer.revision)})
        self.assertEqual([event.get("more") for event in events], [True, True, None])
        self.assertEqual(self.left(), [self.key + "x"])

    def test_nothing_there_is_no_error(self):
        before = self.put(self.key)
        answer = self.ask("DELETE", f"/v1/kv?prefix={self.key}-not")
        self.assertEqual((answer.status, answer.json()), (200, {"deleted": 0, "revision": before}))

    def test_what_names_no_range_deletes_nothing(self):
        self.fill()
        for query in ("", "?", "?prefix", "?prefix=", "?all=false", "?all=0", f"?all=true&prefix={self.key}",
                      f"?all=false&prefix={self.key}"):
            self.assert_bad_parameter(self.ask("DELETE", "/v1/kv" + query), "nothing was deleted")
        self.assert_bad_parameter(self.ask("DELETE", "/v1/kv?al=true"), "did you mean 'all'?")
        self.assert_bad_parameter(self.ask("DELETE", "/v1/kv?all=yes"), "all")
        self.assert_bad_parameter(self.ask("DELETE", "/v1/kv?prefix=a&prefix=b"), "prefix")
        self.assert_problem(self.ask("DELETE", "/v1/kv/"), 400, "empty_key")
        self.assert_problem(self.ask("DELETE", "/v1/kv?prefix=" + "k" * 1025), 413, "key_too_large")
        for field in ("If-Match", "If-None-Match"):
            answer = self.ask("DELETE", f"/v1/kv?prefix={self.key}", {field: "*"})
            self.assertIn("/v1/txn", self.assert_problem(answer, 400, "malformed")["detail"])
        self.assertEqual(len(self.left()), 4)

    def test_prefixes_are_bytes_of_a_query(self):
        self.put(self.key + "%20%FF/1")
        self.assertEqual(self.ask("DELETE", f"/v1/kv?prefix={self.key}+%ff/").json()["deleted"], 1)


class All(WriteTest):
    def test_everything_goes_only_by_its_name(self):
        for number in range(300):
            self.put("k%03d" % number)
        for spelling in ("true", "1"):
            answer = self.ask("DELETE", "/v1/kv?all=" + spelling)
            self.assertEqual(answer.json()["deleted"], 300 if spelling == "true" else 0)
        self.put("one")
        self.assertEqual(self.ask("DELETE", "/v1/kv?all").json()["deleted"], 1)
        self.assertEqual(self.server.state(), [])


class Restarts(unittest.TestCase):
    def test_a_restart_neither_extends_nor_forgets_a_time_to_live(self):
        with Server() as server:
            far = server.request("PUT", "/v1/kv/far?ttl=1h", None, "v").json()["expires"]
            near = server.request("PUT", "/v1/kv/near?ttl=300ms", None, "v").json()
            server.kill()
            server.start()
            with server.watch(f"key=near&since={near['revision']}") as watch:
                gone = watch.until("expire")[-1]
            self.assertGreaterEqual(seconds_between(near["expires"], gone["time"]), 0)
            self.assertEqual(server.request("GET", "/v1/kv/far?record=1").json()["expires"], far)
            server.stop()  # with a snapshot
            server.start()
            self.assertEqual(server.request("GET", "/v1/kv/far?record=1").json()["expires"], far)
            self.assertEqual(server.request("GET", "/v1/kv/near").status, 404)
            touched = server.request("PATCH", "/v1/kv/far?ttl=100ms").json()
            with server.watch(f"key=far&since={touched['revision']}") as watch:
                self.assertGreaterEqual(seconds_between(touched["expires"], watch.until("expire")[-1]["time"]), 0)


class DiskFull(unittest.TestCase):
    def test_writes_are_refused_reads_go_on_and_writes_work_again_when_there_is_room(self):
        with Server() as server:
            acknowledged = {}
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
            for number in range(1000):
                answer = server.request("PUT", "/v1/kv/k%d" % number, None, b"x" * 10_000)
                if answer.status != 201:
                    break
                acknowledged["k%d" % number] = answer.revision
            self.assertEqual((answer.status, answer.json()["code"]), (507, "out_of_space"))
            self.assertGreater(len(acknowledged), 5)
            self.assertEqual(server.request("GET", "/v1/kv/k0").status, 200)
            self.assertEqual(server.request("GET", "/readyz").status, 200)
            before = {event["key"]: event["revision"] for event in server.state()}
            self.assertEqual(before, acknowledged)
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            for number in range(50):
                before["after%d" % number] = server.put("after%d" % number, b"x" * 10_000)
            server.kill()
            server.start()
            self.assertEqual({event["key"]: event["revision"] for event in server.state()}, before)


class Memory(ServerTest):
    flags = ("--max-memory", "256KiB")

    def test_growing_writes_are_refused_and_everything_else_goes_on(self):
        value = "x" * 16384
        stored = 0
        while (answer := self.ask("PUT", "/v1/kv/k%03d" % stored, None, value)).status == 201:
            stored += 1
        problem = self.assert_problem(answer, 507, "out_of_space")
        self.assertIn("--max-memory 256KiB", problem["detail"])
        self.assertEqual(stored, 15)
        last = "/v1/kv/k%03d" % (stored - 1)
        grow = '{"then":[{"op":"set","key":"new","value":"%s"}]}' % value
        exchange = ('{"then":[{"op":"delete","key":"k000"},{"op":"set","key":"new","value":"%s"}]}' % value)
        document = {"Content-Type": "application/json"}
        self.assert_problem(self.ask("POST", "/v1/txn", document, grow), 507, "out_of_space")
        legacy = self.ask("POST", "/set", None, '{"Key":"new","Value":"%s"}' % value)
        self.assertEqual((legacy.status, legacy.header("Content-Type")), (507, "text/plain; charset=utf-8"))
        self.assertEqual(self.ask("GET", "/v1/kv/new").status, 404)
        self.assertEqual(self.ask("POST", "/v1/txn", document, exchange).status, 200)
        self.assertEqual(self.ask("GET", last).body, value.encode())
        self.assertEqual(self.ask("PUT", last, None, value).status, 200)  # not larger
        self.assertEqual(self.ask("PATCH", last + "?ttl=1h").status, 200)
        self.assertEqual(self.ask("PUT", last, None, "small").status, 200)
        self.assertEqual(self.ask("PUT", "/v1/kv/again", None, "x" * 16000).status, 201)
        self.assertEqual(self.ask("DELETE", "/v1/kv/again").json()["deleted"], 1)
        self.assertEqual(self.ask("GET", "/v1/status").json()["limits"]["max_memory"], 256 * 1024)

    def test_what_was_deleted_makes_room_however_small_it_was(self):
        for turn in range(2):
            self.ask("DELETE", "/v1/kv?all=true")
            with self.connect() as connection:
                number = 0
                while connection.request("PUT", "/v1/kv/%d" % number, None, "x").status == 201:
                    number += 1
            self.assertGreater(number, 4000)


if __name__ == "__main__":
    main()

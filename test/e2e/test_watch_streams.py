#!/usr/bin/env python3
"""/v1/watch as NDJSON and as server-sent events: framing, headers, positions, endings."""
import json
import urllib.parse

from kvs_harness import *
from kvs_streams import Refused, Stream

FORMS = ("lines", "events")


def quote(text):
    return urllib.parse.quote(text, safe="")


class StreamTest(ServerTest):
    def setUp(self):
        self.prefix = self.id().rpartition(".")[2] + "/"

    def set(self, name, value="v"):
        return self.put(self.prefix + name, value)

    def delete(self, name):
        return self.ask("DELETE", "/v1/kv/" + self.prefix + name).json()["revision"]

    def stream(self, query="", form="lines", **kw):
        stream = Stream(self.server.address, query, form, **kw)
        self.addCleanup(stream.close)
        return stream

    def mine(self, query="", form="lines", **kw):
        return self.stream("prefix=" + quote(self.prefix) + ("&" + query if query else ""), form, **kw)

    def assert_refused(self, query, status, code, **kw):
        with self.assertRaises(Refused) as caught:
            self.stream(query, **kw)
        return self.assert_problem(caught.exception.response, status, code)

    def log_id(self):
        return self.ask("GET", "/livez").header("Kvs-Log-Id")


class Heads(StreamTest):
    def test_the_head_says_what_comes_and_from_where(self):
        revision = self.set("a")
        for form, kind in (("lines", "application/x-ndjson"), ("events", "text/event-stream")):
            with self.subTest(form):
                stream = self.mine(form=form)
                answer = stream.response
                self.assertEqual(answer.header("Content-Type"), kind)
                self.assertEqual(answer.revision, revision)
                self.assertEqual(answer.header("Cache-Control"), "no-store")
                self.assertEqual(answer.header("X-Accel-Buffering"), "no")
                self.assertEqual(answer.header("Transfer-Encoding"), "chunked")
                self.assertEqual(answer.header("Connection"), "close")
                self.assertEqual(answer.header("Kvs-Log-Id"), self.log_id())
                self.assertTrue(answer.header("Kvs-Request-Id"))
                self.assertEqual(stream.next(), {"op": "synced", "revision": revision})

    def test_the_head_comes_before_any_event(self):
        revision = self.set("a")
        stream = self.mine("since=%d" % revision)
        self.assertEqual(stream.response.revision, revision)

    def test_accept_chooses(self):
        kinds = {None: "application/x-ndjson", "*/*": "application/x-ndjson", "": "application/x-ndjson",
                 "application/x-ndjson": "application/x-ndjson", "application/*": "application/x-ndjson",
                 "text/event-stream": "text/event-stream", "text/event-stream, */*;q=0.1": "text/event-stream",
                 "text/event-stream;q=0.5, application/x-ndjson": "application/x-ndjson"}
        for accept, kind in kinds.items():
            with self.subTest(accept=accept), self.connect() as connection:
                connection.send(request_bytes("GET", "/v1/watch", {"Accept": accept}))
                head = connection.read_head().decode()
                self.assertIn("\r\nContent-Type: %s\r\n" % kind, head)

    def test_what_is_not_offered_is_406(self):
        for accept in ("text/html", "application/json", "text/plain", "application/x-ndjson;q=0"):
            problem = self.assert_refused("", 406, "not_acceptable", headers={"Accept": accept})
            self.assertIn("application/x-ndjson", problem["detail"])

    def test_http_1_0_is_sent_as_it_is_up_to_the_end(self):
        for form in FORMS:
            with self.subTest(form):
                first = self.set("a")
                stream = self.mine("since=%d&count=2" % (first - 1), form, version="1.0")
                self.assertIsNone(stream.response.header("Transfer-Encoding"))
                following = self.set("b")
                events = stream.rest()
                self.assertEqual([event["revision"] for event in events if event["op"] == "set"], [first, following])

    def test_head_is_not_allowed(self):
        answer = self.ask("HEAD", "/v1/watch")
        self.assertEqual(answer.status, 405)
        self.assertIn("GET", answer.header("Allow"))

    def test_other_origins_are_refused(self):
        self.assert_refused("", 403, "foreign_origin", headers={"Origin": "http://elsewhere.example"})


class Events(StreamTest):
    def test_the_same_events_as_over_a_websocket(self):
        first = self.set("a")
        self.set("b")
        self.delete("a")
        self.put(self.prefix + "%FF", b"\x00\xff")
        last = self.set("b", "line\nbreak\r\n")
        for query in ("since=%d" % (first - 1), "since=%d" % first, "initial=1"):
            watch = self.watch("prefix=" + quote(self.prefix) + "&" + query)
            expected = watch.until("synced")
            for form in FORMS:
                with self.subTest(form=form, query=query):
                    self.assertEqual(self.mine(query, form).until("synced"), expected)
        self.assertEqual(expected[-1]["revision"], last)

    def test_live_events_of_everything_are_the_same_in_every_form(self):
        streams = [self.stream(form=form) for form in FORMS] + [self.watch()]
        for stream in streams:
            stream.next()
        self.set("a")
        self.set("b", "\n")
        end = self.delete("a")
        first, *others = [stream.until("delete", end) for stream in streams]
        self.assertEqual(len(first), 3)
        for other in others:
            self.assertEqual(other, first)

    def test_progress(self):
        for form in FORMS:
            stream = self.mine("progress=100ms", form)
            self.assertEqual(stream.next()["op"], "synced")
            elsewhere = self.put("elsewhere")
            mark = stream.until("progress", elsewhere)[-1]
            self.assertEqual(set(mark), {"op", "revision"})
            if form == "events":
                self.assertEqual(stream.ids[-1], "%d@%s" % (mark["revision"], self.log_id()))

    def test_pipelined_bytes_are_ignored(self):
        stream = self.mine()
        stream.next()
        stream.connection.send(request_bytes("GET", "/livez") + b"nonsense" * 10000)
        revision = self.set("a")
        self.assertEqual(stream.next()["revision"], revision)


class Positions(StreamTest):
    def test_an_id_is_on_the_last_event_of_a_revision_and_on_synced(self):
        revision = self.set("a")
        stream = self.mine("since=%d" % (revision - 1), "events")
        self.assertEqual([event["op"] for event in stream.take(2)], ["set", "synced"])
        self.assertEqual(stream.ids, ["%d@%s" % (revision, self.log_id())] * 2)
        for name in ("x/1", "x/2", "x/3"):
            self.set(name)
        self.ask("DELETE", "/v1/kv?prefix=" + quote(self.prefix + "x/"))
        events = stream.take(6)[3:]
        self.assertEqual([event.get("more") for event in events], [True, True, None])
        self.assertEqual([bool(mark) for mark in stream.ids[-3:]], [False, False, True])

    def test_an_initial_state_has_no_ids_before_synced(self):
        self.set("a")
        last = self.set("b")
        stream = self.mine("initial=1", "events")
        self.assertEqual([event["op"] for event in stream.take(3)], ["set", "set", "synced"])
        self.assertEqual(stream.ids, [None, None, "%d@%s" % (last, self.log_id())])

    def test_last_event_id_resumes_and_beats_since_and_initial(self):
        first = self.set("a")
        second = self.set("b")
        third = self.set("c")
        for position in ("%d" % second, "%d@%s" % (second, self.log_id())):
            stream = self.mine("since=%d&initial=1" % first, "events", headers={"Last-Event-ID": position})
            self.assertEqual(stream.response.revision, second)
            events = stream.until("synced")
            self.assertEqual([event["revision"] for event in events], [third, third])
            self.assertNotIn("initial", events[0])

    def test_a_last_event_id_goes_before_in_every_form(self):
        first = self.set("a")
        second = self.set("b")
        headers = {"Last-Event-ID": "%d@%s" % (first, self.log_id())}
        for how in ("events", "lines"):
            self.assertEqual(self.mine("since=0&initial=1", how, headers=headers).next()["revision"], second, how)
        poll = self.ask("GET", "/v1/watch?wait=5m&since=0", headers)
        self.assertEqual(poll.json()[0]["revision"], second)
        socket = self.server.watch("since=0", headers=headers)
        self.addCleanup(socket.close)
        self.assertEqual(socket.next()["revision"], second)

    def test_an_empty_last_event_id_is_none(self):
        revision = self.set("a")
        stream = self.mine("since=%d" % (revision - 1), "events", headers={"Last-Event-ID": ""})
        self.assertEqual(stream.next()["revision"], revision)

    def test_a_bad_last_event_id_is_named(self):
        problem = self.assert_refused("", 400, "bad_parameter", headers={"Last-Event-ID": "x"})
        self.assertIn("Last-Event-ID", problem["detail"])

    def test_a_position_of_another_log_is_410(self):
        other = "%016x" % (int(self.log_id(), 16) ^ 1)
        for how in ({"query": "since=1@" + other}, {"query": "", "headers": {"Last-Event-ID": "1@" + other}}):
            problem = self.assert_refused(how.pop("query"), 410, "other_log", **how)
            self.assertIn("current_revision", problem)

    def test_a_since_that_was_not_reached_is_refused(self):
        revision = self.set("a")
        self.assert_refused("since=%d" % (revision + 1000), 400, "revision_in_future")

    def test_every_position_resumes_without_gap_and_without_double(self):
        first = self.set("start")
        for number in range(20):
            self.set("k%d" % (number % 5), str(number))
        self.delete("k1")
        whole = self.mine("since=%d" % (first - 1)).until("synced")[:-1]
        for place, event in enumerate(whole):
            for form in FORMS:
                rest = self.mine("since=%d" % event["revision"], form).until("synced")[:-1]
                self.assertEqual(rest, whole[place + 1:])


class Endings(StreamTest):
    def test_count_ends_the_body_in_an_orderly_way(self):
        for form in FORMS:
            stream = self.mine("count=2", form)
            self.assertEqual(stream.next()["op"], "synced")
            revisions = [self.set(name) for name in "abc"]
            self.assertEqual([event["revision"] for event in stream.rest()], revisions[:2])
            self.assertTrue(stream.connection.ends())

    def test_a_client_that_leaves_is_noticed_while_nothing_happens(self):
        watchers = lambda: self.ask("GET", "/v1/status").json()["watchers"]
        before = watchers()
        for form in FORMS:
            for leave in (Connection.close, Connection.abort):
                stream = self.mine(form=form)
                stream.next()
                self.assertEqual(watchers(), before + 1)
                leave(stream.connection)
                while watchers() != before:  # the watchdog ends it if that never comes
                    pass

    def test_a_slow_reader_misses_nothing(self):
        first = self.set("k", "")
        for form in FORMS:
            stream = self.stream("since=%d" % first, form, receive_buffer=4096)
            revisions = []
            with self.connect() as connection:
                for number in range(300):
                    body = b"x" * 20000
                    revisions.append(connection.request("PUT", "/v1/kv/" + self.prefix + "k", body=body).revision)
            events = stream.until("set", revisions[-1])
            self.assertEqual([event["revision"] for event in events if event["op"] == "set"], revisions)
            first = revisions[-1]


class Posts(StreamTest):
    """The parameters as JSON."""

    def post(self, parameters, form="lines", headers=None):
        stream = Stream(self.server.address, "", form, {"Content-Type": "application/json", **(headers or {})},
                        method="POST", body=json.dumps(parameters))
        self.addCleanup(stream.close)
        return stream

    def test_the_same_events_as_with_a_query(self):
        first = self.set("a")
        self.set("b")
        self.put(self.prefix + "%FF")
        self.delete("b")
        for form in FORMS:
            for query, parameters in (("since=%d" % first, {"since": first}),
                                      ("since=%d@%s" % (first, self.log_id()), {"since": "%d@%s" % (first, self.log_id())}),
                                      ("initial=1&keys_only=1", {"initial": True, "keys_only": True}),
                                      ("since=%d&ops=delete" % first, {"since": first, "ops": ["delete"]})):
                expected = self.mine(query, form).until("synced")
                self.assertEqual(self.post({"prefix": self.prefix, **parameters}, form).until("synced"), expected)

    def test_many_keys(self):
        first = self.set("k7")
        keys = [self.prefix + "k%d" % number for number in range(1000)]
        self.assertEqual(self.post({"key": keys, "since": first - 1}).next()["revision"], first)
        base64 = {"key_base64": "/w==", "since": first - 1}
        revision = self.put("%FF")
        self.assertEqual(self.post(base64).next()["revision"], revision)

    def test_a_long_poll(self):
        revision = self.set("a")
        answer = self.ask("POST", "/v1/watch", {"Content-Type": "application/json; charset=utf-8"},
                          json.dumps({"prefix": self.prefix, "since": revision - 1, "wait": "5m"}))
        self.assertEqual([event["revision"] for event in answer.json()], [revision])
        self.assertEqual(answer.revision, revision)

    def test_refusals(self):
        kind = {"Content-Type": "application/json"}
        for target, headers, body, status, code in (
                ("/v1/watch", kind, "{", 400, "malformed"), ("/v1/watch", kind, "[]", 400, "malformed"),
                ("/v1/watch", kind, "", 400, "malformed"), ("/v1/watch", kind, '{"prefx":"a"}', 400, "malformed"),
                ("/v1/watch", kind, '{"wait":5}', 400, "malformed"),
                ("/v1/watch", kind, '{"wait":"5"}', 400, "bad_parameter"),
                ("/v1/watch", kind, '{"key":""}', 400, "empty_key"),
                ("/v1/watch?since=1", kind, "{}", 400, "bad_parameter"),
                ("/v1/watch", {}, "{}", 415, "unsupported_media_type"),
                ("/v1/watch", {"Content-Type": "text/plain"}, "{}", 415, "unsupported_media_type"),
                ("/v1/watch", {"Content-Type": "application/json text"}, "{}", 415, "unsupported_media_type"),
                ("/v1/watch", {"Content-Type": "application/json", "Content-Encoding": "gzip"}, "{}", 415,
                 "unsupported_media_type"),
                ("/v1/watch", kind, " " * (8 * 1024 * 1024 + 1), 413, "request_too_large")):
            self.assert_problem(self.ask("POST", target, headers, body), status, code)

    def test_a_websocket_begins_with_get(self):
        answer = self.ask("POST", "/v1/watch", UPGRADE, "{}")
        self.assertIn("GET", self.assert_problem(answer, 405, "method_not_allowed")["detail"])
        self.assertEqual(answer.header("Allow"), "GET, OPTIONS")


class Shutdowns(unittest.TestCase):
    def test_a_shutdown_says_from_where_to_go_on(self):
        with Server() as server:
            streams = [Stream(server.address, form=form) for form in FORMS]
            for stream in streams:
                stream.next()
            revision = server.put("a", "1")
            log_id = server.request("GET", "/livez").header("Kvs-Log-Id")
            server.stop()
            for stream in streams:
                events = stream.rest()
                self.assertEqual([event["op"] for event in events], ["set", "error"])
                self.assertTrue(events[1].pop("detail"))
                self.assertEqual(events[1], {"op": "error", "code": "draining", "since": "%d@%s" % (revision, log_id)})
                self.assertIsNone(stream.ids[-1])
                stream.close()
            server.start()
            stream = Stream(server.address, "since=" + events[1]["since"])
            self.assertEqual(stream.next(), {"op": "synced", "revision": revision})
            stream.close()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A watch that goes on from below the history: the difference, the whole state, or a refusal."""
import json

from kvs_harness import *
from kvs_streams import Refused, Stream


class GapTest(ServerTest):
    flags = ("--history-bytes", "64KiB", "--history-memory", "64KiB")

    def fill(self, after):
        """Writes until the history no longer reaches back to that revision."""
        with self.connect() as connection:
            for number in range(20000):
                connection.request("PUT", "/v1/kv/fill/%02d" % (number % 20), body=b"x" * 4000)
                if number % 20 == 19:
                    status = connection.request("GET", "/v1/status").json()
                    if status["oldest_revision"] > after:
                        return status
        self.fail("the history was never cut: %r" % status)

    def receive(self, query, how):
        """Everything up to `synced`, in one of the four ways."""
        if how == "poll":
            answer = self.ask("GET", "/v1/watch?wait=5m&" + query)
            self.assertEqual(answer.status, 200, repr(answer))
            events = answer.json()
            self.assertEqual(answer.revision, events[-1]["revision"])
            return events
        if how == "socket":
            return self.watch(query).until("synced")
        stream = Stream(self.server.address, query, how)
        self.addCleanup(stream.close)
        events = stream.until("synced")
        if how == "events":
            self.assertEqual([bool(mark) for mark in stream.ids], [False] * (len(events) - 1) + [True])
        return events


class Differences(GapTest):
    def test_a_difference_leads_to_exactly_the_state(self):
        for name in ("keep", "change", "gone", "back"):
            self.put("d/" + name, "old")
        since = self.put("d/last", "old")
        before = {event["key"]: event["value"] for event in self.watch("prefix=d/&initial=1").until("synced")[:-1]}
        self.put("d/change", "new")
        self.put("d/new", "new")
        self.put("d/passing", "1")
        self.assertEqual(self.ask("PUT", "/v1/kv/d/short?ttl=1ms", body="1").status, 201)
        self.watch("key=d/short&since=%d" % since).until("expire")
        for name in ("gone", "back", "passing", "gone"):
            self.ask("DELETE", "/v1/kv/d/" + name)
        self.put("d/back", "again")
        self.fill(self.put("d/change", "newer"))
        after = {event["key"]: event["value"] for event in self.watch("prefix=d/&initial=1").until("synced")[:-1]}
        for how in ("socket", "lines", "events", "poll"):
            with self.subTest(how):
                events = self.receive("prefix=d/&since=%d" % since, how)
                self.assertEqual(events[0], {"op": "diff", "since": since, "revision": events[-1]["revision"]})
                self.assertEqual(events[-1], {"op": "synced", "revision": events[0]["revision"]})
                self.assertEqual([(event["op"], event["key"]) for event in events[1:-1]],
                                 [("set", "d/back"), ("set", "d/change"), ("delete", "d/gone"), ("set", "d/new"),
                                  ("delete", "d/passing"), ("expire", "d/short")])
                state = dict(before)
                for event in events[1:-1]:
                    self.assertIs(event["initial"], True)
                    self.assertNotIn("more", event)
                    if event["op"] == "set":
                        state[event["key"]] = event["value"]
                    else:
                        self.assertRegex(event["time"], r"^\d{4}-")
                        state.pop(event["key"], None)
                self.assertEqual(state, after)

    def test_it_goes_on_live(self):
        since = self.put("e/a", "1")
        self.fill(since)
        watch = self.watch("prefix=e/&since=%d" % since)
        self.assertEqual([event["op"] for event in watch.until("synced")], ["diff", "synced"])
        revision = self.put("e/a", "2")
        self.assertEqual(watch.next()["revision"], revision)

    def test_ops_and_keys_only_hold_there_too(self):
        self.put("f/gone", "1")
        since = self.put("f/start")
        self.put("f/a", "123")
        self.fill(self.ask("DELETE", "/v1/kv/f/gone").json()["revision"])
        events = self.receive("prefix=f/&ops=delete&since=%d" % since, "lines")
        self.assertEqual([event.get("key") for event in events], [None, "f/gone", None])
        events = self.receive("prefix=f/&keys_only=1&ops=set&since=%d" % since, "lines")
        self.assertEqual([event.get("size") for event in events], [None, 3, None])


class Resets(GapTest):
    def test_on_gap_reset_sends_the_whole_state(self):
        since = self.put("a", "1")
        self.put("b", "1")
        self.fill(since)
        for how in ("socket", "lines", "events", "poll"):
            with self.subTest(how):
                events = self.receive("key=a&key=b&on_gap=reset&since=%d" % since, how)
                self.assertEqual([event["op"] for event in events], ["reset", "set", "set", "synced"])
                self.assertGreater(events[0]["oldest_revision"], since)
                self.assertEqual(events[0]["revision"], events[-1]["revision"])
                self.assertTrue(all(event["initial"] for event in events[1:3]))


class Forgetful(GapTest):
    flags = GapTest.flags + ("--tombstones", "2")

    def test_below_the_tombstones_it_is_a_reset(self):
        since = self.put("a", "1")
        for name in "bcd":
            self.put(name, "1")
            last = self.ask("DELETE", "/v1/kv/" + name).json()["revision"]
        self.fill(last)
        self.assertEqual(self.receive("key=a&since=%d" % since, "lines")[0]["op"], "reset")
        self.assertEqual(self.receive("key=a&since=%d" % (last - 1), "lines")[0]["op"], "diff")


class Behind(GapTest):
    """Watches that stand while the history is cut under them: they are told so in the stream."""

    def fallen_behind(self, query, how):
        """One that has its head and `synced`, takes nothing more, and has lost its place; its events, the newest revision."""
        self.put("z/gone", "1")
        self.put("z/stays", "1")
        query = "initial=1&" + query
        if how == "socket":
            watch = self.watch(query, receive_buffer=4096)
        else:
            watch = Stream(self.server.address, query, how, receive_buffer=4096)
            self.addCleanup(watch.close)
        head = watch.until("synced")
        # More than sockets hold between the two, so that the cursor stands while the history goes on.
        with self.connect() as connection:
            for number in range(60):
                connection.request("PUT", "/v1/kv/z/%02d" % (number % 7), body=(b"%02d" % number) * 100_000)
            last = connection.request("DELETE", "/v1/kv/z/gone").revision
            connection.request("DELETE", "/v1/kv/z/00")
        return watch, head, self.fill(last)["revision"]

    def test_on_gap_fail_ends_the_stream_and_says_where_it_was(self):
        log_id = self.ask("GET", "/livez").header("Kvs-Log-Id")
        for how in ("lines", "events"):
            with self.subTest(how):
                stream, head, _ = self.fallen_behind("on_gap=fail", how)
                *events, end = stream.rest()
                self.assertLessEqual({event["op"] for event in events}, {"set"})
                self.assertEqual((end["op"], end["code"]), ("error", "compacted"))
                self.assertEqual(end["since"], "%d@%s" % ((head + events)[-1]["revision"], log_id))
        with self.subTest("socket"):
            watch, (*_, last), _ = self.fallen_behind("on_gap=fail", "socket")
            while (message := watch.receive()).opcode == TEXT:
                last = json.loads(message.payload)[-1]
            self.assertEqual(message.opcode, CLOSE)
            self.assertEqual(int.from_bytes(message.payload[:2], "big"), 4410)
            self.assertEqual(message.payload[2:].decode(), "compacted since=%d@%s" % (last["revision"], log_id))

    def test_a_difference_in_the_stream_leads_to_exactly_the_state(self):
        for how in ("lines", "events", "socket"):
            with self.subTest(how):
                watch, head, newest = self.fallen_behind("", how)
                state = {event["key"]: event["value"] for event in head[:-1]}
                # It may have fallen behind while the keys were still being written, and then again: more than one difference.
                events = watch.until("diff")
                while events[-1]["revision"] < newest or events[-1].get("initial") or events[-1]["op"] == "diff":
                    events.append(watch.next())
                for event in events:
                    if event["op"] == "set":
                        state[event["key"]] = event["value"]
                    elif event["op"] in ("delete", "expire"):
                        state.pop(event["key"], None)
                self.assertIn("z/gone", [event["key"] for event in events if event["op"] == "delete"])
                there = {event["key"]: event["value"] for event in self.server.state()}
                self.assertEqual(sorted(state), sorted(there))
                self.assertTrue(state == there)


class Failing(GapTest):
    def test_on_gap_fail_is_410_before_anything_is_sent(self):
        since = self.put("a", "1")
        status = self.fill(since)
        query = "on_gap=fail&since=%d" % since
        for headers, more in (({"Accept": "text/event-stream"}, ""), ({}, ""), ({}, "&wait=1s"), (UPGRADE, "")):
            problem = self.assert_problem(self.ask("GET", "/v1/watch?" + query + more, headers), 410, "compacted")
            self.assertGreaterEqual(problem["oldest_revision"], status["oldest_revision"])
            self.assertGreater(problem["current_revision"], problem["oldest_revision"])

    def test_it_does_not_fail_at_the_oldest_revision(self):
        self.fill(self.put("a", "1"))
        oldest = self.ask("GET", "/v1/status").json()["oldest_revision"]
        events = self.receive("on_gap=fail&since=%d" % oldest, "lines")
        self.assertEqual(events[0]["revision"], oldest + 1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""What a watch may choose: kinds of change, values or sizes, what was there before, only the newest."""
from kvs_harness import *
from kvs_streams import Refused, Stream
from test_watch_streams import FORMS, StreamTest, quote


class Choices(StreamTest):
    def refused(self, query):
        return self.assert_problem(self.ask("GET", "/v1/watch?" + query), 400, "bad_parameter")

    def test_ops(self):
        first = self.set("a")
        second = self.set("b")
        gone = self.delete("a")
        for form in FORMS:
            for ops, expected in (("set", [first, second]), ("delete", [gone]), ("expire", []),
                                  ("set,delete", [first, second, gone]), ("delete,set,expire", [first, second, gone])):
                events = self.mine("since=%d&ops=%s" % (first - 1, ops), form).until("synced")
                self.assertEqual([event["revision"] for event in events[:-1]], expected, ops)
        for bad in ("ops=", "ops=put", "ops=set,", "ops=set,,delete", "ops=SET", "ops=set&ops=delete",
                    "ops=delete&initial=1"):
            self.refused(bad)

    def test_keys_only(self):
        first = self.set("a", "12345")
        live = self.mine("keys_only=1")
        live.next()
        for query in ("since=%d&keys_only=1" % (first - 1), "initial=1&keys_only"):
            event = self.mine(query).next()
            self.assertEqual((event["key"], event["size"]), (self.prefix + "a", 5))
            self.assertNotIn("value", event)
        self.set("a", "1")
        event = live.next()
        self.assertEqual(event["size"], 1)
        self.assertNotIn("value", event)

    def test_prev_is_what_was_there_before(self):
        stream = self.mine("prev=1")
        stream.next()
        first = self.set("a", "one")
        self.put(self.prefix + "a", b"\xff")
        third = self.set("a", "three")
        self.delete("a")
        created, replaced, again, gone = stream.take(4)
        self.assertNotIn("prev", created)
        self.assertEqual(replaced["prev"], {"value": "one", "revision": first})
        self.assertEqual(again["prev"], {"value_base64": "/w==", "revision": replaced["revision"]})
        self.assertEqual(gone["prev"], {"value": "three", "revision": third})
        event = self.mine("prev=1&keys_only=1&since=%d" % first).next()
        self.assertEqual(event["prev"], {"size": 3, "revision": first})
        self.assertNotIn("prev", self.mine("since=%d" % first).next())

    def test_prev_is_left_out_of_what_is_read_back_from_disk(self):
        with Server() as server:
            revisions = [server.put("a", value) for value in ("one", "two")]
            server.stop()
            server.start()
            with server.watch("prev=1&since=0") as watch:
                events = watch.until("synced")[:-1]
                server.put("a", "three")
                live = watch.next()
        self.assertEqual([(event["value"], event.get("created"), event.get("prev")) for event in events],
                         [("one", True, None), ("two", None, None)])
        self.assertEqual(live["prev"], {"value": "two", "revision": revisions[1]})

    def test_bad_choices(self):
        for bad in ("keys_only=x", "prev=2", "deliver=some", "deliver=", "on_gap=skip", "on_gap="):
            self.refused(bad)

    def test_count_ends_after_the_whole_revision(self):
        start = self.set("x/1")
        self.set("x/2")
        self.ask("DELETE", "/v1/kv?prefix=" + quote(self.prefix + "x/"))
        events = self.mine("since=%d&count=3" % (start - 1)).rest()
        self.assertEqual([event["op"] for event in events if event["op"] != "synced"], ["set", "set", "delete", "delete"])


class Latest(StreamTest):
    def test_while_behind_only_the_newest_change_of_each_key_is_told(self):
        start = self.set("start")
        for number in range(10):
            a, b = self.set("a", str(number)), self.set("b", str(number))
        self.set("gone")
        gone = self.delete("gone")
        for form in FORMS:
            stream = self.mine("since=%d&deliver=latest" % start, form)
            events = stream.until("synced")
            changes = [(event["op"], event["revision"]) for event in events if event["op"] in ("set", "delete")]
            self.assertEqual(changes, [("set", a), ("set", b), ("delete", gone)])
            self.assertEqual(sum(event["count"] for event in events if event["op"] == "skipped"), 19)
            for event in events:
                if event["op"] == "skipped":
                    self.assertEqual(set(event), {"op", "count"})

    def test_who_keeps_up_is_told_everything(self):
        stream = self.mine("deliver=latest")
        stream.next()
        for number in range(5):
            revision = self.set("a", str(number))
            self.assertEqual(stream.next()["revision"], revision)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""/v1/watch over WebSocket: what it sends, in which order, from where on, and what it says when it ends."""
import json
import random
import struct
import threading
import urllib.parse

from kvs_harness import *

def brief(events):
    """What makes an event: (op, key, value or None, revision). Control events are left out."""
    return [(event["op"], event["key"], event.get("value"), event["revision"])
            for event in events if event["op"] in ("set", "delete", "expire")]


def quote(text):
    return urllib.parse.quote(text, safe="")


class WatchTest(ServerTest):
    def setUp(self):
        self.prefix = self.id().rpartition(".")[2] + "/"

    def set(self, name, value="v"):
        return self.put(self.prefix + name, value)

    def delete(self, name):
        return self.ask("DELETE", "/v1/kv/" + self.prefix + name).json()["revision"]

    def mine(self, query="", **kw):
        """A watch of the keys of this test alone."""
        return self.watch("prefix=" + quote(self.prefix) + ("&" + query if query else ""), **kw)

    def assert_refused(self, query, status, code, headers=None):
        with self.assertRaises(UpgradeRefused) as caught:
            self.server.watch(query, headers)
        return self.assert_problem(caught.exception.response, status, code)


class Events(WatchTest):
    def test_a_watch_from_now_begins_with_synced(self):
        before = self.set("old")
        watch = self.mine()
        self.assertEqual(watch.next(), {"op": "synced", "revision": before})
        self.assertEqual(watch.response.revision, before)
        self.assertRegex(watch.response.header("Kvs-Log-Id"), "^[0-9a-f]{16}$")

    def test_sets_and_deletes_are_told_with_all_members(self):
        watch = self.mine()
        watch.next()
        created = self.ask("PUT", "/v1/kv/" + self.prefix + "k", {"Content-Type": "text/plain"}, "1").json()["revision"]
        record = self.ask("GET", "/v1/kv/" + self.prefix + "k?record=1").json()
        self.assertEqual(watch.next(), {"op": "set", "created": True, **record})
        self.set("k", "2")
        record = self.ask("GET", "/v1/kv/" + self.prefix + "k?record=1").json()
        self.assertEqual(watch.next(), {"op": "set", **record})
        self.assertEqual((record["created_revision"], record["version"]), (created, 2))
        revision = self.delete("k")
        gone = watch.next()
        self.assertRegex(gone.pop("time"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(gone, {"op": "delete", "key": self.prefix + "k", "revision": revision})

    def test_bytes_that_are_not_text_come_in_base64(self):
        watch = self.watch("key=" + quote(self.prefix) + "%FF")
        watch.next()
        self.put(self.prefix + "%FF", b"\x00\xff")
        event = watch.next()
        self.assertEqual(event["value_base64"], "AP8=")
        self.assertTrue(event["key_base64"])
        self.assertFalse({"key", "value"} & set(event))

    def test_what_changes_nothing_is_not_told(self):
        watch = self.mine()
        watch.next()
        self.assertEqual(self.ask("DELETE", "/v1/kv/" + self.prefix + "missing").json()["deleted"], 0)
        self.assertEqual(self.ask("PUT", "/v1/kv/" + self.prefix + "k", {"If-Match": "*"}, "v").status, 412)
        revision = self.set("k")
        self.assertEqual(watch.next()["revision"], revision)

    def test_setting_what_is_already_there_is_told(self):
        watch = self.mine()
        watch.next()
        self.assertEqual([self.set("k"), self.set("k")], [event["revision"] for event in watch.take(2)])

    def test_legacy_sets_are_told(self):
        watch = self.mine()
        watch.next()
        self.ask("POST", "/set", body=json.dumps({"Key": self.prefix + "k", "Value": "v"}))
        self.assertEqual(watch.next()["value"], "v")

    def test_a_large_value_comes_whole(self):
        watch = self.mine()
        watch.next()
        value = "0123456789abcdef" * 65536
        self.set("k", value)
        self.assertEqual(watch.next()["value"], value)

    def test_a_key_with_every_escape_json_knows(self):
        watch = self.watch("prefix=" + quote(self.prefix))
        watch.next()
        for text in ('"\\/', "\x7f", "\u2028", "\U0001f600", "<&>"):
            self.put(self.prefix + quote(text), text)
            event = watch.next()
            self.assertEqual((event["key"], event["value"]), (self.prefix + text, text))


class Filters(WatchTest):
    def test_one_key(self):
        watch = self.watch("key=" + quote(self.prefix + "a"))
        watch.next()
        self.set("b")
        self.set("aa")
        revision = self.set("a")
        self.assertEqual(watch.next()["revision"], revision)

    def test_several_keys_and_prefixes_are_united(self):
        names = [quote(self.prefix + name) for name in ("a", "b", "p/", "p/q/")]
        watch = self.watch("key=%s&key=%s&prefix=%s&prefix=%s" % tuple(names))
        watch.next()
        expected = []
        for name in ("a", "p/1", "x", "p/q/2", "ab", "p", "b", "p/q", "a"):
            revision = self.set(name)
            if name not in ("x", "ab", "p"):
                expected.append(("set", self.prefix + name, "v", revision))
        self.assertEqual(brief(watch.take(len(expected))), expected)

    def test_a_key_that_is_also_under_a_prefix_is_told_once(self):
        watch = self.watch("key=%sa&prefix=%s&prefix=%sa" % ((quote(self.prefix),) * 3))
        watch.next()
        self.assertEqual([self.set("a"), self.set("b")], [event["revision"] for event in watch.take(2)])

    def test_everything(self):
        watch = self.watch()
        watch.next()
        self.assertEqual([self.put("anything"), self.set("a")], [event["revision"] for event in watch.take(2)])

    def test_prefixes_are_bytes(self):
        watch = self.watch("prefix=" + quote(self.prefix) + "%C3")
        watch.next()
        self.set("%C2%A9")
        revision = self.set("%C3%BC")
        self.assertEqual(watch.next()["revision"], revision)


class Beginnings(WatchTest):
    def test_since_gives_what_came_after_and_then_synced(self):
        revisions = [self.set(name) for name in "abc"]
        last = self.delete("a")
        watch = self.mine("since=%d" % revisions[0])
        self.assertEqual(brief(watch.take(3)), [("set", self.prefix + "b", "v", revisions[1]),
                                                ("set", self.prefix + "c", "v", revisions[2]),
                                                ("delete", self.prefix + "a", None, last)])
        self.assertEqual(watch.next(), {"op": "synced", "revision": last})
        self.assertEqual(watch.response.revision, revisions[0])

    def test_since_zero_is_from_the_beginning(self):
        revisions = [self.set("k", str(number)) for number in range(5)]
        watch = self.mine("since=0")
        self.assertEqual([event["revision"] for event in watch.take(5)], revisions)

    def test_since_takes_a_position_with_the_log(self):
        revision = self.set("a")
        log_id = self.ask("GET", "/livez").header("Kvs-Log-Id")
        following = self.set("b")
        self.assertEqual(self.mine("since=%d@%s" % (revision, log_id)).next()["revision"], following)
        other = "%016x" % (int(log_id, 16) ^ 1)
        self.assert_refused("since=%d@%s" % (revision, other), 410, "other_log")

    def test_since_now_is_synced_at_once(self):
        revision = self.set("a")
        self.assertEqual(self.mine("since=%d" % revision).next(), {"op": "synced", "revision": revision})

    def test_a_since_that_was_not_reached_is_refused(self):
        revision = self.set("a")
        problem = self.assert_refused("since=%d" % (revision + 1000), 400, "revision_in_future")
        self.assertIn(str(revision + 1000), problem["detail"])

    def test_initial_gives_the_state_in_key_order_and_then_synced(self):
        for name in ("b", "a", "c", "a/b", "gone", "\u00e9"):
            self.set(quote(name), "value of " + quote(name))
        revision = self.delete("gone")
        watch = self.mine("initial=1")
        events = watch.until("synced")
        self.assertEqual(events.pop(), {"op": "synced", "revision": revision})
        in_order = [self.prefix + name for name in ("a", "a/b", "b", "c", "\u00e9")]
        self.assertEqual([event["key"] for event in events], in_order)
        for event in events:
            record = self.ask("GET", "/v1/kv/" + quote(event["key"]) + "?record=1").json()
            self.assertEqual(event, {"op": "set", "initial": True, **record})
        following = self.set("d")
        self.assertEqual(watch.next()["revision"], following)

    def test_initial_of_nothing_is_just_synced(self):
        self.assertEqual(self.mine("initial=1").next()["op"], "synced")

    def test_since_beats_initial(self):
        self.set("a")
        revision = self.set("b")
        following = self.set("c")
        events = self.mine("initial=1&since=%d" % revision).until("synced")
        self.assertEqual(brief(events), [("set", self.prefix + "c", "v", following)])
        self.assertNotIn("initial", events[0])

    def test_a_long_history_comes_in_messages_of_bounded_size(self):
        first = self.set("k0000", "x" * 1000)
        with self.connect() as connection:
            for number in range(1, 600):
                connection.request("PUT", "/v1/kv/%sk%04d" % (self.prefix, number), body=b"x" * 1000)
        watch = self.mine("since=%d" % (first - 1))
        keys = []
        while len(keys) < 600:
            message = watch.receive()
            self.assertLess(len(message.payload), 80 * 1024)
            keys += [event["key"] for event in json.loads(message.payload) if event["op"] == "set"]
        self.assertEqual(keys, ["%sk%04d" % (self.prefix, number) for number in range(600)])


class Endings(WatchTest):
    def test_count_ends_with_the_position_to_go_on_from(self):
        watch = self.mine("count=2")
        watch.next()
        self.set("a")
        revision = self.set("b")
        following = self.set("c")
        self.assertEqual([event["key"] for event in watch.take(2)], [self.prefix + "a", self.prefix + "b"])
        code, reason = watch.closing()
        self.assertEqual(code, 1000)
        words = "since=%d@%s" % (revision, watch.response.header("Kvs-Log-Id"))
        self.assertTrue(reason.endswith(" " + words), reason)
        self.assertEqual(self.mine(words).next()["revision"], following)

    def test_count_of_a_history(self):
        first = self.set("a")
        self.set("b")
        watch = self.mine("since=%d&count=1" % (first - 1))
        self.assertEqual(watch.next()["revision"], first)
        self.assertEqual(watch.closing()[0], 1000)

    def test_the_clients_close_is_answered(self):
        for payload in (struct.pack("!H", 1000) + b"bye", struct.pack("!H", 4000), b""):
            watch = self.mine()
            watch.next()
            watch.send(CLOSE, payload)
            message = watch.receive()
            self.assertEqual((message.opcode, message.payload[:2]), (CLOSE, payload[:2]))
            self.assertTrue(watch.connection.ends())


class Marks(WatchTest):
    def test_progress_comes_while_nothing_happens(self):
        watch = self.mine("progress=100ms")
        self.assertEqual(watch.next()["op"], "synced")
        elsewhere = self.put("elsewhere-" + self.prefix)
        mark = watch.next()
        self.assertEqual(mark["op"], "progress")
        while mark["revision"] < elsewhere:
            mark = watch.next()
            self.assertEqual(mark["op"], "progress")
        revision = self.set("a")
        events = watch.until("set")
        self.assertEqual(events[-1]["revision"], revision)
        self.assertTrue(all(event["revision"] < revision for event in events[:-1]))

    def test_a_client_may_ask_for_progress_and_gets_it_in_its_place(self):
        watch = self.mine()
        watch.next()
        connections = [self.connect() for _ in range(5)]
        for turn in range(200):
            revision = self.set("a")
            connections[turn % 5].send(request_bytes("PUT", "/v1/kv/elsewhere", body=b"x"))
            elsewhere = connections[turn % 5].read_response().revision
            watch.send(TEXT, '{"op":"progress"}')
            events = watch.until("progress")
            self.assertEqual(brief(events), [("set", self.prefix + "a", "v", revision)])
            self.assertGreaterEqual(events[-1]["revision"], elsewhere)

    def test_other_messages_are_ignored(self):
        watch = self.mine()
        watch.next()
        for payload in (b"", b"hello", b"[]", b"{}", b'{"op":"nothing"}', b"null", b"{" * 1000, b"x" * 65536):
            watch.send(TEXT, payload)
            watch.send(BINARY_FRAME, payload)
        watch.send(PING, b"still there")
        self.assertEqual(watch.receive(), (PONG, b"still there"))


class Refusals(WatchTest):
    def test_bad_parameters(self):
        for query in ("since=abc", "since=-1", "since=1.5", "since=", "since=1@xyz", "since=99999999999999999999",
                      "since=1&since=2", "initial=maybe", "count=x", "count=-1", "progress=5",
                      "progress=1ms", "progress=1h", "progress=x", "key=%zz", "key=%", "progress=1s&progress=1s"):
            with self.subTest(query=query):
                self.assert_refused(query, 400, "bad_parameter")

    def test_an_unknown_parameter_gets_a_suggestion(self):
        problem = self.assert_refused("prefx=a", 400, "bad_parameter")
        self.assertIn("prefix", problem["detail"])

    def test_the_empty_key_is_refused(self):
        with self.assertRaises(UpgradeRefused) as caught:
            self.server.watch("key=")
        self.assertEqual(caught.exception.response.status, 400)

    def test_a_key_that_is_too_long_is_refused(self):
        self.assert_refused("key=" + "k" * 1025, 413, "key_too_large")

    def test_upgrades_that_are_not_right(self):
        for change, status in (({"Sec-WebSocket-Version": "8"}, 426), ({"Sec-WebSocket-Key": None}, 400),
                               ({"Sec-WebSocket-Key": "short"}, 400), ({"Origin": "http://elsewhere.example"}, 403),
                               ({"Origin": "null"}, 403), ({"Host": "elsewhere.example"}, 421)):
            answer = self.ask("GET", "/v1/watch", {**UPGRADE, **change})
            self.assertEqual(answer.status, status, change)
            self.assertIsNone(answer.header("Access-Control-Allow-Origin"))
            if status == 426:
                self.assertEqual(answer.header("Sec-WebSocket-Version"), "13")
        self.assertEqual(self.ask("PUT", "/v1/watch", UPGRADE).status, 405)

    def test_the_subprotocol_is_echoed_if_it_was_offered(self):
        for offered, chosen in ((None, None), ("other", None), ("kvs.v1", "kvs.v1"), ("other, kvs.v1", "kvs.v1")):
            watch = self.watch(headers={"Sec-WebSocket-Protocol": offered})
            self.assertEqual(watch.response.header("Sec-WebSocket-Protocol"), chosen)

    def test_own_origins_may_watch(self):
        for origin in ("http://127.0.0.1:%d", "http://localhost:%d"):
            host = origin[7:] % self.server.port
            watch = self.watch(headers={"Origin": origin % self.server.port, "Host": host})
            self.assertEqual(watch.next()["op"], "synced")


class HostileFrames(WatchTest):
    def assert_closed(self, sent, *codes):
        watch = self.mine()
        watch.next()
        watch.connection.try_send(sent)
        code, reason = watch.closing()
        self.assertIn(code, codes)
        word = {1002: "protocol_error", 1007: "bad_text", 1009: "too_large"}[code]
        self.assertRegex(reason, "^%s since=[0-9]+@%s$" % (word, watch.response.header("Kvs-Log-Id")))

    def test_breaches_of_the_protocol_are_closed_with_their_code(self):
        bad, half = b"\xff\xfe", b"x" * 40000
        for name, sent, codes in (
                ("unmasked", frame(TEXT, b"x", masked=False), (1002,)),
                ("unmasked ping", frame(PING, b"x", masked=False), (1002,)),
                ("unknown opcode", frame(3, b"x"), (1002,)),
                ("unknown control opcode", frame(11, b"x"), (1002,)),
                ("reserved bit 1, as with compression", frame(TEXT, b"x", reserved=4), (1002,)),
                ("reserved bit 3", frame(TEXT, b"x", reserved=1), (1002,)),
                ("ping in fragments", frame(PING, b"x", fin=False), (1002,)),
                ("ping too long", frame(PING, b"x" * 126), (1002,)),
                ("continuation of nothing", frame(CONTINUATION, b"x"), (1002,)),
                ("message within a message", frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), (1002,)),
                ("close of one byte", frame(CLOSE, b"\x03"), (1002,)),
                ("close code 999", frame(CLOSE, struct.pack("!H", 999)), (1002,)),
                ("close code 1005", frame(CLOSE, struct.pack("!H", 1005)), (1002,)),
                ("close code 1006", frame(CLOSE, struct.pack("!H", 1006)), (1002,)),
                ("close code 65535", frame(CLOSE, struct.pack("!H", 65535)), (1002,)),
                ("close reason not text", frame(CLOSE, struct.pack("!H", 1000) + bad), (1002, 1007)),
                ("text not text", frame(TEXT, bad), (1007,)),
                ("text cut in a character", frame(TEXT, "\u00fc".encode()[:1]), (1007,)),
                ("fragments not text", frame(TEXT, b"a", fin=False) + frame(CONTINUATION, bad), (1007,)),
                ("message above 64 KiB", frame(TEXT, b"x" * 65537), (1009,)),
                ("fragments above 64 KiB", frame(TEXT, half, fin=False) + frame(CONTINUATION, half), (1009,)),
                ("length with the top bit", b"\x81\xff\x80" + b"\0" * 7 + b"mask", (1002, 1009)),
                ("length of 2^62", b"\x81\xff\x40" + b"\0" * 7 + b"mask", (1009,))):
            with self.subTest(name):
                self.assert_closed(sent, *codes)

    def test_truncated_frames_end_with_their_connection(self):
        whole = frame(TEXT, b"x" * 1000)
        for size in (1, 2, 3, 5, 8, 500, len(whole) - 1):
            watch = self.mine()
            watch.send_raw(whole[:size])
            watch.connection.abort()
            half = self.mine()
            half.send_raw(whole[:size])
            half.connection.socket.shutdown(1)
            half.connection.read_to_end()
        self.assertEqual(self.mine().next()["op"], "synced")

    def test_characters_may_be_split_between_fragments(self):
        watch = self.mine()
        watch.next()
        watch.send(TEXT, "\u00fc".encode()[:1], fin=False)
        watch.send(PING, b"between")
        watch.send(CONTINUATION, "\u00fc".encode()[1:])
        self.assertEqual(watch.receive(), (PONG, b"between"))
        watch.send(PING, b"after")
        self.assertEqual(watch.receive(), (PONG, b"after"))

    def test_a_flood_of_pings_is_answered_in_order(self):
        watch = self.mine()
        watch.next()
        sender = threading.Thread(target=watch.send_raw, args=(b"".join(frame(PING, b"%d" % n) for n in range(20000)),))
        sender.start()
        answered = []
        while not answered or answered[-1] != 19999:
            message = watch.receive()
            self.assertEqual(message.opcode, PONG)
            answered.append(int(message.payload))
        sender.join()
        self.assertEqual(answered, sorted(set(answered)))  # a newer ping may stand for older ones (RFC 6455, 5.5.3)

    def test_a_client_that_sends_pings_and_reads_nothing_harms_only_itself(self):
        watch = self.mine(timeout=1, receive_buffer=4096)
        watch.connection.try_send(frame(PING, b"x" * 125) * 100000)
        self.assertEqual(self.mine().next()["op"], "synced")


class Broadcast(WatchTest):
    """Several watchers of several kinds at once, compared with the full log."""

    WRITERS = 4
    WRITES = 500  # each

    def write(self, number):
        chance = random.Random(number)
        with self.server.connect() as connection:
            for turn in range(self.WRITES):
                path = "/v1/kv/%s%s%d" % (self.prefix, chance.choice("ab"), chance.randrange(10))
                if chance.random() < 0.2:
                    connection.request("DELETE", path)
                else:
                    value = "%d-%d-" % (number, turn) + "x" * chance.choice([0, 10, 100, 16000])
                    connection.request("PUT", path, body=value)

    def test_every_watcher_gets_all_of_its_changes_once_and_in_order(self):
        start = self.set("start")
        watchers = [(name, self.watch("prefix=" + quote(self.prefix + name)))
                    for name in ("a", "b3", "") for _ in range(3)]
        slow = self.mine(receive_buffer=65536)
        seen = [[] for _ in watchers]
        writers = [threading.Thread(target=self.write, args=(number,)) for number in range(self.WRITERS)]

        def follow(number):
            name, watch = watchers[number]
            while not seen[number] or seen[number][-1].get("key") != self.prefix + name + "end":
                seen[number].append(watch.next())

        readers = [threading.Thread(target=follow, args=(number,)) for number in range(len(watchers))]
        for thread in writers + readers:
            thread.start()
        for thread in writers:
            thread.join()
        end = [self.set(name + "end") for name in ("a", "b3", "")][-1]
        for thread in readers:
            thread.join(120)
        full = brief(self.mine("since=%d" % start).until("synced"))
        self.assertEqual(full[-1][3], end)
        self.assertEqual([entry[3] for entry in full], sorted({entry[3] for entry in full}))
        self.assertEqual(brief(slow.until("set", end)), full)
        for (name, _), events in zip(watchers, seen):
            self.assertEqual(brief(events), [entry for entry in full if entry[1].startswith(self.prefix + name)], name)
        state = {}
        for op, key, value, revision in full:
            state[key] = (value, revision) if op == "set" else None
        events = self.mine("initial=1").until("synced")[:-1]
        now = {event["key"]: (event["value"], event["revision"]) for event in events}
        now.pop(self.prefix + "start")
        self.assertEqual(now, {key: entry for key, entry in state.items() if entry})

    def test_a_watcher_that_joins_in_the_middle_of_a_burst_misses_nothing(self):
        start = self.set("start")
        writers = [threading.Thread(target=self.write, args=(number + 100,)) for number in range(2)]
        for thread in writers:
            thread.start()
        joined = []
        while any(thread.is_alive() for thread in writers) and len(joined) < 20:
            watch = self.mine("initial=1" if len(joined) % 2 else "since=%d" % start)
            joined.append((watch, watch.until("synced")))
        for thread in writers:
            thread.join()
        end = self.set("end")
        full = brief(self.mine("since=%d" % start).until("synced"))
        for number, (watch, events) in enumerate(joined):
            synced = events[-1]["revision"]
            if number % 2:
                state = {}
                for entry in [entry for entry in full if entry[3] <= synced]:
                    state[entry[1]] = entry if entry[0] == "set" else None
                expected = sorted(entry for entry in state.values() if entry)
                self.assertEqual(sorted(entry for entry in brief(events) if entry[3] > start), expected)
            else:
                self.assertEqual(brief(events), [entry for entry in full if entry[3] <= synced])
            rest = brief(watch.until("set", end)) if synced < end else []
            self.assertEqual(rest, [entry for entry in full if entry[3] > synced], (number, synced))
            watch.close()


class Restarts(unittest.TestCase):
    def test_a_watch_resumes_after_a_restart(self):
        for end in (Server.stop, Server.kill):
            with self.subTest(end.__name__), Server() as server:
                first = server.put("a", "1")
                second = server.put("b", "2")
                watch = server.watch("since=0&count=1")
                self.assertEqual(watch.next()["revision"], first)
                _, reason = watch.closing()
                watch.close()
                end(server)
                server.start()
                resumed = server.watch(reason.split(" ")[-1])
                self.assertEqual(resumed.next()["revision"], second)
                self.assertEqual(resumed.next(), {"op": "synced", "revision": second})
                third = server.put("c", "3")
                self.assertEqual(resumed.next()["revision"], third)
                resumed.close()

    def test_another_data_directory_is_another_log(self):
        with Server() as one, Server() as other:
            one.put("a", "1")
            other.put("a", "1")
            log_id = one.request("GET", "/livez").header("Kvs-Log-Id")
            with self.assertRaises(UpgradeRefused) as caught:
                other.watch("since=1@" + log_id)
            self.assertEqual(caught.exception.response.status, 410)


class BelowTheHistory(ServerTest):
    flags = ("--history-bytes", "64KiB", "--history-memory", "64KiB")

    def fill(self):
        """Writes until the history no longer reaches back to the first change; returns that one's revision."""
        first = self.put("dropped/first")
        self.put("dropped/second")
        self.ask("DELETE", "/v1/kv/dropped/second")
        with self.connect() as connection:
            for number in range(20000):
                connection.request("PUT", "/v1/kv/fill/%02d" % (number % 50), body=b"x" * 4000)
                if number % 50 == 49:
                    status = connection.request("GET", "/v1/status").json()
                    if status["oldest_revision"] > first:
                        return first
        self.fail("the history was never cut: %r" % status)

    def test_a_since_below_the_history_is_reset_to_the_whole_state_if_it_asks_for_that(self):
        first = self.fill()
        for since in (0, first):
            watch = self.watch("on_gap=reset&since=%d" % since)
            events = watch.until("synced")
            reset = events[0]
            self.assertEqual(reset["op"], "reset")
            self.assertGreater(reset["oldest_revision"], first)
            self.assertTrue(all(event.get("initial") for event in events[1:-1]))
            keys = [event["key"] for event in events[1:-1]]
            self.assertEqual(keys, ["dropped/first"] + ["fill/%02d" % number for number in range(50)])
            self.assertEqual(events[-1]["revision"], reset["revision"])
            following = self.put("dropped/first", "new")
            self.assertEqual(watch.next()["revision"], following)

    def test_a_since_at_the_oldest_revision_is_served_without_a_gap(self):
        self.fill()
        oldest = self.ask("GET", "/v1/status").json()["oldest_revision"]
        events = self.watch("since=%d" % oldest).until("synced")
        self.assertNotIn("reset", [event["op"] for event in events])
        revisions = [event["revision"] for event in events]
        self.assertEqual(revisions[:-1], list(range(oldest + 1, revisions[-1] + 1)))


if __name__ == "__main__":
    main()

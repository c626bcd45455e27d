#!/usr/bin/env python3
"""GET /v1/kv: bounds, pages that stay on one revision, folded prefixes, everything as NDJSON."""
import base64
import json
import random
import re

from kvs_harness import *

MIB = 1024 * 1024
NDJSON = {"Accept": "application/x-ndjson"}
LINK = '<%s>; rel="next"'


def fill(server, keys, value=b"v"):
    """Stores them all in one pipeline after another; the last answer's revision."""
    keys = list(keys)
    with server.connect() as connection:
        for start in range(0, len(keys), 500):
            batch = keys[start:start + 500]
            connection.send(b"".join(request_bytes("PUT", b"/v1/kv/" + escaped(key), None, value) for key in batch))
            answers = [connection.read_response("PUT") for _ in batch]
            assert all(answer.status in (200, 201) for answer in answers)
    return answers[-1].revision


def escaped(key):
    key = key.encode() if isinstance(key, str) else key
    return b"".join(b"%%%02X" % byte for byte in key)


def named(entry, name):
    """A key or prefix as bytes, however it is shown."""
    return entry[name].encode() if name in entry else base64.b64decode(entry[name + "_base64"])


def keys_of(page):
    return [named(item, "key") for item in page["items"]]


class ListTest(ServerTest):
    def list(self, query="", headers=None):
        answer = self.ask("GET", "/v1/kv" + query, headers)
        self.assertEqual((answer.status, answer.header("Content-Type")), (200, "application/json"), repr(answer)[:500])
        page = answer.json()
        self.assertEqual(answer.revision, page["revision"])
        self.assertEqual(answer.header("Link"), LINK % page["next"] if "next" in page else None)
        return page

    def lines(self, query=""):
        answer = self.ask("GET", "/v1/kv" + query, NDJSON)
        self.assertEqual((answer.status, answer.header("Content-Type")), (200, "application/x-ndjson"))
        self.assertTrue(answer.body == b"" or answer.body.endswith(b"\n"))
        return [json.loads(line) for line in answer.body.splitlines()]

    def keys(self, query=""):
        return [key.decode() for key in keys_of(self.list(query))]

    def pages(self, query, server=None):
        """All pages from that one on."""
        pages = []
        target = "/v1/kv" + query
        while target:
            answer = (server or self.server).request("GET", target)
            self.assertEqual(answer.status, 200, answer)
            pages.append(answer.json())
            target = pages[-1].get("next")
        return pages


class Empty(ListTest):
    def test_nothing_is_a_listing_too(self):
        self.assertEqual(self.list(), {"revision": 0, "items": [], "prefixes": []})
        self.assertEqual(self.lines(), [])


class Bounds(ListTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.revision = fill(cls.server, ["a", "b", "b/1", "b/2", "b/2/x", "c", b"c\xff", b"\xff/1"])

    def test_an_item_is_the_record(self):
        page = self.list("?prefix=b&limit=1")
        record = self.ask("GET", "/v1/kv/b?record=1").json()
        self.assertEqual(page["items"], [record])
        self.assertEqual(page["revision"], self.revision)
        self.assertEqual(self.lines("?prefix=b&limit=1"), [record])

    def test_keys_come_in_the_order_of_their_bytes(self):
        everything = [b"a", b"b", b"b/1", b"b/2", b"b/2/x", b"c", b"c\xff", b"\xff/1"]
        self.assertEqual(keys_of(self.list()), everything)
        self.assertEqual(keys_of(self.list("?reverse=1")), everything[::-1])
        self.assertEqual([named(line, "key") for line in self.lines()], everything)
        self.assertEqual([named(line, "key") for line in self.lines("?reverse")], everything[::-1])

    def test_keys_that_are_not_utf8_are_base64(self):
        self.assertEqual(self.list("?prefix=%FF")["items"][0]["key_base64"], base64.b64encode(b"\xff/1").decode())

    def test_bounds(self):
        for query, keys in (("prefix=b", ["b", "b/1", "b/2", "b/2/x"]), ("prefix=b/2", ["b/2", "b/2/x"]),
                            ("prefix=b%2F2", ["b/2", "b/2/x"]), ("prefix=nothing", []),
                            ("start=b&end=c", ["b", "b/1", "b/2", "b/2/x"]), ("after=b&end=c", ["b/1", "b/2", "b/2/x"]),
                            ("start=b/2&after=b/1&prefix=b", ["b/2", "b/2/x"]),
                            ("prefix=b&start=a&end=b/2", ["b", "b/1"]), ("start=c&end=b", []),
                            ("prefix=b&start=&after=&end=", ["b", "b/1", "b/2", "b/2/x"])):
            with self.subTest(query=query):
                self.assertEqual(self.keys("?" + query), keys)
                self.assertEqual(self.keys("?reverse=1&" + query), keys[::-1])
                self.assertEqual([line["key"] for line in self.lines("?" + query)], keys)

    def test_without_values_there_are_sizes(self):
        page = self.list("?keys_only=1&prefix=a")
        self.assertEqual((page["items"][0]["size"], "value" in page["items"][0]), (1, False))

    def test_what_follows_the_separator_is_folded(self):
        page = self.list("?separator=/")
        self.assertEqual(keys_of(page), [b"a", b"b", b"c", b"c\xff"])
        self.assertEqual((page["prefixes"], page["prefixes_base64"]), (["b/"], [base64.b64encode(b"\xff/").decode()]))
        below = self.list("?separator=/&prefix=b/")
        self.assertEqual((keys_of(below), below["prefixes"]), ([b"b/1", b"b/2"], ["b/2/"]))
        self.assertNotIn("prefixes_base64", below)

    def test_folded_prefixes_stand_among_the_lines(self):
        lines = [(*line,)[0] + "=" + [*line.values()][0] for line in self.lines("?separator=/&end=c")]
        self.assertEqual(lines, ["key=a", "key=b", "prefix=b/"])
        self.assertIn({"prefix_base64": base64.b64encode(b"\xff/").decode()}, self.lines("?separator=/"))

    def test_a_limit_counts_folded_prefixes(self):
        self.assertEqual([keys_of(page) + page["prefixes"] for page in self.pages("?separator=/&limit=2&end=c")],
                         [[b"a", b"b"], ["b/"]])
        self.assertEqual(len(self.lines("?separator=/&limit=3")), 3)

    def test_pages_in_every_direction_give_everything_once(self):
        for query in ("limit=1", "limit=3", "limit=3&reverse=1", "limit=2&prefix=b", "limit=2&reverse&start=b&end=c",
                      "limit=1&separator=/", "limit=1&separator=/&reverse=1", "limit=2&separator=/&after=b/1"):
            with self.subTest(query=query):
                whole = self.list("?" + re.sub("limit=[0-9]+", "limit=10000", query))
                pages = self.pages("?" + query)
                self.assertGreater(len(pages), 1)
                for name in ("items", "prefixes", "prefixes_base64"):
                    self.assertEqual(sum((page.get(name, []) for page in pages), []), whole.get(name, []))
                self.assertEqual({page["revision"] for page in pages}, {self.revision})
                limit = int(re.search("limit=([0-9]+)", query).group(1))
                sizes = [sum(len(page.get(name, ())) for name in ("items", "prefixes", "prefixes_base64")) for page in pages]
                self.assertTrue(all(size == limit for size in sizes[:-1]), sizes)

    def test_a_head_has_the_same_fields_and_no_body(self):
        for query, headers in (("?limit=2", None), ("", NDJSON)):
            got, head = self.ask("GET", "/v1/kv" + query, headers), self.ask("HEAD", "/v1/kv" + query, headers)
            same = lambda answer: sorted(pair for pair in answer.headers if pair[0] not in ("Kvs-Request-Id", "Date"))
            self.assertEqual((head.status, same(head), head.body), (200, same(got), b""))

    def test_fields_of_every_answer(self):
        for headers in (None, NDJSON):
            answer = self.ask("GET", "/v1/kv", dict(headers or {}, **{"Kvs-Request-Id": "mine"}))
            self.assertEqual((answer.header("Cache-Control"), answer.header("Vary")), ("no-store", "Accept"))
            self.assertEqual((answer.header("X-Content-Type-Options"), answer.header("Kvs-Request-Id")), ("nosniff", "mine"))
            self.assertRegex(answer.header("Kvs-Log-Id"), "^[0-9a-f]{16}$")
            self.assertEqual(answer.revision, self.revision)

    def test_the_form_goes_by_accept(self):
        for accept, kind in (("application/x-ndjson", "application/x-ndjson"), ("application/json", "application/json"),
                             ("*/*", "application/json"), ("text/html, */*;q=0.5", "application/json"),
                             ("application/json, application/x-ndjson;q=0.9", "application/json"),
                             ("application/json;q=0.5, application/x-ndjson", "application/x-ndjson"),
                             ("application/x-ndjson;q=0", "application/json")):
            self.assertEqual(self.ask("GET", "/v1/kv", {"Accept": accept}).header("Content-Type"), kind, accept)

    def test_mistakes_are_named(self):
        for query, part in (("limit=0", "limit"), ("limit=-1", "limit"), ("limit=x", "limit"), ("separator=", "separator"),
                            ("prefx=a", "did you mean 'prefix'"), ("prefix=a&prefix=b", "twice"), ("reverse=2", "reverse"),
                            ("revision=x", "revision"), ("prefix=%4", "%25"), ("keys_only=yes", "keys_only")):
            with self.subTest(query=query):
                problem = self.assert_problem(self.ask("GET", "/v1/kv?" + query), 400, "bad_parameter")
                self.assertIn(part, problem["detail"])
        self.assert_problem(self.ask("GET", "/v1/kv?prefix=" + "x" * 1026), 413, "key_too_large")

    def test_a_listing_waits_as_other_reads(self):
        self.assertEqual(self.list(f"?min_revision={self.revision}&linearizable=1")["revision"], self.revision)
        answer = self.ask("GET", f"/v1/kv?min_revision={self.revision + 1000}&timeout=1ms")
        self.assert_problem(answer, 504, "not_caught_up")


class AnyBytes(ListTest):
    def test_pages_of_keys_of_any_bytes(self):
        chance = random.Random(7)
        alphabet = b"/%&=+# \x00\xff\xfea\xc3\xbc"
        keys = {bytes(chance.choice(alphabet) for _ in range(chance.randint(1, 12))) for _ in range(300)}
        keys |= {b"\xff" * 1024, b"\0" * 1024}
        fill(self.server, keys)
        for query in ("?limit=7", "?limit=7&reverse=1"):
            found = sum(map(keys_of, self.pages(query)), [])
            self.assertEqual(found, sorted(keys, reverse="reverse" in query))
        for separator in (b"/", b"\xff", b"\xff\xfe", b"a"):
            folded = {key[:key.find(separator) + len(separator)] for key in keys if separator in key}
            for direction in ("", "&reverse=1"):
                pages = self.pages("?limit=5&separator=" + escaped(separator).decode() + direction)
                names = sum(([p.encode() for p in page["prefixes"]] + list(map(base64.b64decode, page.get("prefixes_base64", [])))
                             for page in pages), [])
                self.assertEqual(sorted(names), sorted(folded))
                self.assertEqual(sorted(sum(map(keys_of, pages), [])), sorted(key for key in keys if separator not in key))


class Pages(ListTest):
    def test_a_limit_above_10000_is_clamped_and_none_is_1000(self):
        with Server("--fsync", "never") as server:
            fill(server, ("k%05d" % n for n in range(10_001)))
            self.assertEqual([len(page["items"]) for page in self.pages("?limit=20000&keys_only=1", server)], [10_000, 1])
            self.assertEqual(len(server.request("GET", "/v1/kv").json()["items"]), 1000)
            with server.connect() as connection:
                lines = connection.request("GET", "/v1/kv", NDJSON).body.splitlines()
            self.assertEqual([json.loads(line)["key"] for line in lines], ["k%05d" % n for n in range(10_001)])

    def test_pages_stay_on_one_revision_while_writes_go_on(self):
        with Server("--fsync", "never") as server:
            names = ["k%03d" % n for n in range(100)]
            revision = fill(server, names, "old")
            target, seen = "/v1/kv?limit=7", []
            while target:
                page = server.request("GET", target).json()
                self.assertEqual(page["revision"], revision)
                seen += page["items"]
                for name in names[::9]:  # behind the cursor and before it
                    server.put(name, "new")
                server.put("k%03d+" % len(seen), "new")
                server.request("DELETE", "/v1/kv/" + names[-1 - len(seen) // 2])
                target = page.get("next")
            self.assertEqual([item["key"] for item in seen], names)
            self.assertEqual({item["value"] for item in seen}, {"old"})

    def test_pages_go_on_after_a_restart(self):
        for end in ("stop", "kill"):
            with self.subTest(end=end), Server() as server:
                revision = fill(server, ["a", "b", "c", "d"], "old")
                first = server.request("GET", "/v1/kv?limit=2").json()
                server.put("c", "new")
                getattr(server, end)()
                server.start()
                server.put("d", "new")
                rest = self.pages(first["next"].partition("/v1/kv")[2], server)
                self.assertEqual([(item["key"], item["value"]) for page in rest for item in page["items"]],
                                 [("c", "old"), ("d", "old")])
                self.assertEqual({page["revision"] for page in rest}, {revision})

    def test_a_page_outlives_the_history(self):
        with Server("--ephemeral", "--history-memory", "64KiB") as server:
            fill(server, ["a", "b", "c"], "old")
            first = server.request("GET", "/v1/kv?limit=1").json()
            for _ in range(4):
                server.put("b", "x" * 100_000)
            answer = server.request("GET", f"/v1/kv/b?revision={first['revision'] + 1}")
            self.assertEqual((answer.status, answer.json()["code"]), (410, "compacted"))
            rest = self.pages(first["next"].partition("/v1/kv")[2], server)
            self.assertEqual([item["value"] for page in rest for item in page["items"]], ["old", "old"])

    def test_a_page_of_another_history_is_refused(self):
        with Server() as server, Server() as other:
            for each in (server, other):
                fill(each, ["a", "b"])
            page = server.request("GET", "/v1/kv?limit=1").json()
            self.assert_problem(other.request("GET", page["next"]), 410, "other_log")

    def test_a_page_ends_at_8_mebibytes(self):
        with Server("--fsync", "never") as server:
            for value in (b"x" * MIB, bytes(range(256)) * 4096):
                fill(server, ("k%02d" % n for n in range(12)), value)
                pages = self.pages("", server)
                self.assertGreater(len(pages), 1)
                self.assertEqual([item["key"] for page in pages for item in page["items"]], ["k%02d" % n for n in range(12)])
                sizes = [len(json.dumps(page)) for page in pages]
                self.assertTrue(all(size < 8.1 * MIB for size in sizes), sizes)
                self.assertGreater(sizes[0], 6 * MIB)
                lines = server.request("GET", "/v1/kv", NDJSON).body.splitlines()
                self.assertEqual(len(lines), 12)


class Streams(ListTest):
    def test_everything_is_of_one_revision_however_slowly_it_is_read(self):
        with Server("--fsync", "never") as server:
            names = ["k%04d" % n for n in range(2000)]
            revision = fill(server, names, b"o" * 1000)
            with server.connect(receive_buffer=4096) as slow:
                slow.send(request_bytes("GET", "/v1/kv", NDJSON) + request_bytes("GET", "/livez"))
                head = slow.read_head()
                self.assertIn(b"Kvs-Revision: %d\r\n" % revision, head)
                self.assertIn(b"Transfer-Encoding: chunked\r\n", head)
                fill(server, names[::-1], b"n" * 1000)
                records = [json.loads(line) for line in slow.read_chunks().splitlines()]
                self.assertEqual([record["key"] for record in records], names)
                self.assertTrue(all(record["value"] == "o" * 1000 for record in records))
                self.assertEqual(slow.read_response().body, b"ok\n")

    def test_in_http_1_0_the_end_of_the_connection_ends_it(self):
        with Server("--fsync", "never") as server:
            fill(server, ("k%03d" % n for n in range(300)), b"x" * 1000)
            for headers in (NDJSON, None):
                answer = server.request("GET", "/v1/kv", headers, version="1.0")
                self.assertIsNone(answer.header("Transfer-Encoding"))
                self.assertEqual(answer.header("Connection"), "close")
                self.assertEqual(answer.body.count(b'"key":"k'), 300)

    def test_memory_does_not_grow_with_what_is_listed(self):
        with Server("--fsync", "never") as server:
            count = 20_000
            fill(server, ("k%06d" % n for n in range(count)), b"x" * 5000)  # 100 MB
            before = peak(server)
            with server.connect(receive_buffer=4096) as slow, server.connect() as quick:
                slow.send(request_bytes("GET", "/v1/kv", NDJSON))
                slow.read_head()
                self.assertEqual(quick.request("GET", "/v1/kv", NDJSON).body.count(b"\n"), count)
                for page in self.pages("", server):  # each near its 8 MiB
                    self.assertTrue(page["items"])
                pairs = quick.request("GET", "/getall")
                self.assertEqual((pairs.header("Transfer-Encoding"), len(json.loads(pairs.body))), ("chunked", count))
                self.assertLess(peak(server) - before, 32 * MIB)
                slow.abort()

    def test_old_states_that_slow_clients_keep_in_memory_are_bounded(self):
        """Four listings, each of a state of its own, of which nothing is left in the next: one old state is the most."""
        names = ["k%03d" % n for n in range(160)]
        with Server("--fsync", "never", "--history-bytes", "64KiB", "--history-memory", "1MiB", "--threads", "1") as server:
            slow, revisions = [], []
            for number in range(4):
                revisions.append(fill(server, names, b"%d" % number * MIB))
                slow.append(self.enterContext(server.connect(receive_buffer=4096)))
                slow[-1].send(request_bytes("GET", "/v1/kv", NDJSON))
                self.assertIn(b"Kvs-Revision: %d\r\n" % revisions[-1], slow[-1].read_head())
            for connection in slow[:2]:
                with self.assertRaises(ConnectionEnded):
                    connection.read_chunks()
            for number, connection in list(enumerate(slow))[2:]:
                values = [json.loads(line)["value"][:2] for line in connection.read_chunks().splitlines()]
                self.assertEqual(values, [str(number) * 2] * len(names))
            self.assertIn("slow clients keep too many old states in memory", server.stderr)


def peak(server):
    """The most memory that was resident, in bytes."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()

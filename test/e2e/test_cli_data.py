#!/usr/bin/env python3
"""Commands on many keys: list, export and import, touch, ranges, the past; on a pipe and on a terminal."""
import http.server
import json
import os
import subprocess
import tempfile
import time
import threading

from kvs_cli import DEADLINE, Command, CommandTest, FakeServer, answer, kvs, problem
from kvs_harness import *
from kvs_server import start_kept


class Listing(CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.revisions = [cls.server.put("app%2Fa", "1"), cls.server.put("app%2Fdeep%2Fx", "22"),
                         cls.server.put("odd%0Akey", "")]

    def test_keys_are_a_line_each_whatever_is_in_them(self):
        for terminal in (False, True):
            self.assert_ends(self.kvs("list", terminal=terminal), 0, "app/a\napp/deep/x\nodd\\nkey\n", "")
        self.assert_ends(self.kvs("ls", "app/"), 0, "app/a\napp/deep/x\n", "")
        self.assert_ends(self.kvs("list", "-0", "odd"), 0, "odd\nkey\0", "")
        self.assert_ends(self.kvs("list", "nothing"), 0, "", "")

    def test_what_follows_a_separator_is_folded(self):
        self.assert_ends(self.kvs("list", "app/", "--separator", "/"), 0, "app/a\napp/deep/\n", "")

    def test_a_long_listing_has_columns(self):
        result = self.assert_ends(self.kvs("list", "-l", "app/"), 0, None, "")
        self.assertRegex(result.stdout.splitlines()[1], rf"^ +{self.revisions[1]} +1 +2  \d{{4}}-\S+Z  app/deep/x$")

    def test_as_json_it_is_records_without_values(self):
        record = json.loads(self.kvs("list", "app/a", "-o", "ndjson").stdout)
        self.assertEqual((record["key"], record["size"]), ("app/a", 1))

    def test_the_past_is_asked_for(self):
        for words, target in ((["list", "a"], "/v1/kv?keys_only=1&prefix=a&revision=7&timeout=5s"),
                              (["export"], "/v1/kv?revision=7&timeout=5s"),
                              (["get", "k"], "/v1/kv/k?revision=7&timeout=5s"),
                              (["get", "--prefix", "a"], "/v1/kv?prefix=a&revision=7&timeout=5s")):
            with FakeServer(answer(200, "")) as server:
                self.assertEqual(kvs(*words, "--revision", "7", "--server", server.address), (0, "", ""))
                self.assertEqual(server.requests[0].split("\r\n")[0], f"GET {target} HTTP/1.1")


    def test_a_part_is_listed_from_either_end(self):
        for words, keys in ((("--limit", "2"), "app/a\napp/deep/x\n"), (("--reverse",), "odd\\nkey\napp/deep/x\napp/a\n"),
                            (("--reverse", "--limit", "1"), "odd\\nkey\n"), (("--after", "app/a"), "app/deep/x\nodd\\nkey\n"),
                            (("--start", "app/deep/x"), "app/deep/x\nodd\\nkey\n"), (("--end", "app/deep/x"), "app/a\n"),
                            (("app/", "--start", "app/b", "--end", "z"), "app/deep/x\n"), (("--limit", "100000"), None)):
            self.assert_ends(self.kvs("list", *words), 0, keys, "")
        self.assert_ends(self.kvs("list", "--limit", "0"), 2, "", "kvs: --limit: at least 1\n")
        self.assert_ends(self.kvs("list", "--after", ""), 2, "", "kvs: --after: a key has at least one byte\n")


class Ranges(CommandTest):
    def setUp(self):
        for key in ("r%2Fa", "r%2Fb", "s"):
            self.server.put(key, "x")

    def test_a_range_needs_yes_where_nobody_can_be_asked(self):
        result = self.kvs("delete", "--prefix", "r/")
        self.assert_ends(result, 2, "", "kvs: nothing was done: there is nobody to ask; "
                                        "--yes does it without asking, --dry-run only shows\n")
        self.assert_ends(self.kvs("delete", "--prefix", "r/", "--dry-run"), 0, "r/a\nr/b\n", "")
        self.assert_ends(self.kvs("delete", "--prefix", "r/", "--yes"), 0, "2\n", "")
        self.assert_ends(self.kvs("list"), 0, "s\n", "")

    def test_on_a_terminal_it_is_asked(self):
        for words, question, count, left in ((("--prefix", "r/"), "Delete the 2 keys that begin with 'r/'? [y/N] ", 2, "s\n"),
                                             (("--all",), "Delete all 3 keys? [y/N] ", 3, "")):
            for no in ("n\n", "\n", "\x04"):
                command = self.start("delete", *words, errors_on_terminal=True)
                command.wait_stderr("[y/N] ")
                command.type(no)
                self.assert_ends(command.end(), 1, "", question)
                self.assert_ends(self.kvs("list"), 0, "r/a\nr/b\ns\n", "")
            command = self.start("delete", *words, errors_on_terminal=True)
            command.wait_stderr("[y/N] ")
            command.type("y\n")
            self.assert_ends(command.end(), 0, f"{count}\n", question)
            self.assert_ends(self.kvs("list"), 0, left, "")
            self.setUp()

    def test_on_a_terminal_nothing_is_asked_if_there_are_no_such_keys_or_with_yes(self):
        self.assert_ends(self.kvs("delete", "--prefix", "none/", errors_on_terminal=True), 0, "0\n", "")
        self.assert_ends(self.kvs("delete", "--prefix", "r/", "--yes", errors_on_terminal=True), 0, "2\n", "")
        self.assert_ends(self.kvs("delete", "--all", "--yes", errors_on_terminal=True), 0, "1\n", "")
        self.assert_ends(self.kvs("delete", "--all", errors_on_terminal=True), 0, "0\n", "")

    def test_all_keys_are_a_range_too(self):
        self.assertEqual(self.kvs("delete", "--all").code, 2)
        self.assert_ends(self.kvs("delete", "--all", "--dry-run"), 0, "r/a\nr/b\ns\n", "")
        self.assert_ends(self.kvs("delete", "-a", "--yes"), 0, "3\n", "")
        self.assert_ends(self.kvs("list"), 0, "", "")

    def test_a_range_without_keys_is_no_error_but_needs_yes_all_the_same(self):
        self.assertEqual(self.kvs("delete", "--prefix", "none/").code, 2)
        self.assert_ends(self.kvs("delete", "--prefix", "none/", "--yes"), 0, "0\n", "")
        self.assert_ends(self.kvs("delete", "--prefix", "none/", "--dry-run"), 0, "", "")

    def test_a_key_is_deleted_at_one_revision_only(self):
        revision = self.server.put("one", "x")
        self.assert_ends(self.kvs("delete", "one", "--if-revision", str(revision + 1)), 4, "",
                         f"kvs: not deleted: one is at revision {revision}\n")
        self.assert_ends(self.kvs("delete", "one", "--if-revision", str(revision)), 0, "1\n", "")
        self.assert_ends(self.kvs("delete", "one", "--if-revision", str(revision)), 4, "", "kvs: not deleted: there is no key one\n")
        for words, said in ((("a", "b", "--if-revision", "1"), "goes with one key"),
                            (("--all", "--if-revision", "1"), "goes with a key, not with --prefix or --all"),
                            (("--prefix", "r", "--if-revision", "1"), "goes with a key, not with --prefix or --all"),
                            (("a", "--if-revision", "0"), "the revision of a key is at least 1")):
            self.assert_ends(self.kvs("delete", *words), 2, "", f"kvs: --if-revision: {said}\n")

    def test_usage(self):
        for words in (["--prefix", "", "--yes"], ["--prefix", "r", "k", "--yes"], ["k", "--yes"], ["k", "--dry-run"],
                      ["--all", "k", "--yes"], ["--all", "--prefix", "r", "--yes"], ["--all", "-k", "r", "--yes"]):
            self.assertEqual(self.kvs("delete", *words).code, 2, words)
        self.assert_ends(self.kvs("list"), 0, "r/a\nr/b\ns\n", "")


class Lives(CommandTest):
    def test_a_time_to_live_is_set_and_touched(self):
        self.kvs("set", "t", "v", "--ttl", "1h")
        self.assertIn("expires", json.loads(self.kvs("get", "t", "--json").stdout))
        result = self.assert_ends(self.kvs("touch", "t", "--ttl", "none"), 0, None, "")
        record = json.loads(self.kvs("get", "t", "--json").stdout)
        self.assertNotIn("expires", record)
        self.assertEqual(result.stdout, f"{record['revision']}\n")
        self.assert_ends(self.kvs("touch", "none", "--ttl", "1s"), 3, "", "kvs: no such key: none\n")
        self.assertEqual(self.kvs("touch", "t").code, 2)
        self.assertEqual(self.kvs("set", "t", "v", "--ttl", "5").code, 2)


    def test_a_key_is_touched_at_one_revision_only(self):
        revision = self.server.put("one", "x")
        words = ("touch", "one", "--ttl", "1h", "--if-revision")
        self.assert_ends(self.kvs(*words, str(revision + 1)), 4, "", f"kvs: not touched: one is at revision {revision}\n")
        self.assertNotIn("expires", json.loads(self.kvs("get", "one", "--json").stdout))
        touched = self.assert_ends(self.kvs(*words, str(revision)), 0, None, "").stdout
        record = json.loads(self.kvs("get", "one", "--json").stdout)
        self.assertEqual(("expires" in record, f"{record['revision']}\n"), (True, touched))
        self.assert_ends(self.kvs(*words, "0"), 2, "", "kvs: --if-revision: the revision of a key is at least 1\n")


class Names(CommandTest):
    def test_a_write_of_the_same_name_is_not_done_again(self):
        for words, stdin in ((("set", "n/a", "1"), None), (("touch", "n/a", "--ttl", "1h"), None), (("delete", "n/a"), None),
                             (("delete", "--all", "--yes"), None), (("txn",), b'{"then":[{"op":"set","key":"n/b","value":"2"}]}')):
            named = (*words, "--idempotency-key", "name-of-" + "-".join(words), "--json")
            first = self.assert_ends(self.kvs(*named, stdin=stdin), 0, None, "")
            between = self.ask("GET", "/v1/status").json()["revision"]
            self.assertEqual(json.loads(first.stdout)["revision"], between)
            again = self.assert_ends(self.kvs(*named, stdin=stdin), 0, None, "")
            self.assertEqual(json.loads(again.stdout)["revision"], between, words)
            status = self.ask("GET", "/v1/requests/" + named[named.index("--idempotency-key") + 1].replace("/", "%2F")).json()
            self.assertEqual((status["outcome"], status["revision"]), ("applied", between))
            self.put("n/a", "between")
        self.assert_ends(self.kvs("set", "n/other", "1", "--idempotency-key", "name-of-delete-n/a"), 4, "")

    def test_a_name_is_visible_text_and_of_one_write(self):
        for name in ("", "a b", "a\r\nHost: b", "ü", "x" * 256):
            self.assert_ends(self.kvs("set", "a", "b", "--idempotency-key", name), 2, "",
                             "kvs: --idempotency-key: 1 to 255 visible ASCII characters\n")
        self.assert_ends(self.kvs("delete", "a", "b", "--idempotency-key", "n"), 2, "", "kvs: --idempotency-key: goes with one key\n")


class Transfer(CommandTest):
    def test_an_export_has_all_of_each_record(self):
        self.server.put("e%2F1", b"\xff", headers={"Content-Type": "x/y"})
        self.kvs("set", "e/2", "two", "--ttl", "1h")
        lines = self.assert_ends(self.kvs("export", "--prefix", "e/"), 0, None, "").stdout.splitlines()
        first, second = map(json.loads, lines)
        self.assertEqual((first["key"], first["value_base64"], first["content_type"]), ("e/1", "/w==", "x/y"))
        self.assertEqual((second["value"], "expires" in second), ("two", True))
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "keys")
            self.assert_ends(self.kvs("export", path, "--prefix", "e/"), 0, "2\n", "")
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read().splitlines(), lines)
            self.assertEqual(os.listdir(directory), ["keys"])

    def test_an_import_is_transactions(self):
        status = answer(200, '{"keys":0,"limits":{"max_value_size":20}}')
        lines = [{"key": "a", "value": "1", "content_type": "x/y", "expires": "2001-01-01T00:00:00.000Z"},
                 {"key": "b", "value": "2"}, {"key": "c", "value": "3" * 30}]
        text = "".join(json.dumps(line) + "\n" for line in lines).encode()
        with FakeServer(status, answer(200, '{"succeeded":true}'), answer(201, "{}")) as server:
            result = kvs("import", "--server", server.address, stdin=text)
            heads = [head.split("\r\n")[0] for head in server.requests]  # behind the body of the request before
        self.assertEqual(result, (0, "2\n", "kvs: 1 keys had expired and were left out\n"))
        self.assertEqual(heads, ["GET /v1/status HTTP/1.1", "POST /v1/txn HTTP/1.1",
                                 '{"then":[{"op":"set","key":"b","value":"2"}]}PUT /v1/kv/c HTTP/1.1'])

    def test_an_import_says_how_far_it_got(self):
        status = answer(200, '{"keys":0,"limits":{"max_value_size":3}}')
        text = b'{"key":"a","value":"1"}\n{"key":"b","value":"2"}\nnonsense\n'
        with FakeServer(status, answer(200, '{"succeeded":true}')) as server:
            result = kvs("import", "--server", server.address, stdin=text)
        self.assertEqual(result, (8, "", "kvs: stdin:3: no JSON object (1 keys were imported before)\n"))
        with FakeServer(status) as server:
            result = kvs("import", "--server", server.address, stdin=b"{}\n")
        self.assertEqual(result, (9, "", "kvs: stdin:1: a record without a key\n"))

    def test_an_import_refuses_a_member_that_records_do_not_have(self):
        status = answer(200, '{"keys":0,"limits":{"max_value_size":20}}')
        text = b'{"key":"a","value":"1","revision":3}\n{"key":"b","value":"2","tll":"30s"}\n'
        with FakeServer(status) as server:
            result = kvs("import", "--server", server.address, stdin=text)
            self.assertEqual(len(server.requests), 1)  # nothing of it was sent
        self.assertEqual(result, (9, "", "kvs: stdin:2: no record has a member 'tll'; a record may have key, key_base64, "
                                         "value, value_base64, content_type, expires, ttl, version, modified, revision, "
                                         "created_revision, size\n"))

    def test_an_import_names_the_file_and_line_it_gives_up_at(self):
        status = answer(200, '{"keys":0,"limits":{"max_value_size":3}}')
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "keys")
            with open(path, "wb") as file:
                file.write(b'\n{"key":"a","value":"1"}\n\n' + b"x" * 30_000)  # as if it were all one record
            with FakeServer(status) as server:
                result = kvs("import", path, "--server", server.address)
            self.assertEqual(result, (9, "", f"kvs: {path}:4: the line is longer than any record that this server takes (24076 "
                                             "bytes); kvs import reads what kvs export wrote: a record a line\n"))
            with open(path, "wb") as file:
                file.write(b'\n\n{"key":"a"}\n')
            with FakeServer(status) as server:
                self.assertEqual(kvs("import", path, "--server", server.address),
                                 (9, "", f"kvs: {path}:3: a record without a value\n"))

    def test_a_transaction_that_does_not_succeed_is_exit_4(self):
        body = '{"succeeded":false,"revision":7,"results":[{"op":"get","key":"a","record":null}]}'
        for code, text in ((4, body), (0, body.replace("false", "true"))):
            with FakeServer(answer(200, text)) as server:
                self.assertEqual(kvs("txn", "--server", server.address, stdin=b"{}"), (code, text + "\n", ""))
        with FakeServer(answer(200, body)) as server:
            result = kvs("txn", "--server", server.address, stdin=b"{}", terminal=True)
        self.assertEqual(result, (4, "not succeeded, revision 7\nget  a  (no such key)\n", ""))
        with FakeServer(problem(400, "malformed", "no op")) as server:
            self.assertEqual(kvs("txn", "--server", server.address, stdin=b"{}"), (2, "", "kvs: no op\n"))

    def test_a_history_is_a_table_or_events(self):
        events = [{"op": "delete", "key": "a", "revision": 3, "time": "2026-11-22T06:12:17.000Z"},
                  {"op": "set", "key": "a", "value": "1", "revision": 2, "modified": "2026-11-22T06:12:16.016Z"}]
        body = json.dumps({"key": "a", "revision": 3, "items": events})
        with FakeServer(answer(200, body)) as server:
            lines = kvs("history", "a", "--limit", "2", "--server", server.address).stdout.splitlines()
            self.assertEqual(server.requests[0].split("\r\n")[0], "GET /v1/history/a?limit=2 HTTP/1.1")
        self.assertEqual([json.loads(line) for line in lines], events)
        with FakeServer(answer(200, body)) as server:
            result = kvs("history", "a", "--server", server.address, terminal=True)
        self.assertEqual(result, (0, "3  2026-11-22T06:12:17.000Z  delete  \n2  2026-11-22T06:12:16.016Z  set     1\n", ""))


class Trickle:
    """A server of a million keys that lists them slowly, as long as it is let."""

    def __init__(self):
        self.changed = threading.Condition()
        self.listings = 0
        self.enough = threading.Event()
        trickle = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *unused):
                pass

            def do_GET(self):
                self.wfile.write(answer(200, '{"keys":1000000}') if self.path == "/v1/status" else trickle.head())
                while self.path != "/v1/status":
                    last = trickle.enough.wait(0.02)
                    line = b'{"key":"a","value":"1","revision":1}\n'
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line) + (b"0\r\n\r\n" if last else b""))
                    if last:
                        return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def head(self):
        with self.changed:
            self.listings += 1
            self.changed.notify_all()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"

    def wait_listings(self, count):
        with self.changed:
            if not self.changed.wait_for(lambda: self.listings >= count, DEADLINE):
                raise AssertionError(f"{self.listings} listings instead of {count}")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.enough.set()
        self.server.shutdown()
        self.server.server_close()


class Bars(unittest.TestCase):
    def test_a_bar_shows_the_progress_on_a_terminal_only_and_leaves_no_trace(self):
        with Trickle() as server:
            def export(*words, **kw):
                command = Command("export", *words, "--server", server.address, **kw)
                self.addCleanup(command.kill)
                return command

            silent = [export(), export("-q", errors_on_terminal=True), export("--no-progress", errors_on_terminal=True)]
            server.wait_listings(3)
            loud = export(errors_on_terminal=True)
            loud.wait_stderr("exporting: ", 2)
            server.enough.set()  # each gets one more record, later than a bar of its own would have come
            for command in silent:
                result = command.end()
                self.assertEqual((result.code, result.stderr), (0, ""))
            result = loud.end()
        self.assertEqual(result.code, 0)
        self.assertRegex(result.stderr, r"^(\r\x1b\[Kexporting: \d+ keys of 1000000 keys, \d+ keys/s, \S+ left)+\r\x1b\[K$")
        self.assertGreater(result.stdout.count("\n"), 1)


class RoundTrips(CommandTest):
    """The same commands, with a server that answers for itself."""

    flags = ("--max-value-size", "64KiB")

    def test_an_import_brings_back_what_was_exported(self):
        self.kvs("set", "t/plain", "text", "--content-type", "text/plain")
        self.kvs("set", "t/ttl", "v", "--ttl", "1h")
        self.server.put("t/%FF", b"\0\xfe")
        self.server.put("t/empty", b"")
        self.server.put("t/large", b"x" * 65_536)
        for number in range(1500):  # more than a transaction holds, by number and, with the types, by size
            self.server.put("t/n%04d" % number, b"v" * 50, headers={"Content-Type": "x/" + "y" * 100})
        exported = self.assert_ends(self.kvs("export", "--prefix", "t/"), 0, None, "").stdout
        with Server(*self.flags) as other:
            there = {"KVS_SERVER": "127.0.0.1:%d" % other.port}
            self.assert_ends(self.kvs("import", stdin=exported.encode(), env=there), 0, "1505\n", "")
            again = self.kvs("export", env=there).stdout
            revisions = {json.loads(line)["revision"] for line in again.splitlines()}

        def kept(text):
            records = [json.loads(line) for line in text.splitlines()]
            names = ("key", "key_base64", "value", "value_base64", "content_type")
            return [[record.get(name) for name in names] + ["expires" in record] for record in records]

        self.assertEqual(kept(again), kept(exported))
        self.assertLess(len(revisions), 12)  # many to a transaction

    def test_for_programs_an_import_and_an_export_say_in_json_what_was_done(self):
        self.server.put("j%2Fa", "1")
        revision = self.server.put("j%2Fb", "2")
        log_id = self.ask("GET", "/v1/status").json()["log_id"]
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "keys")
            for form in (("--json",), ("-o", "json"), ("-o", "ndjson")):
                result = self.assert_ends(self.kvs("export", path, "--prefix", "j/", *form), 0, None, "")
                self.assertEqual(json.loads(result.stdout), {"file": path, "keys": 2, "revision": revision, "log_id": log_id})
            with open(path, "a", encoding="utf-8") as file:
                file.write('{"key":"j/c","value":"3","expires":"2001-01-01T00:00:00.000Z"}\n')
            for form in (("--json",), ("-o", "json")):
                result = self.kvs("import", path, *form)
                self.assert_ends(result, 0, '{"imported":2,"expired":1}\n', "kvs: 1 keys had expired and were left out\n")
            self.assert_ends(self.kvs("import", path, "-q"), 0, "", "")

    def test_a_file_may_be_from_windows_and_of_a_repeated_key_the_last_counts(self):
        text = b'\xef\xbb\xbf{"key":"w","value":"1"}\r\n\r\n{"key":"w","value":"2"}\r\n'
        self.assert_ends(self.kvs("import", stdin=text), 0, "2\n", "")
        self.assert_ends(self.kvs("get", "w"), 0, "2", "")

    def test_a_value_that_is_too_large_is_found_by_its_line(self):
        text = b'{"key":"big/1","value":"1"}\n{"key":"big/2","value":"%s"}\n' % (b"x" * 65_537)
        result = self.assert_ends(self.kvs("import", stdin=text), 8, "")
        self.assertRegex(result.stderr, r"^kvs: stdin:2: .*65536 bytes.*\(1 keys were imported before\)")

    def test_a_file_that_cannot_be_replaced_is_left_alone(self):
        self.server.put("f", "v")
        with tempfile.TemporaryDirectory() as directory:
            pipe, link, name = (os.path.join(directory, each) for each in ("pipe", "link", "file"))
            os.mkfifo(pipe)
            with open(name, "w", encoding="utf-8"):
                os.symlink("file", link)
            for words in (["export"], ["snapshot", "save"]):
                for path in (pipe, directory):
                    self.assert_ends(self.kvs(*words, path), 1, "", f"kvs: {path} is no file that could be replaced; "
                                                                    "name another, or - for standard output\n")
                self.assertEqual(self.kvs(*words, link).code, 0)
                self.assertTrue(os.path.islink(link))
                self.assertGreater(os.path.getsize(name), 0)
            self.assertEqual(sorted(os.listdir(directory)), ["file", "link", "pipe"])
            self.assert_ends(self.kvs("export", "/dev/stdout"), 1, "", "kvs: /dev/stdout is no file that could be replaced; "
                                                                       "name another, or - for standard output\n")

    def test_a_transaction(self):
        body = b'{"if":[{"key":"x","absent":true}],"then":[{"op":"set","key":"x","value":"1"}],"else":[{"op":"get","key":"x"}]}'
        first = self.kvs("txn", stdin=body)
        revision = json.loads(first.stdout)["revision"]
        self.assert_ends(first, 0, '{"succeeded":true,"revision":%d,"results":[{"op":"set","key":"x","revision":%d,"created":true}]}\n'
                         % (revision, revision), "")
        self.assert_ends(self.kvs("txn", stdin=body, terminal=True), 4, f"not succeeded, revision {revision}\nget  x  1\n", "")
        result = self.assert_ends(self.kvs("txn", stdin=b'{"then":[{"op":"get"}]}'), 2, "")
        self.assertIn("then[0]", result.stderr)

    def test_a_history_and_the_past(self):
        first, second = self.server.put("h", "1"), self.server.put("h", "2")
        gone = self.ask("DELETE", "/v1/kv/h").revision
        events = [json.loads(line) for line in self.assert_ends(self.kvs("history", "h"), 0, None, "").stdout.splitlines()]
        self.assertEqual([(event["op"], event["revision"]) for event in events],
                         [("delete", gone), ("set", second), ("set", first)])
        whole = json.loads(self.kvs("history", "h", "--limit", "1", "--json").stdout)
        self.assertEqual((whole["key"], whole["items"]), ("h", events[:1]))
        self.assert_ends(self.kvs("history", "never"), 0, "", "")
        self.assert_ends(self.kvs("history", "never", terminal=True), 0, "", "kvs: the history holds no change of never\n")
        self.assert_ends(self.kvs("get", "h", "--revision", str(first)), 0, "1", "")
        self.assert_ends(self.kvs("get", "h", "--revision", str(gone)), 3, "", "kvs: no such key: h\n")
        result = self.assert_ends(self.kvs("get", "h", "--revision", str(gone + 1000), "--timeout", "100ms"), 2, "")
        self.assertIn("is not reached yet", result.stderr)


class ProgressBars(CommandTest):
    RECORD = json.dumps({"key": "bar", "value": "v" * 1000}).encode() + b"\n"

    def imported(self, *flags, until):
        """An import by somebody whose standard error is a terminal, fed until `until(what stands there, seconds)`."""
        leader, follower = os.openpty()
        self.addCleanup(os.close, leader)
        os.set_blocking(leader, False)
        process = start_kept([BINARY, "import", *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=follower,
                             env=environment({**self.address(), "TERM": "xterm"}))
        os.close(follower)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        seen, count, began = b"", 0, time.monotonic()

        def look():
            try:
                return os.read(leader, 65536)
            except (BlockingIOError, OSError):  # nothing yet, or nothing any more
                return b""

        with process.stdin as source:
            while not until(seen, time.monotonic() - began):
                self.assertLess(time.monotonic() - began, TIMEOUT, seen)
                source.write(self.RECORD)
                source.flush()
                count += 1
                seen += look()
        self.assertEqual((process.stdout.read(), process.wait()), (b"%d\n" % count, 0))
        process.stdout.close()
        return (seen + look()).decode()

    def test_what_takes_a_while_is_shown_and_leaves_no_trace(self):
        seen = self.imported(until=lambda seen, _: b"importing" in seen)
        self.assertRegex(seen, r"\A\r\x1b\[Kimporting: [0-9.]+ [KM]?i?B, [0-9.]+ [KM]?i?B/s")
        self.assertTrue(seen.endswith("\r\x1b[K"), seen)

    def test_no_progress_turns_it_off(self):
        self.assertEqual(self.imported("--no-progress", until=lambda _, seconds: seconds > 1), "")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The command line against a real server: what get, set, delete, status and health take and print."""
import json
import os
import tempfile

from kvs_cli import CommandTest, kvs
from kvs_harness import *


class Get(CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for key, value in [("City", "Pune"), ("app/a", "1"), ("app/b", "two\nlines\t\x1b[31m"), ("bin", b"\xff\x00\n")]:
            cls.server.put(key, value)

    def test_one_key_on_a_pipe_is_its_bytes_exactly(self):
        self.assert_ends(self.kvs("get", "City"), 0, "Pune", "")
        self.assert_ends(self.kvs("get", "--key", "app/b"), 0, "two\nlines\t\x1b[31m")
        command = self.start("get", "-k", "bin")
        command.end()
        self.assertEqual(command.stdout_bytes, b"\xff\x00\n")

    def test_one_key_on_a_terminal_is_escaped_and_ends_with_a_newline(self):
        self.assert_ends(self.kvs("get", "City", terminal=True), 0, "Pune\n", "")
        self.assert_ends(self.kvs("get", "app/b", terminal=True), 0, "two\nlines\t\\x1b[31m\n", "")
        result = self.assert_ends(self.kvs("get", "bin", terminal=True), 0, "\\xff\\x00\n\n")
        self.assertIn("binary, 3 bytes", result.stderr)
        self.assert_ends(self.kvs("get", "bin", "-q", terminal=True), 0, "\\xff\\x00\n\n", "")

    def test_raw_is_exact_on_a_terminal_too(self):
        self.assert_ends(self.kvs("get", "City", "-o", "raw", terminal=True), 0, "Pune", "")

    def test_one_key_as_json_is_the_record(self):
        record = json.loads(self.kvs("get", "City", "-o", "json").stdout)
        self.assertEqual((record["key"], record["value"]), ("City", "Pune"))
        self.assertEqual(json.loads(self.kvs("get", "City", "--json").stdout), record)
        indented = self.kvs("get", "City", "-o", "json", terminal=True).stdout
        self.assertTrue(indented.startswith('{\n  "key": "City"'), indented)
        self.assertEqual(json.loads(indented), record)
        self.assertEqual(json.loads(self.kvs("get", "bin", "-o", "json").stdout)["value_base64"], "/wAK")

    def test_several_keys_on_a_pipe_are_records_in_the_order_asked_for(self):
        lines = self.kvs("get", "app/b", "City").stdout.splitlines()
        self.assertEqual([json.loads(line)["key"] for line in lines], ["app/b", "City"])

    def test_several_keys_on_a_terminal_are_a_table_that_fits(self):
        result = self.kvs("get", "City", "app/b", "bin", terminal=True, columns=40, env={"NO_COLOR": "1"})
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["KEY", "REVISION", "VALUE"])
        self.assertIn("two\\nlines\\t\\x1b[31m", lines[2])
        self.assertIn("<3 bytes, no text>", lines[3])
        narrow = self.kvs("get", "City", "app/b", terminal=True, columns=30, env={"NO_COLOR": "1"}).stdout
        self.assertTrue(all(len(line) <= 30 for line in narrow.splitlines()), narrow)
        self.assertIn("…", narrow)

    def test_colour_is_for_terminals_and_can_be_turned_off(self):
        self.assertIn("\x1b[1m", self.kvs("get", "City", "app/a", terminal=True).stdout)
        self.assertNotIn("\x1b", self.kvs("get", "City", "app/a", terminal=True, env={"NO_COLOR": "1"}).stdout)
        self.assertNotIn("\x1b", self.kvs("get", "City", "app/a", "--color", "never", terminal=True).stdout)
        self.assertIn("\x1b[1m", self.kvs("get", "City", "app/a", "-o", "table", "--color", "always").stdout)

    def test_no_key_is_every_key_in_order(self):
        for words in ([], ["--all"], ["-a"], ["--key", ""], ["--all", "--key", "City"]):
            lines = self.kvs("get", *words).stdout.splitlines()
            self.assertEqual([json.loads(line)["key"] for line in lines], ["City", "app/a", "app/b", "bin"], words)

    def test_a_listing_holds_records_as_get_shows_them(self):
        listed = json.loads(self.kvs("get", "--prefix", "app/a").stdout)
        self.assertEqual(listed, json.loads(self.kvs("get", "app/a", "--json").stdout))

    def test_a_prefix_is_what_begins_with_it(self):
        lines = self.kvs("get", "--prefix", "app/").stdout.splitlines()
        self.assertEqual([json.loads(line)["key"] for line in lines], ["app/a", "app/b"])
        self.assert_ends(self.kvs("get", "--prefix", "nothing"), 0, "", "")

    def test_several_as_json_are_one_object(self):
        shown = json.loads(self.kvs("get", "City", "app/a", "-o", "json").stdout)
        self.assertEqual(shown, {"City": "Pune", "app/a": "1"})
        self.assert_ends(self.kvs("get", "--prefix", "nothing", "-o", "json"), 0, "{}\n")

    def test_bytes_that_are_no_text_do_not_fit_such_an_object(self):
        result = self.assert_ends(self.kvs("get", "-a", "-o", "json"), 9, "")
        self.assertIn("-o ndjson", result.stderr)

    def test_a_missing_key_is_exit_3_and_the_others_are_printed(self):
        self.assert_ends(self.kvs("get", "Nowhere"), 3, "", "kvs: no such key: Nowhere\n")
        result = self.assert_ends(self.kvs("get", "Nowhere", "City", "-o", "raw"), 3, "Pune\n")
        self.assertEqual(result.stderr, "kvs: no such key: Nowhere\n")

    def test_any_key_finds_its_way(self):
        for key in ("a/../b", "//", "trailing/", "per%cent", "sp ace", "pl+us", "Größe 東京", "?", "#", "."):
            self.assert_ends(self.kvs("set", key, key + "!"), 0)
            self.assert_ends(self.kvs("get", key), 0, key + "!")
            self.assert_ends(self.kvs("delete", key), 0, "1\n")


class Set(CommandTest):
    def value(self, key):
        return self.ask("GET", "/v1/kv/" + key).body

    def test_it_prints_the_revision(self):
        result = self.assert_ends(self.kvs("set", "a", "1"))
        self.assertEqual(int(result.stdout), self.ask("GET", "/v1/kv/a").revision)
        self.assertEqual(self.value("a"), b"1")
        self.assert_ends(self.kvs("set", "-q", "a", "2"), 0, "", "")
        made = json.loads(self.kvs("put", "new", "x", "--json").stdout)
        self.assertEqual((made["key"], made["created"]), ("new", True))

    def test_values_come_from_argument_flag_stdin_and_file(self):
        self.kvs("set", "flag", "-v", "-x")
        self.assertEqual(self.value("flag"), b"-x")
        self.kvs("set", "--key", "k", "--value", "@literal")
        self.assertEqual(self.value("k"), b"@literal")
        self.kvs("set", "dash", "-", stdin=b"\x00bytes\n")
        self.assertEqual(self.value("dash"), b"\x00bytes\n")
        self.kvs("set", "pipe", stdin=b"from a pipe")
        self.assertEqual(self.value("pipe"), b"from a pipe")
        self.kvs("set", "pipe", stdin=b"to a terminal", terminal=True)
        self.assertEqual(self.value("pipe"), b"to a terminal")
        self.kvs("set", "empty", "")
        self.assertEqual(self.value("empty"), b"")
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"of a file\xff")
            file.flush()
            self.kvs("set", "file", "@" + file.name)
        self.assertEqual(self.value("file"), b"of a file\xff")
        result = self.assert_ends(self.kvs("set", "file", "@/nonexistent"), 1, "")
        self.assertIn("cannot read /nonexistent: No such file", result.stderr)

    def test_on_a_terminal_a_missing_value_is_a_usage_error_and_not_a_hang(self):
        result = self.assert_ends(self.kvs("set", "a", terminal=True), 2, "")
        self.assertIn("which value?", result.stderr)
        self.assertIn("which key?", self.assert_ends(self.kvs("set"), 2, "").stderr)

    def test_conditions(self):
        revision = self.kvs("set", "c", "1", "--if-absent").stdout.strip()
        refused = "kvs: not set: c is at revision {}\n"
        self.assert_ends(self.kvs("set", "c", "2", "--if-absent"), 4, "", refused.format(revision))
        newer = self.kvs("set", "c", "3", "--if-revision", revision).stdout.strip()
        self.assert_ends(self.kvs("set", "c", "4", "--if-revision", revision), 4, "", refused.format(newer))
        missing = self.kvs("set", "gone", "4", "--if-revision", revision)
        self.assert_ends(missing, 4, "", "kvs: not set: there is no key gone\n")
        self.assert_ends(self.kvs("set", "fresh", "1", "--if-revision", "0"), 0)
        self.assert_ends(self.kvs("set", "c", "4", "--if-absent", "--if-revision", "1"), 2, "")
        self.assertEqual(self.value("c"), b"3")

    def test_a_content_type_is_kept(self):
        self.kvs("set", "t", "{}", "--content-type", "application/json; x=1")
        self.assertEqual(self.ask("GET", "/v1/kv/t").header("Content-Type"), "application/json; x=1")
        self.assert_ends(self.kvs("set", "t", "{}", "--content-type", "a\r\nb: c"), 2, "")

    def test_what_the_server_refuses_is_said_in_its_words(self):
        result = self.assert_ends(self.kvs("set", "k" * 1025, "v"), 1, "")
        self.assertRegex(result.stderr, r"^kvs: .*\n$")
        result = self.assert_ends(self.kvs("set", "large", "-", stdin=b"x" * (1024 * 1024 + 1)), 1, "")
        self.assertRegex(result.stderr, r"^kvs: .*\n$")
        self.assert_ends(self.kvs("set", "", "v"), 2, "")

    def test_a_value_of_the_largest_size_goes_both_ways(self):
        value = os.urandom(1024 * 1024)
        self.assert_ends(self.kvs("set", "large", stdin=value))
        command = self.start("get", "large")
        command.end()
        self.assertEqual(command.stdout_bytes, value)


class Delete(CommandTest):
    def test_it_prints_how_many(self):
        for key in "abc":
            self.put(key)
        self.assert_ends(self.kvs("delete", "a"), 0, "1\n", "")
        self.assert_ends(self.kvs("rm", "a"), 0, "0\n", "")
        self.assert_ends(self.kvs("del", "b", "nothing", "c"), 0, "2\n", "")
        self.assertEqual(self.ask("GET", "/v1/kv/b").status, 404)
        self.assert_ends(self.kvs("delete"), 2, "")
        self.assert_ends(self.kvs("delete", ""), 2, "")

    def test_as_json_it_is_the_servers_answer(self):
        self.put("d")
        self.assertEqual(json.loads(self.kvs("delete", "d", "--json").stdout)["deleted"], 1)


class Around(CommandTest):
    def test_status_is_a_table_on_a_terminal_and_json_on_a_pipe(self):
        status = json.loads(self.kvs("status").stdout)
        self.assertEqual(status["bus"]["kind"], "local")
        self.assertRegex(self.kvs("status", terminal=True).stdout, r"(?m)^bus\.kind +local$")

    def test_health(self):
        self.assertEqual(self.kvs("health").code, 0)
        self.assert_ends(self.kvs("health", "--ready"), 0, "ok\n", "")
        self.assert_ends(self.kvs("health", "-q"), 0, "", "")

    def test_debug_shows_requests_but_no_values(self):
        result = self.assert_ends(self.kvs("set", "k", "secret", "--debug"))
        self.assertRegex(result.stderr, r"> PUT /v1/kv/k \(6 bytes\)\n< 20[01] .*revision \d+\n")
        self.assertNotIn("secret", result.stderr)

    def test_a_full_disk_behind_stdout_is_an_error(self):
        self.put("k", "v")
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        result = kvs("-c", f'"{BINARY}" get k > /dev/full', program="/bin/sh", env=self.address())
        self.assertEqual((result.code, result.stdout), (1, ""))
        self.assertIn("cannot write the output: No space left", result.stderr)


class LocalSocket(unittest.TestCase):
    def test_everything_works_over_a_local_socket(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "kvs.sock")
            with Server(listen="unix:" + path):
                env = {"KVS_SERVER": "unix:" + path}
                self.assertEqual(kvs("set", "a", "1", env=env).code, 0)
                self.assertEqual(kvs("get", "a", env=env).stdout, "1")
                self.assertEqual(json.loads(kvs("get", "--all", env=env).stdout)["value"], "1")
                self.assertEqual(kvs("watch", "--since", "0", "--count", "1", env=env).code, 0)


if __name__ == "__main__":
    main()

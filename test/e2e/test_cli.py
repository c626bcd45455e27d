#!/usr/bin/env python3
"""The command line against a real server: output on pipe and terminal, exit codes, watches that come back."""
import json
import os
import signal
import tempfile

from kvs_cli import Command, FakeServer, answer, interrupted, kvs, problem
from kvs_harness import *


class CommandTest(ServerTest):
    """`self.kvs(...)` talks to the class's server."""

    def address(self):
        return {"KVS_SERVER": "127.0.0.1:%d" % self.server.port}

    def kvs(self, *arguments, env=None, **kw):
        variables = self.address()
        variables.update(env or {})
        return kvs(*arguments, env=variables, **kw)

    def start(self, *arguments, env=None, **kw):
        variables = self.address()
        variables.update(env or {})
        command = Command(*arguments, env=variables, **kw)
        self.addCleanup(command.kill)
        return command

    def assert_ends(self, result, code=0, stdout=None, stderr=None):
        self.assertEqual(result.code, code, result)
        if stdout is not None:
            self.assertEqual(result.stdout, stdout, result)
        if stderr is not None:
            self.assertEqual(result.stderr, stderr, result)
        return result


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


class Watch_(CommandTest):
    def events(self, text):
        return [json.loads(line) for line in text.splitlines()]

    def changes(self, text):
        return [(event["op"], event["key"], event.get("value")) for event in self.events(text) if "key" in event]

    def test_changes_are_lines_of_json_on_a_pipe(self):
        command = self.start("watch", "--prefix", "w1/", "--count", "3")
        command.wait_stdout("synced")
        self.put("w1/a", "1")
        self.put("other", "1")
        self.put("w1/b", b"\xff")
        self.ask("DELETE", "/v1/kv/w1/a")
        result = self.assert_ends(command.end(), 0, None, "")
        self.assertEqual(self.changes(result.stdout),
                         [("set", "w1/a", "1"), ("set", "w1/b", None), ("delete", "w1/a", None)])
        self.assertEqual(self.events(result.stdout)[0]["op"], "synced")

    def test_every_change_comes_at_once(self):
        command = self.start("watch", "w2")
        command.wait_stdout("synced")
        for value in ("one", "two", "three"):
            self.put("w2", value)
            command.wait_stdout(f'"value":"{value}"')
        self.assertEqual(interrupted(command).code, 130)

    def test_changes_are_short_lines_on_a_terminal(self):
        command = self.start("watch", "w3", "--debug", "--count", "2", terminal=True, env={"NO_COLOR": "1"})
        command.wait_watching()
        first = self.put("w3", "a\x1b[2Jb")
        self.ask("DELETE", "/v1/kv/w3")
        lines = self.assert_ends(command.end()).stdout.splitlines()
        self.assertEqual(lines[0], f"{first}  set     w3  a\\x1b[2Jb")
        self.assertRegex(lines[1], r"^\d+  delete  w3$")
        self.assertEqual(len(lines), 2)

    def test_initial_comes_first_and_since_goes_on(self):
        first = self.put("w4", "1")
        self.put("w4", "2")
        command = self.start("watch", "w4", "--initial", "--count", "1")
        command.wait_stdout("synced")
        self.put("w4", "3")
        events = self.events(self.assert_ends(command.end()).stdout)
        self.assertEqual([event["op"] for event in events], ["set", "synced", "set"])
        self.assertTrue(events[0]["initial"])
        result = self.assert_ends(self.kvs("watch", "w4", "--since", str(first), "--count", "2"))
        self.assertEqual(self.changes(result.stdout), [("set", "w4", "2"), ("set", "w4", "3")])

    def test_a_time_limit_is_exit_124(self):
        self.assert_ends(self.kvs("watch", "w5", "--timeout", "200ms"), 124, None, "")
        self.assert_ends(self.kvs("watch", "w5", "--timeout", "0s"), 124)

    def test_the_time_limit_of_requests_in_the_environment_does_not_end_a_watch(self):
        command = self.start("watch", "w6", "--count", "1", env={"KVS_TIMEOUT": "100ms"})
        command.wait_stdout("synced")
        self.assertEqual(self.kvs("watch", "w6", "--timeout", "300ms").code, 124)
        self.put("w6")
        self.assert_ends(command.end())

    def test_signals_end_it_with_their_number(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            command = self.start("watch", "w7")
            command.wait_stdout("synced")
            command.signal(number)
            self.assert_ends(command.end(), code, None, "")

    def test_a_reader_that_leaves_ends_it_quietly_and_at_once(self):
        command = self.start("watch", "w8")
        command.wait_stdout("synced")
        os.dup2(os.open(os.devnull, os.O_RDONLY), command.output)  # closes our end of the pipe under the reading thread
        self.put("w8", "wakes the reading thread, which then sees the end of the file that took the pipe's place")
        self.assert_ends(command.end(), 0, None, "")

    def test_watch_into_head_ends(self):
        script = f'"{BINARY}" watch w9 --since 0 | head -n 1'
        self.put("w9", "1")
        result = kvs("-c", script, program="/bin/sh", env=self.address())
        self.assert_ends(result, 0, None, "")
        self.assertEqual(len(result.stdout.splitlines()), 1)


class Reconnect(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.remove)
        self.address = {"KVS_SERVER": "127.0.0.1:%d" % self.server.port}
        self.server.listen = "127.0.0.1:%d" % self.server.port  # where it comes back

    def watch(self, *arguments, **kw):
        command = Command("watch", *arguments, env=self.address, **kw)
        self.addCleanup(command.kill)
        return command

    def test_it_goes_on_where_it_was_after_a_crash(self):
        command = self.watch("--count", "3")
        command.wait_stdout("synced")
        self.server.put("a", "1")
        command.wait_stdout('"value":"1"')
        self.server.kill()
        command.wait_stderr("trying again")
        self.server.start()
        self.server.put("a", "2")
        command.wait_stderr("back at")
        self.server.put("a", "3")
        result = command.end()
        self.assertEqual(result.code, 0, result)
        values = [json.loads(line).get("value") for line in result.stdout.splitlines()]
        self.assertEqual([value for value in values if value], ["1", "2", "3"])
        self.assertEqual(len(result.stderr.splitlines()), 2, result.stderr)

    def test_a_server_that_stops_politely_is_awaited_too(self):
        command = self.watch("--count", "1", "--prefix", "p")
        command.wait_stdout("synced")
        self.server.stop()
        command.wait_stderr("trying again")
        self.server.start()
        command.wait_stderr("back at")
        self.server.put("p1", "x")
        self.assertEqual(command.end().code, 0)

    def test_it_waits_for_a_server_that_is_not_there_yet(self):
        self.server.stop()
        command = self.watch("--count", "1", "-q")
        loud = self.watch("--count", "1")
        loud.wait_stderr("cannot reach")
        self.server.start()
        loud.wait_stderr("back at")
        command.wait_stdout("synced")
        self.server.put("k", "v")
        self.assertEqual(loud.end().code, 0)
        result = command.end()
        self.assertEqual((result.code, result.stderr), (0, ""))

    def test_another_history_in_its_place_is_said_and_not_mistaken_for_the_old_one(self):
        command = self.watch()
        command.wait_stdout("synced")
        self.server.put("a", "1")
        command.wait_stdout('"value":"1"')
        self.server.kill()
        command.wait_stderr("trying again")
        other = Server(listen=self.server.listen)
        self.addCleanup(other.remove)
        result = command.end()
        self.assertEqual(result.code, 6, result)


class ExitCodes(unittest.TestCase):
    def ask(self, answers, *arguments, **kw):
        with FakeServer(*answers) as server:
            return kvs(*arguments, "--server", server.address, **kw)

    def assert_answer_gives(self, status, code, exit_code):
        result = self.ask([problem(status, code, "it is so")], "get", "k")
        self.assertEqual((result.code, result.stdout, result.stderr.splitlines()[0]), (exit_code, "", "kvs: it is so"))

    def test_each_status_has_its_own(self):
        for status, code, exit_code in [(400, "bad_key", 2), (401, "unauthenticated", 7), (403, "foreign_origin", 7),
                                        (421, "wrong_host", 7), (413, "key_too_large", 1), (500, "x", 1),
                                        (503, "starting", 5), (503, "draining", 5), (504, "not_caught_up", 124)]:
            with self.subTest(status=status):
                self.assert_answer_gives(status, code, exit_code)

    def test_nobody_there_is_5_with_a_hint(self):
        with FakeServer() as server:
            address = server.address
        result = kvs("get", "k", "--server", address)
        line = f"kvs: cannot reach http://{address}: connection refused\n"
        self.assertEqual(result, (5, "", line + "start one with: kvs serve\n"))
        self.assertEqual(kvs("get", "k", "-q", "--server", address).stderr, line)
        self.assertEqual(kvs("get", "--all", "--server", address).code, 5)
        self.assertEqual(kvs("health", "--server", address).code, 5)
        self.assertEqual(kvs("get", "k", "--server", "unix:/nonexistent/kvs.sock").code, 5)

    def test_a_server_that_never_answers_is_124(self):
        result = self.ask([None], "get", "k", "--timeout", "200ms")
        self.assertEqual(result.code, 124)
        result = self.ask([None], "set", "k", "v", "--timeout", "200ms")
        self.assertEqual(result.code, 124)
        self.assertIn("may have been applied", result.stderr)
        self.assertEqual(self.ask([None], "get", "--all", "--timeout", "200ms").code, 124)

    def test_a_server_that_hangs_up_is_5(self):
        result = self.ask([b""], "set", "k", "v")
        self.assertEqual(result.code, 5)
        self.assertIn("may have been applied", result.stderr)
        half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"
        self.assertEqual(self.ask([half], "get", "k", "--timeout", "1s").code, 124)

    def test_what_is_no_http_is_an_error(self):
        result = self.ask([b"SSH-2.0-OpenSSH\r\n\r\n"], "get", "k")
        self.assertEqual(result.code, 1)
        self.assertIn("no HTTP server", result.stderr)

    def test_an_answer_that_makes_no_sense_is_9(self):
        self.assertEqual(self.ask([answer(200, "{")], "get", "k", "-o", "table").code, 9)
        self.assertEqual(self.ask([answer(200, "[1")], "status").code, 9)

    def test_half_done_is_8(self):
        answers = [answer(200, '{"deleted":1,"revision":3}'), problem(503, "draining", "going down")]
        result = self.ask(answers, "delete", "a", "b")
        self.assertEqual((result.code, result.stdout), (8, "1\n"))
        self.assertIn("b: going down", result.stderr)

    def test_a_watch_that_is_refused_ends(self):
        self.assertEqual(self.ask([problem(403, "foreign_origin", "no")], "watch").code, 7)
        self.assertEqual(self.ask([problem(410, "other_log", "another history")], "watch", "--since", "1").code, 6)
        self.assertEqual(self.ask([answer(404, "no such route\n", "text/plain")], "watch").code, 1)

    def test_a_server_that_is_still_starting_is_asked_again(self):
        with FakeServer(problem(503, "starting", "still loading"), problem(403, "forbidden", "no")) as server:
            result = kvs("watch", "--server", server.address)
            self.assertEqual(len(server.requests), 2)
        self.assertEqual(result.code, 7)
        self.assertIn("still loading; trying again", result.stderr)

    def test_a_health_check_tells_no_from_nobody(self):
        self.assertEqual(self.ask([answer(200, "ok\n", "text/plain")], "health"), (0, "ok\n", ""))
        self.assertEqual(self.ask([answer(503, "not ready: starting\n", "text/plain")], "health", "--ready"),
                         (1, "", "kvs: not ready: starting\n"))

    def test_an_interrupted_request_ends_with_the_signals_number(self):
        with FakeServer(None) as server:
            command = Command("get", "k", "--debug", "--server", server.address)
            self.addCleanup(command.kill)
            command.wait_stderr("> GET")
            self.assertEqual(interrupted(command).code, 130)

    def test_an_answer_cannot_drive_the_terminal(self):
        result = self.ask([problem(500, "x", "\x1b[2Jgone")], "get", "k")
        self.assertEqual(result.stderr, "kvs: \\x1b[2Jgone\n")


class Usage(unittest.TestCase):
    def assert_usage_error(self, words, *lines):
        result = kvs(*words)
        self.assertEqual((result.code, result.stdout, result.stderr.splitlines()), (2, "", list(lines)))

    def test_mistyped_words_get_a_suggestion(self):
        self.assert_usage_error(["wacth"], "kvs: no such command: 'wacth'", "did you mean watch?")
        self.assert_usage_error(["get", "--prefx", "a"], "kvs: unknown flag --prefx", "did you mean --prefix?")
        self.assert_usage_error(["set", "--all", "a"],
                                "kvs: kvs set has no flag --all", "kvs set --help lists its flags")
        self.assert_usage_error(["get", "-o", "jsn"],
                                "kvs: --output: 'jsn' is none of json|ndjson|table|raw: did you mean json?")
        self.assert_usage_error(["get", "--timeout", "5"], "kvs: --timeout: '5' is no duration (500ms, 30s, 1h30m)")

    def test_an_address_that_is_none(self):
        self.assertEqual(kvs("get", "k", "--server", "http://a/b").code, 2)
        self.assertIn("KVS_SERVER: ", kvs("get", "k", env={"KVS_SERVER": "a b"}).stderr)

    def test_help_goes_to_stdout(self):
        for words in ([], ["--help"], ["-h"], ["help"]):
            result = kvs(*words)
            self.assertEqual((result.code, result.stderr), (0, ""))
            self.assertIn("Commands:", result.stdout)
        for words in (["get", "--help"], ["help", "get"], ["-h", "get"]):
            result = kvs(*words)
            self.assertEqual(result.code, 0)
            self.assertIn("--prefix", result.stdout)
        self.assertEqual(kvs("help", "wacth").code, 2)

    def test_the_version_is_the_first_line(self):
        for words in (["--version"], ["version"], ["get", "--version"]):
            self.assertRegex(kvs(*words).stdout, r"^kvs \d+\.\d+\.\d+\n")

    def test_a_config_file_is_checked_without_opening_anything(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "kvs.conf")

            def check(text):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                return kvs("serve", "--config", path, "--check-config", env={"HOME": directory})

            self.assertEqual(check("listen = 127.0.0.1:0\n[log]\nlevel = debug\n").code, 0)
            result = check("# one\nlisten = 127.0.0.1:0\nfsnc = never\n")
            self.assertEqual((result.code, result.stderr),
                             (2, f"kvs: {path}:3: no such setting: 'fsnc'\ndid you mean fsync?\n"))
            result = check("listen = 0.0.0.0:1\n")
            self.assertEqual(result.code, 2)
            self.assertRegex(result.stderr, rf"^kvs: {path}:1: listen: .*--allow-anonymous.*\n$")
            self.assertEqual(os.listdir(directory), ["kvs.conf"])

    def test_a_client_takes_its_server_from_flag_then_variable_then_file(self):
        with FakeServer(answer(200, "flag"), answer(200, "again")) as one, FakeServer(answer(200, "variable")) as two, \
                FakeServer(answer(200, "file")) as three, tempfile.NamedTemporaryFile("w") as config:
            config.write(f"server = {three.address}\n")
            config.flush()
            env = {"KVS_CONFIG": config.name}
            self.assertEqual(kvs("get", "k", env=env).stdout, "file")
            env["KVS_SERVER"] = two.address
            self.assertEqual(kvs("get", "k", env=env).stdout, "variable")
            self.assertEqual(kvs("get", "k", "--server", one.address, env=env).stdout, "flag")
            self.assertEqual(kvs("--server-address=" + one.address, "get", "k", env=env).stdout, "again")


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

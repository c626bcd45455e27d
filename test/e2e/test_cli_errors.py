#!/usr/bin/env python3
"""What the command line says and how it exits when something is wrong: with it, with the server, on the way."""
import os
import re
import struct
import tempfile

from kvs_cli import Command, FakeServer, answer, interrupted, kvs, problem, upgrade
from kvs_harness import *


class ExitCodes(unittest.TestCase):
    def ask(self, answers, *arguments, **kw):
        with FakeServer(*answers) as server:
            return kvs(*arguments, "--server", server.address, **kw)

    def assert_answer_gives(self, status, code, exit_code):
        result = self.ask([problem(status, code, "it is so")], "get", "k")
        self.assertEqual((result.code, result.stdout), (exit_code, ""))
        self.assertRegex(result.stderr, r"^kvs: it is so(; .+)?\n$")

    def test_each_status_has_its_own(self):
        for status, code, exit_code in [(400, "bad_key", 2), (401, "unauthenticated", 7), (403, "foreign_origin", 7),
                                        (421, "wrong_host", 7), (413, "key_too_large", 1), (500, "x", 1),
                                        (429, "too_many_requests", 5), (503, "starting", 5), (503, "draining", 5), (504, "not_caught_up", 124)]:
            with self.subTest(status=status):
                self.assert_answer_gives(status, code, exit_code)

    def test_nobody_there_is_5_with_a_hint(self):
        with FakeServer() as server:
            address = server.address
        result = kvs("get", "k", "--server", address)
        line = f"kvs: cannot reach http://{address}: connection refused; start one with: kvs serve\n"
        self.assertEqual(result, (5, "", line))
        self.assertEqual(kvs("get", "k", "-q", "--server", address), result)
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

    def test_a_write_whose_end_is_not_known_says_how_to_ask_for_it(self):
        unknown = problem(504, "outcome_unknown", "not settled in time")
        said = {None: "no answer in time; the write may have been applied", b"": "the write may have been applied",
                unknown: "not settled in time"}
        for words in (("set", "k", "v"), ("delete", "k"), ("touch", "k", "--ttl", "1h"), ("delete", "--all", "--yes")):
            for reply, code in ((None, 124), (b"", 5), (unknown, 124)):
                with self.subTest(words=words, code=code), FakeServer(reply) as server:
                    result = kvs(*words, "--timeout", "1s", "--server", server.address)
                    name, = re.findall(r"\r\nKvs-Request-Id: ([0-9a-f]{16})\r\n", server.requests[0] + "\r\n")
                    self.assertEqual((result.code, result.stdout), (code, ""))
                    self.assertTrue(result.stderr.endswith(f"{said[reply]}; what became of it is told by: "
                                                           f"curl http://{server.address}/v1/requests/{name}\n"), result.stderr)
        with FakeServer(unknown) as server:
            result = kvs("txn", "--idempotency-key", "pay/7", "--server", server.address, stdin=b"{}")
            self.assertIn("\r\nIdempotency-Key: pay/7\r\n", server.requests[0] + "\r\n")
            self.assertNotIn("Kvs-Request-Id", server.requests[0])
            self.assertTrue(result.stderr.endswith(f"curl http://{server.address}/v1/requests/pay%2F7\n"), result.stderr)

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

    def test_what_was_got_is_printed_whatever_becomes_of_the_others(self):
        record = '{"key":"a","value":"1","revision":3}'
        for third in (problem(503, "draining", "going down"), None):
            result = self.ask([answer(200, record), problem(403, "forbidden", "not that one"), third], "get", "a", "b", "c", "d",
                              "--timeout", "1s")
            self.assertEqual((result.code, result.stdout), (8, record + "\n"))
            first, second = result.stderr.splitlines()
            self.assertEqual(first, "kvs: b: not that one")
            self.assertRegex(second, "^kvs: c: going down" if third else "^kvs: c: .*no answer in time")
        result = self.ask([answer(200, record), problem(503, "draining", "no")], "get", "a", "b", terminal=True, env={"NO_COLOR": "1"})
        self.assertEqual((result.code, result.stdout), (8, "KEY  REVISION  VALUE\na    3         1\n"))
        no = problem(403, "forbidden", "no")
        self.assertEqual(self.ask([no, no], "get", "a", "b"), (7, "", "kvs: a: no\nkvs: b: no\n"))
        self.assertEqual(self.ask([problem(503, "draining", "no")], "get", "a", "b"), (5, "", "kvs: no\n"))

    def test_a_watch_that_is_refused_ends(self):
        self.assertEqual(self.ask([problem(403, "foreign_origin", "no")], "watch").code, 7)
        self.assertEqual(self.ask([problem(410, "other_log", "another history")], "watch", "--since", "1", "--on-gap", "fail").code, 6)
        self.assertEqual(self.ask([answer(404, "no such route\n", "text/plain")], "watch").code, 1)

    def test_a_watch_that_the_server_ends_says_why(self):
        event = frame(TEXT, b'[{"op":"set","key":"a","value":"1","revision":6}]', masked=False)
        for code, word, exit_code in ((4410, "compacted since=6", 6), (1008, "forbidden since=6", 7), (1009, "too_large since=6", 1),
                                      (4999, "", 1)):
            close = frame(CLOSE, struct.pack("!H", code) + word.encode(), masked=False)
            result = self.ask([upgrade(event, close)], "watch", "--on-gap", "fail")
            said = word or f"code {code}"
            self.assertEqual(result, (exit_code, '{"op":"set","key":"a","value":"1","revision":6}\n',
                                      f"kvs: the server ended the watch: {said}\n"))
        self.assertEqual(self.ask([upgrade(event, frame(CLOSE, struct.pack("!H", 1000), masked=False))], "watch").code, 0)

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
        for form in (("--json",), ("-o", "json")):
            self.assertEqual(self.ask([answer(200, "ok\n", "text/plain")], "health", *form), (0, '{"live":true}\n', ""))
            self.assertEqual(self.ask([answer(200, "ok\n", "text/plain")], "health", "--ready", *form), (0, '{"ready":true}\n', ""))
            self.assertEqual(self.ask([answer(503, "not ready: starting\n", "text/plain")], "health", "--ready", *form),
                             (1, '{"ready":false,"reason":"not ready: starting"}\n', "kvs: not ready: starting\n"))

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
    def assert_usage_error(self, words, line):
        result = kvs(*words)
        self.assertEqual((result.code, result.stdout, result.stderr), (2, "", line + "\n"))

    def test_mistyped_words_get_a_suggestion(self):
        self.assert_usage_error(["wacth"], "kvs: no such command: 'wacth'; did you mean watch?")
        self.assert_usage_error(["get", "--prefx", "a"], "kvs: unknown flag --prefx; did you mean --prefix?")
        for more in (["a"], ["--prefix", "a"]):
            self.assert_usage_error(["get", "--all", *more],
                                    "kvs: --all is every key: give no keys and no --prefix beside it")
        self.assert_usage_error(["set", "--all", "a"],
                                "kvs: kvs set has no flag --all; kvs set --help lists its flags")
        self.assert_usage_error(["delete", "-q"], "kvs: which key? kvs delete KEY...")
        self.assert_usage_error(["get", "-o", "jsn"],
                                "kvs: --output: 'jsn' is none of json|ndjson|table|raw: did you mean json?")
        self.assert_usage_error(["get", "--timeout", "5"], "kvs: --timeout: '5' is no duration (500ms, 30s, 1h30m): did you mean 5s?")
        self.assert_usage_error(["set", "a", "b", "--ttl", "30"],
                                "kvs: --ttl: '30' is no duration (500ms, 30s, 1h30m): did you mean 30s?")
        self.assert_usage_error(["serve", "--fsync", "off"], "kvs: --fsync: 'off' is none of always|INTERVAL|never (500ms, 30s, 1h30m)")
        self.assert_usage_error(["serve", "--listen", "23333"],
                                "kvs: --listen: '23333' is neither ADDR:PORT nor unix:PATH: did you mean 127.0.0.1:23333?")

    def test_an_address_that_is_none(self):
        self.assertEqual(kvs("get", "k", "--server", "http://a/b"), (2, "", "kvs: --server: 'http://a/b' has a path: leave out /b\n"))
        self.assertRegex(kvs("get", "k", "--server", "no..such").stderr,
                         r"^kvs: cannot .*; the server is named by --server http://HOST:PORT, or KVS_SERVER\n$")
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
            for form in (("-o", "json"), ("--json",)):
                self.assertRegex(kvs(*words, *form).stdout, r'^\{"version":"\d+\.\d+\.\d+"\}\n$')

    def test_a_variable_that_came_out_empty_is_no_file(self):
        for words in (("serve", "--config", ""), ("get", "k", "--token-file", ""), ("watch", "--resume-file", ""),
                      ("get", "k", "--server", "")):
            result = kvs(*words)
            self.assertEqual((result.code, result.stdout), (2, ""), result)
            self.assertRegex(result.stderr, "^kvs: --[a-z-]+: is empty: name a (file|URL), or leave it out")

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
                             (2, f"kvs: {path}:3: no such setting: 'fsnc'; did you mean fsync?\n"))
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


if __name__ == "__main__":
    main()

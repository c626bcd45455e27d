#!/usr/bin/env python3
"""kvs watch: what it prints, how it ends, and how it comes back to a server that went away."""
import json
import os
import signal
import tempfile

from kvs_cli import Command, CommandTest, FakeServer, interrupted, kvs
from kvs_harness import *


class Watching(CommandTest):
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

    def test_what_is_told_of_which_changes_is_chosen(self):
        first = self.put("w10", "old")
        self.put("w10", "new")
        gone = self.ask("DELETE", "/v1/kv/w10").revision
        words = ("watch", "w10", "--since", str(first))
        events = self.events(self.assert_ends(self.kvs(*words, "--count", "2", "--prev"), 0, None, "").stdout)
        self.assertEqual([event["prev"] for event in events],
                         [{"value": "old", "revision": first}, {"value": "new", "revision": first + 1}])
        event, = self.events(self.assert_ends(self.kvs(*words, "--count", "1", "--keys-only"), 0, None, "").stdout)
        self.assertEqual((event["size"], event.get("value")), (3, None))
        event, = self.events(self.assert_ends(self.kvs(*words, "--count", "1", "--ops", "delete,expire"), 0, None, "").stdout)
        self.assertEqual((event["op"], event["revision"]), ("delete", gone))
        people = self.kvs(*words, "--count", "2", "--prev", terminal=True, env={"NO_COLOR": "1"})
        self.assert_ends(people, 0, f"{first + 1}  set     w10  new  (was old)\n{gone}  delete  w10  (was new)\n", "")
        people = self.start(*words, "--deliver", "latest", terminal=True, env={"NO_COLOR": "1"})
        people.wait_stderr("kvs: 1 changes were left out, since newer ones of the same keys are told\n")
        self.assert_ends(interrupted(people), 130, f"{gone}  delete  w10\n")
        programs = self.start(*words, "--deliver", "latest")
        programs.wait_stdout("skipped")
        self.assertEqual([(event["op"], event.get("revision"), event.get("count")) for event in self.events(interrupted(programs).stdout)][:2],
                         [("delete", gone, None), ("skipped", None, 1)])
        self.assert_ends(self.kvs("watch", "--ops", "set,del"), 2, "",
                         "kvs: --ops: 'del' is none of set|delete|expire\n")
        self.assert_ends(self.kvs("watch", "--keys-only", "-o", "raw"), 2, "",
                         "kvs: --keys-only: leaves nothing of -o raw, which is the values\n")

    def test_a_time_limit_is_exit_124(self):
        revision = self.put("w5")
        log_id = self.ask("GET", "/v1/status").json()["log_id"]
        for since in ((), ("--since", f"{revision}@{log_id}")):
            self.assert_ends(self.kvs("watch", "w5", "--timeout", "2s", *since), 124, None,
                             f"kvs: the watch ended after 2s, as --timeout says; --since {revision}@{log_id} goes on from here\n")
        self.assert_ends(self.kvs("watch", "w5", "--timeout", "2s", "-q"), 124, None, "")
        self.assert_ends(self.kvs("watch", "w5", "--timeout", "0s"), 124, "", "kvs: the watch ended after 0s, as --timeout says\n")
        self.assert_ends(self.kvs("watch", "w5", "--timeout", "0s", "--", "true"), 124, "",
                         "kvs: the watch ended after 0s, as --timeout says\n")

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

    def meet_another_history(self, *arguments):
        """A watch that has seen something of the server, in whose place there is then one with two keys."""
        command = self.watch(*arguments)
        command.wait_stdout("synced")
        self.server.put("a", "1")
        command.wait_stdout('"value":"1"')
        self.server.kill()
        command.wait_stderr("trying again")
        with Server() as filled:
            filled.put("b", "2")
            filled.put("c", "3")
            filled.stop()
            filled.listen = self.server.listen
            filled.start()
            if "fail" not in arguments:
                command.wait_stdout("synced", 2)
                filled.put("d", "4")
            return command.end(), filled.request("GET", "/v1/status").json()["log_id"]

    def test_another_history_in_its_place_is_said_and_told_from_its_beginning(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "resume")
            for choice in ("diff", "reset"):
                with self.subTest(choice):
                    self.setUp()
                    result, log_id = self.meet_another_history("--on-gap", choice, "--count", "2", "--resume-file", path)
                    self.assertEqual(result.code, 0, result)
                    events = [json.loads(line) for line in result.stdout.splitlines()][2:]
                    self.assertEqual(events[0], {"op": "reset", "revision": 2, "oldest_revision": 0})
                    self.assertEqual([(event["op"], event.get("key"), event.get("initial")) for event in events[1:]],
                                     [("set", "b", True), ("set", "c", True), ("synced", None, None), ("set", "d", None)])
                    self.assertRegex(result.stderr, rf"\nkvs: the server has another history \({log_id}\) than that of 1@[0-9a-f]+: "
                                                    "what follows is its whole state\n")
                    with open(path, encoding="utf-8") as file:
                        self.assertEqual(file.read().strip(), f"3@{log_id}")
                    os.remove(path)

    def test_another_history_is_a_gap_for_who_wants_none(self):
        result, unused = self.meet_another_history("--on-gap", "fail")
        self.assertEqual(result.code, 6, result)
        self.assertIn("another history", result.stderr)

    def test_what_is_waited_for_is_said(self):
        with FakeServer(None, None, None, None) as silent:
            for words in (("watch", "--since", "7"), ("get", "k", "--revision", "7"), ("list", "--min-revision", "7")):
                command = Command(*words, "--server", silent.address)
                self.addCleanup(command.kill)
                command.wait_stderr("kvs: waiting for revision 7")
                interrupted(command)


class Gaps(CommandTest):
    flags = ("--history-bytes", "64KiB", "--history-memory", "64KiB")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.since = cls.server.put("g/stays", "1")
        cls.server.put("g/gone", "1")
        cls.since = cls.server.put("g/changes", "1")
        cls.server.put("g/changes", "2")
        last = cls.server.request("DELETE", "/v1/kv/g/gone").revision
        with cls.server.connect() as connection:
            while cls.server.request("GET", "/v1/status").json()["oldest_revision"] <= last:
                for number in range(20):
                    connection.request("PUT", "/v1/kv/fill", body=b"x" * 4000)

    def ops(self, *more, **kw):
        """Of a watch that begins below the history and ends with the first change after it was told what is there."""
        command = self.start("watch", "--prefix", "g/", "--since", str(self.since), "--count", "1", *more, **kw)
        command.wait_stdout("synced")
        self.put("g/end", "x")
        events = [json.loads(line) for line in self.assert_ends(command.end(), 0, None, "").stdout.splitlines()]
        self.ask("DELETE", "/v1/kv/g/end")
        return [(event["op"], event.get("key")) for event in events]

    def test_the_difference_is_told_unless_something_else_is_asked_for(self):
        told = [("diff", None), ("set", "g/changes"), ("delete", "g/gone"), ("synced", None), ("set", "g/end")]
        self.assertEqual([op for op in self.ops() if op != ("delete", "g/end")], told)
        told = self.ops("--on-gap", "diff")
        self.assertEqual(told[0], ("diff", None))

    def test_or_the_whole_state(self):
        told = self.ops("--on-gap", "reset")
        self.assertEqual(told, [("reset", None), ("set", "g/changes"), ("set", "g/stays"), ("synced", None), ("set", "g/end")])

    def test_or_it_fails_with_its_own_exit_code(self):
        result = self.kvs("watch", "--since", str(self.since), "--on-gap", "fail")
        self.assert_ends(result, 6, "", "kvs: the history no longer reaches back to where this watch wants to go on; read anew and "
                                        "go on from there, or leave on_gap=fail out to be told the difference\n")
        self.assertEqual(self.kvs("watch", "--on-gap", "skip").code, 2)

    def test_people_are_told_in_words(self):
        command = self.start("watch", "--prefix", "g/", "--since", str(self.since), terminal=True, env={"NO_COLOR": "1"})
        command.wait_stdout("delete  g/gone")
        self.assertIn("  diff    the history no longer reaches back: what follows is the net difference\n", command.stdout)
        interrupted(command)


class Quiet(unittest.TestCase):
    """Watches of a key that nothing happens to, while the history moves on."""

    def setUp(self):
        self.server = Server(*Gaps.flags)
        self.addCleanup(self.server.remove)
        self.server.listen = "127.0.0.1:%d" % self.server.port
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "resume")

    def revision(self):
        with open(self.path, encoding="utf-8") as file:
            return int(file.read().split("@")[0])

    def write_elsewhere(self, beyond):
        """Until the history no longer reaches back to that revision."""
        with self.server.connect() as connection:
            while self.server.request("GET", "/v1/status").json()["oldest_revision"] <= beyond:
                for number in range(20):
                    connection.request("PUT", "/v1/kv/fill", body=b"x" * 4000)

    def test_the_end_is_kept_however_it_comes(self):
        for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
            begin = self.server.put("many", "0")
            command = Command("watch", "many", "--resume-file", self.path, "--debug", "-o", "json",
                              env={"KVS_SERVER": "127.0.0.1:%d" % self.server.port})
            self.addCleanup(command.kill)
            command.wait_watching()
            for value in range(50):
                last = self.server.put("many", str(value))
            command.wait_stdout(f'"revision":{last},')
            command.signal(number)
            self.assertEqual(command.end().code, code)
            self.assertEqual(self.revision(), last)
            self.assertEqual(os.listdir(os.path.dirname(self.path)), ["resume"])
            self.assertEqual(last, begin + 50)

    def test_the_word_a_server_leaves_with_is_where_it_goes_on(self):
        begin = self.server.put("quiet", "1")
        command = Command("watch", "quiet", "--on-gap", "fail", "--resume-file", self.path, "--count", "1", "--debug",
                          env={"KVS_SERVER": "127.0.0.1:%d" % self.server.port})
        self.addCleanup(command.kill)
        command.wait_watching()
        self.write_elsewhere(begin)
        last = self.server.request("GET", "/v1/status").json()["revision"]
        self.server.stop()
        command.wait_stderr("trying again")
        self.assertEqual(self.revision(), last)
        self.server.start()
        command.wait_stderr("back at")
        self.server.put("quiet", "2")
        result = command.end()
        self.assertEqual(result.code, 0, result)
        self.assertEqual([json.loads(line).get("value", json.loads(line)["op"]) for line in result.stdout.splitlines()],
                         ["synced", "synced", "2"])


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""kvs watch -- CMD, kvs exec and kvs wait: programs that are run, told of changes, and ended."""
import json
import os
import signal
import socket
import tempfile
import time

from kvs_cli import DEADLINE, CommandTest, interrupted
from kvs_harness import *

TELL = 'printf "%s %s=%s @%s\\n" "$KVS_OP" "$KVS_KEY" "$KVS_VALUE" "$KVS_REVISION"'


class Directory(CommandTest):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def content(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()


class WatchPrograms(Directory):
    def test_a_program_is_run_for_each_change_in_order(self):
        begin = self.put("p1/a", "one")
        self.put("p1/b", "two words")
        self.ask("DELETE", "/v1/kv/p1/a")
        result = self.kvs("watch", "--prefix", "p1/", "--since", str(begin - 1), "--count", "3", "--", "sh", "-c", TELL)
        self.assert_ends(result, 0, f"set p1/a=one @{begin}\nset p1/b=two words @{begin + 1}\ndelete p1/a= @{begin + 2}\n", "")

    def test_it_reads_the_event_and_its_arguments_are_no_shells(self):
        begin = self.put("p2", b"\xff")
        result = self.kvs("watch", "p2", "--since", str(begin - 1), "--count", "1", "--", "sh", "-c", 'cat; echo "$1"', "x",
                          "$HOME; *")
        event, argument = result.stdout.splitlines()
        self.assertEqual((result.code, json.loads(event)["value_base64"], argument), (0, "/w==", "$HOME; *"))

    def test_values_no_variable_can_hold_are_left_out(self):
        begin = self.put("p3", b"a\x00b")
        self.put("p3", b"x" * (32 * 1024))
        self.put("p3", b"x" * (32 * 1024 + 1))
        script = 'echo "${#KVS_VALUE} $KVS_VALUE_OMITTED"'
        result = self.kvs("watch", "p3", "--since", str(begin - 1), "--count", "3", "--", "sh", "-c", script,
                          env={"KVS_VALUE_OMITTED": "stale"})
        self.assert_ends(result, 0, "0 1\n32768 \n0 1\n", "")

    def test_a_state_beyond_all_that_may_wait_is_handed_over_once(self):
        for number in range(36):  # more than the 32 MiB of changes that wait here
            self.put(f"large/{number:02}", b"x" * 1000000)
        command = self.start("watch", "--prefix", "large/", "--initial", "--count", "1", "--", "sh", "-c",
                             "cat >/dev/null; echo $KVS_KEY")
        command.wait_stdout("large/35")
        self.put("large/z", "")
        self.assert_ends(command.end(), 0, "".join(f"large/{number:02}\n" for number in range(36)) + "large/z\n", "")

    def test_a_failure_is_reported_and_not_the_end(self):
        begin = self.put("p4", "1")
        self.put("p4", "2")
        words = ("watch", "p4", "--since", str(begin - 1), "--count", "2")
        result = self.kvs(*words, "--", "sh", "-c", "exit 7")
        lines = [f"kvs: sh ended with exit code 7 (set p4, revision {begin + i})\n" for i in range(2)]
        self.assert_ends(result, 0, "", "".join(lines))
        self.assert_ends(self.kvs(*words, "--fail-fast", "--", "sh", "-c", "exit 7"), 1, "", lines[0])
        result = self.kvs(*words, "--", "/nonexistent")
        self.assert_ends(result, 127, "", "kvs: cannot run /nonexistent: No such file or directory\n")

    def test_it_goes_on_where_the_resume_file_says(self):
        begin = self.put("p5", "1")
        file = self.path("resume")
        words = ("watch", "p5", "--since", str(begin - 1), "--resume-file", file, "--count", "1")
        self.assert_ends(self.kvs(*words, "--", "sh", "-c", "echo $KVS_VALUE"), 0, "1\n", "")
        self.assertRegex(self.content("resume"), rf"^{begin}@[0-9a-f]{{16}}\n$")
        second = self.put("p5", "2")
        self.assert_ends(self.kvs(*words, "--fail-fast", "--", "false"), 1)
        self.assertTrue(self.content("resume").startswith(f"{begin}@"))
        result = self.kvs(*words)
        self.assertEqual(json.loads(result.stdout.splitlines()[0])["value"], "2")
        self.assertTrue(self.content("resume").startswith(f"{second}@"))
        self.assertEqual(os.listdir(self.directory), ["resume"])
        with open(file, "w", encoding="utf-8") as damaged:
            damaged.write("nonsense\n")
        self.assertEqual(self.kvs(*words).code, 9)

    def test_a_resume_file_that_cannot_be_written_ends_the_watch_before_anything_happens(self):
        os.mkdir(self.path("resume.tmp"))  # where the new one is written, before it takes the old one's place
        result = self.kvs("watch", "never", "--resume-file", self.path("resume"), "--timeout", "5s")
        self.assertEqual(result.code, 1, result)
        self.assertIn(self.path("resume.tmp"), result.stderr)

    def test_only_the_newest_of_each_key_while_busy(self):
        gate = self.path("gate")
        os.mkfifo(gate)
        script = f'[ "$KVS_VALUE" != 1 ] || cat "{gate}"; echo $KVS_KEY=$KVS_VALUE'
        command = self.start("watch", "--prefix", "p6/", "--coalesce", "--debug", "--count", "5", "--", "sh", "-c", script)
        command.wait_watching()
        self.put("p6/a", "1")
        with open(gate, "w", encoding="utf-8"):  # it runs now, until this is closed
            for key, value in (("b", "2"), ("a", "3"), ("b", "4"), ("a", "5")):
                self.put("p6/" + key, value)
            while json.loads(self.ask("GET", "/v1/status").body)["watchers"]:  # it has had five, and has left
                pass
        self.assert_ends(command.end(), 0, "p6/a=1\np6/b=4\np6/a=5\n")

    def test_changes_are_held_back_until_there_is_a_rest(self):
        # An hour: what ends the waiting is that no more is to come. Then the newest is run, once.
        command = self.start("watch", "p8", "--debounce", "1h", "--coalesce", "--debug", "--count", "3", "--", "sh", "-c",
                             'echo "$KVS_VALUE"')
        command.wait_watching()
        for value in ("1", "2", "3"):
            self.put("p8", value)
        self.assert_ends(command.end(), 0, "3\n")

    def test_it_is_run_after_the_rest_and_not_before(self):
        command = self.start("watch", "p9", "--debounce", "300ms", "--debug", "--", "sh", "-c", 'echo "$KVS_VALUE"')
        command.wait_watching()
        for turn in (1, 2):
            began = time.monotonic()
            self.put("p9", str(turn))
            command.wait_stdout("%d\n" % turn)
            self.assertGreaterEqual(time.monotonic() - began, 0.3)
        self.assert_ends(interrupted(command), 130, "1\n2\n")

    def test_a_key_that_never_rests_does_not_keep_it_from_being_run(self):
        command = self.start("watch", "p10", "--debounce", "100ms", "--coalesce", "--debug", "--", "sh", "-c", "echo run")
        command.wait_watching()
        began = time.monotonic()
        while "run" not in command.stdout:
            self.put("p10", "v")
            self.assertLess(time.monotonic() - began, TIMEOUT)
        self.assertGreaterEqual(time.monotonic() - began, 0.1)
        self.assertEqual(interrupted(command).code, 130)

    def test_sigterm_is_passed_on_and_kills_what_does_not_listen(self):
        script = "trap 'echo got it; exit 0' TERM; echo up; while :; do sleep 0.05; done"
        command = self.start("watch", "p7", "--debug", "--", "sh", "-c", script)
        command.wait_watching()
        self.put("p7", "x")
        command.wait_stdout("up")
        command.signal(signal.SIGTERM)
        self.assert_ends(command.end(), 143, "up\ngot it\n")
        command = self.start("watch", "p7", "--debug", "--kill-timeout", "100ms", "--", "sh", "-c",
                             "trap '' TERM; echo up; exec sleep 1000")
        command.wait_watching()
        self.put("p7", "x")
        command.wait_stdout("up")
        command.signal(signal.SIGTERM)
        self.assert_ends(command.end(), 143, "up\n")

    def test_flags_of_programs_need_one(self):
        result = self.kvs("watch", "--coalesce")
        self.assert_ends(result, 2, "", "kvs: --coalesce: goes with a program: kvs watch ... -- CMD\n")


class Wait(CommandTest):
    def test_what_holds_already_returns_at_once(self):
        revision = self.put("w/a", "1")
        self.assert_ends(self.kvs("wait", "w/a"), 0, f"{revision}\n", "")
        self.assert_ends(self.kvs("wait", "w/a", "--value", "1"), 0, f"{revision}\n", "")
        self.assertEqual(self.kvs("wait", "w/none", "--gone").code, 0)

    def test_it_returns_when_it_comes_to_hold(self):
        command = self.start("wait", "w/b", "--value", "yes", "--debug")
        command.wait_watching()
        self.put("w/b", "no")
        revision = self.put("w/b", "yes")
        self.assert_ends(command.end(), 0, f"{revision}\n")
        command = self.start("wait", "w/b", "--gone", "--debug", "-o", "json")
        command.wait_watching()
        self.ask("DELETE", "/v1/kv/w/b")
        event = json.loads(self.assert_ends(command.end(), 0).stdout)
        self.assertEqual((event["op"], event["key"]), ("delete", "w/b"))

    def test_its_time_limit_is_exit_124_and_it_says_how_it_is_instead(self):
        revision = self.put("w/c", "1")
        running = [(self.start("wait", *words, "--timeout", "3s"), said) for words, said in (
            (("w/never",), "w/never was not there within 3s: there is no such key"),
            (("w/t\tb",), "w/t\\tb was not there within 3s: there is no such key"),
            (("w/c", "--value", "2"), f"w/c was not '2' within 3s: it has another value, at revision {revision}"),
            (("w/c", "--gone"), f"w/c was not gone within 3s: it is still there, at revision {revision}"))]
        for command, said in running:
            self.assert_ends(command.end(), 124, "", f"kvs: {said}\n")

    def test_usage(self):
        self.assertEqual(self.kvs("wait").code, 2)
        self.assertEqual(self.kvs("wait", "a", "b").code, 2)
        self.assert_ends(self.kvs("wait", "a", "--gone", "--value", "x"), 2, "",
                         "kvs: give --value or --gone, not both\n")


class Exec(Directory):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.put("app/db-host", "h 1")
        cls.server.put("app/1st", "x")

    def test_keys_are_variables(self):
        script = 'echo "$DB_HOST|$_1ST|$app_db_host"'
        self.assert_ends(self.kvs("exec", "--prefix", "app/", "--strip-prefix", "--upcase", "--", "sh", "-c", script),
                         0, "h 1|x|\n", "")
        self.assert_ends(self.kvs("exec", "--prefix", "app/", "--", "sh", "-c", script), 0, "||h 1\n", "")

    def test_no_keys_are_no_error_but_said(self):
        words = ("--prefix", "none/", "--", "sh", "-c", "echo run")
        self.assert_ends(self.kvs("exec", *words), 0, "run\n",
                         "kvs: no key begins with 'none/': the program is given no variables of keys\n")
        self.assert_ends(self.kvs("exec", "--prefix", "no/", *words), 0, "run\n",
                         "kvs: no key begins with 'no/' or another of the prefixes: the program is given no variables of keys\n")
        self.assert_ends(self.kvs("exec", "--quiet", *words), 0, "run\n", "")

    def test_without_a_server_nothing_is_run(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            server = "127.0.0.1:%d" % nobody.getsockname()[1]
            result = self.kvs("exec", "--prefix", "app/", "--server", server, "--timeout", "300ms", "--", "sh", "-c", "echo run")
        self.assertEqual((result.code, result.stdout), (5, ""), result)
        self.assertRegex(result.stderr, r"(?s)trying again\n.*the keys did not come within 300ms: nothing was run")

    def test_its_exit_code_is_the_programs(self):
        self.assertEqual(self.kvs("exec", "--prefix", "app/", "--", "sh", "-c", "exit 9").code, 9)
        words = ("exec", "--prefix", "app/", "--restart-on-change", "--")
        self.assertEqual(self.kvs(*words, "sh", "-c", "exit 9").code, 9)

    def test_a_program_that_cannot_be_run_ends_it_as_in_a_shell(self):
        for words in (("exec", "--prefix", "app/"), ("exec", "--prefix", "app/", "--restart-on-change")):
            self.assert_ends(self.kvs(*words, "--", "no-such-program"), 127, "",
                             "kvs: cannot run no-such-program: it is not in the path\n")
            self.assert_ends(self.kvs(*words, "--", "/nonexistent"), 127, "",
                             "kvs: cannot run /nonexistent: No such file or directory\n")
            self.assert_ends(self.kvs(*words, "--", "/etc/"), 126, "",
                             "kvs: cannot run /etc/: Permission denied\n")

    def test_what_fits_no_variable_is_left_out_and_said(self):
        self.put("odd/a", b"\x00")
        self.put("odd/b-c", "1")
        self.put("odd/b.c", "2")
        result = self.kvs("exec", "--prefix", "odd/", "--strip-prefix", "--", "sh", "-c", "echo $b_c")
        self.assert_ends(result, 0, "1\n", "kvs: left out odd/a: its value holds a NUL\n"
                                           "kvs: left out odd/b.c: b_c is odd/b-c already\n")

    def test_a_change_starts_it_anew(self):
        self.put("live/x", "1")
        script = "trap 'echo ends; exit 0' TERM; echo x=$live_x; while :; do sleep 0.05; done"
        command = self.start("exec", "--prefix", "live/", "--restart-on-change", "--", "sh", "-c", script)
        command.wait_stdout("x=1")
        self.put("live/x", "1")  # nothing has changed for the program
        self.put("live/x", "2")
        command.wait_stdout("x=2")
        self.assertEqual(interrupted(command).code, 130)
        self.assertEqual(command.stdout, "x=1\nends\nx=2\nends\n")

    def test_further_changes_give_a_program_that_will_not_end_no_more_time(self):
        self.put("deaf/x", "0")
        command = self.start("exec", "--prefix", "deaf/", "--restart-on-change", "--kill-timeout", "300ms", "--",
                             "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done")
        command.wait_stdout("up")
        until = time.monotonic() + DEADLINE
        for value in range(1, 100000):  # far more often than each 300 ms
            self.put("deaf/x", str(value))
            if command.stdout.count("up") > 1:
                break
            self.assertLess(time.monotonic(), until, "it was neither killed nor started anew")
        self.assertEqual(interrupted(command).code, 130)

    def test_or_is_a_signal(self):
        self.put("sig/x", "1")
        for signal in ("USR1", "HUP"):
            script = f"trap 'echo again; exit 4' {signal}; echo up; while :; do sleep 0.05; done"
            command = self.start("exec", "--prefix", "sig/", "--signal", signal, "--", "sh", "-c", script)
            command.wait_stdout("up")
            self.put("sig/x", signal)
            self.assert_ends(command.end(), 4, "up\nagain\n", "")

    def test_usage(self):
        for words in (["--", "true"], ["--prefix", "a"], ["--prefix", "", "--", "true"], ["--prefix", "a", "true"]):
            self.assertEqual(self.kvs("exec", *words).code, 2, words)


if __name__ == "__main__":
    main()

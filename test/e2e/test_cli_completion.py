#!/usr/bin/env python3
"""kvs completion: the scripts are sound, and bash, zsh and fish complete with them; and the man pages, which come from
the same table."""
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

from kvs_cli import DEADLINE, FakeServer, answer, kvs
from kvs_harness import *
from kvs_server import environment

LISTING = json.dumps({"revision": 9, "items": [{"key": "app/two words", "size": 1}, {"key": "app/c:d", "size": 1},
                                               {"key": "app/\x1b[2J", "size": 1}], "prefixes": ["app/deep/"]})


class Completion(unittest.TestCase):
    """`self.lines` gives what kvs says to the shells."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        os.symlink(os.path.abspath(BINARY), os.path.join(self.directory.name, "kvs"))
        self.env = {"PATH": self.directory.name + os.pathsep + os.environ["PATH"], "LC_ALL": "C.UTF-8",
                    "HOME": self.directory.name, "TERM": "dumb", "KVS_SERVER": "127.0.0.1:1"}

    def script(self, shell):
        path = os.path.join(self.directory.name, "script." + shell)
        with open(path, "w", encoding="utf-8") as file:
            file.write(kvs("completion", shell).stdout)
        return path

    def run_shell(self, *words, **variables):
        return subprocess.run(words, env=environment({**self.env, **variables}), cwd=self.directory.name, timeout=DEADLINE,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def lines(self, *words, **variables):
        result = kvs("__complete", "--", *words, env={**self.env, **variables})
        self.assertEqual((result.code, result.stderr), (0, ""))
        return [line.split("\t")[0] for line in result.stdout.splitlines()]

    def need(self, shell):
        if not shutil.which(shell):
            self.skipTest(f"{shell} is not installed")


class Words(Completion):
    def test_commands_and_groups(self):
        self.assertEqual(self.lines("se"), ["nothing", "serve", "set"])
        self.assertEqual(self.lines("sna"), ["nothing", "snapshot"])
        self.assertEqual(self.lines("snapshot", ""), ["nothing", "save", "inspect", "restore"])
        self.assertIn("watch", self.lines("help", "wa"))
        self.assertFalse([word for word in self.lines("") if word.startswith("_")])

    def test_flags_of_the_command_and_their_values(self):
        self.assertEqual(self.lines("set", "--if-"), ["nothing", "--if-absent", "--if-revision"])
        self.assertNotIn("--if-absent", self.lines("get", "--"))
        self.assertEqual(self.lines("get", "-o", "nd"), ["nothing", "ndjson"])
        self.assertEqual(self.lines("get", "--output=t"), ["nothing", "--output=table"])
        self.assertEqual(self.lines("get", "-qo", "r"), ["nothing", "raw"])
        self.assertEqual(self.lines("--color", "al"), ["nothing", "always"])
        self.assertEqual(self.lines("completion", "z"), ["nothing", "zsh"])
        self.assertEqual(self.lines("watch", "--ops", "de"), ["nothing", "delete"])
        self.assertEqual(self.lines("watch", "--ops=set,de"), ["nothing", "--ops=set,delete"])
        self.assertEqual(self.lines("watch", "--ops", "set,"), ["nothing", "set,set", "set,delete", "set,expire"])
        self.assertEqual(self.lines("watch", "--deliver", ""), ["nothing", "all", "latest"])

    def test_the_shell_adds_files(self):
        self.assertEqual(self.lines("snapshot", "save", "x"), ["files"])
        self.assertEqual(self.lines("serve", "--data-dir", ""), ["directories"])
        self.assertEqual(self.lines("serve", "--data-dir=x"), ["directories --data-dir="])
        self.assertEqual(self.lines("set", "k", "@x"), ["files @"])
        self.assertEqual(self.lines("set", "k", "x"), ["nothing"])

    def test_after_two_dashes_nothing_is_a_flag(self):
        self.assertEqual(self.lines("set", "--", "--if-"), ["nothing"])

    def test_words_that_make_no_sense_have_no_candidates(self):
        for words in (["frobnicate", ""], ["get", "--nope="], ["status", "x"], ["--output", "jsn", "--output"]):
            self.assertEqual(self.lines(*words)[0], "nothing")

    def test_keys_are_the_servers_without_what_nobody_could_type(self):
        with FakeServer(answer(200, LISTING)) as server:
            got = self.lines("get", "-q", "app/", KVS_SERVER=server.address)
            asked = server.requests[0].splitlines()[0]
        self.assertEqual(got, ["nothing", "app/two words", "app/c:d", "app/deep/"])
        self.assertEqual(asked, "GET /v1/kv?limit=200&keys_only=1&separator=%2F&prefix=app%2F HTTP/1.1")
        with FakeServer(answer(200, LISTING)) as server:
            self.assertEqual(self.lines("--server", server.address, "get", "--key=app/")[1], "--key=app/two words")

    def test_without_a_server_it_is_silent(self):
        self.assertEqual(self.lines("get", "app/"), ["nothing"])
        with FakeServer(None) as server:
            begin = time.monotonic()
            result = kvs("__complete", "--", "get", "", env={"KVS_SERVER": server.address})
            self.assertEqual((result.code, result.stderr), (0, ""))
            self.assertLess(time.monotonic() - begin, DEADLINE / 2)  # and not the five seconds of a request, times ten

    def test_another_shell_is_a_usage_error(self):
        self.assertEqual(kvs("completion", "tcsh").code, 2)
        self.assertEqual(kvs("completion").code, 2)


class Bash(Completion):
    def reply(self, line, words, **variables):
        """What bash would offer for `line`, which it has cut into `words` (it does so at : and =, too)."""
        quoted = " ".join("'" + word + "'" for word in words)
        script = (f"source {self.script('bash')}; compopt() {{ :; }}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
                  f"COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; _kvs; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        result = self.run_shell("bash", "-c", script, **variables)
        self.assertEqual(result.stderr, "")
        return result.stdout.splitlines()

    def test_the_script_is_sound(self):
        result = self.run_shell("bash", "-n", self.script("bash"))
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_words_cut_at_equals_signs_are_one_again(self):
        self.assertEqual(self.reply("kvs get --output=t", ["kvs", "get", "--output", "=", "t"]), ["table"])

    def test_keys_come_quoted_and_without_what_stands_before_a_colon(self):
        with FakeServer(answer(200, LISTING)) as server:
            self.assertEqual(self.reply("kvs get app/", ["kvs", "get", "app/"], KVS_SERVER=server.address),
                             ["app/two\\ words", "app/c:d", "app/deep/"])
        narrow = json.dumps({"items": [{"key": "app/c:d"}]})
        with FakeServer(answer(200, narrow)) as server:
            self.assertEqual(self.reply("kvs get app/c:", ["kvs", "get", "app/c", ":"], KVS_SERVER=server.address), ["d"])
            self.assertIn("prefix=app%2Fc%3A ", server.requests[0])

    def typed(self, shell, setup, keys, until, **variables):
        """Types into an interactive shell on a terminal until it shows `until`."""
        master, slave = pty.openpty()
        process = subprocess.Popen(shell, stdin=slave, stdout=slave, stderr=slave, cwd=self.directory.name,
                                   env=environment({**self.env, **variables}), start_new_session=True)
        os.close(slave)
        shown = b""

        def wait(text):
            nonlocal shown
            deadline = time.monotonic() + DEADLINE
            while text not in shown:
                self.assertTrue(select.select([master], [], [], max(0, deadline - time.monotonic()))[0], shown)
                shown += os.read(master, 65536)

        try:
            os.write(master, setup.encode() + b"; PS1='re''ady> '\n")
            wait(b"ready> ")
            os.write(master, keys.encode())
            wait(until.encode())
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            os.close(master)

    def test_it_completes_on_a_terminal(self):
        self.typed(["bash", "--norc", "-i"], f"source {self.script('bash')}", "kvs comple\tzs\t\n", "#compdef kvs")
        with FakeServer(answer(200, json.dumps({"items": [{"key": "City of Pune"}]}))) as server:
            self.typed(["bash", "--norc", "-i"], f"source {self.script('bash')}", "echo =; kvs get Ci\t", "City\\ of\\ Pune",
                       KVS_SERVER=server.address)

    def test_zsh_completes_on_a_terminal(self):
        self.need("zsh")
        setup = f"autoload -U compinit; compinit -u -D; source {self.script('zsh')}"
        self.typed(["zsh", "-f", "-i"], setup, "kvs comple\tzs\t\n", "#compdef kvs")
        with FakeServer(answer(200, json.dumps({"items": [{"key": "City of Pune"}]}))) as server:
            self.typed(["zsh", "-f", "-i"], setup, "kvs get Ci\t", "City\\ of\\ Pune", KVS_SERVER=server.address)


class OtherShells(Completion):
    def test_the_scripts_are_sound(self):
        for shell in ("zsh", "fish"):
            with self.subTest(shell=shell):
                self.need(shell)
                result = self.run_shell(shell, "-n", self.script(shell))
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def fish(self, line, **variables):
        script = f"source {self.script('fish')}; complete -C '{line}'"
        return [found.split("\t")[0] for found in self.run_shell("fish", "-N", "-c", script, **variables).stdout.splitlines()]

    def test_fish_completes(self):
        self.need("fish")
        self.assertEqual(self.fish("kvs completion z"), ["zsh"])
        self.assertEqual(self.fish("kvs set --if-a"), ["--if-absent"])
        with FakeServer(answer(200, LISTING)) as server:
            self.assertIn("app/two words", self.fish("kvs get app/", KVS_SERVER=server.address))
        self.assertIn("script.fish", self.fish("kvs snapshot save scr"))


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        result = kvs("__manual", cls.directory.name)
        assert result == (0, "", ""), result

    def pages(self):
        return sorted(os.path.join(place, name) for place, _, names in os.walk(self.directory.name) for name in names)

    def test_there_is_one_for_each_command_and_three_more(self):
        commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +[A-Z]", kvs("help").stdout, re.MULTILINE)
        self.assertIn("snapshot save", commands)
        self.assertEqual({os.path.basename(page) for page in self.pages()},
                         {"kvs-%s.1" % command.replace(" ", "-") for command in commands} | {"kvs.1", "kvs.conf.5", "kvs-http.7"})

    def test_man_has_nothing_to_complain_about(self):
        if not shutil.which("man") or not shutil.which("groff"):
            self.skipTest("man is not installed")
        for page in self.pages():
            with self.subTest(page=os.path.basename(page)):
                result = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page], capture_output=True,
                                        env=environment({"LC_ALL": "C.UTF-8", "MANWIDTH": "80"}), text=True, check=False)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertIn("kvs", result.stdout)

    def test_flags_stand_in_them_as_they_are_typed(self):
        with open(os.path.join(self.directory.name, "man1", "kvs-set.1"), encoding="utf-8") as page:
            self.assertIn("\\fB\\-\\-if\\-absent\\fR", page.read())
        with open(os.path.join(self.directory.name, "man5", "kvs.conf.5"), encoding="utf-8") as page:
            text = page.read()
        self.assertIn("\\fBdata\\-dir\\fR", text)
        self.assertNotIn("if\\-absent", text)


if __name__ == "__main__":
    main()

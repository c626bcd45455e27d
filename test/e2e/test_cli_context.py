#!/usr/bin/env python3
"""kvs context: named servers, who wins over whom; and kvs config show."""
import json
import os
import stat
import tempfile

from kvs_cli import FakeServer, answer, kvs
from kvs_harness import *


class Contexts(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.home = directory.name
        self.env = {"XDG_CONFIG_HOME": self.home, "KVS_SERVER": "", "NO_COLOR": "1"}

    def kvs(self, *words, env=None, **kw):
        return kvs(*words, env={**self.env, **(env or {})}, **kw)

    def add(self, name, server):
        self.assertEqual(self.kvs("context", "add", name, "--server", server), (0, "", ""))

    def path(self, *names):
        return os.path.join(self.home, "kvs", *names)

    def test_a_context_is_a_file_for_its_owner_only(self):
        self.add("a", "127.0.0.1:1")
        file = self.path("contexts", "a.json")
        with open(file, encoding="utf-8") as text:
            self.assertEqual(json.load(text), {"server": "127.0.0.1:1"})
        self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("contexts")).st_mode), 0o700)
        self.assertEqual(os.listdir(self.path("contexts")), ["a.json"])

    def test_its_files_are_found_from_any_directory(self):
        self.assertEqual(self.kvs("context", "add", "a", "--server", "https://h:1", "--cacert", "ca.pem", "--token-file", "-"),
                         (0, "", ""))
        self.assertEqual(json.loads(self.kvs("context", "show", "a").stdout)["cacert"], os.path.join(os.getcwd(), "ca.pem"))
        self.assertEqual(json.loads(self.kvs("context", "show", "a").stdout)["token-file"], "-")

    def test_one_is_selected_and_the_one_before_comes_back(self):
        self.add("a", "127.0.0.1:1")
        self.add("b", "http://127.0.0.1:2")
        self.assertEqual(self.kvs("context", "show"),
                         (1, "", "kvs: no context is selected; kvs context select NAME selects one\n"))
        self.assertEqual(self.kvs("context", "select", "a"), (0, "a\n", ""))
        self.assertEqual(self.kvs("context", "select", "b"), (0, "b\n", ""))
        self.assertEqual(self.kvs("context", "select", "-"), (0, "a\n", ""))
        self.assertEqual(self.kvs("context", "select", "-"), (0, "b\n", ""))
        self.assertEqual(self.kvs("context", "ls", terminal=True),
                         (0, "   a  127.0.0.1:1\n*  b  http://127.0.0.1:2\n", ""))
        self.assertEqual([json.loads(line) for line in self.kvs("context", "ls").stdout.splitlines()],
                         [{"name": "a", "selected": False, "server": "127.0.0.1:1"},
                          {"name": "b", "selected": True, "server": "http://127.0.0.1:2"}])
        self.assertEqual(self.kvs("context", "show", terminal=True),
                         (0, "b (selected)\nserver  http://127.0.0.1:2\n", ""))
        self.assertEqual(self.kvs("context", "rm", "b"), (0, "", "kvs: no context is selected now: that was b\n"))
        self.assertEqual(self.kvs("context", "show").code, 1)
        self.assertEqual(self.kvs("context", "show", "a"),
                         (0, '{"name":"a","selected":false,"server":"127.0.0.1:1"}\n', ""))

    def test_mistakes_are_said(self):
        self.add("staging", "127.0.0.1:1")
        for words, line, hint in [
                (("rm", "stagin"), "no such context: 'stagin'", "did you mean staging?"),
                (("select", "x"), "no such context: 'x'", "kvs context ls lists them"),
                (("add", "staging", "--server", "a:1"), "there is a context 'staging' already",
                 "kvs context rm staging removes it"),
                (("add", "new"), "which server?", "kvs context add NAME --server URL"),
                (("add", "../x", "--server", "a:1"), "'../x' is no name for a context",
                 "1 to 64 letters, digits, dots, dashes and underscores, a letter, digit or underscore first")]:
            self.assertEqual(self.kvs("context", *words), (2, "", f"kvs: {line}{' ' if line.endswith('?') else '; '}{hint}\n"))
        self.assertEqual(self.kvs("context", "add", "bad", "--server", "http://a/b").code, 2)
        self.assertEqual(self.kvs("get", "k", "--context", "nope").code, 2)
        with open(self.path("contexts", "staging.json"), "w", encoding="utf-8") as file:
            file.write('{"srever":"a:1"}')
        result = self.kvs("get", "k", "--context", "staging")
        self.assertEqual((result.code, result.stdout), (2, ""))
        self.assertIn("staging.json: 'srever' does not belong into a context", result.stderr)

    def test_what_names_a_server_more_closely_wins(self):
        with FakeServer(*[answer(200, "selected")] * 9) as selected, FakeServer(*[answer(200, "named")] * 9) as named, \
                FakeServer(*[answer(200, "variable")] * 9) as variable, FakeServer(answer(200, "flag")) as flag, \
                tempfile.NamedTemporaryFile("w") as config:
            self.add("selected", selected.address)
            self.add("named", named.address)
            self.kvs("context", "select", "selected")
            config.write("server = 127.0.0.1:1\n")
            config.flush()
            self.assertEqual(self.kvs("get", "k", env={"KVS_CONFIG": config.name}).stdout, "selected")
            self.assertEqual(self.kvs("get", "k", env={"KVS_CONTEXT": "named"}).stdout, "named")
            both = {"KVS_CONTEXT": "named", "KVS_SERVER": variable.address}
            self.assertEqual(self.kvs("get", "k", env=both).stdout, "variable")
            self.assertEqual(self.kvs("get", "k", "--context", "named", env=both).stdout, "named")
            self.assertEqual(self.kvs("get", "k", "--server", flag.address, env=both).stdout, "flag")
            self.assertEqual(self.kvs("get", "k", "--server", flag.address, "--context", "named"),
                             (2, "", "kvs: give --server or --context, not both\n"))

    def test_config_show_tells_where_each_value_comes_from(self):
        with tempfile.NamedTemporaryFile("w") as config:
            config.write("history-bytes = 1MiB\n[kafka]\nconfig = sasl.password=secret\nconfig = a=b\n")
            config.flush()
            words = ("config", "show", "--config", config.name, "--fsync", "never")
            shown = json.loads(self.kvs(*words, "-o", "json", env={"KVS_THREADS": "2"}).stdout)
            lines = self.kvs(*words, env={"KVS_THREADS": "2"}).stdout.splitlines()
            with tempfile.NamedTemporaryFile("w") as again:
                again.write("\n".join(lines))
                again.flush()
                self.assertEqual(kvs("serve", "--check-config", "--config", again.name).code, 0)
        self.assertEqual(shown["fsync"], {"value": "never", "from": "--fsync"})
        self.assertEqual(shown["threads"], {"value": "2", "from": "KVS_THREADS"})
        self.assertEqual(shown["history-bytes"], {"value": "1MiB", "from": f"{config.name}:1: history-bytes"})
        self.assertEqual(shown["history-memory"], {"value": "64MiB", "from": "default"})
        self.assertEqual(shown["kafka-config"]["value"], ["sasl.password=(hidden)", "a=b"])
        self.assertIn("fsync = never  # --fsync", lines)
        self.assertIn(f"# kafka-config = sasl.password=(hidden)  # {config.name}:3: kafka-config", lines)
        table = self.kvs(*words[:2], terminal=True, columns=60).stdout
        self.assertEqual(table.split("\n")[0].split(), ["SETTING", "FROM", "VALUE"])
        self.assertTrue(all(len(line) <= 60 for line in table.splitlines()), table)

    def test_config_show_leaves_nothing_out(self):
        home = {"HOME": "/home/x", "XDG_STATE_HOME": ""}
        shown = json.loads(self.kvs("config", "show", "-o", "json", env=home).stdout)
        lines = self.kvs("config", "show", env=home).stdout.splitlines()
        self.assertEqual([line.removeprefix("# ").split(" = ")[0] for line in lines], list(shown))
        self.assertEqual(shown["data-dir"], {"value": "/home/x/.local/state/kvs", "from": "default"})
        self.assertEqual(shown["auth-file"], {"value": None, "from": "default"})
        self.assertRegex(shown["threads"]["value"], r"^[1-9]\d*$")
        self.assertIn("# data-dir = /home/x/.local/state/kvs  # default", lines)
        self.assertIn("# auth-file = (none)  # default", lines)
        self.assertIn("history-memory = 64MiB  # default", lines)
        for odd, shown in (("a\\b", "a\\\\b"), ("a #b", "a #b")):  # what no config file could give back
            lines = self.kvs("config", "show", "--auth-file", odd, env=home).stdout.splitlines()
            self.assertIn(f"# auth-file = {shown}  # --auth-file", lines)
        self.assertRegex(self.kvs("config", "show", env=home, terminal=True).stdout, r"\nauth-file +default +\(none\)\n")

    def test_config_show_knows_what_the_service_manager_and_kafka_change(self):
        with tempfile.TemporaryDirectory() as directory:
            with open(directory + "/auth-file", "w", encoding="utf-8"):
                env = {"CREDENTIALS_DIRECTORY": directory, "STATE_DIRECTORY": "/var/lib/kvs"}
            words = ("config", "show", "-o", "json", "--bus", "kafka", "--kafka-brokers", "k:1", "--instance", "i")
            shown = json.loads(self.kvs(*words, env=env).stdout)
            self.assertEqual(shown["auth-file"], {"value": directory + "/auth-file", "from": "CREDENTIALS_DIRECTORY"})
        self.assertEqual(shown["data-dir"], {"value": "/var/lib/kvs", "from": "STATE_DIRECTORY"})
        self.assertEqual(shown["fsync"], {"value": "never", "from": "default"})
        refused = json.loads(self.kvs("config", "show", "-o", "json", "--listen", "0.0.0.0:1").stdout)
        self.assertEqual(refused["listen"], {"value": "0.0.0.0:1", "from": "--listen"})


if __name__ == "__main__":
    main()

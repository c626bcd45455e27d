#!/usr/bin/env python3
"""The command lines of the original client, as recorded: byte for byte as kvs-cli, with the same effect as kvs."""
import json
import os
import re
import signal
import tempfile

from kvs_cli import Command, FakeServer, kvs
from kvs_harness import *

RECORDINGS = [json.loads(line) for line in open(ROOT / "test" / "legacy" / "cli.jsonl", encoding="ascii")]


def with_server(arguments, address):
    return [argument.replace("<server>", address) for argument in arguments]


def pattern(recorded):
    """What stands for what differs, as a regular expression."""
    text = re.escape(recorded)
    for name, what in (("<topic>", ".+"), ("<offset>", r"\d+"), ("<writer>", r"127\.0\.0\.1:\d+")):
        text = text.replace(re.escape(name), what)
    return text


class LegacyCli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.program = os.path.join(directory.name, "kvs-cli")
        os.symlink(os.path.abspath(BINARY), cls.program)

    def check(self, recording, result):
        wanted = recording if recording["must_match"] else recording.get("instead", {})
        compare = recording.get("compare", ["stdout", "exit"])
        if "stdout" in compare and "stdout" in wanted:
            self.assertRegex(result.stdout, "^" + pattern(wanted["stdout"]) + r"\Z")
        if "stdout as JSON" in compare:
            self.assertEqual(json.loads(result.stdout), json.loads(wanted["stdout"]))
            self.assertTrue(result.stdout.endswith("}\n\n"), result.stdout)
        if "exit" in compare and "exit" in wanted:
            self.assertEqual(result.code, wanted["exit"], result)

    def test_lines_with_a_server(self):
        with Server() as server:
            address = "127.0.0.1:%d" % server.port
            for recording in RECORDINGS:
                if "setup" in recording or "during" in recording:
                    continue
                with self.subTest(recording["name"]):
                    self.check(recording, kvs(*with_server(recording["args"], address), program=self.program))

    def test_watches(self):
        for recording in RECORDINGS:
            steps = recording.get("during", [])
            if not steps or any("stop_server" in step for step in steps):
                continue
            with self.subTest(recording["name"]), Server() as server:
                address = "127.0.0.1:%d" % server.port
                command = Command(*with_server(recording["args"], address), "--debug", program=self.program)
                self.addCleanup(command.kill)
                command.wait_watching()
                sets = sum("set" in step for step in steps)
                for step in steps:
                    if "set" in step:
                        server.request("POST", "/set", body=json.dumps(step["set"]))
                command.wait_stdout("}\n\n", sets)
                command.signal(getattr(signal, "SIG" + steps[-1]["signal"]))
                self.check(recording, command.end())

    def test_lines_without_a_server(self):
        with FakeServer() as nobody:
            address = nobody.address
        for recording in RECORDINGS:
            if recording.get("setup") != "no server" or recording["args"] == ["get"] or "watch" in recording["args"]:
                continue  # without an address it asks port 23333, where anybody may be; a watch keeps trying
            with self.subTest(recording["name"]):
                self.check(recording, kvs(*with_server(recording["args"], address), program=self.program))

    def test_a_watch_outlives_its_server(self):
        with Server() as server:
            server.listen = "127.0.0.1:%d" % server.port
            command = Command("--server-address", server.listen, "watch", program=self.program)
            self.addCleanup(command.kill)
            server.kill()
            command.wait_stderr("trying again")
            server.start()
            command.wait_stderr("back at")
            server.request("POST", "/set", body='{"Key":"a","Value":"1"}')
            command.wait_stdout('"Value": "a: 1"')
            command.signal(signal.SIGINT)
            self.assertEqual(command.end().code, 130)

    def test_the_same_lines_have_the_same_effect_with_kvs(self):
        with Server() as server:
            address = "127.0.0.1:%d" % server.port
            for recording in RECORDINGS:
                if "setup" in recording or "during" in recording or not recording["must_match"]:
                    continue
                with self.subTest(recording["name"]):
                    arguments = with_server(recording["args"], address)
                    result = kvs(*arguments)
                    self.assertEqual((result.code, result.stderr), (0, ""))
                    self.same_effect(recording, arguments, result, server)

    def same_effect(self, recording, arguments, result, server):
        if "set" in arguments:
            key, value = arguments[-3], arguments[-1]
            stored = server.request("POST", "/get", body=json.dumps({"Key": key})).json()
            self.assertEqual(stored, {"Key": key, "Value": value})
            return
        shown = json.loads(recording["stdout"])
        if list(shown) == ["Key", "Value"]:
            self.assertEqual(result.stdout, shown["Value"])
        else:
            records = [json.loads(line) for line in result.stdout.splitlines()]
            self.assertEqual({record["key"]: record["value"] for record in records}, shown)


if __name__ == "__main__":
    main()

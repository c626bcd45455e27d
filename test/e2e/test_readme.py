#!/usr/bin/env python3
"""The README does what it says: its commands are run, in order, and must print what it shows; its flags are those of --help.
So does the server's front page."""
import os
import re
import subprocess
import tempfile

from kvs_harness import BINARY, ROOT, Server, environment, main, unittest

ADDRESS = "127.0.0.1:23333"  # as the README writes it
README = (ROOT / "README.md").read_text(encoding="utf-8")


def tour():
    """(line number, command, what it prints) for each `$ ` line of the console blocks."""
    commands, inside = [], False
    for number, line in enumerate(README.splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            commands.append((number, line[2:], []))
        elif inside:
            commands[-1][2].append(line)
    return [(number, command, "\n".join(lines)) for number, command, lines in commands]


def agrees(shown, printed):
    """Whether it is what the README shows, in which … stands for anything within a line."""
    pattern = "[^\n]*".join(re.escape(part) for part in shown.split("…"))
    return re.fullmatch(pattern, printed) is not None


class Tour(unittest.TestCase):
    def test_the_tour_prints_what_the_readme_shows(self):
        with Server() as server, tempfile.TemporaryDirectory() as directory:
            address = f"127.0.0.1:{server.port}"
            os.symlink(os.path.abspath(BINARY), os.path.join(directory, "kvs"))
            env = environment({"KVS_SERVER": f"http://{address}", "PATH": directory + os.pathsep + os.environ["PATH"]})
            for number, command, shown in tour():
                with self.subTest(line=number, command=command):
                    ended = subprocess.run(["bash", "-c", command.replace(ADDRESS, address)], env=env, cwd=directory,
                                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                           timeout=60, check=False)
                    printed = ended.stdout.decode("utf-8").replace(address, ADDRESS).rstrip("\n")
                    self.assertTrue(agrees(shown, printed), f"README.md:{number} shows\n{shown}\nbut it printed\n{printed}")

    def test_the_tour_is_not_empty(self):
        self.assertGreater(len(tour()), 10)

    def test_a_difference_is_seen(self):
        self.assertTrue(agrees('{"revision":1,"modified":"…"}', '{"revision":1,"modified":"2026-01-01T00:00:00.000Z"}'))
        self.assertFalse(agrees('{"revision":1,"modified":"…"}', '{"revision":2,"modified":"2026-01-01T00:00:00.000Z"}'))
        self.assertFalse(agrees("4", "4\n5"))


class FrontPage(unittest.TestCase):
    def test_its_commands_work_in_any_shell(self):
        with Server() as server:
            address = f"http://127.0.0.1:{server.port}"
            page = self.run_command(f"curl {address}/")
            commands = re.findall(r"^  (.*curl .*?)(?: {2,}.*)?$", page, re.MULTILINE)
            self.assertGreater(len(commands), 5)
            for command in commands:
                with self.subTest(command=command):
                    printed = self.run_stream(command) if " -N " in command else self.run_command(command)
                    self.assertNotIn('"type":"urn:kvs:problem', printed)
                    self.assertNotIn('"content_type":"', printed)  # one nobody thought of, such as that of curl -d

    def run_stream(self, command):
        """One that goes on until it is ended: what it prints up to `synced`."""
        started = subprocess.Popen(["bash", "-O", "failglob", "-c", "exec " + command], env=environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with started:
            lines = [started.stdout.readline()]
            while lines[-1] and b'"synced"' not in lines[-1]:
                lines.append(started.stdout.readline())
            started.kill()
        self.assertIn(b'"synced"', lines[-1])
        return b"".join(lines).decode("utf-8")

    def run_command(self, command):
        # Some shells refuse a pattern that matches no file, as an address with ? may be; failglob does that, too.
        ended = subprocess.run(["bash", "-O", "failglob", "-c", command], env=environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual(ended.returncode, 0, ended.stderr.decode("utf-8"))
        return ended.stdout.decode("utf-8")


class Names(unittest.TestCase):
    """Everything the README names is there, and the other way round."""

    def help(self, *words):
        ended = subprocess.run([BINARY, "help", *words], stdout=subprocess.PIPE, env=environment(), timeout=60, check=True)
        return ended.stdout.decode("utf-8")

    def flags(self, text):
        return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))

    def section(self, title):
        return re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL).group(1)

    def test_the_flags_of_the_server_are_those_of_its_help(self):
        own = self.help("serve").partition("Flags of every command")[0]
        described = self.flags(self.section("Flags of the server")) - {"--config"}
        self.assertEqual(described, self.flags(own) - {"--config"})

    def test_the_flags_named_with_a_command_belong_to_it(self):
        for row in re.findall(r"^\| `kvs .*$", self.section("Commands"), re.MULTILINE):
            commands = re.findall(r"`kvs ([a-z]+(?: [a-z]+)?)", row)
            known = set().union(*(self.flags(self.help(*command.split())) for command in commands))
            self.assertLessEqual(self.flags(row), known, row)

    def test_the_routes_are_there_and_described(self):
        rows = re.findall(r"^\| (`.*?`) \|", self.section("Routes"), re.MULTILINE)
        described = {path for row in rows for path in re.findall(r"/[\w/{}.]*", row)}
        source = (ROOT / "kvs" / "net" / "routes.cpp").read_text(encoding="utf-8")
        self.assertEqual(described, set(re.findall(r'Route::\w+, "(/[^"]*)"', source)))

    def test_every_command_is_described(self):
        listed = re.findall(r"^  ([a-z]+(?: [a-z]+)?) {2,}\S", self.help().partition("Commands:")[2].partition("Flags of")[0], re.MULTILINE)
        self.assertTrue(listed)
        for command in listed:
            self.assertRegex(self.section("Commands"), rf"`kvs {command}\b")


if __name__ == "__main__":
    main()

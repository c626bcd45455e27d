#!/usr/bin/env python3
"""kvs repair: a damaged data directory is said to be so, is mended after asking, and serves again."""
import json
import os
import re

from kvs_cli import Command, kvs
from kvs_harness import *
from kvs_streams import Stream


class Repair(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.remove)

    def directory(self):
        return str(self.server.data_dir)

    def fill(self, count):
        for i in range(count):
            self.server.put(f"key{i}", f"value{i}")
        self.server.kill()

    def journal(self):
        return os.path.join(self.directory(), "journal-0000000001")

    def damage(self, text):
        """Turns over a bit of the batch that holds `text`: the ones behind it stay good."""
        with open(self.journal(), "r+b") as file:
            at = file.read().index(text)
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1]))

    def repair(self, *words, **kw):
        return kvs("repair", "--data-dir", self.directory(), *words, **kw)

    def test_what_is_whole_is_left_alone(self):
        self.fill(3)
        self.assertEqual(self.repair(), (0, "nothing is damaged\n", ""))
        self.assertFalse([name for name in os.listdir(self.directory()) if name.startswith("damaged")])

    def test_a_journal_is_cut_where_it_is_damaged(self):
        self.fill(10)
        self.damage(b"value6")
        before = sorted(os.listdir(self.directory()))
        result = kvs("serve", "--data-dir", self.directory(), "--listen", "127.0.0.1:0")
        self.assertEqual(result.code, 9)
        self.assertIn("kvs repair --data-dir", result.stderr)
        result = self.repair("--dry-run")
        self.assertEqual(result.code, 0, result)
        offset = re.search(r", offset (\d+): damaged", result.stdout).group(1)
        with open(self.journal(), "rb") as file:
            written = len(file.read().rstrip(b"\0")) - int(offset)
        found, *lines = result.stdout.splitlines()
        self.assertRegex(found, r"^found: .*: there is no whole batch here, but a later one at offset \d+ of journal-0000000001$")
        self.assertEqual(lines, [
            "kept: everything up to revision 6, which is 6 keys",
            f"lost: the changes after revision 6, {written} bytes of the journal: some of them cannot be read, the others not "
            "without them",
            f"repair: leave out {self.journal()} from offset {offset} on",
            "repair: begin a new history with it, so that no number of what is lost is given again",
            "or: restore a backup or snapshot that is newer than revision 6; an instance on a Kafka bus loses nothing, it "
            "reads the rest from the topic again"])
        result = self.repair()
        self.assertEqual(result.code, 2)
        self.assertIn("nothing was done", result.stderr)
        self.assertEqual(sorted(os.listdir(self.directory())), before)
        with open(self.journal(), "rb") as file:
            damaged = file.read()
        result = self.repair("--yes")
        self.assertEqual(result.code, 0, result)
        self.assertTrue(result.stdout.endswith("the files as they were are in "
                                               + os.path.join(self.directory(), "damaged-1") + "\n"), result)
        with open(os.path.join(self.directory(), "damaged-1", "journal-0000000001"), "rb") as file:
            self.assertEqual(file.read(), damaged)
        self.assertEqual(self.repair(), (0, "nothing is damaged\n", ""))
        self.server.start()
        self.assertEqual(self.server.request("GET", "/v1/kv/key5").body, b"value5")
        self.assertEqual(self.server.request("GET", "/v1/kv/key6").status, 404)
        self.server.put("key6", "again")
        self.server.kill()
        self.server.start()
        self.assertEqual(self.server.request("GET", "/v1/kv/key6").body, b"again")

    def test_a_journal_that_has_lost_its_beginning_goes_where_a_snapshot_has_all(self):
        for i in range(3):
            self.server.put(f"key{i}", f"value{i}")
        self.server.stop()  # with a snapshot
        with open(self.journal(), "r+b") as file:
            file.seek(4)
            file.write(b"XXXX")
        result = kvs("serve", "--data-dir", self.directory(), "--listen", "127.0.0.1:0")
        self.assertEqual(result.code, 9)
        self.assertIn("kvs repair --data-dir", result.stderr)
        result = self.repair("--yes")
        self.assertEqual(result.code, 0, result)
        self.assertIn("kept: everything up to revision 3, which is 3 keys", result.stdout)
        self.server.start()
        self.assertEqual(self.server.request("GET", "/v1/kv/key2").body, b"value2")

    def test_a_journal_that_was_taken_away_is_missed(self):
        for i in range(3):
            self.server.put(f"key{i}", f"value{i}")
        self.server.stop()  # with a snapshot
        for name in os.listdir(self.directory()):
            if name.startswith("journal-"):
                os.remove(os.path.join(self.directory(), name))
        missing = (f"{self.directory()}: there is no journal beside the snapshot of revision 3, which was made with one")
        result = kvs("serve", "--data-dir", self.directory(), "--listen", "127.0.0.1:0")
        self.assertEqual(result.code, 9)
        self.assertIn(f"{missing}. Put the journal's files back, or restore the directory from a backup; or let kvs repair "
                      f"--data-dir {self.directory()} say what would be lost without them, and do so", result.stderr)
        lines = [f"found: {missing}",
                 "kept: everything up to revision 3, which is 3 keys",
                 "lost: the changes after revision 3, if there were any: there is no journal of them",
                 "repair: begin a new history with it, so that no number of what is lost is given again"]
        result = self.repair("--dry-run")
        self.assertEqual((result.code, result.stdout.splitlines()[:4]), (0, lines))
        self.assertEqual(self.repair("--yes").code, 0)
        self.assertEqual(self.repair(), (0, "nothing is damaged\n", ""))
        self.server.start()
        self.assertEqual(self.server.request("GET", "/v1/kv/key2").body, b"value2")
        self.assertGreater(self.server.put("new", "v"), 1_000_000_000)

    def test_what_is_left_of_a_journal_is_kept_aside(self):
        self.server.stop()
        self.server = Server("--history-bytes", "128KiB")  # small segments
        self.addCleanup(self.server.remove)
        with self.server.connect() as connection:
            for number in range(100):
                connection.request("PUT", f"/v1/kv/key{number}", body=b"x" * 1000)
        self.server.stop()  # with a snapshot
        journal = sorted(name for name in os.listdir(self.directory()) if name.startswith("journal-"))
        self.assertGreater(len(journal), 3)
        for name in journal[-2:]:
            os.remove(os.path.join(self.directory(), name))
        result = self.repair("--yes", "--json")
        self.assertEqual(result.code, 0, result)
        done = json.loads(result.stdout)
        self.assertEqual((done["journal_missing"], done["keys"]), (True, 100))
        self.assertEqual(sorted(os.listdir(done["aside"])), sorted(journal[:-2] + ["snapshot-0000000000000100"]))
        self.server.start()
        self.assertEqual(self.server.request("GET", "/v1/kv/key99").body, b"x" * 1000)

    def test_history_that_is_damaged_is_history_that_is_gone(self):
        self.server.stop()
        self.server = Server("--history-bytes", "1MiB")
        self.addCleanup(self.server.remove)
        with self.server.connect() as connection:
            for number in range(100):
                connection.request("PUT", f"/v1/kv/key{number}", body=b"x" * 10000)
        self.server.stop()  # with a snapshot: what was before it is not replayed
        with open(self.journal(), "r+b") as file:
            file.seek(5000)
            file.write(b"damaged")
        self.server.start()
        there = {"KVS_SERVER": "127.0.0.1:%d" % self.server.port}
        watch = kvs("watch", "--since", "0", "--on-gap", "fail", "--count", "1", env=there)
        self.assertEqual(watch.code, 6, watch)
        oldest = self.server.request("GET", "/v1/status").json()["oldest_revision"]
        self.assertTrue(0 < oldest < 100, oldest)
        self.assertEqual(self.server.stderr.count("there is no whole batch here, where the history was"), 1)
        watch = kvs("watch", "--since", str(oldest), "--count", "1", env=there)
        self.assertEqual((watch.code, json.loads(watch.stdout)["revision"]), (0, oldest + 1))

    def test_on_a_terminal_it_is_asked(self):
        self.fill(10)
        self.damage(b"value6")
        question = f"Repair {self.directory()} in this way? The files as they are stay in it, in damaged-N. [y/N] "
        said = self.repair("--dry-run").stdout
        for reply, code, ending in (("n\n", 1, ""), ("y\n", 0, "repaired: kvs serve starts again; the files as they were are in "
                                                               + os.path.join(self.directory(), "damaged-1") + "\n")):
            with open(self.journal(), "rb") as file:
                before = file.read()
            command = Command("repair", "--data-dir", self.directory(), errors_on_terminal=True)
            self.addCleanup(command.kill)
            command.wait_stderr("[y/N] ")
            command.type(reply)
            self.assertEqual(command.end(), (code, said + ending, question))
            place = self.journal() if code == 1 else os.path.join(self.directory(), "damaged-1", "journal-0000000001")
            with open(place, "rb") as file:
                self.assertEqual(file.read(), before)
        self.assertEqual(self.repair(errors_on_terminal=True), (0, "nothing is damaged\n", ""))

    def test_for_programs_it_says_in_json_what_is_damaged_and_what_was_done(self):
        self.fill(10)
        self.assertEqual(self.repair("--json"), (0, '{"damage":[]}\n', ""))
        self.damage(b"value6")
        result = self.repair("--dry-run", "--json")
        self.assertEqual((result.code, result.stderr), (0, ""))
        found = json.loads(result.stdout)
        self.assertRegex(found["damage"][0], "there is no whole batch here, but a later one")
        self.assertEqual(found["cut"]["file"], self.journal())
        self.assertGreater(found["lost_bytes"], 0)
        self.assertEqual({name: found[name] for name in ("revision", "keys", "taken_out", "repaired")},
                         {"revision": 6, "keys": 6, "taken_out": [], "repaired": False})
        result = self.repair("--json")
        self.assertEqual((result.code, result.stdout), (2, ""))
        result = self.repair("--yes", "-o", "json")
        self.assertEqual((result.code, result.stderr), (0, ""))
        done = json.loads(result.stdout)
        log_id = done.pop("log_id")
        self.assertEqual(done, {**found, "repaired": True, "aside": os.path.join(self.directory(), "damaged-1")})
        self.assertEqual(self.repair("--json"), (0, '{"damage":[]}\n', ""))
        self.server.start()
        self.assertEqual(self.server.request("GET", "/v1/status").json()["log_id"], log_id)

    def test_no_number_of_what_is_lost_is_given_again(self):
        log_id = self.server.request("GET", "/v1/status").json()["log_id"]
        self.fill(10)
        self.damage(b"value6")
        self.assertEqual(self.repair("--yes").code, 0)
        self.assertEqual(sorted(name[:7] for name in os.listdir(self.directory()) if name != "lock"), ["damaged", "snapsho"])
        self.assertEqual(os.listdir(os.path.join(self.directory(), "damaged-1")), ["journal-0000000001"])
        self.server.start()
        self.assertGreater(self.server.put("new", "v"), 1_000_000_000)
        lost = self.server.request("PUT", "/v1/kv/key2", {"If-Match": '"9"'}, b"mine")
        self.assertEqual((lost.status, lost.json()["code"]), (412, "condition_failed"))
        watch = Stream(self.server.address, "since=9")
        self.addCleanup(watch.close)
        events = watch.until("synced")
        self.assertEqual([event["op"] for event in events], ["reset"] + 7 * ["set"] + ["synced"])
        other = self.server.request("GET", f"/v1/watch?since=9@{log_id}&wait=1s")
        self.assertEqual((other.status, other.json()["code"]), (410, "other_log"))

    def test_a_damaged_snapshot_is_taken_out(self):
        self.fill(2)
        path = os.path.join(self.directory(), "snapshot-0000000000000001")
        with open(path, "wb") as file:
            file.write(b"no snapshot at all")
        result = self.repair("--yes")
        self.assertEqual(result.code, 0, result)
        self.assertIn("\nkept: everything up to revision 2, which is 2 keys\nlost: nothing, the journal has all of it\n"
                      f"repair: leave out {path}\nrepaired: kvs serve starts again; ", result.stdout)
        self.assertFalse(os.path.exists(path))
        self.server.start()
        self.assertEqual(self.server.request("GET", "/v1/kv/key1").body, b"value1")

    def test_a_directory_in_use_or_without_data_is_refused(self):
        self.server.put("a", "1")
        result = self.repair("--yes")
        self.assertEqual(result.code, 1)
        self.assertIn("is in use by another process", result.stderr)
        self.assertEqual(kvs("repair", "--data-dir", "/nonexistent").code, 1)
        self.assertEqual(kvs("repair").code, 2)


if __name__ == "__main__":
    main()

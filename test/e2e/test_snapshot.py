#!/usr/bin/env python3
"""kvs snapshot save, inspect and restore."""
import json
import os
import tempfile

from kvs_cli import FakeServer, answer, kvs, problem
from kvs_harness import *
from kvs_streams import Stream


def snapshot_of(server):
    """The bytes of the newest snapshot in a server's data directory."""
    newest = max(name for name in os.listdir(server.data_dir) if name.startswith("snapshot-"))
    with open(os.path.join(server.data_dir, newest), "rb") as file:
        return file.read()


def whole(data):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data


def in_chunks(data, *sizes):
    body, at = b"", 0
    for size in (*sizes, len(data)):
        piece = data[at:at + size]
        at += len(piece)
        if piece:
            body += b"%x\r\n" % len(piece) + piece + b"\r\n"
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


class Snapshot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.source = Server()
        cls.addClassCleanup(cls.source.remove)
        cls.source.put("City", "Ahmedabad", {"Content-Type": "text/x-city"})
        cls.source.put("Large", "x" * 700_000)
        cls.revision = cls.source.put("Name", "Prayag")
        cls.log_id = cls.source.request("GET", "/v1/status").json()["log_id"]
        cls.source.stop()
        cls.snapshot = snapshot_of(cls.source)

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="kvs-snapshot-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.file = os.path.join(self.directory, "kvs.snapshot")
        self.data_dir = os.path.join(self.directory, "data")

    def run_kvs(self, *arguments, code=0, **kw):
        result = kvs(*arguments, **kw)
        self.assertEqual(result.code, code, result)
        return result

    def save(self, response, *flags, code=0, target=None, **kw):
        with FakeServer(response) as server:
            return self.run_kvs("snapshot", "save", target or self.file, "--server", server.address, *flags, code=code, **kw)

    def written(self):
        with open(self.file, "rb") as file:
            return file.read()

    def put_file(self, data=None):
        with open(self.file, "wb") as file:
            file.write(self.snapshot if data is None else data)

    # save

    def test_what_the_server_sends_becomes_the_file(self):
        said = json.loads(self.save(whole(self.snapshot)).stdout)
        self.assertEqual(said, {"file": self.file, "bytes": len(self.snapshot), "revision": self.revision,
                                "log_id": self.log_id})
        self.assertEqual(self.written(), self.snapshot)
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        self.assertEqual(os.listdir(self.directory), ["kvs.snapshot"])

    def test_it_may_come_in_chunks_of_any_size(self):
        self.save(in_chunks(self.snapshot, 1, 62, 3, 300_000))
        self.assertEqual(self.written(), self.snapshot)

    def test_it_may_go_to_stdout(self):
        with FakeServer(whole(self.snapshot)) as server:
            result = self.run_kvs("snapshot", "save", "-", "--server", server.address)
        self.assertTrue(result.stdout.startswith("kvs snap"))
        self.assertIn("not for a terminal", self.run_kvs("snapshot", "save", "-", code=2, terminal=True).stderr)

    def test_a_broken_transfer_leaves_the_old_file(self):
        self.put_file(b"old")
        cut = whole(self.snapshot)[:-1000]
        with FakeServer(cut, b"") as server:
            result = self.run_kvs("snapshot", "save", self.file, "--server", server.address, "--timeout", "1s", code=124)
        self.assertIn("no answer in time", result.stderr)
        self.assertEqual((self.written(), os.listdir(self.directory)), (b"old", ["kvs.snapshot"]))

    def test_another_answer_is_no_snapshot(self):
        for response, code in ((answer(200, "{}"), 9), (problem(503, "starting", "wait"), 5),
                               (problem(403, "forbidden", "no"), 7)):
            self.save(response, code=code)
            self.assertEqual(os.listdir(self.directory), [])

    def test_a_file_that_cannot_be_written_is_named(self):
        target = os.path.join(self.directory, "no", "where")
        self.assertIn(target, self.save(whole(self.snapshot), code=1, target=target).stderr)

    # inspect

    def test_a_snapshot_tells_what_is_in_it(self):
        self.put_file()
        said = json.loads(self.run_kvs("snapshot", "inspect", self.file).stdout)
        self.assertEqual((said["keys"], said["revision"], said["log_id"], said["bytes"]),
                         (3, self.revision, self.log_id, len(self.snapshot)))
        self.assertRegex(said["time"], r"^\d{4}-\d\d-\d\dT")
        self.assertRegex(self.run_kvs("snapshot", "inspect", self.file, "-o", "table").stdout, r"(?m)^keys +3$")

    def test_damage_anywhere_is_found(self):
        for place in (0, 20, 70, len(self.snapshot) // 2, len(self.snapshot) - 1):
            damaged = bytearray(self.snapshot)
            damaged[place] ^= 1
            self.put_file(damaged)
            self.assertIn(self.file, self.run_kvs("snapshot", "inspect", self.file, code=9).stderr, place)
        self.put_file(self.snapshot[:-1])
        self.run_kvs("snapshot", "inspect", self.file, code=9)
        self.run_kvs("snapshot", "inspect", self.file + "-none", code=1)

    # restore

    def test_a_restored_directory_is_served_under_a_new_log_id(self):
        self.put_file()
        said = json.loads(self.run_kvs("snapshot", "restore", self.file, "--data-dir", self.data_dir).stdout)
        begin = self.revision + 1_000_000_000
        self.assertEqual((said["keys"], said["revision"], said["restored_revision"], said["restored_log_id"]),
                         (3, begin, self.revision, self.log_id))
        self.assertNotEqual(said["log_id"], self.log_id)
        with Server(data_dir=self.data_dir) as server:
            self.assertEqual(server.request("GET", "/v1/status").json()["log_id"], said["log_id"])
            city = server.request("GET", "/v1/kv/City")
            self.assertEqual((city.body, city.header("Content-Type")), (b"Ahmedabad", "text/x-city"))
            self.assertEqual(int(city.header("Kvs-Revision")), begin)
            self.assertEqual(server.put("New", "v"), begin + 1)
            server.stop()
            server.start()
            self.assertEqual(server.request("GET", "/v1/kv/New").body, b"v")

    def test_no_number_given_after_the_snapshot_is_given_again(self):
        self.put_file()
        self.run_kvs("snapshot", "restore", self.file, "--data-dir", self.data_dir)
        kept = self.revision + 1  # of a change that is not in the snapshot, and may have been any
        with Server(data_dir=self.data_dir) as server:
            changed = server.put("City", "Pune")
            lost = server.request("PUT", "/v1/kv/City", {"If-Match": '"%d"' % kept}, b"mine")
            self.assertEqual((lost.status, lost.json()["code"]), (412, "condition_failed"))
            self.assertEqual(server.request("GET", "/v1/kv/City?revision=%d" % kept).json()["code"], "compacted")
            watch = Stream(server.address, "since=%d" % kept)
            self.addCleanup(watch.close)
            events = watch.until("synced")
            self.assertEqual([event["op"] for event in events], ["reset", "set", "set", "set", "synced"])
            self.assertEqual([event["revision"] for event in events if event.get("key") == "City"], [changed])

    def test_the_revision_may_go_on_where_the_snapshot_ends(self):
        self.put_file()
        said = json.loads(self.run_kvs("snapshot", "restore", self.file, "--data-dir", self.data_dir, "--raise-revision", "0")
                          .stdout)
        self.assertEqual((said["revision"], said["restored_revision"]), (self.revision, self.revision))
        with Server(data_dir=self.data_dir) as server:
            self.assertEqual(server.put("New", "v"), self.revision + 1)

    def test_a_revision_too_large_is_refused(self):
        self.put_file()
        failed = self.run_kvs("snapshot", "restore", self.file, "--data-dir", self.data_dir,
                              "--raise-revision", str(2**53 - 1), code=1)
        self.assertIn("give a smaller --raise-revision", failed.stderr)
        self.assertFalse(os.path.exists(self.data_dir))

    def test_only_an_empty_directory_is_filled(self):
        self.put_file()
        os.mkdir(self.data_dir)
        self.run_kvs("snapshot", "restore", self.file, "--data-dir", self.data_dir)
        before = sorted(os.listdir(self.data_dir))
        self.assertIn("is not empty", self.run_kvs("snapshot", "restore", self.file, "--data-dir", self.data_dir,
                                                   code=1).stderr)
        self.assertEqual(sorted(os.listdir(self.data_dir)), before)
        self.assertIn("no directory", self.run_kvs("snapshot", "restore", self.file, "--data-dir", self.file, code=1).stderr)

    def test_a_damaged_snapshot_is_not_restored(self):
        self.put_file(self.snapshot[:-1])
        self.run_kvs("snapshot", "restore", self.file, "--data-dir", self.data_dir, code=9)
        self.assertFalse(os.path.exists(self.data_dir))

    def test_the_directory_is_named(self):
        self.put_file()
        self.assertIn("--data-dir", self.run_kvs("snapshot", "restore", self.file, code=2).stderr)
        self.run_kvs("snapshot", "restore", code=2)
        self.run_kvs("snapshot", "inspect", self.file, self.file, code=2)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The data directory of a server: where it may be, full disks, another user's, damage."""
import contextlib
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile

from kvs_harness import *


class DataDirectoryTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="kvs-e2e-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.data = self.directory / "data"

    def serve(self, *flags, **kw):
        server = Server(*flags, data_dir=self.data, **kw)
        self.addCleanup(server.remove)
        return server

    def refused(self, code, *expected, wrapper=()):
        """`kvs serve` on the directory must end by itself, and say these words."""
        ended, stderr = run("serve", "--listen", "127.0.0.1:0", "--data-dir", str(self.data), wrapper=wrapper)
        self.assertEqual(ended, code, stderr)
        for words in expected:
            self.assertIn(words, stderr)
        return stderr

    def refuses_writes_and_loses_nothing(self, server, make_room):
        """Writes until there is no room, restarts with room, and looks for everything that was acknowledged."""
        acknowledged = {}
        with server.connect() as connection:
            for number in range(1000):
                answer = connection.request("PUT", "/v1/kv/k%d" % number, body=b"%d" % number + b"x" * 10000)
                if answer.status != 201:
                    break
                acknowledged["k%d" % number] = answer.json()["revision"]
            self.assertEqual(answer.status, 507, repr(answer))
            self.assertEqual(answer.json()["code"], "out_of_space")
            self.assertGreater(len(acknowledged), 10)
            self.assertEqual(connection.request("GET", "/v1/kv/k0").status, 200)
            self.assertEqual(connection.request("GET", "/livez").status, 200)
        server.terminate()
        server.process.wait()
        make_room()
        server.start()
        events = server.state()
        self.assertEqual({event["key"]: event["revision"] for event in events}, acknowledged)
        self.assertGreater(server.put("after", "v"), max(acknowledged.values()))
        server.stop()


class DataDirectory(DataDirectoryTest):
    def test_a_place_that_cannot_hold_data_is_refused_before_anything_is_opened(self):
        self.data.write_text("a file")
        stderr = self.refused(1, f"--data-dir: {self.data} is no directory. Name another directory, or make this one fit")
        self.assertNotIn("listening", stderr)
        file, self.data = self.data, self.data / "below"
        self.refused(1, f"--data-dir: {self.data} cannot be made: {file} is no directory. Name another directory")
        os.chmod(self.directory, 0o755)
        (self.directory / "closed").mkdir(mode=0o555)
        self.data = self.directory / "closed" / "data"
        closed = self.data.parent
        nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups") if os.geteuid() == 0 else ()
        user = 65534 if nobody else os.geteuid()
        self.refused(1, f"--data-dir: {self.data} cannot be made: {closed} cannot be written to by this user ({user}). Name "
                        f"another directory, or make this one fit: chown {user} {closed}", wrapper=nobody)

    def test_a_place_that_holds_something_else_is_left_alone(self):
        self.data.mkdir()
        for name in ("hosts", "half.tmp"):  # of a name as our own unfinished files have
            (self.data / name).write_text("precious")
        stderr = self.refused(1, f"{self.data} holds other things (")
        self.assertIn("and no data of kvs. Name another directory", stderr)
        self.assertEqual(sorted(os.listdir(self.data)), ["half.tmp", "hosts"])
        for name in ("hosts", "half.tmp"):
            (self.data / name).unlink()
        for name in ("lost+found", ".hidden"):
            (self.data / name).mkdir()
        self.serve().stop()

    def test_who_reads_the_log_sees_that_listening_is_not_ready(self):
        server = self.serve()
        server.stop()
        words = re.findall(r'msg="?(listening|loading|ready)\b', server.stderr)
        self.assertEqual(words, ["listening", "loading", "ready"])

    def test_it_is_made_with_its_parents_for_its_owner_only(self):
        self.data = self.directory / "a" / "b"
        server = self.serve()
        server.put("k", "v")
        server.stop()
        self.assertEqual(self.data.stat().st_mode & 0o777, 0o700)
        for path in self.data.iterdir():
            self.assertEqual(path.stat().st_mode & 0o777, 0o600 if path.is_file() else 0o700, path)

    def test_everything_is_kept_over_restarts(self):
        server = self.serve()
        revisions = {"k%d" % number: server.put("k%d" % number, "%d" % number) for number in range(100)}
        server.request("DELETE", "/v1/kv/k7")
        log_id = server.request("GET", "/livez").header("Kvs-Log-Id")
        for end in (server.stop, server.kill, server.kill, server.stop):
            end()
            server.start()
            events = server.state()
            self.assertEqual({event["key"]: event["revision"] for event in events},
                             {key: revision for key, revision in revisions.items() if key != "k7"})
            self.assertEqual(server.request("GET", "/livez").header("Kvs-Log-Id"), log_id)
            revisions["k3"] = server.put("k3", "again")
            self.assertEqual(revisions["k3"], max(revisions.values()))

    def test_ephemeral_keeps_nothing(self):
        server = self.serve("--ephemeral")
        server.put("k", "v")
        log_id = server.request("GET", "/livez").header("Kvs-Log-Id")
        server.stop()
        server.start()
        self.assertEqual(server.request("GET", "/v1/kv/k").status, 404)
        self.assertNotEqual(server.request("GET", "/livez").header("Kvs-Log-Id"), log_id)

    def test_a_directory_in_use_is_refused(self):
        server = self.serve()
        self.refused(1, str(self.data))
        self.assertEqual(server.put("k", "v"), server.request("GET", "/v1/kv/k").revision)
        server.kill()
        server.start()  # a killed process holds no lock

    def test_a_path_that_is_no_directory_is_refused(self):
        self.data.write_text("a file")
        self.refused(1, str(self.data))
        self.assertEqual(self.data.read_text(), "a file")

    def test_a_read_only_directory_is_refused(self):
        with self.read_only():
            self.refused(1, str(self.data))

    @contextlib.contextmanager
    def read_only(self):
        """Root writes past file modes, so for root it takes a read-only file system."""
        self.data.mkdir()
        if os.geteuid() == 0:
            with mounted(self, self.data, "ro,size=1m"):
                yield
        else:
            self.data.chmod(0o500)
            yield
            self.data.chmod(0o700)

    def test_a_full_disk_refuses_writes_and_loses_nothing(self):
        self.data.mkdir()
        with contextlib.ExitStack() as stack:
            if os.geteuid() == 0:
                stack.enter_context(mounted(self, self.data, "size=2m"))
                server = self.serve()
                make_room = lambda: enlarge(self.data)
            else:
                server = self.serve(wrapper=SMALL_FILES)
                make_room = server.wrapper.clear
            stack.callback(server.remove)
            self.refuses_writes_and_loses_nothing(server, make_room)

    def test_a_full_disk_at_the_start_is_named(self):
        if os.geteuid() != 0:
            self.skipTest("needs to mount a small file system")
        self.data.mkdir()
        with mounted(self, self.data, "size=64k"):
            with contextlib.suppress(OSError):
                (self.data / "ballast").write_bytes(b"x" * 65536)
            self.refused(1, str(self.data))


class OfAnotherUser(DataDirectoryTest):
    """Root may write everywhere; a service runs as somebody who may not. Whoever is not root has seen that above."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root can run the server as another user")
        if not shutil.which("setpriv"):
            self.skipTest("needs setpriv")
        self.user = pwd.getpwnam("nobody")
        self.wrapper = ["setpriv", "--reuid=%d" % self.user.pw_uid, "--regid=%d" % self.user.pw_gid, "--clear-groups"]
        if subprocess.run(self.wrapper + [BINARY, "version"], capture_output=True, check=False).returncode:
            self.skipTest("the binary is where another user may not run it")
        self.give(self.directory)

    def give(self, path, mode=0o700):
        os.chown(path, self.user.pw_uid, self.user.pw_gid)
        path.chmod(mode)

    def test_it_is_made_and_used_without_being_root(self):
        server = self.serve(wrapper=self.wrapper)
        server.put("k", "v")
        server.stop()
        for path in [self.data, *self.data.iterdir()]:
            self.assertEqual((path.stat().st_uid, path.stat().st_gid), (self.user.pw_uid, self.user.pw_gid), path)

    def test_what_root_repairs_is_still_that_users(self):
        server = self.serve(wrapper=self.wrapper)
        for number in range(3):
            server.put("k%d" % number, "v%d" % number)
        server.kill()
        journal = self.data / "journal-0000000001"
        journal.write_bytes(journal.read_bytes().replace(b"v1", b"w1"))
        self.assertEqual(run("repair", "--data-dir", str(self.data), "--yes")[0], 0)
        for path in filter(pathlib.Path.is_file, self.data.iterdir()):
            self.assertEqual((path.stat().st_uid, path.stat().st_gid), (self.user.pw_uid, self.user.pw_gid), path)
        server.start()
        self.assertEqual(server.request("GET", "/v1/kv/k0").body, b"v0")

    def test_what_root_restores_is_for_the_directorys_user(self):
        server = self.serve(wrapper=self.wrapper)
        server.put("k", "v")
        saved = self.directory / "saved"
        env = {"KVS_SERVER": "127.0.0.1:%d" % server.port}
        self.assertEqual(run("snapshot", "save", str(saved), env=env)[0], 0)
        self.assertEqual(saved.stat().st_uid, 0)  # what root exports is root's
        server.stop()
        shutil.rmtree(self.data)
        self.data.mkdir()
        self.give(self.data)
        self.assertEqual(run("snapshot", "restore", str(saved), "--data-dir", str(self.data))[0], 0)
        server.start()
        self.assertEqual(server.request("GET", "/v1/kv/k").body, b"v")

    def test_root_gives_nobody_what_a_link_leads_to(self):
        server = self.serve(wrapper=self.wrapper)
        server.stop()
        other = self.directory / "other"
        other.write_bytes(b"of root")
        (self.data / "lock").unlink()
        (self.data / "lock").symlink_to(other)
        code, stderr = run("repair", "--data-dir", str(self.data), "--yes")
        self.assertEqual(code, 1, stderr)
        self.assertEqual((other.read_bytes(), other.stat().st_uid), (b"of root", 0))

    def test_a_read_only_directory_is_refused(self):
        self.data.mkdir()
        self.give(self.data, 0o500)
        self.refused(1, str(self.data), wrapper=self.wrapper)

    def test_a_directory_that_cannot_be_made_is_refused(self):
        self.give(self.directory, 0o500)
        self.refused(1, str(self.data), wrapper=self.wrapper)
        self.assertFalse(self.data.exists())

    def test_a_directory_of_somebody_else_is_refused(self):
        server = self.serve()
        server.put("k", "v")
        server.stop()
        before = {path: path.read_bytes() for path in self.data.iterdir()}
        self.refused(1, str(self.data), wrapper=self.wrapper)
        self.assertEqual({path: path.read_bytes() for path in self.data.iterdir()}, before)

    def test_a_directory_that_became_read_only_is_refused_and_loses_nothing(self):
        server = self.serve(wrapper=self.wrapper)
        server.put("k", "v")
        server.stop()
        for path in [*self.data.iterdir(), self.data]:
            path.chmod(path.stat().st_mode & ~0o200)
        self.refused(1, str(self.data), wrapper=self.wrapper)
        for path in [self.data, *self.data.iterdir()]:
            path.chmod(path.stat().st_mode | 0o200)
        server.start()
        self.assertEqual(server.request("GET", "/v1/kv/k").body, b"v")
        server.stop()

    def test_a_full_disk_refuses_writes_and_loses_nothing(self):
        self.data.mkdir()
        options = "size=2m,mode=700,uid=%d,gid=%d" % (self.user.pw_uid, self.user.pw_gid)
        with mounted(self, self.data, options):
            self.refuses_writes_and_loses_nothing(self.serve(wrapper=self.wrapper), lambda: enlarge(self.data))

    def test_files_that_may_not_grow_refuse_writes_and_lose_nothing(self):
        server = self.serve(wrapper=SMALL_FILES + self.wrapper)
        self.refuses_writes_and_loses_nothing(server, lambda: setattr(server, "wrapper", self.wrapper))


def crc32c(data):
    """The checksum of the data files (Castagnoli), bit by bit."""
    value = 0xffffffff
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82f63b78 if value & 1 else 0)
    return value ^ 0xffffffff


class DamagedData(DataDirectoryTest):
    """Data files begin with a header of 64 bytes: magic:8, 4 bytes with the version, crc32c:u32 …; the checksum covers it all."""

    def filled(self, end):
        """Ten keys, value-0 to value-9; the revision of each."""
        server = self.serve()
        revisions = [server.put("k%d" % number, "value-%d" % number) for number in range(10)]
        end(server)
        return server, revisions

    def files(self, magic):
        found = [path for path in self.data.iterdir() if path.is_file() and path.read_bytes()[:8] == magic]
        self.assertTrue(found, list(self.data.iterdir()))
        return sorted(found)

    def spoil(self, path, text):
        """Turns a bit in `text`, wherever it stands in the file, and returns the offset."""
        data = bytearray(path.read_bytes())
        self.assertEqual(data.count(text), 1)
        offset = data.index(text)
        data[offset] ^= 1
        path.write_bytes(data)
        return offset

    def test_damage_in_the_middle_is_refused_with_file_and_offset(self):
        self.filled(Server.kill)
        path, = [path for path in self.files(b"kvs jrnl") if b"value-3" in path.read_bytes()]
        before = {file: file.read_bytes() for file in self.data.iterdir()}
        before[path] = None
        spoiled = self.spoil(path, b"value-3")
        stderr = self.refused(9, path.name)
        offset = int(re.search(r"offset (\d+)", stderr).group(1))
        self.assertLessEqual(offset, spoiled)
        self.assertGreater(offset, spoiled - 200)
        self.refused(9, path.name)  # and nothing was repaired behind our back
        for file, data in before.items():
            if data is not None and data[:4] == b"kvs ":
                self.assertEqual(file.read_bytes(), data)

    def test_a_torn_tail_is_cut_and_logged(self):
        server, revisions = self.filled(Server.kill)
        path, = [path for path in self.files(b"kvs jrnl") if b"value-9" in path.read_bytes()]
        self.spoil(path, b"value-9")
        server.start()
        self.assertRegex(server.stderr, "(?i)torn|cut")
        self.assertEqual(server.request("GET", "/v1/kv/k9").status, 404)
        self.assertEqual(server.request("GET", "/v1/kv/k8").body, b"value-8")
        self.assertGreater(server.put("k9", "again"), revisions[8])
        server.kill()
        server.start()
        self.assertEqual(server.request("GET", "/v1/kv/k9").body, b"again")
        server.stop()

    def test_a_damaged_snapshot_is_passed_over(self):
        server, revisions = self.filled(Server.stop)
        self.spoil(self.files(b"kvs snap")[-1], b"value-3")
        server.start()
        events = server.state()
        self.assertEqual([event["revision"] for event in events], revisions)
        server.stop()

    def test_a_newer_format_is_refused(self):
        for magic, end in ((b"kvs jrnl", Server.kill), (b"kvs snap", Server.stop)):
            with self.subTest(magic):
                self.data = self.directory / magic.decode().replace(" ", "-")
                self.filled(end)
                paths = self.files(magic)
                for path in paths:
                    data = bytearray(path.read_bytes())
                    data[8:16] = (int.from_bytes(data[8:12], "little") + 1).to_bytes(4, "little") + bytes(4)
                    data[12:16] = crc32c(data[:64]).to_bytes(4, "little")
                    path.write_bytes(data)
                stderr = self.refused(9, paths[-1].name)
                self.assertIn("newer", stderr)


# Files of at most 2 MiB, and a write beyond is an error and not the end.
SMALL_FILES = ["sh", "-c", "trap '' XFSZ; ulimit -f 4096; exec \"$@\"", "sh"]


def enlarge(path):
    subprocess.run(["mount", "-o", "remount,size=64m", str(path)], check=True)


@contextlib.contextmanager
def mounted(test, path, options):
    """A small file system of its own; the test is skipped where that is not allowed."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], capture_output=True, check=False)
    if done.returncode != 0:
        test.skipTest("cannot mount a file system here: " + done.stderr.decode().strip())
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


if __name__ == "__main__":
    main()

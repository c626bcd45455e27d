#!/usr/bin/env python3
"""kvs doctor without Kafka: the machine and the server."""
import json
import os
import subprocess
import tempfile

from kvs_cli import kvs
from kvs_harness import *


class Doctor(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="kvs-doctor-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def doctor(self, *flags, code=0, **kw):
        result = kvs("doctor", "--listen", "127.0.0.1:0", *flags, **kw)
        self.assertEqual(result.code, code, result)
        return {found["name"]: found for found in map(json.loads, result.stdout.splitlines())}

    def test_it_looks_at_the_data_directory_and_makes_none(self):
        wanted = os.path.join(self.directory, "a", "b")
        found = self.doctor("--data-dir", wanted)
        self.assertEqual(found["data directory"]["found"], wanted + " will be made")
        self.assertEqual(found["disk space"]["level"], "ok")
        self.assertEqual(os.listdir(self.directory), [])

    def test_a_directory_that_is_none_is_a_failure(self):
        file = os.path.join(self.directory, "file")
        with open(file, "w", encoding="ascii"):
            pass
        self.assertEqual(self.doctor("--data-dir", file, code=1)["data directory"]["level"], "fail")

    def test_too_little_space_is_told(self):
        found = self.doctor("--data-dir", self.directory, "--history-bytes", "1000TiB")
        self.assertEqual(found["disk space"]["level"], "warn")
        self.assertIn("--history-bytes", found["disk space"]["repair"])

    def test_too_few_files_are_told(self):
        found = self.doctor("--ephemeral", "--max-connections", "1000000")
        self.assertEqual(found["open files"]["level"], "warn")
        self.assertIn("LimitNOFILE=1000064", found["open files"]["repair"])

    def test_others_in_the_data_directory_are_told(self):
        os.chmod(self.directory, 0o755)
        result = kvs("doctor", "--listen", "127.0.0.1:0", "--data-dir", self.directory, "-o", "table")
        self.assertRegex(result.stdout, r"(?m)^warn +data directory .*\n +chmod 700 ")

    def test_the_files_of_who_may_come_in_are_read(self):
        auth = os.path.join(self.directory, "auth")
        found = self.doctor("--ephemeral", "--auth-file", auth, code=1)["auth file"]
        self.assertEqual((found["level"], auth in found["found"]), ("fail", True))
        with open(auth, "w", encoding="ascii") as file:
            file.write("anna - read\nbert - admin\n")
        os.chmod(auth, 0o600)
        self.assertEqual(self.doctor("--ephemeral", "--auth-file", auth)["auth file"]["found"], auth + " names 2 holders")
        with open(auth, "a", encoding="ascii") as file:
            file.write("carl - king\n")
        self.assertIn(auth + ":3", self.doctor("--ephemeral", "--auth-file", auth, code=1)["auth file"]["found"])

    def test_the_certificate_is_read(self):
        certificate, key = os.path.join(self.directory, "cert"), os.path.join(self.directory, "key")
        files = ("--ephemeral", "--tls-cert", certificate, "--tls-key", key)
        for days, level in ((365, "ok"), (20, "warn")):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                            "/CN=x", "-days", str(days), "-keyout", key, "-out", certificate], check=True, capture_output=True)
            self.assertEqual(self.doctor(*files)["certificate"]["level"], level)
        subprocess.run(["openssl", "ec", "-aes256", "-passout", "pass:x", "-in", key, "-out", key + ".secret"], check=True,
                       capture_output=True)
        os.chmod(key + ".secret", 0o600)
        found = self.doctor(*files[:-1], key + ".secret", code=1)["certificate"]["found"]
        self.assertEqual(found, "the TLS key " + key + ".secret is encrypted: give one without a pass phrase")
        found = self.doctor("--ephemeral", "--tls-cert", key, "--tls-key", key, code=1)["certificate"]["found"]
        self.assertEqual(found, "cannot read the TLS certificate " + key + ": there is none in it, in PEM form")
        os.remove(key)
        found = self.doctor(*files, code=1)["certificate"]
        self.assertEqual((found["level"], key in found["found"]), ("fail", True))

    def test_the_settings_of_the_file_and_the_environment_count(self):
        file = os.path.join(self.directory, "kvs.conf")
        with open(file, "w", encoding="ascii") as config:
            config.write("max-connections = 1000000\nephemeral\n")
        self.assertEqual(self.doctor("--config", file)["open files"]["level"], "warn")
        self.assertEqual(self.doctor("--ephemeral", env={"KVS_MAX_CONNECTIONS": "1000000"})["open files"]["level"], "warn")

    def test_wrong_settings_are_a_usage_error(self):
        self.doctor("--threads", "0", code=2)

    def test_a_running_server_is_asked(self):
        with Server() as server:
            url = "127.0.0.1:%d" % server.port
            self.assertEqual(self.doctor("--ephemeral", "--server", url)["server"]["level"], "ok")
        self.assertEqual(self.doctor("--ephemeral", "--server", url, code=1)["server"]["level"], "fail")

    def test_a_server_that_was_not_named_need_not_run(self):
        result = kvs("doctor", "--ephemeral", "--listen", "unix:" + os.path.join(self.directory, "s"))
        self.assertIn("none runs at unix:", result.stdout)
        self.assertEqual(result.code, 0)

    def test_quiet_shows_only_what_is_wrong(self):
        result = kvs("doctor", "-q", "-o", "table", "--ephemeral", "--listen", "127.0.0.1:0", "--max-connections", "1000000")
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()][0], "warn")
        self.assertNotIn("\nok", "\n" + result.stdout)


if __name__ == "__main__":
    main()

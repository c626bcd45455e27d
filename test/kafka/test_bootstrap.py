#!/usr/bin/env python3
"""--bootstrap-from an instance that lets nobody in without TLS and a token."""
import os
import tempfile

from kafka_commands import *
from kafka_harness import *
from kvs_authority import Authority
from kvs_cli import kvs


class Guarded(CommandTest):
    """The peer also listens on a local socket, in the clear, for the test itself."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="kvs-bootstrap-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.ca = Authority(self.directory)
        certificate, key = self.ca.issue("server", "DNS:localhost")
        holders = [self.token(name, name) for name in ("admin", "read")]
        self.bearer = {"Authorization": "Bearer " + holders[0][0]}
        with open(self.path("auth"), "w", encoding="utf-8", opener=self.private) as file:
            file.writelines(line for _, line in holders)
        self.peer = self.instance("--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key, "--auth-file",
                                  self.path("auth"), listen="unix:" + self.path("socket"))
        port = self.peer.process.wait_line(r"\blistening\b.*https://[^ ]*:(\d+)").group(1)
        self.url = f"https://localhost:{port}"
        self.peer.put("old", "v", self.bearer)
        newest = self.peer.put("k", "newest", self.bearer)
        self.cluster.trim(self.name(), newest)  # nobody comes in by the topic alone any more

    def path(self, name):
        return os.path.join(self.directory, name)

    @staticmethod
    def private(path, flags):
        return os.open(path, flags, 0o600)

    def token(self, name, role):
        """(a new token, its line for the auth file); the token is in a file of its name, too."""
        code, token, line = kvs("token", "create", name, role)
        self.assertEqual(code, 0, line)
        with open(self.path(name), "w", encoding="utf-8", opener=self.private) as file:
            file.write(token)
        return token.strip(), line

    def late(self, *flags):
        return self.instance("--bootstrap-from", self.url, *flags, name="late", wait="")

    def refused(self, *flags):
        late = self.late(*flags)
        self.assertEqual(late.process.wait(), 1, late.stderr)
        self.assertIn(f"no snapshot (--bootstrap-from {self.url}): ", late.stderr)
        self.assertEqual([name for name in os.listdir(late.data_dir) if name.startswith("snapshot-")], [])
        return late.stderr

    def test_an_admins_token_and_a_certificate_to_trust_bring_it_in(self):
        late = self.late("--cacert", self.ca.path("pem"), "--token-file", self.path("admin"))
        late.process.wait_line("got a snapshot")
        again = late.process.wait_line(r"\blistening\b.*:(\d+)$", count=2)
        late.address = ("127.0.0.1", int(again.group(1)))
        late.wait_ready()
        self.assertEqual([(event["key"], event["value"]) for event in late.state()], [("k", "newest"), ("old", "v")])
        late.stop()
        self.peer.stop()

    def test_without_a_token_it_is_told_how_to_give_one(self):
        self.assertIn("--token-file FILE", self.refused("--cacert", self.ca.path("pem")))

    def test_a_token_that_does_not_do_is_told_what_is_missing(self):
        said = self.refused("--cacert", self.ca.path("pem"), "--token-file", self.path("read"))
        self.assertIn("read may not take snapshots, which only an admin may", said)

    def test_a_certificate_that_nobody_vouches_for_is_told_how_to_trust_it(self):
        self.assertIn("--cacert FILE", self.refused("--token-file", self.path("admin")))


class Flags(CommandTest):
    def test_a_token_file_that_is_not_there_is_told_before_anything_is_done(self):
        self.instance().stop()
        late = self.instance("--bootstrap-from", "127.0.0.1:1", "--token-file", "/nonexistent/token", name="late", wait="")
        self.assertEqual(late.process.wait(), 2, late.stderr)
        self.assertIn("cannot read /nonexistent/token: No such file or directory", late.stderr)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""TLS: certificates of server and client, what is refused, and new certificates without a restart."""
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import time

from kvs_authority import Authority
from kvs_cli import CommandTest, kvs
from kvs_harness import *
from kvs_metrics import ON_KAFKA, Scrape, contract_without
from kvs_server import start_kept


class Encrypted(CommandTest):
    more_flags = ()

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.directory = directory.name
        cls.ca = Authority(cls.directory)
        cls.certificate, cls.key = cls.ca.issue("server", "DNS:localhost")
        cls.server = Server("--tls-cert", cls.certificate, "--tls-key", cls.key, *cls.more_flags, wait="listening")
        cls.addClassCleanup(cls.server.remove)
        cls.server.process.wait_line("msg=ready")

    def context(self, **versions):
        context = ssl.create_default_context(cafile=self.ca.path("pem"))
        for name, value in versions.items():
            setattr(context, name, value)
        return context

    def https(self, context=None):
        connection = http.client.HTTPSConnection("localhost", self.server.port, timeout=TIMEOUT, context=context or self.context())
        self.addCleanup(connection.close)
        return connection

    def fetch(self, method, target, body=None, context=None):
        connection = self.https(context)
        connection.request(method, target, body)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def tls_kvs(self, *arguments, ca=True):
        flags = ("--cacert", self.ca.path("pem")) if ca else ()
        return kvs(*arguments, "--server", "https://localhost:%d" % self.server.port, *flags)


class Server_certificates(Encrypted):
    def test_values_of_every_size_come_and_go(self):
        for size in (0, 1, 16 * 1024, 1 << 20):
            value = os.urandom(size)
            self.assertEqual(self.fetch("PUT", "/v1/kv/big", value)[0] // 100, 2)
            self.assertEqual(self.fetch("GET", "/v1/kv/big"), (200, value))

    def test_a_connection_is_kept_alive_and_pipelined(self):
        connection = self.context().wrap_socket(socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT), server_hostname="localhost")
        self.addCleanup(connection.close)
        connection.sendall(request_bytes("PUT", "/v1/kv/p", body="1") + request_bytes("GET", "/v1/kv/p") * 20)
        got = b""
        while got.count(b"HTTP/1.1 200 OK") < 20:
            piece = connection.recv(65536)
            self.assertTrue(piece, got[-500:])
            got += piece
        self.assertEqual(got.count(b"\r\n\r\n1"), 20)

    def test_only_what_is_safe_is_spoken(self):
        with socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT) as plain:
            with self.context().wrap_socket(plain, server_hostname="localhost") as secure:
                self.assertEqual(secure.version(), "TLSv1.3")
                self.assertIsNone(secure.compression())
        two = self.context(maximum_version=ssl.TLSVersion.TLSv1_2)
        with socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT) as plain:
            with two.wrap_socket(plain, server_hostname="localhost") as secure:
                self.assertRegex(secure.cipher()[0], "^ECDHE-.*(GCM|POLY1305)")
        old = self.context(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        weak = self.context(maximum_version=ssl.TLSVersion.TLSv1_2)
        weak.set_ciphers("AES128-SHA:ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0")
        for context in (old, weak):
            with self.assertRaises((ssl.SSLError, ConnectionResetError)):
                self.fetch("GET", "/livez", context=context)

    def s_client(self, *flags, said=b"", until):
        """What openssl s_client has to say, up to a line that `until` is found in."""
        command = ["openssl", "s_client", "-connect", "127.0.0.1:%d" % self.server.port, "-servername", "localhost",
                   "-CAfile", self.ca.path("pem"), *flags]
        process = start_kept(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        with process, process.stdin, process.stdout:
            try:
                process.stdin.write(said)
                process.stdin.flush()
                text = b""
                for line in process.stdout:
                    text += line
                    if re.search(until, line):
                        break
                return text.decode()
            finally:
                process.kill()

    def test_nothing_is_taken_before_the_handshake_is_over(self):
        with tempfile.TemporaryDirectory() as directory:
            session, early = os.path.join(directory, "session"), os.path.join(directory, "early")
            ask = request_bytes("GET", "/livez", {"Connection": "close"})
            self.s_client("-tls1_3", "-sess_out", session, said=ask, until=rb"^ok$")
            ticket = subprocess.run(["openssl", "sess_id", "-in", session, "-noout", "-text"], check=True, capture_output=True)
            self.assertRegex(ticket.stdout, rb"(?s)TLS session ticket:.*Max Early Data: 0\n")
            with open(early, "wb") as file:
                file.write(request_bytes("PUT", "/v1/kv/early", body="v"))
            second = self.s_client("-tls1_3", "-sess_in", session, "-early_data", early, said=ask, until=rb"^ok$")
            self.assertIn("Reused, TLSv1.3", second)
            self.assertIn("Early data was not sent", second)
        self.assertEqual(self.fetch("GET", "/v1/kv/early")[0], 404)

    def test_a_client_that_wants_to_renegotiate_is_left(self):
        text = self.s_client("-tls1_2", said=b"R\n", until=rb"renegotiation:")
        self.assertRegex(text, "(?s)RENEGOTIATING.*no renegotiation")
        self.assertEqual(self.fetch("GET", "/livez"), (200, b"ok\n"))

    def test_plain_http_is_told_where_it_is(self):
        connection = self.server.connect()
        self.addCleanup(connection.close)
        answer = connection.request("GET", "/v1/kv/a")
        self.assertEqual((answer.status, answer.body), (400, b"this port speaks TLS: use https:// instead of http\n"))

    def test_commands_trust_the_given_authority_only(self):
        self.assertEqual(self.tls_kvs("set", "City", "Surat")[0], 0)
        self.assertEqual(self.tls_kvs("get", "City"), (0, "Surat", ""))
        code, out, err = self.tls_kvs("get", "City", ca=False)
        self.assertEqual((code, out), (5, ""))
        self.assertIn("--cacert FILE", err)
        other = Authority(self.directory, "other")
        code, _, err = kvs("get", "City", "--server", "https://localhost:%d" % self.server.port, "--cacert", other.path("pem"))
        self.assertEqual(code, 5, err)

    def test_the_name_in_the_certificate_counts(self):
        code, _, err = kvs("get", "City", "--server", "https://127.0.0.1:%d" % self.server.port, "--cacert", self.ca.path("pem"))
        self.assertEqual(code, 5)
        self.assertRegex(err, "TLS: .*(mismatch|IP address)")

    def test_commands_watch_by_tls(self):
        self.assertEqual(self.tls_kvs("set", "w", "1")[0], 0)
        code, out, _ = self.tls_kvs("watch", "w", "--since", "0", "--count", "1")
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(out.splitlines()[0])["key"], "w")

    def test_a_stream_is_sent_whole(self):
        for number in range(300):
            connection = self.https() if number == 0 else connection
            connection.request("PUT", "/v1/kv/s/%03d" % number, "x" * 2000)
            connection.getresponse().read()
        connection.request("GET", "/v1/kv?prefix=s/", headers={"Accept": "application/x-ndjson"})
        self.assertEqual(len(connection.getresponse().read().splitlines()), 300)


class Renewal(Encrypted):
    def serial(self, connection):
        return connection.getpeercert()["serialNumber"]

    def test_a_new_certificate_is_shown_without_a_restart(self):
        old = self.context().wrap_socket(socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT), server_hostname="localhost")
        self.addCleanup(old.close)
        self.ca.issue("server", "DNS:localhost")
        self.server.process.signal(signal.SIGHUP)
        self.server.process.wait_line("settings read again")
        new = self.context().wrap_socket(socket.create_connection(("127.0.0.1", self.server.port), TIMEOUT), server_hostname="localhost")
        self.addCleanup(new.close)
        self.assertNotEqual(self.serial(old), self.serial(new))
        for connection in (old, new):
            connection.sendall(request_bytes("GET", "/livez"))
            self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 200 OK"))

    def test_a_broken_certificate_changes_nothing(self):
        with open(self.certificate, encoding="utf-8") as file:
            good = file.read()
        with open(self.certificate, "w", encoding="utf-8") as file:
            file.write("nonsense\n")
        self.server.process.signal(signal.SIGHUP)
        line = self.server.process.wait_line("level=error .*the certificate cannot be read again.*").group()
        self.assertIn(self.certificate, line)
        self.assertNotIn("settings read again", self.server.stderr)
        with open(self.certificate, "w", encoding="utf-8") as file:
            file.write(good)
        self.assertEqual(self.fetch("GET", "/livez"), (200, b"ok\n"))


class Expiry(Encrypted):
    DAY = 24 * 3600

    def issue(self, days):
        self.ca.issue("server", "DNS:localhost", days)

    def reload(self, count):
        self.server.process.signal(signal.SIGHUP)
        self.server.process.wait_line("settings read again", count=count)

    def told(self):
        """(level, time, message) of the log's last line on the certificate."""
        line = [line for line in self.server.stderr.splitlines() if "TLS certificate" in line][-1]
        level, message, time_text = re.search(r'level=(\w+) msg="([^"]*)" expires=(\S+)$', line).groups()
        return level, time_text, message

    def ends(self):
        return ssl.cert_time_to_seconds(ssl._ssl._test_decode_cert(self.certificate)["notAfter"])

    def figure(self):
        # Nobody trusts an expired one; who scrapes it all the same sees the figure.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        status, body = self.fetch("GET", "/metrics", context=context)
        self.assertEqual(status, 200)
        scrape = Scrape(body.decode())
        scrape.check(self, contract_without(ON_KAFKA))
        return scrape.value("kvs_tls_certificate_expiry_timestamp_seconds")

    def test_its_end_is_told_at_the_start_and_whenever_it_is_read_again(self):
        self.fetch("PUT", "/v1/kv/k", "v")
        self.assertEqual(self.told()[0], "warn")  # two days
        self.assertIn("expires soon", self.told()[2])
        at_start = self.figure()
        self.assertEqual(at_start, self.ends())
        for turn, (days, level, words) in enumerate(((31, "info", "TLS certificate"), (29, "warn", "send SIGHUP"),
                                                     (-1, "error", "has expired"), (400, "info", "TLS certificate"))):
            self.issue(days)
            self.reload(turn + 1)
            told, time_text, message = self.told()
            self.assertEqual(told, level, message)
            self.assertIn(words, message)
            self.assertEqual(self.figure(), self.ends())
            self.assertAlmostEqual(self.ends() - time.time(), days * self.DAY, delta=600)
            self.assertEqual(time_text, time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.ends())))

    def test_a_server_in_the_clear_has_none(self):
        with Server("--ephemeral") as server:
            self.assertNotIn(b"kvs_tls_", server.request("GET", "/metrics").body)
            self.assertNotIn("certificate", server.stderr)


class Revocation(Encrypted):
    @classmethod
    def setUpClass(cls):
        kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(kept.cleanup)
        cls.auth = os.path.join(kept.name, "auth")
        code, token, line = kvs("token", "create", "anna", "read")
        assert code == 0, line
        cls.bearer = {"Authorization": "Bearer " + token.strip()}
        cls.write(line)
        cls.more_flags = ("--auth-file", cls.auth)
        super().setUpClass()

    @classmethod
    def write(cls, line):
        with open(cls.auth, "w", encoding="utf-8") as file:
            file.write(line)
        os.chmod(cls.auth, 0o600)

    def status(self):
        connection = self.https()
        connection.request("GET", "/v1/status", headers=self.bearer)
        return connection.getresponse().status

    def test_a_broken_certificate_does_not_keep_a_revoked_token_alive(self):
        self.assertEqual(self.status(), 200)
        self.write("# nobody\n")
        with open(self.certificate, "w", encoding="utf-8") as file:
            file.write("nonsense\n")
        self.server.process.signal(signal.SIGHUP)
        self.server.process.wait_line("the certificate cannot be read again.*")
        self.assertEqual(self.status(), 401)


class Client_certificates(Encrypted):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as directory:
            clients = Authority(directory, "clients")
            auth = os.path.join(directory, "auth")
            with open(auth, "w", encoding="utf-8") as file:
                file.write("box.example - read write:box/\n")
            os.chmod(auth, 0o600)
            cls.box = clients.issue("box", "DNS:box.example,DNS:other.example")
            cls.stranger = clients.issue("stranger", "email:stranger@example.org")
            with open(clients.path("pem"), "rb") as file:
                authority = file.read()
            cls.kept = tempfile.TemporaryDirectory()
            cls.addClassCleanup(cls.kept.cleanup)
            kept = {}
            for name, path in (("box.pem", cls.box[0]), ("box.key", cls.box[1]), ("stranger.pem", cls.stranger[0]),
                               ("stranger.key", cls.stranger[1]), ("auth", auth)):
                with open(path, "rb") as file:
                    content = file.read()
                kept[name] = os.path.join(cls.kept.name, name)
                with open(kept[name], "wb") as file:
                    file.write(content)
                os.chmod(kept[name], 0o600)
            cls.box, cls.stranger = (kept["box.pem"], kept["box.key"]), (kept["stranger.pem"], kept["stranger.key"])
            ca_path = os.path.join(cls.kept.name, "clients.pem")
            with open(ca_path, "wb") as file:
                file.write(authority)
            cls.more_flags = ("--tls-client-ca", ca_path, "--auth-file", kept["auth"])
        super().setUpClass()

    def as_client(self, identity, *arguments):
        return self.tls_kvs(*arguments, "--cert", identity[0], "--key-file", identity[1])

    def test_the_first_name_of_the_certificate_is_the_holder(self):
        self.assertEqual(self.as_client(self.box, "set", "box/1", "v")[0], 0)
        self.assertEqual(self.as_client(self.box, "get", "box/1"), (0, "v", ""))
        code, _, err = self.as_client(self.box, "set", "other", "v")
        self.assertEqual((code, err), (7, "kvs: box.example may not write this key; ask for a token with that right\n"))

    def test_a_unit_passes_its_certificate_as_credentials(self):
        with tempfile.TemporaryDirectory() as credentials:
            for name, path in (("cert", self.box[0]), ("key-file", self.box[1]), ("cacert", self.ca.path("pem"))):
                os.symlink(path, os.path.join(credentials, name))
            unit = {"CREDENTIALS_DIRECTORY": credentials, "KVS_SERVER": "https://localhost:%d" % self.server.port}
            self.assertEqual(kvs("set", "box/unit", "v", env=unit).code, 0)
            self.assertEqual(kvs("exec", "--prefix", "box/unit", "--", "sh", "-c", "env | grep unit", env=unit)[:2],
                             (0, "box_unit=v\n"))
            os.remove(os.path.join(credentials, "key-file"))
            refused = kvs("get", "box/unit", env=unit)
            self.assertEqual((refused.code, refused.stdout), (2, ""))
            self.assertIn("CREDENTIALS_DIRECTORY: a certificate and its key go together", refused.stderr)

    def test_a_certificate_that_the_file_does_not_name_may_nothing(self):
        code, _, err = self.as_client(self.stranger, "get", "box/1")
        self.assertEqual(code, 7)
        self.assertIn("the auth file does not name stranger@example.org", err)

    def test_without_a_certificate_there_is_no_connection(self):
        why = f"kvs: cannot reach https://localhost:{self.server.port}: TLS: tlsv13 alert certificate required; "
        for command in (("get", "box/1"), ("set", "box/1", "v")):  # what was to be written was not, for certain
            self.assertEqual(self.tls_kvs(*command), (5, "", why + "the server wants a client certificate that it trusts: "
                                                      "--cert FILE --key-file FILE\n"))
        self.assertTrue(self.tls_kvs("watch", "box/1", "--timeout", "3s")[2].startswith(why))


class Client_certificates_alone(Encrypted):
    """Without --auth-file the authority of --tls-client-ca is the access control: who has its certificate may everything."""

    @classmethod
    def setUpClass(cls):
        kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(kept.cleanup)
        clients = Authority(kept.name, "clients")
        cls.box = clients.issue("box", "DNS:box.example")
        cls.foreign = Authority(kept.name, "others").issue("foreign", "DNS:box.example")
        cls.more_flags = ("--tls-client-ca", clients.path("pem"), "--listen", "0.0.0.0:0")
        super().setUpClass()

    def as_client(self, identity, *arguments):
        return self.tls_kvs(*arguments, "--cert", identity[0], "--key-file", identity[1])

    def test_every_holder_of_a_certificate_may_everything(self):
        self.assertEqual(self.as_client(self.box, "set", "a", "v")[0], 0)
        self.assertEqual(self.as_client(self.box, "get", "a"), (0, "v", ""))
        self.assertEqual(self.as_client(self.box, "delete", "--prefix", "a", "--yes")[0], 0)

    def test_nobody_else_may_anything(self):
        code, _, err = self.as_client(self.foreign, "get", "a")
        self.assertEqual(code, 5)
        self.assertIn("alert unknown ca", err)
        self.assertIn("--cert FILE --key-file FILE", err)
        self.assertEqual(self.tls_kvs("get", "a")[0], 5)


class Flags(unittest.TestCase):
    def test_files_that_do_not_fit_are_named(self):
        with tempfile.TemporaryDirectory() as directory:
            ca = Authority(directory)
            certificate, key = ca.issue("one", "DNS:localhost")
            _, other_key = ca.issue("two", "DNS:localhost")
            serve = ("serve", "--ephemeral", "--listen", "127.0.0.1:0")
            cases = ((("--tls-cert", certificate), 2, "--tls-key"), (("--tls-client-ca", certificate), 2, "--tls-cert"),
                     (("--tls-cert", certificate, "--tls-key", other_key), 1, other_key),
                     (("--tls-cert", directory + "/none", "--tls-key", key), 1, directory + "/none: No such file or directory"))
            for flags, code, named in cases:
                result = kvs(*serve, *flags)
                self.assertEqual((result[0], result[1]), (code, ""), result)
                self.assertIn(named, result[2])
            os.chmod(key, 0o644)
            result = kvs(*serve, "--tls-cert", certificate, "--tls-key", key)
            self.assertEqual(result[0], 1)  # what passes by itself: systemd tries again
            self.assertIn("chmod 600 " + key, result[2])

    def test_what_is_wrong_with_the_client_s_files_is_no_matter_of_the_server_s(self):
        for command in (("get", "City"), ("watch",)):
            code, out, err = kvs(*command, "--server", "https://127.0.0.1:1", "--cacert", "/none")
            self.assertEqual((code, out), (2, ""), err)
            self.assertIn("/none: No such file or directory", err)


if __name__ == "__main__":
    main()

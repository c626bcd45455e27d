#!/usr/bin/env python3
"""What a token is shown of what there is, how it is given, and what happens when it goes. Who may do what: test_access.py."""
import base64
import json
import os
import signal
import stat
import tempfile

from kvs_cli import CommandTest, kvs
from kvs_guarded import Guarded
from kvs_harness import *

class Rights(Guarded):
    def test_a_refusal_is_a_problem_that_says_what_to_do(self):
        answer = self.ask("GET", "/v1/kv/app/a")
        self.assert_problem(answer, 401, "unauthenticated")
        self.assertIn("Authorization: Bearer TOKEN", answer.json()["detail"])
        answer = self.ask("PUT", "/v1/kv/app/a", self.bearer("reader"), "x")
        self.assert_problem(answer, 403, "forbidden")
        self.assertEqual(answer.json()["detail"], "reader may not write this key; ask for a token with that right")

    def test_a_refused_write_is_refused_before_its_body(self):
        connection = self.connect()
        connection.send(request_bytes("PUT", "/v1/kv/other", {**self.bearer("app"), "Content-Length": "1000000",
                                                              "Expect": "100-continue"}))
        self.assertEqual(connection.read_response().status, 403)

    def test_what_a_token_does_not_see_is_not_listed(self):
        mine = self.bearer("app")
        self.assertEqual([item["key"] for item in self.ask("GET", "/v1/kv", mine).json()["items"]], ["app/a", "app/b"])
        down = self.ask("GET", "/v1/kv?reverse=1&keys_only=1", mine).json()["items"]
        self.assertEqual([item["key"] for item in down], ["app/b", "app/a"])
        self.assertEqual(self.ask("GET", "/v1/kv?separator=/", mine).json()["prefixes"], ["app/"])
        lines = self.ask("GET", "/v1/kv", {**mine, "Accept": "application/x-ndjson"}).body.decode().splitlines()
        self.assertEqual([json.loads(line)["key"] for line in lines], ["app/a", "app/b"])
        self.assertEqual(list(self.ask("GET", "/getall", mine).json()), ["app/a", "app/b"])
        self.assertEqual(sorted(self.ask("GET", "/getall", self.bearer("admin")).json()), ["app/a", "app/b", "apple", "other"])

    def test_a_watch_tells_of_what_its_token_sees(self):
        with self.server.watch(headers=self.bearer("app")) as watch:
            self.assertEqual(watch.next()["op"], "synced")
            self.server.request("PUT", "/v1/kv/other", self.bearer("admin"), "hidden")
            revision = self.server.request("PUT", "/v1/kv/app/b", self.bearer("admin"), "v").revision
            event = watch.next()
            self.assertEqual((event["key"], event["revision"]), ("app/b", revision))

    def test_a_transaction_needs_a_right_for_every_key_it_names(self):
        headers = {**self.bearer("app"), "Content-Type": "application/json"}
        for body in ({"if": [{"key": "other", "absent": True}], "then": [{"op": "set", "key": "app/t", "value": "1"}]},
                     {"then": [{"op": "set", "key": "app/t", "value": "1"}], "else": [{"op": "get", "key": "other"}]},
                     {"then": [{"op": "set", "key": "app/t", "value": "1"}, {"op": "delete", "key": "other"}]}):
            self.assert_problem(self.ask("POST", "/v1/txn", headers, json.dumps(body)), 403, "forbidden")
        self.assertEqual(self.ask("GET", "/v1/kv/app/t", headers).status, 404)

    def test_who_may_only_write_is_not_shown_what_is_there(self):
        self.ask("PUT", "/v1/kv/app/a", self.bearer("admin"), "secret")
        answer = self.ask("PUT", "/v1/kv/app/a", {**self.bearer("writer"), "If-None-Match": "*"}, "x")
        self.assert_problem(answer, 412, "condition_failed")
        self.assertEqual(set(answer.json()["current"]), {"key", "revision"})
        self.assertNotIn(b"secret", answer.body)

    def test_a_browser_gives_its_token_as_a_subprotocol_that_is_not_echoed(self):
        protocol = "kvs.v1, kvs.bearer." + self.tokens["reader"]
        with self.server.websocket("/v1/watch", {"Sec-WebSocket-Protocol": protocol}) as socket:
            self.assertEqual(socket.response.header("Sec-WebSocket-Protocol"), "kvs.v1")
        with self.assertRaises(UpgradeRefused) as refused:
            self.server.websocket("/v1/watch", {"Sec-WebSocket-Protocol": "kvs.v1, kvs.bearer.wrong"})
        self.assertEqual(refused.exception.response.status, 401)

    def test_no_token_but_a_bearer_one_counts(self):
        basic = base64.b64encode(b"admin:" + self.tokens["admin"].encode()).decode()
        for headers in ({"Authorization": "Basic " + basic}, {"Cookie": "token=" + self.tokens["admin"]}):
            self.assertEqual(self.ask("GET", "/v1/kv", headers).status, 401)
        self.assertEqual(self.ask("GET", "/v1/kv?token=" + self.tokens["admin"]).status, 401)

    def test_commands_show_the_token_of_a_file(self):
        path = os.path.join(self.directory.name, "app.token")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.tokens["app"] + "\n")
        self.assert_ends(self.kvs("list", "--token-file", path), 0, "app/a\napp/b\n", "")
        self.assert_ends(self.kvs("get", "other", "--token-file", path), 7, "",
                         "kvs: app may not read this key; ask for a token with that right\n")
        result = self.kvs("get", "other")
        self.assertEqual(result[0], 7)
        self.assertIn("--token-file FILE", result[2])

    def test_commands_of_a_unit_find_their_token_among_its_credentials(self):
        with tempfile.TemporaryDirectory() as credentials, tempfile.TemporaryDirectory() as home:
            with open(os.path.join(credentials, "token-file"), "w", encoding="utf-8") as file:
                file.write(self.tokens["app"] + "\n")
            unit = {"CREDENTIALS_DIRECTORY": credentials, "XDG_CONFIG_HOME": home}
            self.assert_ends(self.kvs("list", env=unit), 0, "app/a\napp/b\n", "")
            self.assert_ends(self.kvs("exec", "--prefix", "app/", "--strip-prefix", "--", "sh", "-c", "echo $a$b", env=unit),
                             0, "vv\n", "")
            watched = self.kvs("watch", "app/a", "--since", "0", "--count", "1", "-o", "ndjson", env=unit)
            self.assertEqual((watched.code, json.loads(watched.stdout)["key"]), (0, "app/a"), watched)
            run = self.kvs("watch", "app/a", "--since", "0", "--count", "1", "--", "sh", "-c", "echo $KVS_KEY", env=unit)
            self.assert_ends(run, 0, "app/a\n")
            # What is said on purpose counts more, and a context's server gets nothing that was not meant for it.
            other = os.path.join(self.directory.name, "meter.token")
            with open(other, "w", encoding="utf-8") as file:
                file.write(self.tokens["meter"] + "\n")
            self.assert_ends(self.kvs("get", "app/a", "--token-file", other, env=unit), 7, "",
                             "kvs: meter may not read this key; ask for a token with that right\n")
            self.assert_ends(self.kvs("context", "add", "here", "--server", self.address()["KVS_SERVER"], env=unit), 0)
            elsewhere = self.kvs("get", "app/a", "--context", "here", env=unit)
            self.assertEqual(elsewhere.code, 7, elsewhere)
            self.assertIn("this needs a token", elsewhere.stderr)


class Revocation(Guarded):
    def test_a_watch_ends_and_requests_are_refused_when_the_token_goes(self):
        stays = self.server.watch(headers=self.bearer("app"))
        goes = self.server.watch(headers=self.bearer("reader"))
        stream = self.connect()
        stream.send(request_bytes("GET", "/v1/watch", {**self.bearer("reader"), "Accept": "application/x-ndjson"}))
        stream.read_head()
        for watch in (stays, goes):
            self.addCleanup(watch.close)
            self.assertEqual(watch.next()["op"], "synced")
        self.write({name: line for name, line in self.lines.items() if name != "reader"})
        self.reload(1)
        code, reason = goes.closing()
        self.assertEqual((code, reason.split()[0]), (1008, "forbidden"))
        last = json.loads(stream.read_chunks().splitlines()[-1])
        self.assertEqual((last["op"], last["code"]), ("error", "forbidden"))
        self.assert_problem(self.ask("GET", "/v1/kv/app/a", self.bearer("reader")), 401, "unauthenticated")
        revision = self.ask("PUT", "/v1/kv/app/b", self.bearer("app"), "v").revision
        self.assertEqual(stays.next()["revision"], revision)
        self.write({**self.lines, "bad": "bad line\n"})
        self.server.process.signal(signal.SIGHUP)
        self.server.process.wait_line("the auth file cannot be read again; the tokens it had go on")
        self.assertEqual(self.ask("GET", "/v1/kv/app/a", self.bearer("app")).status, 200)


class A_mistake_elsewhere(Guarded):
    @classmethod
    def setUpClass(cls):
        kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(kept.cleanup)
        cls.config = os.path.join(kept.name, "kvs.conf")
        cls.configure("log-level = info\n")
        cls.more_flags = ("--config", cls.config)
        super().setUpClass()

    @classmethod
    def configure(cls, text):
        with open(cls.config, "w", encoding="utf-8") as file:
            file.write(text)

    def test_does_not_keep_a_revoked_token_alive(self):
        goes = self.server.watch(headers=self.bearer("reader"))
        self.addCleanup(goes.close)
        self.assertEqual(goes.next()["op"], "synced")
        self.write({name: line for name, line in self.lines.items() if name != "reader"})
        self.configure("log-level = debug\nlog-levle = info\n")
        self.server.process.signal(signal.SIGHUP)
        self.server.process.wait_line(r"level=error .*settings cannot be read again.*kvs\.conf:2: no such setting: 'log-levle'")
        self.assertEqual(goes.closing()[0], 1008)
        answer = self.ask("GET", "/v1/kv/app/a", self.bearer("reader"))
        self.assert_problem(answer, 401, "unauthenticated")
        self.assertEqual(answer.header("WWW-Authenticate"), "Bearer")
        self.assertEqual(self.ask("GET", "/v1/kv/app/a", self.bearer("app")).status, 200)
        self.assertNotIn("settings read again", self.server.stderr)


class Guessing(Guarded):
    def test_who_guesses_is_slowed_down(self):
        connection = self.connect()
        statuses = []
        for turn in range(40):
            answer = connection.request("GET", "/v1/kv/app/a", {"Authorization": "Bearer guess-%d" % turn})
            statuses.append(answer.status)
            if answer.status == 429:
                self.assertEqual(answer.header("Retry-After"), "1")
        self.assertEqual(set(statuses), {401, 429})  # 40 guesses take less than four seconds
        self.assertEqual(self.ask("GET", "/livez").status, 200)


class Starting(CommandTest):
    def test_a_listener_beyond_loopback_wants_tls_and_tokens(self):
        with tempfile.TemporaryDirectory() as directory:
            for flags in ((), ("--auth-file", "x"), ("--tls-cert", "x", "--tls-key", "y"), ("--allow-plaintext",)):
                code, _, err = kvs("serve", "--check-config", "--ephemeral", "--listen", "0.0.0.0:0", *flags)
                self.assertEqual(code, 2, err)
                for way in ("--tls-cert", "--auth-file", "--allow-plaintext", "--allow-anonymous"):
                    self.assertIn(way, err)
            for flags in (("--allow-anonymous",), ("--auth-file", "x", "--allow-plaintext"),
                          ("--auth-file", "x", "--tls-cert", "x", "--tls-key", "y")):
                code, _, err = kvs("serve", "--check-config", "--ephemeral", "--listen", "0.0.0.0:0", *flags)
                self.assertEqual(code, 0, err)
            path = os.path.join(directory, "auth")
            code, _, err = kvs("serve", "--ephemeral", "--listen", "127.0.0.1:0", "--auth-file", path)
            self.assertEqual(code, 2)
            self.assertIn(path, err)
            with open(path, "w", encoding="utf-8") as file:
                file.write("anna - read\n")
            os.chmod(path, 0o644)
            code, _, err = kvs("serve", "--ephemeral", "--listen", "127.0.0.1:0", "--auth-file", path)
            self.assertEqual(code, 2)
            self.assertIn("chmod 600 " + path, err)

    def test_a_token_is_made_for_roles_there_are(self):
        code, out, err = kvs("token", "create", "anna", "read:a%20b/", "write")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"^[A-Za-z0-9_-]{43}\n$")
        self.assertRegex(err, r"^anna [0-9a-f]{64} read:a%20b/ write\n$")
        for prefix in ("read:a admin", "read:a%20admin"):  # a blank would end the prefix, and begin another role
            self.assertRegex(kvs("token", "create", "anna", prefix)[2], r"^anna [0-9a-f]{64} read:a%20admin\n$")
        for words in (("anna",), ("an/na", "read"), ("anna", "root"), ("anna", "admin:x"), ("anna", "read:")):
            self.assertEqual(kvs("token", "create", *words)[:2], (2, ""))


if __name__ == "__main__":
    main()

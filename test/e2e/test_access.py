#!/usr/bin/env python3
"""Who may do what: every route and method by everybody who may, and by every way of not being allowed, to the status, the
code and the words. The rows must cover /openapi.json: a route that nobody thought of here fails."""
import base64
import collections
import json
import os
import signal
import ssl
import tempfile
import threading
import time

from kvs_authority import Authority
from kvs_cli import kvs
from kvs_guarded import GRANTS, Guarded
from kvs_harness import *
from kvs_streams import Stream

EVERYBODY = " ".join(GRANTS)
PAIR = '{"Key":"app/a","Value":"v"}'
STRANGERS_PAIR = '{"Key":"other","Value":"v"}'
SET = json.dumps({"then": [{"op": "set", "key": "app/a", "value": "v"}]})
GET = json.dumps({"then": [{"op": "get", "key": "app/a"}]})
IF = json.dumps({"if": [{"key": "other", "absent": True}], "then": [{"op": "set", "key": "app/a", "value": "v"}]})
WAIT = "wait=1ms&initial=1"
EVENTS, LINES = {"Accept": "text/event-stream"}, {"Accept": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}
ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")

# `allowed`: who gets `status`; the others are refused. Empty: it is open, to strangers, too. `reading` ends with the head
# of the answer: the rest is a stream.
Row = collections.namedtuple("Row", "method route target status allowed body headers streams writes",
                             defaults=(None, {}, False, False))


def open_row(method, route, target=None, status=200, **kw):
    return Row(method, route, target or route, status, "", **kw)


def read_rows(route, target, allowed, methods=("GET", "HEAD"), **kw):
    return [Row(method, route, target, 200, allowed, **kw) for method in methods]


def write_row(method, route, target, allowed, body=None, **kw):
    return Row(method, route, target, 200, allowed, body, writes=True, **kw)


OPEN = [open_row(method, route, target, status) for method in ("GET", "HEAD") for route, target, status in (
    ("/livez", None, 200), ("/readyz", None, 200), ("/readyz", "/readyz?verbose", 200), ("/", None, 200), ("/ui", None, 307),
    ("/ui/{file}", "/ui/", 200), ("/ui/{file}", "/ui/app.js", 200), ("/ui/{file}", "/ui/none", 404),
    ("/openapi.json", None, 200), ("/asyncapi.json", None, 200))]
OPTIONS = [open_row("OPTIONS", route, target, 204) for route, target in (
    ("/v1/kv/{key}", "/v1/kv/app/a"), ("/v1/requests/{id}", "/v1/requests/mine"), ("/v1/history/{key}", "/v1/history/app/a"),
    ("/ui/{file}", "/ui/app.js"), ("/v1/kv", None), ("/v1/txn", None), ("/v1/watch", None), ("/v1/snapshot", None),
    ("/v1/status", None), ("/livez", None), ("/readyz", None), ("/metrics", None), ("/openapi.json", None),
    ("/asyncapi.json", None), ("/", None), ("/ui", None), ("/set", None), ("/get", None), ("/getall", None),
    ("/subscribe", None), ("*", None))]
# Nothing is behind these, for nobody: what there is, /openapi.json tells everybody.
NOTHING = [open_row("GET", "", "/v1/none", 404), open_row("PUT", "", "/v1", 404), open_row("GET", "", "/none", 404),
           open_row("POST", "", "/kv/app/a", 404), open_row("GET", "", "/v1/KV/app/a", 404), open_row("GET", "", "/ui2", 404),
           open_row("POST", "", "/v1/kv/app/a", 405), open_row("PUT", "", "/v1/kv", 405), open_row("GET", "", "/v1/txn", 405),
           open_row("HEAD", "", "/v1/watch", 405), open_row("POST", "", "/metrics", 405), open_row("HEAD", "", "/set", 405),
           open_row("POST", "", "/subscribe", 405), open_row("TRACE", "", "/v1/kv/app/a", 405)]
KEYS = [
    *read_rows("/v1/kv/{key}", "/v1/kv/app/a", "reader app admin"),
    *read_rows("/v1/kv/{key}", "/v1/kv/app/a?record=1", "reader app admin"),
    *read_rows("/v1/kv/{key}", "/v1/kv/%61pp/a", "reader app admin"),
    *read_rows("/v1/kv/{key}", "/v1/kv/other", "reader admin"),
    Row("GET", "/v1/kv/{key}", "/v1/kv/", 400, "reader app admin"),
    Row("PUT", "/v1/kv/{key}", "/v1/kv/a%zz", 400, "writer app admin", "v", writes=True),
    write_row("PUT", "/v1/kv/{key}", "/v1/kv/app/a", "writer app admin", "v"),
    write_row("PUT", "/v1/kv/{key}", "/v1/kv/other", "writer admin", "v"),
    write_row("PATCH", "/v1/kv/{key}", "/v1/kv/app/a?ttl=none", "writer app admin"),
    write_row("PATCH", "/v1/kv/{key}", "/v1/kv/apple?ttl=none", "writer admin"),
    write_row("DELETE", "/v1/kv/{key}", "/v1/kv/app/a", "writer app admin"),
    write_row("DELETE", "/v1/kv/{key}", "/v1/kv/apple", "writer admin"),
    *read_rows("/v1/kv", "/v1/kv", "reader app admin"),
    *read_rows("/v1/kv", "/v1/kv?prefix=app/x", "reader app admin"),
    *read_rows("/v1/kv", "/v1/kv?prefix=b", "reader admin"),
    *read_rows("/v1/kv", "/v1/kv", "reader app admin", headers=LINES),
    write_row("DELETE", "/v1/kv", "/v1/kv?prefix=app/", "writer app admin"),
    write_row("DELETE", "/v1/kv", "/v1/kv?prefix=ap", "writer admin"),
    write_row("DELETE", "/v1/kv", "/v1/kv?all=true", "writer admin"),
    write_row("POST", "/v1/txn", "/v1/txn", "writer app admin", SET, headers=JSON),
    write_row("POST", "/v1/txn", "/v1/txn", "reader app admin", GET, headers=JSON),
    write_row("POST", "/v1/txn", "/v1/txn", "admin", IF, headers=JSON),
    *read_rows("/v1/history/{key}", "/v1/history/app/a", "reader app admin"),
    *read_rows("/v1/history/{key}", "/v1/history/other", "reader admin"),
    *read_rows("/v1/requests/{id}", "/v1/requests/mine", EVERYBODY),
]
WATCHES = [
    Row("GET", "/v1/watch", "/v1/watch?" + WAIT, 200, "reader app admin"),
    Row("GET", "/v1/watch", "/v1/watch?key=other&" + WAIT, 200, "reader admin"),
    *(Row("GET", "/v1/watch", target, 200, allowed, headers=headers, streams=True)
      for headers in ({}, LINES, EVENTS)
      for target, allowed in (("/v1/watch", "reader app admin"), ("/v1/watch?prefix=b", "reader admin"))),
    Row("GET", "/v1/watch", "/v1/watch", 101, "reader app admin", headers=UPGRADE, streams=True),
    Row("GET", "/v1/watch", "/v1/watch?key=other", 101, "reader admin", headers=UPGRADE, streams=True),
    Row("POST", "/v1/watch", "/v1/watch", 200, "reader app admin", "{}", headers={**JSON, **LINES}, streams=True),
    Row("POST", "/v1/watch", "/v1/watch", 200, "reader admin", '{"key":["other"]}', headers={**JSON, **LINES}, streams=True),
    Row("GET", "/subscribe", "/subscribe", 101, "reader app admin", headers=UPGRADE, streams=True),
]
OPERATIONS = [
    *read_rows("/v1/status", "/v1/status", EVERYBODY),
    *read_rows("/metrics", "/metrics", "meter admin"),
    *read_rows("/v1/snapshot", "/v1/snapshot", "admin", streams=True),
]
LEGACY = [
    *(write_row(method, "/set", "/set", "writer app admin", PAIR) for method in ANY),
    *(write_row(method, "/set", "/set", "writer admin", STRANGERS_PAIR) for method in ANY),
    *read_rows("/get", "/get", "reader app admin", (*ANY, "HEAD"), body=PAIR),
    *read_rows("/get", "/get", "reader admin", (*ANY, "HEAD"), body=STRANGERS_PAIR),
    *read_rows("/getall", "/getall", "reader app admin", (*ANY, "HEAD")),
]
ROWS = [*OPEN, *OPTIONS, *NOTHING, *KEYS, *WATCHES, *OPERATIONS, *LEGACY]

# A way of not being allowed: what is sent, and what answers it.
Way = collections.namedtuple("Way", "name headers status code words query", defaults=("",))
NEEDS_TOKEN = "this needs a token: send it as `Authorization: Bearer TOKEN`"
NOBODYS_TOKEN = "nobody has this token (any more)"


class Line:
    """Keeps its connection: a wrong token on it is looked up once, so that this is no guessing."""

    def __init__(self, connect):
        self.connect = connect
        self.connection = None

    def ask(self, row, headers, query=""):
        self.connection = self.connection or self.connect()
        joint = "&" if "?" in row.target else "?"
        target = row.target + (joint + query if query and row.target != "*" else "")
        self.connection.send(request_bytes(row.method, target, {**row.headers, **headers}, row.body, self.connection.host))
        head = self.connection.read_head()
        answer = Response(head, b"")
        if answer.status == row.status and row.streams:
            self.close()
            return answer
        if row.method != "HEAD":
            answer.body = self.body(answer)
        if answer.header("Connection") == "close":
            self.close()
        return answer

    def body(self, answer):
        if answer.header("Transfer-Encoding") == "chunked":
            return self.connection.read_chunks()
        return self.connection.read_exactly(int(answer.header("Content-Length", "0")))

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Matrix(Guarded):
    more_flags = ("--fsync", "never")
    more_lines = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lines.update(cls.more_lines)
        code, out, line = kvs("token", "create", "gone", "admin")
        assert code == 0, line
        cls.write({**cls.lines, "gone": line})
        cls.tokens["gone"] = out.strip()
        cls.reload(cls, 1)
        assert cls.server.request("GET", "/v1/kv", cls.bearer("gone")).status == 200
        cls.write(cls.lines)
        cls.reload(cls, 2)

    def line(self):
        line = Line(self.server.connect)
        self.addCleanup(line.close)
        return line

    def refused(self, row, answer, way, name):
        """The answer is the refusal of `way`, whole, and tells nothing of what is stored."""
        case = f"{row.method} {row.target} {row.body or ''} {row.headers or ''} with {name}: {answer!r}"
        self.assertEqual(answer.status, way.status, case)
        self.assertEqual(answer.header("WWW-Authenticate"), "Bearer" if way.status == 401 else None, case)
        self.assertEqual(answer.header("Cache-Control"), "no-store", case)
        self.assertIsNone(answer.header("Access-Control-Allow-Origin"), case)
        if row.method == "HEAD":
            self.assertEqual(answer.body, b"", case)
        elif row.target.startswith("/v1/") or row.target == "/v1":
            self.assertIn(way.words, self.assert_problem(answer, way.status, way.code)["detail"], case)
        else:
            self.assertEqual(answer.header("Content-Type"), "text/plain; charset=utf-8", case)
            self.assertIn(way.words, answer.body.decode(), case)
            self.assertEqual(answer.body.count(b"\n"), 1, case)

    def answered(self, row, answer, name):
        case = f"{row.method} {row.target} {row.body or ''} {row.headers or ''} by {name}: {answer!r}"
        self.assertEqual(answer.status, row.status, case)
        for field in ("WWW-Authenticate", "Access-Control-Allow-Origin"):
            self.assertIsNone(answer.header(field), case)

    def fill(self, row):
        if row.writes:
            self.setUp()

    def refuse_everything(self, way, rows=ROWS, everybodys=()):
        """Each row by that way; what is open is answered unless the way is not about tokens."""
        line = self.line()
        for row in rows:
            self.fill(row)
            answer = line.ask(row, way.headers, way.query)
            if row.allowed or row in everybodys:
                self.refused(row, answer, way, way.name)
            else:
                self.answered(row, answer, way.name)


class Completeness(Matrix):
    def test_every_route_and_method_there_is_has_a_row(self):
        paths = self.ask("GET", "/openapi.json").json()["paths"]
        there = {(method.upper(), path) for path, item in paths.items() for method in item if method != "parameters"}
        self.assertGreater(len(there), 60)
        self.assertEqual(there - {(row.method, row.route) for row in ROWS}, set())

    def test_what_is_open_is_what_is_said_to_be(self):
        opened = {row.route for row in ROWS if not row.allowed and row.method == "GET" and row.route}
        self.assertEqual(opened, {"/livez", "/readyz", "/", "/ui", "/ui/{file}", "/openapi.json", "/asyncapi.json"})
        guarded = {row.route for row in ROWS if row.allowed}
        self.assertFalse(opened & guarded)


class Rights(Matrix):
    def test_who_has_the_right_gets_the_answer_and_nobody_else(self):
        for name in GRANTS:
            line = self.line()
            way = Way(name, self.bearer(name), 403, "forbidden", name + " may not ")
            for row in ROWS:
                self.fill(row)
                answer = line.ask(row, way.headers)
                if not row.allowed or name in row.allowed.split():
                    self.answered(row, answer, name)
                else:
                    self.refused(row, answer, way, name)


class Strangers(Matrix):
    def test_a_refused_write_changes_nothing(self):
        before = self.ask("GET", "/v1/status", self.bearer("admin")).json()["revision"]
        line = self.line()
        for row in ROWS:
            line.ask(row, {})
        self.assertEqual(self.ask("GET", "/v1/status", self.bearer("admin")).json()["revision"], before)

    def test_who_brings_no_token(self):
        self.refuse_everything(Way("nothing", {}, 401, "unauthenticated", NEEDS_TOKEN))

    def test_who_brings_a_token_that_nobody_has(self):
        self.refuse_everything(Way("an unknown token", {"Authorization": "Bearer " + "A" * 43}, 401, "unauthenticated",
                                   NOBODYS_TOKEN))

    def test_who_brings_a_token_that_was_revoked(self):
        self.refuse_everything(Way("a revoked token", self.bearer("gone"), 401, "unauthenticated", NOBODYS_TOKEN))

    def test_who_brings_the_name_or_the_digest_instead_of_the_token(self):
        name, digest = self.lines["admin"].split()[:2]
        for text in (name, digest):
            self.refuse_everything(Way(text, {"Authorization": "Bearer " + text}, 401, "unauthenticated", NOBODYS_TOKEN),
                                   KEYS[:2])

    def test_who_brings_it_in_another_scheme(self):
        token = self.tokens["admin"]
        basic = base64.b64encode(("admin:" + token).encode()).decode()
        for text in ("Basic " + basic, "Token " + token, token, "Bearer", "Bearer\t" + token):
            self.refuse_everything(Way(text, {"Authorization": text}, 401, "unauthenticated", NEEDS_TOKEN))

    def test_who_brings_it_in_a_cookie(self):
        for name in ("token", "Authorization", "kvs"):
            self.refuse_everything(Way("a cookie", {"Cookie": name + "=" + self.tokens["admin"]}, 401, "unauthenticated",
                                       NEEDS_TOKEN))

    def test_who_brings_it_in_the_query(self):
        for name in ("token", "access_token"):
            way = Way("a query", {}, 401, "unauthenticated", NEEDS_TOKEN, name + "=" + self.tokens["admin"])
            self.refuse_everything(way)

    def test_who_brings_it_as_a_subprotocol_of_another_name(self):
        headers = {"Sec-WebSocket-Protocol": "kvs.v1, kvs.token." + self.tokens["admin"]}
        self.refuse_everything(Way("a subprotocol", headers, 401, "unauthenticated", NEEDS_TOKEN), WATCHES)


class WebPages(Matrix):
    """What no token helps against: here the admin's is brought."""

    def test_a_host_that_is_not_ours(self):
        for host in ("evil.example", "evil.example:23333", "10.0.0.1", "localhost.evil.example"):
            way = Way(host, {**self.bearer("admin"), "Host": host}, 421, "wrong_host", "--allowed-host")
            self.refuse_everything(way, everybodys=ROWS)

    def test_an_origin_that_is_not_ours(self):
        for origin in ("https://evil.example", "null", "http://localhost.evil.example", ""):
            way = Way(origin, {**self.bearer("admin"), "Origin": origin}, 403, "foreign_origin", "--cors-origin")
            self.refuse_everything(way, everybodys=ROWS)

    def test_a_write_across_sites(self):
        way = Way("a cross-site write", {**self.bearer("admin"), "Sec-Fetch-Site": "cross-site"}, 403, "foreign_origin",
                  "--cors-origin")
        self.refuse_everything(way, [row for row in ROWS if row.writes])
        line = self.line()
        for row in ROWS:
            if not row.writes and row not in NOTHING:
                self.answered(row, line.ask(row, way.headers), way.name)


class EncryptedConnection(Connection):
    def __init__(self, address, context):
        super().__init__(address)
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")


class Certified(Matrix):
    """By TLS with certificates on both sides, and in the clear on a local socket."""

    more_lines = {"certificate": "app.example - read:app/ write:app/\n"}

    @classmethod
    def setUpClass(cls):
        kept = tempfile.TemporaryDirectory()
        cls.addClassCleanup(kept.cleanup)
        ca = Authority(kept.name)
        server = ca.issue("server", "DNS:localhost")
        cls.contexts = {}
        for name, names in (("app", "DNS:app.example"), ("nameless", ""), ("address", "IP:127.0.0.1"),
                            ("stranger", "DNS:stranger.example,DNS:app.example")):
            cls.contexts[name] = ssl.create_default_context(cafile=ca.path("pem"))
            cls.contexts[name].load_cert_chain(*ca.issue(name, names))
        cls.more_flags = (*cls.more_flags, "--tls-cert", server[0], "--tls-key", server[1], "--tls-client-ca", ca.path("pem"))
        super().setUpClass()

    @classmethod
    def start_server(cls):
        cls.local = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.local.cleanup)
        server = Server(*cls.flags, "--listen", "127.0.0.1:0", listen="unix:" + os.path.join(cls.local.name, "sock"))
        port = server.process.wait_line(r"url=https://127\.0\.0\.1:(\d+)").group(1)
        cls.address = ("127.0.0.1", int(port))
        return server


class Certificates(Certified):
    def line_of(self, name):
        line = Line(lambda: EncryptedConnection(type(self).address, self.contexts[name]))
        self.addCleanup(line.close)
        return line

    def by(self, certificate, way, allowed="", headers=()):
        line = self.line_of(certificate)
        for row in ROWS:
            self.fill(row)
            answer = line.ask(row, dict(headers))
            if not row.allowed or allowed in row.allowed.split():
                self.answered(row, answer, certificate)
            else:
                self.refused(row, answer, way, certificate)

    def test_whom_the_file_names_may_what_it_says(self):
        self.by("app", Way("app", {}, 403, "forbidden", "app.example may not "), "app")

    def test_one_that_the_file_does_not_name_may_nothing(self):
        self.by("stranger", Way("stranger", {}, 403, "forbidden", "the auth file does not name stranger.example"))

    def test_one_without_a_name_may_nothing(self):
        for certificate in ("nameless", "address"):
            self.by(certificate, Way(certificate, {}, 401, "unauthenticated", NEEDS_TOKEN))

    def test_with_it_a_token_counts(self):
        self.by("nameless", Way("app", {}, 403, "forbidden", "app may not "), "app", self.bearer("app"))
        self.by("app", Way("meter", {}, 403, "forbidden", "meter may not "), "meter", self.bearer("meter"))
        self.by("app", Way("guess", {}, 401, "unauthenticated", NOBODYS_TOKEN), headers={"Authorization": "Bearer guess"})


class Revocation(Certified):
    PROMISED = 1.0  # seconds, from the signal

    def started(self):
        """What follows changes by the right of a reader, in each way there is, and by that of a certificate; by name."""
        address, token = self.server.address, self.bearer("reader")
        ways = {"websocket": self.watch(headers=token), "subscribe": self.server.websocket("/subscribe", token),
                "events": Stream(address, "", "events", token), "lines": Stream(address, "", "lines", token),
                "posted": Stream(address, "", "lines", {**token, **JSON}, method="POST", body="{}"),
                "poll": self.connect(), "certificate": EncryptedConnection(type(self).address, self.contexts["app"])}
        ways["poll"].send(request_bytes("GET", "/v1/watch?wait=10m", token))
        ways["certificate"].send(request_bytes("GET", "/v1/watch", LINES))
        ways["certificate"].read_until(b'"op":"synced"')
        for name, watch in ways.items():
            self.addCleanup(watch.close)
            if name in ("websocket", "events", "lines", "posted"):
                self.assertEqual(watch.next()["op"], "synced")
        return ways

    def wait_for_watchers(self, count):
        deadline = time.monotonic() + TIMEOUT
        while self.ask("GET", "/v1/status", self.bearer("admin")).json()["watchers"] != count:
            self.assertLess(time.monotonic(), deadline)

    def test_whatever_follows_changes_ends_within_a_second_of_its_revocation(self):
        stays = self.watch(headers=self.bearer("app"))
        self.assertEqual(stays.next()["op"], "synced")
        ways = self.started()
        self.wait_for_watchers(1 + len(ways))
        self.write({name: line for name, line in self.lines.items() if name not in ("reader", "certificate")})
        # A watch that goes on is pinged for ever, and read for as long.
        at_last = threading.Timer(TIMEOUT, self.server.process.process.kill)
        at_last.start()
        self.addCleanup(at_last.cancel)
        began = time.monotonic()
        self.server.process.signal(signal.SIGHUP)
        ends = {}
        for name, watch in ways.items():
            if name in ("websocket", "subscribe"):
                code, reason = watch.closing()
                what = (code, reason.split()[0])
            elif name in ("events", "lines", "posted"):
                what = [(event["op"], event["code"]) for event in watch.rest()]
            elif name == "certificate":
                what = b'"code":"forbidden"' in watch.read_to_end()
            else:
                what = watch.read_to_end()
            ends[name] = (what, time.monotonic() - began)
        refused = [("error", "forbidden")]
        self.assertEqual({name: what for name, (what, _) in ends.items()},
                         {"websocket": (1008, "forbidden"), "subscribe": (1008, "forbidden"), "events": refused, "lines": refused,
                          "posted": refused, "poll": b"", "certificate": True})
        self.assertLessEqual(max(took for _, took in ends.values()), self.PROMISED, ends)
        revision = self.ask("PUT", "/v1/kv/app/b", self.bearer("app"), "v").json()["revision"]
        self.assertEqual(stays.next()["revision"], revision)
        again = EncryptedConnection(type(self).address, self.contexts["app"])
        self.addCleanup(again.close)
        self.assert_problem(again.request("GET", "/v1/kv/app/a"), 403, "forbidden")


if __name__ == "__main__":
    main()

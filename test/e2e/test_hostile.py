#!/usr/bin/env python3
"""Malformed and hostile requests. After each one the server still answers everybody else; nothing is smuggled in."""
import json
import os
import re
import socket
import threading
import time

from kvs_harness import *

HOST = b"Host: 127.0.0.1\r\n"
SMUGGLED = b"PUT /v1/kv/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nbad"
MIB = 1024 * 1024


def put(fields, body=b"", path=b"/v1/kv/target", version=b"1.1"):
    return b"PUT " + path + b" HTTP/" + version + b"\r\n" + HOST + fields + b"\r\n" + body


def get(fields=b"", path=b"/livez", host=HOST, version=b"1.1", method=b"GET"):
    return method + b" " + path + b" HTTP/" + version + b"\r\n" + host + fields + b"\r\n"


CHUNKED = b"Transfer-Encoding: chunked\r\n"
FIVE = b"Content-Length: 5\r\n"
FOREIGN = b"Origin: http://elsewhere.example\r\n"
ELSEWHERE = b"Host: elsewhere.example\r\n"

# name, bytes sent (a request that should come to nothing follows), statuses allowed. The connection must be closed
# after it.
CUT = [
    # two ways to say how long the body is
    ("length and chunks", put(FIVE + CHUNKED, b"0\r\n\r\n" + SMUGGLED), {400}),
    ("chunks and length", put(CHUNKED + FIVE, b"0\r\n\r\n" + SMUGGLED), {400}),
    ("length zero and chunks", put(b"Content-Length: 0\r\n" + CHUNKED, b"0\r\n\r\n" + SMUGGLED), {400}),
    ("two lengths", put(FIVE + b"Content-Length: 50\r\n", b"12345" + SMUGGLED), {400}),
    ("the same length twice", put(FIVE + FIVE, b"12345" + SMUGGLED), {400}),
    ("a list of lengths", put(b"Content-Length: 5, 5\r\n", b"12345" + SMUGGLED), {400}),
    ("length with a sign", put(b"Content-Length: +5\r\n", b"12345" + SMUGGLED), {400}),
    ("negative length", put(b"Content-Length: -5\r\n", b"12345" + SMUGGLED), {400}),
    ("hexadecimal length", put(b"Content-Length: 0x5\r\n", b"12345" + SMUGGLED), {400}),
    ("length with a letter", put(b"Content-Length: 5a\r\n", b"12345" + SMUGGLED), {400}),
    ("length with a space inside", put(b"Content-Length: 5 5\r\n", b"12345" + SMUGGLED), {400}),
    ("empty length", put(b"Content-Length:\r\n", b"12345" + SMUGGLED), {400}),
    ("length beyond 64 bits", put(b"Content-Length: 18446744073709551621\r\n", b"12345" + SMUGGLED), {400, 413}),
    ("length of 2^63", put(b"Content-Length: 9223372036854775808\r\n", b"12345" + SMUGGLED), {400, 413}),
    ("length of a terabyte", put(b"Content-Length: 1099511627776\r\n", b"12345"), {413}),
    # transfer codings
    ("unknown transfer coding", put(b"Transfer-Encoding: xchunked\r\n", SMUGGLED), {501}),
    ("gzip and chunks", put(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n" + SMUGGLED), {400, 501}),
    ("chunks not last", put(b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n" + SMUGGLED), {400, 501}),
    ("chunks twice", put(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n" + SMUGGLED), {400, 501}),
    ("two transfer encodings", put(CHUNKED + CHUNKED, b"0\r\n\r\n" + SMUGGLED), {400, 501}),
    ("chunked and identity", put(CHUNKED + b"Transfer-Encoding: identity\r\n", b"0\r\n\r\n" + SMUGGLED), {400, 501}),
    ("identity", put(b"Transfer-Encoding: identity\r\n", SMUGGLED), {400, 501}),
    ("quoted chunked", put(b"Transfer-Encoding: \"chunked\"\r\n", b"0\r\n\r\n" + SMUGGLED), {400, 501}),
    ("chunked after a vertical tab", put(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n" + SMUGGLED), {400, 501}),
    ("empty transfer encoding", put(b"Transfer-Encoding:\r\n", SMUGGLED), {400, 501}),
    ("chunks in HTTP/1.0", put(CHUNKED, b"0\r\n\r\n" + SMUGGLED, version=b"1.0"), {400}),
    # chunks
    ("chunk size not hexadecimal", put(CHUNKED, b"zz\r\n\r\n" + SMUGGLED), {400}),
    ("chunk size with a sign", put(CHUNKED, b"+3\r\nabc\r\n0\r\n\r\n" + SMUGGLED), {400}),
    ("negative chunk size", put(CHUNKED, b"-1\r\nabc\r\n0\r\n\r\n" + SMUGGLED), {400}),
    ("chunk size with 0x", put(CHUNKED, b"0x3\r\nabc\r\n0\r\n\r\n" + SMUGGLED), {400}),
    ("empty chunk size", put(CHUNKED, b"\r\nabc\r\n0\r\n\r\n" + SMUGGLED), {400}),
    ("chunk size beyond 64 bits", put(CHUNKED, b"10000000000000003\r\nabc\r\n0\r\n\r\n" + SMUGGLED), {400, 413}),
    ("chunk size of 2^64-1", put(CHUNKED, b"ffffffffffffffff\r\nabc"), {400, 413}),
    ("chunk size after a bare LF", put(CHUNKED, b"3\nabc\r\n0\r\n\r\n" + SMUGGLED), {400}),
    ("chunk longer than it says", put(CHUNKED, b"3\r\nabcdef\r\n0\r\n\r\n" + SMUGGLED), {400}),
    ("chunk ended by a bare LF", put(CHUNKED, b"3\r\nabc\n0\r\n\r\n" + SMUGGLED), {400}),
    ("chunk extension with a bare LF", put(CHUNKED, b"3;a\nb\r\nabc\r\n0\r\n\r\n" + SMUGGLED), {400}),
    ("endless chunk extension", put(CHUNKED, b"3;" + b"x" * 100000), {400, 413, 431}),
    ("endless chunk size", put(CHUNKED, b"0" * 100000), {400, 413, 431}),
    ("endless trailers", put(CHUNKED, b"0\r\n" + b"Trailer: x\r\n" * 20000), {400, 413, 431}),
    ("a trailer that is no header", put(CHUNKED, b"0\r\nnothing here\r\n\r\n" + SMUGGLED), {400}),
    # the shape of lines
    ("bare LF after the request line", b"GET /livez HTTP/1.1\n" + HOST + b"\r\n" + SMUGGLED, {400}),
    ("bare LF after a header", get(b"A: b\nContent-Length: 100\r\n") + SMUGGLED, {400}),
    ("only bare LF", b"GET /livez HTTP/1.1\nHost: 127.0.0.1\n\n" + SMUGGLED, {400}),
    ("bare CR in a value", get(b"A: b\rContent-Length: 100\r\n") + SMUGGLED, {400}),
    ("CR CR LF", get(b"A: b\r\r\n") + SMUGGLED, {400}),
    ("NUL in a value", get(b"A: b\0c\r\n") + SMUGGLED, {400}),
    ("NUL in a name", get(b"A\0: b\r\n") + SMUGGLED, {400}),
    ("NUL in the target", get(path=b"/livez\0") + SMUGGLED, {400}),
    ("control byte in the target", get(path=b"/v1/kv/a\x01b") + SMUGGLED, {400}),
    ("folded header", get(b"A: b\r\n c\r\n") + SMUGGLED, {400}),
    ("folded first header", b"GET /livez HTTP/1.1\r\n " + HOST + b"\r\n" + SMUGGLED, {400}),
    ("space before the colon", put(b"Content-Length : 5\r\n", b"12345" + SMUGGLED), {400}),
    ("tab before the colon", put(b"Content-Length\t: 5\r\n", b"12345" + SMUGGLED), {400}),
    ("header without a colon", get(b"nothing\r\n") + SMUGGLED, {400}),
    ("header without a name", get(b": value\r\n") + SMUGGLED, {400}),
    ("header name with a space", get(b"A B: c\r\n") + SMUGGLED, {400}),
    ("header name not ASCII", get(b"\xc3\xa4: c\r\n") + SMUGGLED, {400}),
    ("header name with a parenthesis", get(b"A(B: c\r\n") + SMUGGLED, {400}),
    # the request line
    ("no version", b"GET /livez\r\n" + HOST + b"\r\n" + SMUGGLED, {400, 505}),
    ("no target", b"GET HTTP/1.1\r\n" + HOST + b"\r\n" + SMUGGLED, {400}),
    ("two spaces", b"GET  /livez HTTP/1.1\r\n" + HOST + b"\r\n" + SMUGGLED, {400}),
    ("a space in the target", get(path=b"/live z") + SMUGGLED, {400}),
    ("a tab instead of a space", b"GET\t/livez\tHTTP/1.1\r\n" + HOST + b"\r\n" + SMUGGLED, {400}),
    ("a space in front", b" GET /livez HTTP/1.1\r\n" + HOST + b"\r\n" + SMUGGLED, {400}),
    ("version in small letters", b"GET /livez http/1.1\r\n" + HOST + b"\r\n" + SMUGGLED, {400, 505}),
    ("version 2.0", get(version=b"2.0") + SMUGGLED, {505}),
    ("version 0.9", get(version=b"0.9") + SMUGGLED, {400, 505}),
    ("version 11.1", get(version=b"11.1") + SMUGGLED, {400, 505}),
    ("the HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    ("a method that is no token", get(method=b"G(T") + SMUGGLED, {400}),
    ("an endless method", b"G" * 100000, {400, 414, 431, 501}),
    ("a target that is no path", get(path=b"livez") + SMUGGLED, {400}),
    ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 502 + b"\r\n\r\n", {400}),
    ("binary rubbish", bytes(range(256)) * 4 + b"\r\n\r\n", {400}),
    # too much
    ("request line above 16 KiB", get(path=b"/v1/kv/k?x=" + b"x" * 17000) + SMUGGLED, {414}),
    ("endless target", b"GET /" + b"x" * 200000, {414}),
    ("head above 32 KiB", get(b"".join(b"A%d: %s\r\n" % (n, b"x" * 1000) for n in range(40))) + SMUGGLED, {431}),
    ("one header above 32 KiB", get(b"A: " + b"x" * 40000 + b"\r\n") + SMUGGLED, {431}),
    ("endless header name", get()[:-2] + b"A" * 200000, {400, 431}),
    ("more than 100 fields", get(b"A: b\r\n" * 100) + SMUGGLED, {431}),
    # hosts
    ("no host", get(host=b"") + SMUGGLED, {400}),
    ("two hosts", get(host=HOST + b"Host: localhost\r\n") + SMUGGLED, {400}),
    ("the same host twice", get(host=HOST + HOST) + SMUGGLED, {400}),
]

# As above, but whether the connection stays open is the server's choice: the framing is clear.
REFUSED = [
    ("empty host", get(host=b"Host:\r\n"), {400, 421}),
    ("another host", get(host=b"Host: elsewhere.example\r\n"), {421}),
    ("another host by its port", get(host=b"Host: elsewhere.example:80\r\n"), {421}),
    ("a host that begins like ours", get(host=b"Host: localhost.elsewhere.example\r\n"), {421}),
    ("a host that begins like our address", get(host=b"Host: 127.0.0.1.elsewhere.example\r\n"), {421}),
    ("a host with a user", get(host=b"Host: localhost@elsewhere.example\r\n"), {400, 421}),
    ("a user before our host", get(host=b"Host: elsewhere@localhost\r\n"), {400, 421}),
    ("two hosts in one line", get(host=b"Host: localhost, elsewhere.example\r\n"), {400, 421}),
    ("a host with a bad port", get(host=b"Host: localhost:80:80\r\n"), {400, 421}),
    ("a host with a bracket", get(host=b"Host: [::1\r\n"), {400, 421}),
    ("a host as a number", get(host=b"Host: 2130706433\r\n"), {421}),
    ("a host with a path", get(host=b"Host: localhost/x\r\n"), {400, 421}),
    ("another host in the target", get(path=b"http://elsewhere.example/livez"), {400, 421}),
    ("another host on a legacy route", get(path=b"/getall", host=b"Host: elsewhere.example\r\n"), {421}),
    ("a foreign origin reads", get(FOREIGN, b"/v1/kv/healthy"), {403}),
    ("a foreign origin reads all", get(FOREIGN, b"/getall"), {403}),
    ("a foreign origin writes", put(FOREIGN + FIVE, b"12345"), {403}),
    ("a foreign origin deletes", get(FOREIGN, b"/v1/kv/healthy", method=b"DELETE"), {403}),
    ("a null origin", put(b"Origin: null\r\n" + FIVE, b"12345"), {403}),
    ("an empty origin", put(b"Origin:\r\n" + FIVE, b"12345"), {400, 403}),
    ("an origin that begins like ours", put(b"Origin: http://127.0.0.1.elsewhere.example\r\n" + FIVE, b"12345"), {403}),
    ("an origin that ends like ours", put(b"Origin: http://elsewhere127.0.0.1\r\n" + FIVE, b"12345"), {403}),
    ("an origin on another port", put(b"Origin: http://127.0.0.1:1\r\n" + FIVE, b"12345"), {403}),
    ("two origins", put(b"Origin: http://127.0.0.1\r\n" + FOREIGN + FIVE, b"12345"), {400, 403}),
    ("a cross-site write without origin", put(b"Sec-Fetch-Site: cross-site\r\n" + FIVE, b"12345"), {403}),
    ("a cross-site legacy write", get(b"Sec-Fetch-Site: cross-site\r\nContent-Length: 22\r\n", b"/set", method=b"POST")
     + b'{"Key":"x","Value":""}', {403}),
    ("a cross-site legacy write by GET", get(b"Sec-Fetch-Site: cross-site\r\nContent-Length: 22\r\n", b"/set")
     + b'{"Key":"x","Value":""}', {403}),
    ("CONNECT", get(path=b"elsewhere.example:443", method=b"CONNECT"), {400, 405, 501}),
    ("TRACE", get(b"Cookie: secret\r\n", method=b"TRACE"), {405, 501}),
    ("an unknown expectation", put(b"Expect: the unexpected\r\n" + FIVE, b"12345"), {417}),
    ("a value too large", put(b"Content-Length: %d\r\n" % (MIB + 1), b"x" * (MIB + 1)), {413}),
    ("a legacy body too large", get(b"Content-Length: 9000000\r\n", b"/set", method=b"POST") + b" " * 9000000, {413}),
    ("a body nobody asked for, too large", get(b"Content-Length: 9000000\r\n") + b"x" * 9000000, {200, 400, 413}),
    ("a path out of the tree", get(path=b"/../../etc/passwd"), {400, 404}),
    ("an encoded path out of the tree", get(path=b"/v1/kv/..%2f..%2fetc%2fpasswd"), {404}),
    ("a double slash before a route", get(path=b"//v1/kv/healthy"), {400, 404}),
    ("percent at the end", get(path=b"/v1/kv/%"), {400}),
    ("an overlong encoding of a slash", get(path=b"/v1/kv/%c0%af"), {404}),
]


def legacy(body):
    return get(b"Content-Length: %d\r\n" % len(body), b"/set", method=b"POST") + body


LEGACY_BODIES = [
    ("arrays without end", b"[" * 100000, {400}),
    ("objects without end", b'{"a":' * 50000, {400}),
    ("nesting in an ignored member", b'{"x":' + b"[" * 50000 + b"]" * 50000 + b',"Key":"target","Value":"x"}', {400}),
    ("a number of 100,000 digits", b'{"x":' + b"1" * 100000 + b',"Key":5}', {400}),
    ("a lone surrogate", b'{"Key":"target","Value":"\\udc00"}', {400}),
    ("not UTF-8", b'{"Key":"target","Value":"\xff"}', {400}),
    ("an overlong NUL", b'{"Key":"target","Value":"\xc0\x80"}', {400}),
    ("a string without end", b'{"Key":"' + b"x" * 100000, {400}),
    ("a bad escape", b'{"Key":"target","Value":"\\u12"}', {400}),
    ("NaN", b'{"Key":"target","Value":NaN}', {400}),
    ("UTF-16", '{"Key":"target","Value":"x"}'.encode("utf-16"), {400}),
    ("a long key", b'{"Value":"x","Key":"' + b"k" * 1025 + b'"}', {413}),
    ("the empty key", b'{"Key":"","Value":"x"}', {400}),
]


class HostileTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.put("healthy", "ok")
        cls.patient = cls.server.connect()
        cls.addClassCleanup(cls.patient.close)

    def assert_healthy(self):
        """A client that was connected all the time and a new one are served, and nothing was written."""
        self.assertEqual(self.patient.request("GET", "/v1/kv/healthy").body, b"ok")
        with self.server.connect() as connection:
            self.assertEqual(connection.request("GET", "/v1/kv/healthy").body, b"ok")
            written = [key for key in ("target", "smuggled")
                       if connection.request("DELETE", "/v1/kv/" + key).json()["deleted"]]
        self.assertEqual(written, [])

    def attack(self, sent):
        connection = self.connect()
        connection.try_send(sent)
        return connection


class MalformedRequests(HostileTest):
    def test_what_cannot_be_framed_is_answered_and_cut(self):
        for name, sent, statuses in CUT:
            with self.subTest(name):
                connection = self.attack(sent)
                answer = connection.read_response()
                self.assertIn(answer.status, statuses, repr(answer))
                self.assertEqual(connection.read_to_end(), b"", "a second answer")
                self.assertEqual((answer.header("Connection") or "").lower(), "close")
                self.assert_healthy()

    def test_what_is_framed_but_not_allowed_is_refused(self):
        bodies = [("legacy: " + name, legacy(body), statuses) for name, body, statuses in LEGACY_BODIES]
        for name, sent, statuses in REFUSED + bodies:
            with self.subTest(name):
                answer = self.attack(sent).read_response()
                self.assertIn(answer.status, statuses, repr(answer))
                self.assertIsNone(answer.header("Access-Control-Allow-Origin"))
                self.assert_healthy()

    def test_the_table_is_long_enough(self):
        self.assertGreaterEqual(len(CUT) + len(REFUSED) + len(LEGACY_BODIES), 60)

    def test_what_looks_odd_but_is_right_is_served(self):
        own = b"127.0.0.1:%d" % self.server.port
        for name, sent in (
                ("localhost", get(host=b"Host: localhost\r\n")), ("capitals", get(host=b"Host: LocalHost:1234\r\n")),
                ("IPv6 loopback", get(host=b"Host: [::1]:80\r\n")),
                ("another loopback address", get(host=b"Host: 127.8.9.10\r\n")),
                ("absolute target", get(path=b"http://" + own + b"/livez", host=b"Host: " + own + b"\r\n")),
                ("own origin", get(b"Origin: http://" + own + b"\r\n", host=b"Host: " + own + b"\r\n")),
                ("a cross-site read without origin", get(b"Sec-Fetch-Site: cross-site\r\n")),
                ("an upgrade to h2c", get(b"Upgrade: h2c\r\nConnection: Upgrade\r\nHTTP2-Settings: AAM\r\n")),
                ("100 fields", get(b"A: b\r\n" * 99)),
                ("empty value", get(b"A:\r\n")),
                ("spaces around a value", get(b"A: \t b \t\r\n")),
                ("a value not ASCII", get(b"A: \xc3\xa4\xff\r\n")),
                ("a long target", get(path=b"/livez?" + b"x" * 15000))):
            with self.subTest(name):
                self.assertEqual(self.attack(sent).read_response().status, 200)

    def test_options_star(self):
        self.assertIn(self.attack(get(path=b"*", method=b"OPTIONS")).read_response().status, (200, 204, 400, 404))

    def test_errors_of_framing_say_what_is_wrong(self):
        answer = self.attack(put(FIVE + CHUNKED)).read_response()
        self.assert_problem(answer, 400, "malformed")
        answer = self.attack(get(host=ELSEWHERE, path=b"/v1/status")).read_response()
        self.assert_problem(answer, 421, "wrong_host")
        for sent, status, code in ((put(b"Transfer-Encoding: xchunked\r\n", SMUGGLED), 501, "malformed"),
                                   (get(path=b"/v1/kv/k?x=" + b"x" * 17000), 414, "uri_too_long"),
                                   (get(b"A: b\r\n" * 100, path=b"/v1/status"), 431, "headers_too_large"),
                                   (get(path=b"/v1/status", version=b"2.0"), 505, "malformed")):
            self.assert_problem(self.attack(sent).read_response(), status, code)
        for sent, words in ((get(host=ELSEWHERE, path=b"/getall"), b"--allowed-host"),
                            (get(FOREIGN, path=b"/getall"), b"--cors-origin"),
                            (b"GET /livez HTTP/1.1\r\n\r\n", b"Host"),
                            (get(FIVE + CHUNKED), b"Content-Length"),
                            (get(b"A : b\r\n"), b"colon"),
                            (get(path=b"/livez\0"), b"percent-encode")):
            answer = self.attack(sent).read_response()
            self.assertEqual(answer.header("Content-Type"), "text/plain; charset=utf-8")
            self.assertRegex(answer.body, rb"^[^\n]{10,}\n$")
            self.assertIn(words, answer.body)

    def test_no_header_can_be_planted(self):
        for path in (b"/v1/kv/a%0d%0aInjected:%20yes", b"/%0d%0aInjected:%20yes", b"/v1/kv/a?x%0d%0aInjected:%20yes=1"):
            answer = self.attack(get(path=path)).read_response()
            self.assertGreaterEqual(answer.status, 400)
            self.assertIsNone(answer.header("Injected"))

    def test_a_refused_body_may_be_large_and_the_answer_still_arrives(self):
        for size in (MIB + 1, 3 * MIB, 8 * MIB):
            connection = self.attack(put(b"Content-Length: %d\r\n" % size, b"x" * size))
            self.assertEqual(connection.read_response().status, 413)


class BrokenOff(HostileTest):
    def test_a_request_cut_anywhere_does_nothing(self):
        whole = put(FIVE, b"12345")
        for size in range(0, len(whole), 7):
            for end in ("close", "abort", "half"):
                connection = self.attack(whole[:size])
                if end == "half":
                    connection.socket.shutdown(socket.SHUT_WR)
                    connection.read_to_end()
                else:
                    getattr(connection, end)()
        self.assert_healthy()

    def test_chunks_cut_anywhere_do_nothing(self):
        whole = put(CHUNKED, chunked(b"12345", 2))
        for size in range(whole.index(b"\r\n\r\n"), len(whole) - 1):
            connection = self.attack(whole[:size])
            connection.socket.shutdown(socket.SHUT_WR)
            connection.read_to_end()
        self.assert_healthy()

    def test_clients_that_ask_and_leave(self):
        for _ in range(300):
            self.attack(get(path=b"/v1/kv/healthy")).abort()
        self.assert_healthy()

    def test_empty_lines_without_end(self):
        connection = self.attack(b"\r\n" * 200000)
        connection.socket.shutdown(socket.SHUT_WR)
        connection.read_to_end()
        self.assert_healthy()


class TooMuch(HostileTest):
    def memory(self):
        """Resident memory of the server in bytes."""
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024

    def test_a_pipeline_of_ten_thousand_requests_is_answered_in_order(self):
        connection = self.connect()
        paths = ["/v1/kv/healthy", "/livez", "/v1/kv/missing"]
        sent = b"".join(request_bytes("GET", paths[number % 3]) for number in range(9999))
        sender = threading.Thread(target=connection.send, args=(sent,))
        sender.start()
        bodies = [connection.read_response() for _ in range(9999)]
        sender.join()
        self.assertEqual([answer.status for answer in bodies], [200, 200, 404] * 3333)
        self.assertEqual(bodies[9996].body, b"ok")

    def test_a_pipeline_nobody_reads_fills_no_memory(self):
        self.server.put("large", b"x" * MIB)
        before = self.memory()
        for _ in range(4):
            connection = self.connect(timeout=1, receive_buffer=4096)
            connection.try_send(get(path=b"/v1/kv/large") * 20000)
        self.assert_healthy()
        self.assertLess(self.memory() - before, 400 * MIB)

    def test_a_listing_nobody_reads_harms_nobody(self):
        self.server.put("large", b"x" * MIB)
        stuck = self.connect(receive_buffer=4096)
        stuck.send(get(path=b"/getall") * 64)
        self.assert_healthy()

    def test_many_connections_that_send_half_a_head(self):
        held = [self.attack(b"GET /livez HT") for _ in range(200)]
        self.assert_healthy()
        for connection in held:
            connection.send(b"TP/1.1\r\n" + HOST + b"\r\n")
        self.assertEqual({connection.read_response().status for connection in held}, {200})


class SlowHeads(HostileTest):
    """The whole head has ten seconds, however it trickles in. All of these wait at the same time."""

    def trickle(self, first, drop):
        """Sends `first`, then `drop` every half second; returns (answer or None, seconds until it came)."""
        begun = time.monotonic()
        connection = self.connect(timeout=0.5)
        connection.send(first)
        while time.monotonic() - begun < 40:
            try:
                answer = connection.read_response()
                connection.socket.settimeout(TIMEOUT)
                connection.read_to_end()
                return answer.status, time.monotonic() - begun
            except TimeoutError:
                if drop:
                    connection.try_send(drop)
            except ConnectionEnded:
                return None, time.monotonic() - begun
        return "never", 40

    def test_slow_heads_are_cut_after_ten_seconds(self):
        cases = {"silence after a line": (b"GET /livez HTTP/1.1\r\n", b""), "a byte at a time": (b"G", b"E"),
                 "a header at a time": (b"GET /livez HTTP/1.1\r\n" + HOST, b"A: b\r\n"), "half a word": (b"GE", b""),
                 "empty lines": (b"\r\n", b"\r\n")}
        results = {}
        threads = [threading.Thread(target=lambda name=name, case=case: results.update({name: self.trickle(*case)}))
                   for name, case in cases.items()]
        for thread in threads:
            thread.start()
        self.assert_healthy()
        for thread in threads:
            thread.join(60)
        for name in cases:
            with self.subTest(name):
                status, seconds = results[name]
                self.assertIn(status, (408, None) if name == "empty lines" else (408,))
                self.assertGreater(seconds, 8)
                self.assertLess(seconds, 20)
        self.assert_healthy()


if __name__ == "__main__":
    main()

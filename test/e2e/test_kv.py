#!/usr/bin/env python3
"""/v1/kv: raw values under keys of any bytes, conditions, representations, errors."""
import base64
import itertools
import re

from kvs_harness import *

MIB = 1024 * 1024
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


class KeyValueTest(ServerTest):
    numbers = itertools.count(1)

    def setUp(self):
        self.key = f"{self.id().rpartition('.')[2]}-{next(self.numbers)}"
        self.path = "/v1/kv/" + self.key

    def get(self, path=None, headers=None):
        return self.ask("GET", path or self.path, headers)

    def store(self, value="v", headers=None, path=None):
        return self.ask("PUT", path or self.path, headers, value)

    def revision(self):
        """A revision of self.key, freshly set."""
        return self.put(self.key, "old")

    def assert_value(self, value, path=None):
        answer = self.get(path)
        self.assertEqual((answer.status, answer.body), (200, value))


class Values(KeyValueTest):
    def test_a_put_creates_and_says_so(self):
        answer = self.store(b"hello")
        self.assertEqual(answer.status, 201)
        body = answer.json()
        self.assertEqual(body, {"key": self.key, "revision": body["revision"], "created": True})
        self.assertEqual(answer.etag, '"%d"' % body["revision"])
        self.assertEqual(answer.revision, body["revision"])
        self.assertEqual(answer.header("Content-Type"), "application/json")

    def test_a_second_put_replaces_at_a_higher_revision(self):
        first = self.store("1").json()["revision"]
        answer = self.store("2")
        self.assertEqual((answer.status, answer.json()["created"]), (200, False))
        self.assertGreater(answer.json()["revision"], first)
        self.assert_value(b"2")

    def test_a_get_gives_the_bytes_with_what_guards_them(self):
        revision = self.put(self.key, "<script>alert(1)</script>")
        answer = self.get()
        self.assertEqual((answer.status, answer.body), (200, b"<script>alert(1)</script>"))
        self.assertEqual(answer.header("Content-Type"), "application/octet-stream")
        self.assertEqual(answer.header("X-Content-Type-Options"), "nosniff")
        self.assertEqual(answer.header("Content-Security-Policy"), "sandbox; default-src 'none'")
        self.assertEqual(answer.header("Cache-Control"), "no-cache")
        self.assertEqual(answer.header("Vary"), "Accept")
        self.assertEqual(answer.etag, '"%d"' % revision)
        self.assertEqual(answer.header("Content-Length"), "25")

    def test_every_byte_comes_back(self):
        value = bytes(range(256)) * 3
        self.store(value)
        self.assert_value(value)

    def test_an_empty_value_is_a_value(self):
        self.assertEqual(self.store(b"").status, 201)
        self.assert_value(b"")

    def test_a_put_with_neither_length_nor_chunks_stores_an_empty_value(self):
        self.assertEqual(self.ask("PUT", self.path).status, 201)
        self.assert_value(b"")

    def test_a_mebibyte_fits_and_a_byte_more_does_not(self):
        value = b"x" * MIB
        self.assertEqual(self.store(value).status, 201)
        self.assert_value(value)
        with self.connect() as connection:
            connection.try_send(request_bytes("PUT", self.path, body=value + b"y"))
            self.assert_problem(connection.read_response(), 413, "value_too_large")
        self.assert_value(value)

    def test_chunks_make_one_value(self):
        for sizes in ((), (1,), (3, 1, 4, 1, 5), (2,) * 40):
            answer = self.store(chunked(b"in several pieces " * 5, *sizes), {"Transfer-Encoding": "chunked"})
            self.assertIn(answer.status, (200, 201))
            self.assert_value(b"in several pieces " * 5)

    def test_chunk_extensions_and_trailers_are_ignored(self):
        body = b"3;name=value\r\nabc\r\n0;last\r\nTrailer: x\r\n\r\n"
        self.assertEqual(self.store(body, {"Transfer-Encoding": "chunked"}).status, 201)
        self.assert_value(b"abc")

    def test_chunks_beyond_the_limit_are_refused(self):
        with self.connect() as connection:
            body = chunked(b"x" * (MIB + 1), *[65536] * 16)
            connection.try_send(request_bytes("PUT", self.path, {"Transfer-Encoding": "chunked"}, body))
            self.assert_problem(connection.read_response(), 413, "value_too_large")
        self.assertEqual(self.get().status, 404)

    def test_an_encoded_body_is_refused(self):
        self.assert_problem(self.store("x", {"Content-Encoding": "gzip"}), 415, "unsupported_media_type")
        self.assertEqual(self.get().status, 404)

    def test_a_missing_key_is_not_found(self):
        self.assert_problem(self.get(), 404, "no_such_key")

    def test_a_head_is_a_get_without_the_body(self):
        self.store("four", {"Content-Type": "text/plain"})
        got, head = self.get(), self.ask("HEAD", self.path)
        self.assertEqual(head.status, 200)
        same = lambda answer: sorted(pair for pair in answer.headers if pair[0] not in ("Kvs-Request-Id", "Date"))
        self.assertEqual(same(head), same(got))
        missing = self.ask("HEAD", self.path + "-not")
        self.assertEqual((missing.status, missing.body), (404, b""))

    def test_a_write_is_seen_at_once_on_every_connection(self):
        connections = [self.connect() for _ in range(8)]
        for turn in range(400):
            value = b"%d" % turn
            written = connections[turn % 8].request("PUT", self.path, body=value)
            seen = connections[(turn * 5 + 3) % 8].request("GET", self.path)
            self.assertEqual(seen.body, value)
            self.assertGreaterEqual(seen.revision, written.revision)


class Deletes(KeyValueTest):
    def test_a_delete_removes_once(self):
        set_at = self.revision()
        answer = self.ask("DELETE", self.path)
        self.assertEqual((answer.status, answer.json()["deleted"]), (200, 1))
        self.assertGreater(answer.json()["revision"], set_at)
        self.assertEqual(answer.revision, answer.json()["revision"])
        self.assertEqual(self.get().status, 404)
        again = self.ask("DELETE", self.path)
        self.assertEqual((again.status, again.json()["deleted"]), (200, 0))

    def test_a_delete_on_condition(self):
        revision = self.revision()
        refused = self.ask("DELETE", self.path, {"If-Match": '"%d"' % (revision + 1)})
        self.assert_problem(refused, 412, "condition_failed")
        self.assert_value(b"old")
        self.assertEqual(self.ask("DELETE", self.path, {"If-Match": '"%d"' % revision}).json()["deleted"], 1)
        self.assert_problem(self.ask("DELETE", self.path, {"If-Match": "*"}), 412, "condition_failed")

    def test_a_key_made_again_begins_anew(self):
        self.revision()
        self.ask("DELETE", self.path)
        answer = self.store("new")
        self.assertEqual((answer.status, answer.json()["created"]), (201, True))
        record = self.get(self.path + "?record=1").json()
        self.assertEqual((record["version"], record["created_revision"]), (1, record["revision"]))


class Keys(KeyValueTest):
    # How it stands in the path, and the key it names.
    SPELLINGS = [
        (b"a/../b", b"a/../b"), (b"a/./b", b"a/./b"), (b"../up", b"../up"), (b"..", b".."), (b".", b"."),
        (b"/", b"/"), (b"//", b"//"), (b"a//b", b"a//b"), (b"a/", b"a/"), (b"a/b%2Fc", b"a/b/c"), (b"%2f", b"/"),
        (b"with%20space", b"with space"), (b"a+b", b"a+b"), (b"100%25", b"100%"), (b"%3Fq=1", b"?q=1"), (b"%23", b"#"),
        (b"a;b=c,d:e@f!$&'()*~-_.", b"a;b=c,d:e@f!$&'()*~-_."), (b"%2525", b"%25"), (b"%C3%BC", "ü".encode()),
        ("ü".encode(), "ü".encode()), (b"\xff\xfe", b"\xff\xfe"), (b"%ff%80", b"\xff\x80"),
        (b"\xe2\x82", b"\xe2\x82"),
        (b"caf\xc3%A9", "café".encode()), (b"kv", b"kv"), (b"v1/kv/x", b"v1/kv/x"), (b"%41%62", b"Ab"), (b"%7E", b"~"),
        (b"%00", b"\0"), (b"a%0Ab", b"a\nb"),
    ]

    def test_a_path_names_a_key_byte_for_byte(self):
        for spelling, key in self.SPELLINGS:
            with self.subTest(spelling=spelling):
                path = b"/v1/kv/" + spelling
                value = b"value of " + key
                self.assertIn(self.ask("PUT", path, body=value).status, (200, 201))
                canonical = b"/v1/kv/" + b"".join(b"%%%02X" % byte for byte in key)
                self.assertEqual(self.ask("GET", canonical).body, value)
                record = self.ask("GET", path + b"?record=1").json()
                try:
                    shown = {"key": key.decode("utf-8")}
                except UnicodeDecodeError:
                    shown = {"key_base64": base64.b64encode(key).decode()}
                self.assertEqual({name: record[name] for name in record if name.startswith("key")}, shown)

    def test_any_byte_may_stand_in_a_key(self):
        with self.watch("prefix=any-byte") as watch, self.connect() as connection:
            watch.until("synced")
            for byte in range(256):  # NUL too: a key is bytes, not a string of C
                path = "/v1/kv/any-byte%%%02X" % byte
                self.assertEqual(connection.request("PUT", path, body=b"%d" % byte).status, 201, path)
                event = watch.next()
                key = base64.b64decode(event["key_base64"]) if "key_base64" in event else event["key"].encode()
                self.assertEqual(key, b"any-byte" + bytes([byte]))
            for byte in range(256):
                path = "/v1/kv/any-byte%%%02X" % byte
                self.assertEqual(connection.request("GET", path).body, b"%d" % byte, path)
                self.assertEqual(connection.request("DELETE", path).json()["deleted"], 1, path)

    def test_keys_that_other_servers_would_fold_stay_apart(self):
        spellings = [b"n/a", b"n//a", b"n/./a", b"n/b/../a", b"n/a/", b"N/a", b"n/a%20", b"n/a."]
        for number, spelling in enumerate(spellings):
            self.ask("PUT", b"/v1/kv/" + spelling, body=b"%d" % number)
        for number, spelling in enumerate(spellings):
            self.assertEqual(self.ask("GET", b"/v1/kv/" + spelling).body, b"%d" % number, spelling)

    def test_bad_keys_are_refused_by_every_method(self):
        for spelling in (b"%", b"a%4", b"%zz", b"%G0", b"%u0041"):
            for method in ("GET", "HEAD", "PUT", "DELETE"):
                with self.subTest(spelling=spelling, method=method):
                    answer = self.ask(method, b"/v1/kv/" + spelling, body=b"x" if method == "PUT" else None)
                    self.assertEqual(answer.status, 400)
                    if method != "HEAD":
                        self.assert_problem(answer, 400, "bad_key")

    def test_the_empty_key_is_refused_and_never_means_everything(self):
        self.revision()
        for method in ("GET", "PUT", "DELETE"):
            self.assert_problem(self.ask(method, "/v1/kv/", body=b"x" if method == "PUT" else None), 400, "empty_key")
        self.assert_value(b"old")

    def test_a_kibibyte_of_key_fits_and_a_byte_more_does_not(self):
        fits = "k" * 1024
        self.assertIn(self.store(path="/v1/kv/" + fits).status, (200, 201))
        self.assert_value(b"v", "/v1/kv/" + "%6B" * 1024)
        for method in ("GET", "PUT", "DELETE"):
            answer = self.ask(method, "/v1/kv/" + fits + "k", body=b"x" if method == "PUT" else None)
            self.assert_problem(answer, 413, "key_too_large")


class ContentTypes(KeyValueTest):
    def test_a_content_type_is_kept(self):
        for kind in ("text/plain", "application/json", 'text/html; charset="utf-8"', "x/" + "y" * 253):
            self.store("v", {"Content-Type": kind})
            self.assertEqual(self.get().header("Content-Type"), kind)
            self.assertEqual(self.get(self.path + "?record=1").json()["content_type"], kind)

    def test_a_put_without_a_content_type_forgets_the_one_before(self):
        self.store("v", {"Content-Type": "text/plain"})
        self.store("v")
        self.assertEqual(self.get().header("Content-Type"), "application/octet-stream")
        self.assertNotIn("content_type", self.get(self.path + "?record=1").json())

    def test_a_content_type_above_255_bytes_is_refused(self):
        problem = self.assert_problem(self.store("v", {"Content-Type": "x/" + "y" * 254}), 431, "headers_too_large")
        self.assertEqual(problem["detail"], "a content type has at most 255 bytes")
        self.assertEqual(self.get().status, 404)
        self.assertEqual(self.store("v", {"Content-Type": "x/" + "y" * 253}).status, 201)


class Records(KeyValueTest):
    def test_the_record_tells_all_about_a_key(self):
        first = self.store("1").json()["revision"]
        second = self.store("z\u00fcrich", {"Content-Type": "text/plain"}).json()["revision"]
        answer = self.get(self.path + "?record=1")
        record = answer.json()
        self.assertRegex(record.pop("modified"), TIME)
        self.assertEqual(record, {"key": self.key, "value": "z\u00fcrich", "revision": second,
                                  "created_revision": first, "version": 2, "content_type": "text/plain"})
        self.assertEqual(answer.header("Content-Type"), "application/json")
        self.assertEqual(answer.etag, '"%d"' % second)

    def test_bytes_that_are_not_text_are_in_base64(self):
        for value in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"ab\x80"):
            self.store(value)
            record = self.get(self.path + "?record=1").json()
            self.assertEqual(base64.b64decode(record["value_base64"]), value)
            self.assertNotIn("value", record)

    def test_text_is_never_in_base64(self):
        for value in ("", "\0", "\x7f\x1f", '"\\/', "\u2028\U0001f600", "</script>"):
            self.store(value)
            record = self.get(self.path + "?record=1").json()
            self.assertEqual(record["value"], value)
            self.assertNotIn("value_base64", record)

    def test_accept_chooses_between_bytes_and_record(self):
        self.store("v")
        for accept, json in (("application/json", True), ("*/*", False), ("application/json, */*", False),
                             ("application/json, */*;q=0.8", True), ("application/json;q=0.5, */*;q=0.8", False),
                             ("text/html, application/json;q=0.9, */*;q=0.1", True), ("text/plain", False),
                             ("application/octet-stream", False), ("APPLICATION/JSON", True),
                             ("application/json;q=0", False)):
            answer = self.get(headers={"Accept": accept})
            self.assertEqual(answer.status, 200, accept)
            self.assertEqual(answer.header("Content-Type") == "application/json", json, accept)
            self.assertEqual(answer.header("Vary"), "Accept")

    def test_the_record_parameter_is_a_boolean(self):
        self.store("v")
        for spelling, json in (("record", True), ("record=1", True), ("record=true", True), ("record=0", False),
                               ("record=false", False)):
            answer = self.get(self.path + "?" + spelling)
            self.assertEqual(answer.header("Content-Type") == "application/json", json, spelling)
        self.assert_problem(self.get(self.path + "?record=maybe"), 400, "bad_parameter")

    def test_a_head_of_the_record_has_its_length(self):
        self.store("v")
        length = len(self.get(self.path + "?record=1").body)
        self.assertEqual(self.ask("HEAD", self.path + "?record=1").header("Content-Length"), str(length))


class ReadConditions(KeyValueTest):
    def test_if_none_match_saves_the_body(self):
        revision = self.revision()
        for tag in ('"%d"', 'W/"%d"', '"1x", "%d"', '"7777777" , W/"%d","x"'):
            answer = self.get(headers={"If-None-Match": tag % revision})
            self.assertEqual((answer.status, answer.body), (304, b""), tag)
            self.assertEqual(answer.etag, '"%d"' % revision)
        self.assertEqual(self.get(headers={"If-None-Match": "*"}).status, 304)
        self.assertEqual(self.ask("HEAD", self.path, {"If-None-Match": '"%d"' % revision}).status, 304)

    def test_if_none_match_with_another_revision_gives_the_value(self):
        revision = self.revision()
        self.assertEqual(self.get(headers={"If-None-Match": '"%d"' % (revision + 1)}).body, b"old")
        self.assertEqual(self.get(self.path + "-missing", {"If-None-Match": '"1"'}).status, 404)

    def test_if_match_on_a_read(self):
        revision = self.revision()
        self.assertEqual(self.get(headers={"If-Match": '"%d"' % revision}).status, 200)
        self.assertEqual(self.get(headers={"If-Match": "*"}).status, 200)
        for tag in ('"%d"' % (revision + 1), 'W/"%d"' % revision):
            problem = self.assert_problem(self.get(headers={"If-Match": tag}), 412, "condition_failed")
            self.assertEqual((problem["current_revision"], problem["current"]["revision"]), (revision, revision))
            self.assertEqual(problem["current"], self.get(self.path + "?record=1").json())


class WriteConditions(KeyValueTest):
    def assert_refused(self, headers, current_revision, value):
        answer = self.store("refused", headers)
        problem = self.assert_problem(answer, 412, "condition_failed")
        self.assertEqual(problem["current_revision"], current_revision)
        if current_revision:
            self.assertEqual((problem["current"]["value"], problem["current"]["revision"]), (value, current_revision))
            self.assert_value(value.encode())
        else:
            self.assertIsNone(problem["current"])
            self.assertEqual(self.get().status, 404)

    def test_if_match_holds_for_the_current_revision(self):
        for tag in ('"%d"', "%d", '"1", "%d"', '"%d","99999999"', "99999999, %d"):
            revision = self.revision()
            answer = self.store(tag, {"If-Match": tag % revision})
            self.assertEqual(answer.status, 200, tag)
            self.assertGreater(answer.json()["revision"], revision)
            self.assert_value(tag.encode())

    def test_if_match_is_refused_for_another_revision(self):
        before = self.revision()
        revision = self.revision()
        for tag in ('"%d"', "%d", '"%d", "99999999"'):
            self.assert_refused({"If-Match": tag % before}, revision, "old")
        self.assert_refused({"If-Match": 'W/"%d"' % revision}, revision, "old")  # RFC 9110, 13.1.1: compared strongly
        self.assert_refused({"If-Match": '"x"'}, revision, "old")

    def test_if_match_star_wants_the_key_to_exist(self):
        self.assert_refused({"If-Match": "*"}, 0, None)
        self.revision()
        self.assertEqual(self.store("new", {"If-Match": "*"}).status, 200)

    def test_if_match_on_a_missing_key_is_refused(self):
        self.assert_refused({"If-Match": '"1"'}, 0, None)

    def test_if_none_match_star_only_creates(self):
        self.assertEqual(self.store("first", {"If-None-Match": "*"}).status, 201)
        revision = self.get().revision
        self.assert_refused({"If-None-Match": "*"}, int(self.get().etag.strip('"')), "first")
        self.assertEqual(self.get().revision, revision)

    def test_if_none_match_with_revisions_refuses_just_these(self):
        revision = self.revision()
        self.assert_refused({"If-None-Match": '"%d"' % revision}, revision, "old")
        self.assertEqual(self.store("new", {"If-None-Match": '"%d"' % (revision + 1000000)}).status, 200)

    def test_two_conditions_must_both_hold(self):
        revision = self.revision()
        self.assert_refused({"If-Match": '"%d"' % revision, "If-None-Match": "*"}, revision, "old")

    def test_a_condition_that_cannot_be_read_never_writes(self):
        self.revision()
        for tag in ("", "abc", '"', '"1', "W/", '"1" "2"', "-1", "1.5", "*, *x", "99999999999999999999999"):
            answer = self.store("refused", {"If-Match": tag})
            self.assertIn(answer.status, (400, 412), tag)
        self.assert_value(b"old")

    def test_a_refused_write_uses_no_revision_anyone_sees(self):
        revision = self.revision()
        answer = self.store("no", {"If-None-Match": "*"})
        self.assertEqual(answer.revision, revision)
        self.assertIsNone(answer.etag)

    def test_of_many_creators_one_wins(self):
        connections = [self.connect() for _ in range(30)]
        for connection in connections:
            connection.send(request_bytes("PUT", self.path, {"If-None-Match": "*"}, b"x", host=connection.host))
        answers = sorted(connection.read_response().status for connection in connections)
        self.assertEqual(answers, [201] + [412] * 29)


class Answers(KeyValueTest):
    def test_every_answer_names_revision_log_and_request(self):
        log_id = self.get().header("Kvs-Log-Id")
        self.assertRegex(log_id, r"^[0-9a-f]{16}$")
        revision = self.revision()
        seen = set()
        for method, path in (("GET", self.path), ("HEAD", self.path), ("GET", self.path + "-no"), ("PUT", self.path),
                             ("DELETE", self.path), ("OPTIONS", self.path), ("POST", self.path),
                             ("GET", self.path + "?x=1"), ("GET", "/v1/nothing"), ("GET", "/nothing"),
                             ("GET", "/getall"), ("GET", "/v1/status")):
            answer = self.ask(method, path)
            self.assertEqual(answer.header("Kvs-Log-Id"), log_id, path)
            self.assertGreaterEqual(answer.revision, revision, path)
            seen.add(answer.header("Kvs-Request-Id"))
        self.assertEqual(len(seen), 12)
        self.assertNotIn(None, seen)

    def test_a_request_id_of_the_clients_own_is_kept(self):
        for name in ("my-request-1", "x" * 128):
            self.assertEqual(self.get(headers={"X-Request-Id": name}).header("Kvs-Request-Id"), name)

    def test_a_request_id_that_is_too_long_or_not_visible_is_replaced(self):
        for name in ("x" * 129, "with space", "caf\xe9"):
            answer = self.get(headers={"X-Request-Id": name})
            self.assertNotEqual(answer.header("Kvs-Request-Id"), name)
            self.assertTrue(answer.header("Kvs-Request-Id"))

    def test_options_names_the_methods(self):
        answer = self.ask("OPTIONS", self.path)
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertLessEqual({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}, set(re.split(r", *", answer.header("Allow"))))

    def test_other_methods_are_refused_with_the_allowed_ones(self):
        for method in ("POST", "BREW", "PROPFIND", "TRACE", "get", "LINK"):
            answer = self.ask(method, self.path, body=b"")
            self.assert_problem(answer, 405, "method_not_allowed")
            self.assertIn("PUT", answer.header("Allow"))

    def test_an_unknown_parameter_is_refused_with_a_suggestion(self):
        self.revision()
        problem = self.assert_problem(self.get(self.path + "?reccord=1"), 400, "bad_parameter")
        self.assertIn("reccord", problem["detail"])
        self.assertRegex(problem["detail"].replace("reccord", ""), r"\brecord\b")
        self.assert_problem(self.get(self.path + "?zzz"), 400, "bad_parameter")
        self.assert_problem(self.get(self.path + "?record=1&record=1"), 400, "bad_parameter")
        self.assert_problem(self.store("new", path=self.path + "?if_absent=1"), 400, "bad_parameter")
        self.assert_value(b"old")

    def test_unknown_routes(self):
        self.assert_problem(self.ask("GET", "/v1/nothing"), 404, "no_such_route")
        self.assert_problem(self.ask("GET", "/v1"), 404, "no_such_route")
        answer = self.ask("GET", "/nothing")
        self.assertEqual(answer.status, 404)
        self.assertEqual(answer.header("Content-Type"), "text/plain; charset=utf-8")
        self.assertEqual(answer.body, b"there is nothing at this path; GET / shows what there is\n")

    def test_problems_are_not_cached(self):
        self.assertIn(self.get().header("Cache-Control"), ("no-store", "no-cache"))


class Connections(KeyValueTest):
    def test_pipelined_requests_are_carried_out_in_order(self):
        with self.connect() as connection:
            connection.send(b"".join(request_bytes(method, self.path, body=body) for method, body in
                                     (("GET", None), ("PUT", b"1"), ("GET", None), ("PUT", b"2"), ("GET", None),
                                      ("DELETE", None), ("GET", None), ("HEAD", None), ("PUT", b"3"))))
            methods = ["GET", "PUT", "GET", "PUT", "GET", "DELETE", "GET", "HEAD", "PUT"]
            answers = [connection.read_response(method) for method in methods]
            self.assertEqual([answer.status for answer in answers], [404, 201, 200, 200, 200, 200, 404, 404, 201])
            self.assertEqual((answers[2].body, answers[4].body), (b"1", b"2"))

    def test_a_request_may_come_byte_by_byte(self):
        with self.connect() as connection:
            for byte in request_bytes("PUT", self.path, body=b"slow"):
                connection.send(bytes([byte]))
            self.assertEqual(connection.read_response().status, 201)

    def test_empty_lines_before_a_request_are_skipped(self):
        with self.connect() as connection:
            connection.send(b"\r\n" + request_bytes("PUT", self.path, body=b"v"))
            self.assertEqual(connection.read_response().status, 201)

    def test_http_1_0_closes_and_needs_no_host(self):
        self.revision()
        with self.connect() as connection:
            answer = connection.request("GET", self.path, host=None, version="1.0")
            self.assertEqual((answer.status, answer.body), (200, b"old"))
            self.assertTrue(connection.ends())

    def test_http_1_0_may_ask_to_keep_the_connection(self):
        self.revision()
        with self.connect() as connection:
            for _ in range(2):
                answer = connection.request("GET", self.path, {"Connection": "keep-alive"}, version="1.0")
                self.assertEqual(answer.body, b"old")
                self.assertEqual(answer.header("Connection", "").lower(), "keep-alive")

    def test_connection_close_is_answered_and_done(self):
        with self.connect() as connection:
            answer = connection.request("GET", self.path, {"Connection": "close"})
            self.assertEqual(answer.header("Connection"), "close")
            self.assertTrue(connection.ends())

    def test_100_continue_comes_before_the_body_is_sent(self):
        with self.connect() as connection:
            fields = {"Expect": "100-continue", "Content-Length": "5"}
            connection.send(request_bytes("PUT", self.path, fields, host=connection.host))
            self.assertEqual(connection.read_head()[9:12], b"100")
            connection.send(b"after")
            self.assertEqual(connection.read_response().status, 201)
        self.assert_value(b"after")

    def test_a_refusal_known_from_the_head_comes_instead_of_100(self):
        self.revision()
        for path, headers, status in ((self.path, {"Content-Length": str(MIB + 1)}, 413),
                                      ("/v1/kv/" + "k" * 1025, {"Content-Length": "5"}, 413),
                                      (self.path + "?wrong=1", {"Content-Length": "5"}, 400),
                                      (self.path, {"Content-Length": "5", "Content-Encoding": "gzip"}, 415),
                                      (self.path, {"Content-Length": "5", "Origin": "http://elsewhere.example"}, 403)):
            with self.subTest(path=path[:60], **headers), self.connect(timeout=5) as connection:
                answer = connection.request("PUT", path, {"Expect": "100-continue", **headers})
                self.assertEqual((answer.status, answer.interim), (status, []))

    def test_an_unknown_expectation_fails(self):
        answer = self.store("x", {"Expect": "200-maybe"})
        self.assertEqual(answer.status, 417)
        self.assertEqual(self.get().status, 404)


class SmallLimits(KeyValueTest):
    flags = ("--max-value-size", "1KiB")

    def test_the_limit_of_values_can_be_set(self):
        self.assertEqual(self.store(b"x" * 1024).status, 201)
        self.assert_problem(self.store(b"x" * 1025), 413, "value_too_large")
        answer = self.ask("POST", "/set", body='{"Key":"k","Value":"%s"}' % ("x" * 1025))
        self.assertEqual(answer.status, 413)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""/v1/watch?wait=: long polls on a connection that goes on."""
import threading
import urllib.parse

from kvs_harness import *


def quote(text):
    return urllib.parse.quote(text, safe="")


class PollTest(ServerTest):
    def setUp(self):
        self.prefix = self.id().rpartition(".")[2] + "/"

    def set(self, name, value="v"):
        return self.put(self.prefix + name, value)

    def target(self, query):
        return "/v1/watch?prefix=" + quote(self.prefix) + "&" + query

    def poll(self, query, headers=None, **kw):
        answer = self.ask("GET", self.target(query), headers, **kw)
        self.assertEqual(answer.status, 200, repr(answer))
        self.assertEqual(answer.header("Content-Type"), "application/json")
        self.assertEqual(answer.header("Cache-Control"), "no-store")
        self.assertTrue(answer.body.endswith(b"]\n"), answer.body[-20:])
        return answer

    def waiting(self, query):
        """A poll that waits for certain: the server counts it."""
        before = self.ask("GET", "/v1/status").json()["watchers"]
        connection = self.connect()
        connection.send(request_bytes("GET", self.target(query)))
        while self.ask("GET", "/v1/status").json()["watchers"] == before:
            pass
        return connection


class Answers(PollTest):
    def test_changes_that_are_there_are_answered_at_once(self):
        first = self.set("a")
        second = self.set("b")
        expected = self.watch("prefix=%s&since=%d" % (quote(self.prefix), first - 1)).take(2)
        answer = self.poll("since=%d&wait=10m" % (first - 1))
        self.assertEqual(answer.json(), expected)
        self.assertEqual(answer.revision, second)

    def test_a_change_ends_the_wait(self):
        connection = self.waiting("wait=5m")
        revision = self.set("a", "1")
        answer = connection.read_response()
        (event,) = answer.json()
        self.assertEqual((event["op"], event["value"], event["revision"]), ("set", "1", revision))
        self.assertEqual(answer.revision, revision)

    def test_other_keys_do_not_end_it_but_move_the_revision_on(self):
        self.set("a")
        elsewhere = self.put("elsewhere")
        answer = self.poll("wait=100ms")
        self.assertEqual((answer.body, answer.revision), (b"[]\n", elsewhere))
        connection = self.waiting("wait=1s")
        elsewhere = self.put("elsewhere")
        answer = connection.read_response()
        self.assertEqual((answer.body, answer.revision), (b"[]\n", elsewhere))

    def test_no_wait_at_all(self):
        revision = self.set("a")
        answer = self.poll("since=%d&wait=0s" % revision)
        self.assertEqual(answer.json(), [])

    def test_an_initial_state_comes_at_once_with_synced(self):
        self.set("b")
        revision = self.set("a")
        expected = self.watch("initial=1&prefix=" + quote(self.prefix)).until("synced")
        answer = self.poll("initial=1&wait=5m")
        self.assertEqual(answer.json(), expected)
        self.assertEqual(answer.revision, revision)

    def test_a_large_initial_state_is_streamed(self):
        for number in range(30):
            self.set("k%02d" % number, "x" * 100000)
        answer = self.poll("initial=1&wait=5m")
        self.assertEqual(answer.header("Transfer-Encoding"), "chunked")
        self.assertEqual([event["op"] for event in answer.json()], ["set"] * 30 + ["synced"])

    def test_poll_after_poll_gives_every_change_once(self):
        first = self.set("start")
        writer = threading.Thread(target=lambda: [self.set("k%d" % (n % 7), str(n)) for n in range(200)])
        writer.start()
        got, since = [], first
        with self.connect() as connection:
            while not got or got[-1].get("value") != "199":
                answer = connection.request("GET", self.target("wait=5m&since=%d" % since))
                got += answer.json()
                self.assertGreaterEqual(answer.revision, got[-1]["revision"])
                since = answer.revision
        writer.join()
        self.assertEqual([event["value"] for event in got], [str(number) for number in range(200)])
        whole = self.watch("prefix=%s&since=%d" % (quote(self.prefix), first)).until("synced")[:-1]
        self.assertEqual(got, whole)

    def test_count_bounds_an_answer(self):
        first = self.set("a")
        second = self.set("b")
        self.set("c")
        answer = self.poll("since=%d&wait=1s&count=2" % (first - 1))
        self.assertEqual([event["revision"] for event in answer.json()], [first, second])
        self.assertEqual(answer.revision, second)


class Connections(PollTest):
    def test_the_connection_goes_on_also_with_what_was_pipelined(self):
        revision = self.set("a")
        connection = self.waiting("since=%d&wait=5m" % revision)
        connection.send(request_bytes("GET", "/v1/kv/" + self.prefix + "a"))
        following = self.set("a", "new")
        self.assertEqual(connection.read_response().json()[0]["revision"], following)
        self.assertEqual(connection.read_response().body, b"new")

    def test_a_client_that_leaves_is_noticed(self):
        watchers = lambda: self.ask("GET", "/v1/status").json()["watchers"]
        before = watchers()
        for leave in (Connection.close, Connection.abort):
            leave(self.waiting("wait=10m"))
            while watchers() != before:
                pass

    def test_a_client_that_only_stops_sending_gets_its_answer(self):
        connection = self.waiting("wait=10m")
        connection.socket.shutdown(1)
        self.assertEqual(connection.read_response().json(), [])


class Refusals(PollTest):
    def assert_refused(self, query, status, code, headers=None):
        return self.assert_problem(self.ask("GET", "/v1/watch?" + query, headers), status, code)

    def test_bad_waits(self):
        for query in ("wait=5", "wait=11m", "wait=", "wait=x", "wait=-1s", "wait=1s&wait=1s", "wait=1s&progress=1s"):
            with self.subTest(query):
                self.assert_refused(query, 400, "bad_parameter")
        with self.assertRaises(UpgradeRefused) as caught:
            self.server.watch("wait=1s")
        self.assert_problem(caught.exception.response, 400, "bad_parameter")

    def test_accept_must_take_json(self):
        for accept in ("text/event-stream", "application/x-ndjson", "text/html", "application/json;q=0, */*"):
            self.assert_refused("wait=1s", 406, "not_acceptable", {"Accept": accept})
        for accept in ("application/json", "*/*", "application/*", "text/html, application/json;q=0.1"):
            self.poll("wait=0s", {"Accept": accept})


class Shutdowns(unittest.TestCase):
    def test_a_poll_ends_with_what_there_is(self):
        with Server() as server:
            revision = server.put("a", "1")
            connection = server.connect()
            connection.send(request_bytes("GET", "/v1/watch?wait=10m"))
            while server.request("GET", "/v1/status").json()["watchers"] == 0:
                pass
            server.stop()
            answer = connection.read_response()
            self.assertEqual((answer.status, answer.json(), answer.revision), (200, [], revision))
            self.assertEqual(answer.header("Connection"), "close")
            connection.close()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The original project's API: its recordings (test/legacy/README.md), replayed in order."""
import base64
import json
import re
import struct
import threading

from kvs_harness import *

LEGACY = ROOT / "test" / "legacy"


def recordings(name):
    with open(LEGACY / name, encoding="ascii") as lines:
        return [json.loads(line) for line in lines]


def content(fields, name):
    """The bytes under `name`, `name`_base64 or `name`_repeat; None if there are none."""
    if name + "_base64" in fields:
        return base64.b64decode(fields[name + "_base64"])
    if name + "_repeat" in fields:
        repeat = fields[name + "_repeat"]
        return (repeat["before"] + repeat["repeat"] * repeat["times"] + repeat["after"]).encode("utf-8")
    return fields[name].encode("utf-8") if name in fields else None


def check_headers(test, expected, answer):
    for name, value in expected.get("headers", {}).items():
        test.assertEqual((answer.header(name) or "").lower(), value.lower(), f"{name} in {answer!r}")
    for name in expected.get("absent_headers", []):
        test.assertIsNone(answer.header(name), repr(answer))


class Exchanges(ServerTest):
    def test_the_recorded_exchanges(self):
        for line in recordings("exchanges.jsonl"):
            if "setup" not in line:
                with self.subTest(line["name"], why=line["why"]):
                    self.replay(line)

    def replay(self, line):
        with self.connect() as connection:
            answer = self.perform(connection, line["request"])
            expected, compare = line["answer"], line.get("compare", "status")
            if not line["must_match"]:
                expected, compare = line.get("instead", {}), "bytes"
                if not expected:
                    return
            if "status" in expected:
                self.assertEqual(answer.status, expected["status"], repr(answer))
            check_headers(self, expected, answer)
            self.check_body(compare, expected, answer)
            if "interim" in expected:
                self.assertEqual(answer.interim, [expected["interim"]])
            if expected.get("then") == "closed":
                self.assertTrue(connection.ends())

    def check_body(self, compare, expected, answer):
        body = content(expected, "body")
        if compare == "status" and answer.body:
            self.assertTrue(answer.body.decode("utf-8").strip())
        elif body is not None and compare == "bytes":
            self.assertEqual(answer.body, body)
        elif compare == "json":
            self.assertEqual(answer.json(), json.loads(body))
            self.assertTrue(answer.body.endswith(b"\n"))

    def perform(self, connection, request):
        port = str(self.server.port)
        headers = {name: value and value.replace("23333", port) for name, value in request.get("headers", {}).items()}
        body = content(request, "body")
        sent = body
        if headers.get("Transfer-Encoding") == "chunked":
            sent = chunked(body, 1, 7)
        data = request_bytes(request["method"], request["path"].replace("23333", port), headers, sent,
                             host=connection.host, version=request.get("version", "1.1"))
        if headers.get("Expect") == "100-continue":
            head, rest = data[:-len(body)], data[-len(body):]
            connection.send(head)
            interim = connection.read_head()
            self.assertEqual(interim[9:12], b"100")
            connection.send(rest)
            answer = connection.read_response(request["method"])
            answer.interim.insert(0, 100)
            return answer
        connection.try_send(data)
        return connection.read_response(request["method"])


class WithoutThePlainReplay(unittest.TestCase):
    """The two lines of the recordings that need something done first, and where the original failed."""

    def test_everything_is_there_after_a_restart(self):
        with Server() as server:
            server.request("POST", "/set", body='{"Key":"a","Value":"b"}')
            server.stop()
            server.start()
            self.assertEqual(server.request("GET", "/getall").body, b'{"a":"b"}\n')

    def test_sets_from_many_connections_at_once(self):
        failures = []

        def client(server, number):
            try:
                with server.connect() as connection:
                    for turn in range(4):
                        body = json.dumps({"Key": f"k{number}-{turn}", "Value": "v"})
                        answer = connection.request("POST", "/set", body=body)
                        assert (answer.status, answer.body) == (200, b'"SUCCESS"\n'), repr(answer)
            except Exception as error:  # reported below, by the test's own thread
                failures.append(error)

        with Server() as server:
            threads = [threading.Thread(target=client, args=(server, number)) for number in range(200)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            self.assertEqual(failures, [])
            expected = {f"k{number}-{turn}": "v" for number in range(200) for turn in range(4)}
            self.assertEqual(server.request("GET", "/getall").json(), expected)


class Conversation:
    """One line of subscribe.jsonl against a server of its own."""

    def __init__(self, test, server):
        self.test = test
        self.server = server
        self.open = {}
        self.offsets = {}
        self.writers = []

    def step(self, step):
        if "open" in step:
            return self.do_open(step)
        if "set" in step or "set_repeat" in step:
            return self.do_set(step)
        for verb in ("send", "receive", "nothing", "closed_with", "closed", "drop"):
            if verb in step:
                return getattr(self, "do_" + verb)(self.open[step[verb]], step)
        self.test.assertIn("wait", step)

    def do_open(self, step):
        port = str(self.server.port)
        headers = {name: value.replace("<port>", port) for name, value in step.get("headers", {}).items()}
        socket = self.server.websocket("/subscribe", headers)
        self.test.addCleanup(socket.close)
        self.open[step["open"]] = socket
        self.test.assertEqual(socket.response.status, step["answer"]["status"])
        check_headers(self.test, step["answer"], socket.response)

    def do_set(self, step):
        body = step["set"] if "set" in step else content(step, "set")
        if isinstance(body, dict):
            body = json.dumps(body)
        with self.server.connect() as connection:
            self.writers.append(connection.local_address)
            self.test.assertEqual(connection.request("POST", "/set", body=body).status, step.get("status", 200))

    def do_send(self, socket, step):
        opcode, masked = NAMES[step["opcode"]], not step.get("unmasked")
        pieces = [piece.encode("utf-8") for piece in step.get("fragments", [])] or [content(step, "payload")]
        for number, piece in enumerate(pieces):
            socket.send(opcode if number == 0 else CONTINUATION, piece, fin=number == len(pieces) - 1, masked=masked)

    def do_receive(self, socket, step):
        message = socket.receive()
        self.test.assertEqual(message.opcode, NAMES[step["opcode"]], message)
        payload = content(step, "payload")
        if step["opcode"] != "text":
            return self.test.assertEqual(message.payload, payload)
        pattern = re.escape(payload).replace(b"<topic>", b"kvs").replace(b"<offset>", rb"(\d+)")
        pattern = pattern.replace(b"<writer>", re.escape(self.writers[-1].encode()))
        for number, writer in enumerate(self.writers, 1):
            pattern = pattern.replace(re.escape(b"<writer-%d>" % number), re.escape(writer.encode()))
        found = re.fullmatch(pattern, message.payload)
        self.test.assertTrue(found, f"{message.payload[:300]!r} instead of {payload[:300]!r}")
        offset = int(found.group(1))
        self.test.assertGreater(offset, self.offsets.get(socket, -1))
        self.offsets[socket] = offset

    def do_nothing(self, socket, step):
        with self.test.assertRaises(TimeoutError):
            self.test.fail(f"received {socket.receive(timeout=step['for'])}")

    def do_closed(self, socket, step):
        self.test.assertTrue(socket.connection.ends())

    def do_closed_with(self, socket, step):
        message = socket.receive()
        self.test.assertEqual((message.opcode, message.payload[:2]), (CLOSE, struct.pack("!H", step["code"])))
        self.test.assertTrue(socket.connection.ends())

    def do_drop(self, socket, step):
        socket.connection.abort()


class Subscriptions(unittest.TestCase):
    def test_the_recorded_subscriptions(self):
        for line in recordings("subscribe.jsonl"):
            with self.subTest(line["name"], why=line["why"]), Server("--ephemeral") as server:
                conversation = Conversation(self, server)
                steps = line["steps"] if line["must_match"] else line.get("instead")
                for step in steps or [step for step in line["steps"] if not {"receive", "nothing"} & set(step)]:
                    conversation.step(step)
                for socket in conversation.open.values():
                    socket.close()
                self.assertEqual(server.request("GET", "/livez").status, 200)


class SubscriptionsHere(ServerTest):
    """What /subscribe does beyond the original."""

    def subscribe(self, query=""):
        socket = self.server.websocket("/subscribe" + query)
        self.addCleanup(socket.close)
        return socket

    def set(self, key, value):
        answer = self.ask("POST", "/set", body=json.dumps({"Key": key, "Value": value}))
        self.assertEqual(answer.status, 200)
        return answer.revision

    def event(self, socket):
        return json.loads(socket.receive().payload)

    def test_the_offset_is_the_revision_less_one(self):
        socket = self.subscribe()
        revision = self.set("o", "1")
        self.assertEqual(self.event(socket)["Offset"], revision - 1)

    def event_after(self, socket, key, value):
        self.set(key, value)
        return self.event(socket)

    def test_sets_through_v1_are_seen_with_their_writer(self):
        socket = self.subscribe()
        with self.connect() as connection:
            connection.request("PUT", "/v1/kv/viav1", body=b"x")
            event = self.event(socket)
            self.assertEqual(event["Value"], "viav1: x")
            self.assertEqual(event["Key"], "Client address=" + connection.local_address)

    def test_since_replays_what_came_after_an_offset(self):
        live = self.subscribe()
        events = [self.event_after(live, "s", str(number)) for number in range(3)]
        replayed = self.subscribe("?since=%d" % events[0]["Offset"])
        self.assertEqual([self.event(replayed), self.event(replayed)], events[1:])

    def test_deletes_are_shown_only_when_asked_for(self):
        self.set("d", "1")
        plain, full = self.subscribe(), self.subscribe("?deletes=1")
        self.ask("DELETE", "/v1/kv/d")
        self.set("d", "2")
        self.assertEqual(self.event(plain)["Value"], "d: 2")
        gone = self.event(full)
        self.assertEqual((gone["Value"], gone["Deleted"]), ("d: ", True))
        self.assertNotIn("Deleted", self.event(full))

    def test_unknown_parameters_are_ignored(self):
        self.assertEqual(self.subscribe("?nothing=1").response.status, 101)

    def test_values_that_are_not_text_are_shown_with_replacement_characters(self):
        socket = self.subscribe()
        self.put("bin", b"a\xffb")
        self.assertEqual(self.event(socket)["Value"], "bin: a\ufffdb")
        self.assertEqual(self.ask("GET", "/getall").json()["bin"], "a\ufffdb")


if __name__ == "__main__":
    main()

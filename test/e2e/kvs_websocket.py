"""A WebSocket client (RFC 6455) that can also misbehave, and a reader of /v1/watch on top of it."""
import collections
import json
import os
import struct
import time

from kvs_http import TIMEOUT, Connection, request_bytes

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NAMES = {"text": TEXT, "binary": BINARY, "close": CLOSE, "ping": PING, "pong": PONG}
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # the example of RFC 6455; its Accept is below
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}

Message = collections.namedtuple("Message", "opcode payload")


class UpgradeRefused(Exception):
    def __init__(self, response):
        super().__init__(repr(response))
        self.response = response


def frame(opcode, payload=b"", fin=True, masked=True, reserved=0, length=None):
    """One frame, well-formed or not: `length` claims another length than the payload has."""
    size = len(payload) if length is None else length
    head = bytearray([(0x80 if fin else 0) | reserved << 4 | opcode])
    mark = 0x80 if masked else 0
    if size < 126:
        head.append(mark | size)
    elif size < 65536:
        head += struct.pack("!BH", mark | 126, size)
    else:
        head += struct.pack("!BQ", mark | 127, size)
    if not masked:
        return bytes(head) + payload
    mask = os.urandom(4)
    key = int.from_bytes((mask * (len(payload) // 4 + 1))[:len(payload)], "big")
    return bytes(head) + mask + (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")


class WebSocket:
    """An upgraded connection. Pings are answered while reading unless `answer_pings` is False."""

    def __init__(self, address, target, headers=None, receive_buffer=None, timeout=TIMEOUT, answer_pings=True):
        self.connection = Connection(address, timeout, receive_buffer)
        self.answer_pings = answer_pings
        try:
            self._upgrade(target, headers or {})
        except BaseException:
            self.connection.close()
            raise

    def _upgrade(self, target, headers):
        self.connection.send(request_bytes("GET", target, {**UPGRADE, **headers}, host=self.connection.host))
        self.response = self.connection.read_response()
        if self.response.status != 101:
            raise UpgradeRefused(self.response)
        assert self.response.header("Sec-WebSocket-Accept") == ACCEPT, repr(self.response)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.connection.close()

    def close(self):
        self.connection.close()

    def send_raw(self, data):
        self.connection.send(data)

    def send(self, opcode, payload=b"", **kw):
        if isinstance(payload, str):
            payload = payload.encode("utf-8")
        self.connection.send(frame(opcode, payload, **kw))

    def read_frame(self):
        first, second = self.connection.read_exactly(2)
        assert first & 0x70 == 0, "reserved bits set"
        assert second & 0x80 == 0, "a server must not mask"
        size = second & 0x7f
        if size == 126:
            size, = struct.unpack("!H", self.connection.read_exactly(2))
            assert size >= 126, "length not in its shortest form"
        elif size == 127:
            size, = struct.unpack("!Q", self.connection.read_exactly(8))
            assert size >= 65536, "length not in its shortest form"
        return bool(first & 0x80), first & 0x0f, self.connection.read_exactly(size)

    def receive(self, timeout=None):
        """The next message, fragments joined; control frames come as messages of their own, in their place."""
        deadline = None if timeout is None else time.monotonic() + timeout
        parts, opcode = [], None
        while True:
            if deadline is not None:
                self.connection.socket.settimeout(max(0.001, deadline - time.monotonic()))
            fin, code, payload = self.read_frame()
            if code >= CLOSE:
                assert fin and len(payload) <= 125, "bad control frame"
                if code == PING and self.answer_pings:
                    self.send(PONG, payload)
                    continue
                return Message(code, payload)
            assert (code == CONTINUATION) == (opcode is not None), "fragments out of order"
            opcode = code if opcode is None else opcode
            parts.append(payload)
            if fin:
                whole = b"".join(parts)
                if opcode == TEXT:
                    whole.decode("utf-8")
                return Message(opcode, whole)

    def closing(self):
        """Reads on to the server's close frame and the end of the stream: (code or None, reason)."""
        while True:
            message = self.receive()
            if message.opcode == CLOSE:
                break
        payload = message.payload
        self.connection.try_send(frame(CLOSE, payload[:2]))
        self.connection.read_to_end()
        if not payload:
            return None, ""
        return struct.unpack("!H", payload[:2])[0], payload[2:].decode("utf-8")


class Watch(WebSocket):
    """/v1/watch, event by event."""

    def __init__(self, address, query="", headers=None, **kw):
        super().__init__(address, "/v1/watch" + ("?" + query if query else ""), headers, **kw)
        self.events = collections.deque()

    def next(self):
        """The next event. ConnectionEnded, or AssertionError with the closing words, if the server ends it instead."""
        while not self.events:
            message = self.receive()
            assert message.opcode == TEXT, f"closed: {message}"
            events = json.loads(message.payload.decode("utf-8"))
            assert isinstance(events, list) and events, message.payload[:200]
            self.events.extend(events)
        return self.events.popleft()

    def take(self, count):
        return [self.next() for _ in range(count)]

    def until(self, op, revision=0):
        """The events up to and with the first `op` at or after that revision."""
        taken = []
        while True:
            event = self.next()
            taken.append(event)
            if event["op"] == op and event.get("revision", 0) >= revision:
                return taken

"""The other ways to receive /v1/watch: NDJSON and server-sent events, read chunk by chunk as they come; long polls."""
import collections
import json

from kvs_http import TIMEOUT, Connection, ConnectionEnded, Response, request_bytes

ACCEPT = {"lines": "application/x-ndjson", "events": "text/event-stream"}


class Refused(Exception):
    def __init__(self, response):
        super().__init__(repr(response))
        self.response = response


class Stream:
    """/v1/watch as "lines" or "events", event by event. An event's `id`, if it had one, is in `ids`, by place."""

    def __init__(self, address, query="", form="lines", headers=None, version="1.1", method="GET", body=None,
                 timeout=TIMEOUT, receive_buffer=None):
        self.form = form
        self.connection = Connection(address, timeout, receive_buffer)
        target = "/v1/watch" + ("?" + query if query else "")
        fields = {"Accept": ACCEPT[form], **(headers or {})}
        self.connection.send(request_bytes(method, target, fields, body, host=self.connection.host, version=version))
        head = self.connection.read_head()
        self.response = Response(head, b"")
        if self.response.status != 200:
            length = int(self.response.header("Content-Length"))
            self.response.body = self.connection.read_exactly(length)
            self.connection.close()
            raise Refused(self.response)
        self.chunked = self.response.header("Transfer-Encoding") == "chunked"
        self.body = bytearray()
        self.ended = False     # with all that belongs to it
        self.events = collections.deque()
        self.ids = []
        if form == "events":
            assert self._block() == ["retry: 1000"]

    def close(self):
        self.connection.close()

    def pending(self):
        """Whether there is something to be read before the socket has more."""
        return bool(self.connection.buffer) or (b"\n" if self.form == "lines" else b"\n\n") in self.body

    def _more(self):
        """Reads what comes next into `body`; False at its end."""
        if self.ended:
            return False
        if not self.chunked:
            try:
                if not self.connection.buffer:
                    self.connection.fill()
            except ConnectionEnded:
                self.ended = True
                return False
            self.body += self.connection.buffer
            self.connection.buffer.clear()
            return True
        size = int(self.connection.read_until(b"\r\n"), 16)
        self.body += self.connection.read_exactly(size)
        assert self.connection.read_exactly(2) == b"\r\n"
        self.ended = size == 0
        return not self.ended

    def _until(self, mark):
        while mark not in self.body:
            if not self._more():
                raise ConnectionEnded(f"ended with {bytes(self.body[:200])!r}")
        end = self.body.index(mark) + len(mark)
        taken = bytes(self.body[:end])
        del self.body[:end]
        return taken.decode("utf-8")

    def _block(self):
        return self._until(b"\n\n").splitlines()[:-1]

    def next(self):
        if self.form == "lines":
            self.ids.append(None)
            return json.loads(self._until(b"\n"))
        lines = self._block()
        assert lines[0].startswith("data: ") and len(lines) in (1, 2), lines
        if len(lines) == 2:
            assert lines[1].startswith("id: "), lines
        self.ids.append(lines[1][4:] if len(lines) == 2 else None)
        return json.loads(lines[0][6:])

    def take(self, count):
        return [self.next() for _ in range(count)]

    def until(self, op, revision=0):
        taken = []
        while True:
            event = self.next()
            taken.append(event)
            if event["op"] == op and event.get("revision", 0) >= revision:
                return taken

    def rest(self):
        """All events up to the end of the stream, which must be an orderly one."""
        taken = []
        while True:
            try:
                taken.append(self.next())
            except ConnectionEnded:
                assert self.ended and not self.body, bytes(self.body[:200])
                return taken

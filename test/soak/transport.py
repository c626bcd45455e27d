"""How a watch is received. One class for each way; all that watchers know of one is here:

    stream = WebSocketStream(address, parameters)   Refused, or OSError and ConnectionEnded, if there is none
    stream.cursor, stream.log_id                    from the answer's head
    stream.ready(seconds)                           whether batch() would give something at once
    stream.batch()                                  the events that came together, whole revisions; Ended after the last
    stream.ask()                                    asks for progress; False if this way has no such question
    stream.close(rudely)
    stream.polls                                    whether it says how far it has come with everything it brings, and no count
                                                    or marks can be asked for
"""
import json
import re
import select
import struct
import urllib.parse

from e2e import CLOSE, PING, PONG, TEXT, ConnectionEnded, Stream, StreamRefused, UpgradeRefused, Watch
from polls import PollStream
from watch_items import CHANGES, parse_event

PATIENCE = 30.0  # seconds for what is under way to arrive


class Refused(Exception):
    """The watch was answered with an error."""

    def __init__(self, response):
        super().__init__(repr(response))
        self.status = response.status
        problem = response.json() if "json" in response.header("Content-Type", "") else {}
        self.code = problem.get("code", "")


class Ended(Exception):
    """The stream's end. code 0: without closing words."""

    def __init__(self, code, reason):
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason
        words = re.search(r"\bsince=(\d+)(@[0-9a-f]+)?$", reason)
        self.position = int(words.group(1)) if words else None


class WebSocketStream:
    polls = False

    def __init__(self, address, parameters, receive_buffer=None):
        query = urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote, safe="")
        try:
            self._watch = Watch(address, query, receive_buffer=receive_buffer, timeout=PATIENCE)
        except UpgradeRefused as error:
            raise Refused(error.response) from None
        self._watch.answer_pings = False  # batch() does
        self.cursor = self._watch.response.revision
        self.log_id = self._watch.response.header("Kvs-Log-Id")

    def ready(self, seconds):
        connection = self._watch.connection
        return bool(connection.buffer) or bool(select.select([connection.socket], [], [], seconds)[0])

    def batch(self):
        """The events of the next message; none if there was only a ping: behind it nothing may come for long."""
        try:
            message = self._watch.receive()
            if message.opcode == PING:
                self._watch.send(PONG, message.payload)
                return ()
        except (OSError, ConnectionEnded):
            raise Ended(0, "") from None
        if message.opcode == CLOSE:
            code = struct.unpack("!H", message.payload[:2])[0] if message.payload else 0
            raise Ended(code, message.payload[2:].decode("utf-8"))
        assert message.opcode == TEXT, message
        return tuple(parse_event(event) for event in json.loads(message.payload))

    def ask(self):
        try:
            self._watch.send(TEXT, '{"op":"progress"}')
        except OSError:
            pass  # batch() will tell
        return True

    def close(self, rudely=False):
        if rudely:
            self._watch.connection.abort()
        else:
            self._watch.close()


class ByteStream:
    """NDJSON or server-sent events: event by event, put together to whole revisions here."""

    CODES = {"draining": 1001, "compacted": 4410}  # a WebSocket's for the same ends
    form = None
    polls = False

    def __init__(self, address, parameters, receive_buffer=None):
        query = urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote, safe="")
        try:
            self._stream = Stream(address, query, self.form, receive_buffer=receive_buffer, timeout=PATIENCE)
        except StreamRefused as error:
            raise Refused(error.response) from None
        self.cursor = self._stream.response.revision
        self.log_id = self._stream.response.header("Kvs-Log-Id")

    def ready(self, seconds):
        return self._stream.pending() or bool(select.select([self._stream.connection.socket], [], [], seconds)[0])

    def batch(self):
        """Up to the end of a revision, or one event that belongs to none."""
        events = [self._next()]
        while events[-1].more:
            events.append(self._next())
        return tuple(events)

    def _next(self):
        try:
            raw = self._stream.next()
        except (OSError, ConnectionEnded):
            raise Ended(1000 if self._stream.ended else 0, "") from None
        if raw["op"] == "error":
            raise Ended(self.CODES.get(raw["code"], 0), f"{raw['code']} since={raw['since']}")
        event = parse_event(raw)
        self._check_id(event, self._stream.ids[-1])
        return event

    def _check_id(self, event, position):
        """Only what may be resumed from has one."""
        if self.form != "events":
            return
        ends = not event.more and not event.initial if event.op in CHANGES else event.op in ("synced", "progress")
        assert position == (f"{event.revision}@{self.log_id}" if ends else None), f"id {position} of {event}"

    def ask(self):
        return False

    def close(self, rudely=False):
        if rudely:
            self._stream.connection.abort()
        else:
            self._stream.close()


class LineStream(ByteStream):
    form = "lines"


class EventStream(ByteStream):
    form = "events"


class LongPolls(PollStream):
    def __init__(self, address, parameters, receive_buffer=None):
        super().__init__(address, parameters, receive_buffer)
        if self.cursor is None:
            self.close()
            raise Refused(self.first)

    def batch(self):
        events = super().batch()
        if events is None:
            raise Ended(0, "")
        return events


TRANSPORTS = {"websocket": WebSocketStream, "lines": LineStream, "events": EventStream, "polls": LongPolls}

"""How a watch is received. One class for each way; all that watchers know of one is here:

    stream = WebSocketStream(address, parameters)   Refused, or OSError and ConnectionEnded, if there is none
    stream.cursor, stream.log_id                    from the answer's head
    stream.ready(seconds)                           whether batch() would give something at once
    stream.batch()                                  the events that came together, whole revisions; Ended after the last
    stream.ask()                                    asks for progress; False if this way has no such question
    stream.close(rudely)
"""
import json
import re
import select
import struct
import urllib.parse

from e2e import CLOSE, PING, PONG, TEXT, ConnectionEnded, UpgradeRefused, Watch
from watch_items import parse_event

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


TRANSPORTS = {"websocket": WebSocketStream}

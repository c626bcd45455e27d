"""A watch by long polls: one request after the other, each from where the one before has come to."""
import json
import select
import urllib.parse

from e2e import Connection, ConnectionEnded, request_bytes
from watch_items import Event, parse_event

WAIT = "1s"
PATIENCE = 30.0  # seconds for what is under way to arrive


class PollStream:
    """As transport.py says. An answer says how far it has come: that is given out as progress."""

    polls = True

    def __init__(self, address, parameters, receive_buffer=None):
        names = dict(parameters)
        self._filter = [(name, value) for name, value in parameters if name in ("key", "prefix", "ops", "prev")]
        self._initial = "initial" in names and "since" not in names
        self._connection = Connection(address, PATIENCE, receive_buffer)
        try:
            self.first = self._connection.request("GET", "/v1/kv/nobody-sets-this")
            self.log_id = self.first.header("Kvs-Log-Id")
            self.since = names.get("since", str(self.first.revision))
            self.cursor = int(self.since.partition("@")[0]) if self.first.status == 404 else None
            if self.cursor is not None:
                self._ask()
        except BaseException:
            self._connection.close()
            raise

    def _ask(self):
        where = [("initial", "1")] if self._initial else [("since", self.since)]
        query = urllib.parse.urlencode(self._filter + where + [("wait", WAIT)], quote_via=urllib.parse.quote, safe="")
        self._connection.send(request_bytes("GET", "/v1/watch?" + query, host=self._connection.host))

    def ready(self, seconds):
        return bool(self._connection.buffer) or bool(select.select([self._connection.socket], [], [], seconds)[0])

    def batch(self):
        """All of one answer. None: it has ended, without words."""
        try:
            answer = self._connection.read_response()
        except (OSError, ConnectionEnded):
            return None
        if answer.status == 503 or (answer.status == 400 and answer.json()["code"] == "revision_in_future"):
            return None
        assert answer.status == 200, repr(answer)
        events = [parse_event(event) for event in json.loads(answer.body)]
        self._initial, self.since = False, str(answer.revision)
        try:
            self._ask()
        except OSError:
            pass  # the next batch() will tell
        return (*events, Event("progress", answer.revision))

    def ask(self):
        return False

    def close(self, rudely=False):
        if rudely:
            self._connection.abort()
        else:
            self._connection.close()

"""What a watcher records: where it began, what it was sent, how it ended."""
from typing import NamedTuple, Optional, Tuple

from order import Change
from values import ms, tag_of

CHANGES = ("set", "delete", "expire")
NOW, INITIAL, SINCE = "now", "initial", "since"


class Filter(NamedTuple):
    """The union of these; nothing at all is everything. And of their changes those of some kinds."""
    keys: Tuple[str, ...] = ()
    prefixes: Tuple[str, ...] = ()
    ops: Tuple[str, ...] = ()

    def wants(self, key):
        return not (self.keys or self.prefixes) or key in self.keys or key.startswith(self.prefixes or ("\0",))

    @property
    def has_state(self):
        """Whether an initial state can be asked for: it is told in sets."""
        return not self.ops or "set" in self.ops

    def takes(self, change):
        return self.wants(change.key) and (not self.ops or ("set" in self.ops) == (change.value is not None))

    def parameters(self):
        names = [("key", key) for key in self.keys] + [("prefix", prefix) for prefix in self.prefixes]
        return names + [("ops", ",".join(self.ops))] * bool(self.ops)

    def __str__(self):
        words = [f"key={key}" for key in self.keys] + [f"prefix={prefix}*" for prefix in self.prefixes] or ["all keys"]
        return " ".join(words + ["ops=" + ",".join(self.ops)] * bool(self.ops))


class Event(NamedTuple):
    op: str
    revision: int
    key: str = ""
    value: Optional[str] = None  # its tag
    initial: bool = False
    more: bool = False
    created: bool = False
    since: int = 0               # of diff
    oldest: int = 0              # of reset
    time: int = 0                # ms since 1970: when it changed
    expires: int = 0             # the same; 0: it stays
    previous: Optional[Change] = None  # what it says was there before

    def change(self):
        return Change(self.revision, self.key, self.value)

    def __str__(self):
        what = str(self.change()) if self.op in CHANGES else f"{self.op} {self.revision}"
        return what + " (initial)" * self.initial + " (more)" * self.more


def parse_previous(raw):
    """With prev=1; only of a live key there is something."""
    if "prev" not in raw:
        return None
    return Change(raw["prev"]["revision"], raw.get("key", ""), tag_of(raw["prev"]["value"]))


def parse_event(raw):
    value = raw.get("value")
    return Event(raw["op"], raw.get("revision", 0), raw.get("key", ""), None if value is None else tag_of(value),
                 raw.get("initial", False), raw.get("more", False), raw.get("created", False), raw.get("since", 0),
                 raw.get("oldest_revision", 0), ms(raw.get("modified") or raw.get("time")), ms(raw.get("expires")),
                 parse_previous(raw))


class Opened(NamedTuple):
    """A watch stands. `position`: the `since` it asked for; `marks`: whether it asked for progress by the clock."""
    began: int
    at: int
    instance: int
    cursor: int
    start: str
    position: int = 0
    count: int = 0
    marks: bool = False
    polls: bool = False  # by long polls, which say how far they have come, but not when they have caught up
    previous: bool = False  # it asked for what was there before


class Batch(NamedTuple):
    """What came together: whole revisions."""
    at: int
    events: Tuple[Event, ...]


class Asked(NamedTuple):
    """The client asked how far everything was sent."""
    at: int


class Closed(NamedTuple):
    """Its end: the server's closing words, or code 0 if there were none. The watcher's own doing is `code` None."""
    at: int
    code: Optional[int]
    reason: str = ""
    position: Optional[int] = None

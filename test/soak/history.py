"""What clients asked kvs for and what they were told: the operations of a run, and their form in a file.

A file holds one JSON object a line, the members of Operation; those that have their default are left out. The first line
is what the order was before them: {"cut": its revision, "state": [[revision, key, value], ...]}.
"""
import dataclasses
import json
from typing import NamedTuple, Optional, Tuple

SET, DELETE, READ = "set", "delete", "read"
TOUCH = "touch"  # a new time to live, or none: a change that leaves the value as it is
RANGE = "range"  # a delete of all keys that begin with `key`
# Outcomes. FAILED: certainly without effect, for ever. UNKNOWN: it may take effect at any later time, once, or never.
OK, REFUSED, FAILED, UNKNOWN = "ok", "refused", "failed", "unknown"
# Consistency of reads.
LEVELS = LOCAL, MIN_REVISION, LINEARIZABLE = "local", "min_revision", "linearizable"
# Conditions of writes; IF_REVISION comes with its revision: (IF_REVISION, 7).
IF_REVISION, IF_ABSENT, IF_PRESENT = "revision", "absent", "present"


class Found(NamedTuple):
    """A key's state as an answer shows it. None in its place: there is no such key."""
    revision: int
    value: str


@dataclasses.dataclass
class Operation:
    kind: str
    key: str
    begin: int                          # ns, before the first byte was sent
    end: Optional[int]                  # ns, after the last byte of the answer; None: there was no answer
    outcome: str
    client: int = 0
    instance: int = 0
    value: Optional[str] = None         # of a set; no two sets of a run have the same
    condition: Optional[Tuple] = None
    level: str = LOCAL
    floor: int = 0                      # it has to come at or after this revision: min_revision=, or earlier in its pipeline
    revision: int = 0                   # where a write took effect; 0 for a delete that found nothing
    created: Optional[bool] = None      # a set's answer: there was no such key before
    found: Optional[Found] = None       # by a read, or by a write that was refused
    shown: Optional[int] = None         # the answer's Kvs-Revision
    code: str = ""                      # of a problem
    id: str = ""                        # its request id; none if it was sent more than once
    ttl: int = 0                        # ms, of a set or touch; 0: it stays
    expires: Optional[int] = None       # ms since 1970, as it was answered
    deleted: int = 0                    # by a range delete
    txn: str = ""                       # the transaction of which it is one operation: all have one revision, or none

    def changed(self):
        """Whether it was acknowledged as a change."""
        return self.outcome == OK and self.revision > 0

    def knows(self):
        """Whether `found` speaks of the key's state."""
        return self.outcome == REFUSED or (self.kind == READ and self.outcome == OK)

    def highest(self):
        """The highest revision its answer showed, of whatever kind."""
        return max(self.shown or 0, self.revision, self.found.revision if self.found else 0)

    def __str__(self):
        words = [f"client {self.client} at instance {self.instance}:", self.kind, self.key]
        if self.kind == SET:
            words.append(f"= {self.value}")
        if self.ttl:
            words.append(f"for {self.ttl} ms")
        if self.txn:
            words.append(f"of transaction {self.txn}")
        if self.condition:
            words.append("if " + " ".join(str(part) for part in self.condition))
        if self.kind == READ:
            words.append(self.level)
        if self.floor:
            words.append(f"not below {self.floor}")
        words.append(f"-> {self.outcome}")
        if self.revision:
            words.append(f"at {self.revision}")
        if self.deleted:
            words.append(f"{self.deleted} keys")
        if self.created is not None:
            words.append("created" if self.created else "replaced")
        if self.knows():
            words.append(f"found {self.found.value} of {self.found.revision}" if self.found else "found nothing")
        if self.shown is not None:
            words.append(f"(Kvs-Revision {self.shown})")
        if self.code:
            words.append(self.code)
        words.append(f"[{self.begin / 1e6:.3f}, {'...' if self.end is None else f'{self.end / 1e6:.3f}'} ms]")
        return " ".join(words)


_DEFAULTS = {field.name: field.default for field in dataclasses.fields(Operation)}


def save(path, operations, cut=0, state=()):
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps({"cut": cut, "state": list(state)}) + "\n")
        for operation in operations:
            members = vars(operation).items()
            file.write(json.dumps({name: value for name, value in members if value != _DEFAULTS[name]}) + "\n")


def load(path):
    """The operations, the cut, the state."""
    operations = []
    with open(path, encoding="utf-8") as file:
        before = json.loads(file.readline())
        for line in file:
            members = {"end": None, **json.loads(line)}
            if members.get("found") is not None:
                members["found"] = Found(*members["found"])
            if members.get("condition") is not None:
                members["condition"] = tuple(members["condition"])
            operations.append(Operation(**members))
    return operations, before["cut"], before["state"]

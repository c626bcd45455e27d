"""Is there an order of these operations that explains every answer and respects who ended before whom began?

The search of Wing and Gong with Lowe's memory of configurations that led nowhere, as in Porcupine: it takes, again and
again, one of the operations that may come next, and goes back when none fits. Two facts about kvs keep it short:

- An operation that fits now and changes nothing may as well come now: whatever else comes next, it stays out of its way.
- Changes come in the order of their revisions, so of those with a known revision only the lowest can be next.

What is left to try are the writes that were never answered and never seen. The effort is bounded in configurations, not
in time, so that the same history always gets the same verdict.
"""
from typing import List, NamedTuple, Optional

from key_model import EMPTY, FOREVER, Entry, State, step

LINEARIZABLE, IMPOSSIBLE, INCONCLUSIVE = "linearizable", "impossible", "inconclusive"
EFFORT = 300_000  # configurations; some seconds


class Result(NamedTuple):
    verdict: str
    effort: int
    explained: List[Entry]  # the longest beginning that has an order, in that order
    state: State            # after it
    stuck: List[Entry]      # what would have to come next


class _Configuration(NamedTuple):
    done: int               # a bit for each reader and each open write that has had its turn
    changed: int            # how many of the changes have
    state: State
    last: Optional[tuple]   # (entry, the `last` before it)


class _Search:
    def __init__(self, entries):
        by_begin = sorted(entries, key=lambda entry: entry.begin)
        self.changes = sorted((entry for entry in by_begin if entry.place), key=lambda entry: entry.place)
        self.readers = [entry for entry in by_begin if not entry.place and entry.end != FOREVER]
        self.open = [entry for entry in by_begin if not entry.place and entry.end == FOREVER]
        # The first end among the changes from here on.
        self.change_ends = [FOREVER]
        for entry in reversed(self.changes):
            self.change_ends.append(min(self.change_ends[-1], entry.end))
        self.change_ends.reverse()
        self.all_read = (1 << len(self.readers)) - 1

    def horizon(self, one):
        """The first end among what is left: nothing that begins later can be next. And the readers that can."""
        horizon = self.change_ends[one.changed]
        candidates = []
        left = self.all_read & ~one.done
        while left:  # the lowest bit is the earliest beginning
            index = (left & -left).bit_length() - 1
            entry = self.readers[index]
            if entry.begin > horizon:
                break
            horizon = min(horizon, entry.end)
            candidates.append(index)
            left &= left - 1
        return horizon, [index for index in candidates if self.readers[index].begin <= horizon]

    def read(self, one):
        """Takes all readers that fit, as long as some do."""
        while True:
            horizon, candidates = self.horizon(one)
            fits = [index for index in candidates if step(one.state, self.readers[index]) is not None]
            if not fits:
                return one, horizon, candidates
            for index in fits:
                one = one._replace(done=one.done | 1 << index, last=(self.readers[index], one.last))

    def complete(self, horizon):
        return horizon == FOREVER

    def following(self, one, horizon):
        """What may come next, the likeliest last."""
        result = []
        for number, entry in enumerate(self.open):
            bit = 1 << (len(self.readers) + number)
            if entry.begin > horizon or one.done & bit:
                continue
            state = step(one.state, entry)
            if state != one.state:
                result.append(_Configuration(one.done | bit, one.changed, state, (entry, one.last)))
        if one.changed < len(self.changes) and self.changes[one.changed].begin <= horizon:
            entry = self.changes[one.changed]
            state = step(one.state, entry)
            if state is not None:
                result.append(_Configuration(one.done, one.changed + 1, state, (entry, one.last)))
        return result

    def progress(self, one):
        return one.changed + bin(one.done & self.all_read).count("1")


def _path(last):
    path = []
    while last:
        entry, last = last
        path.append(entry)
    return path[::-1]


def linearize(entries, initial=EMPTY, effort=EFFORT):
    search = _Search(entries)
    waiting = [_Configuration(0, 0, initial, None)]
    known = set()
    farthest, stuck = None, []
    while waiting:
        one, horizon, candidates = search.read(waiting.pop())
        if search.complete(horizon):
            return Result(LINEARIZABLE, len(known), _path(one.last), one.state, [])
        if one[:3] in known:
            continue
        if len(known) == effort:
            return Result(INCONCLUSIVE, effort, _path(farthest.last), farthest.state, stuck)
        known.add(one[:3])
        if farthest is None or search.progress(one) > search.progress(farthest):
            farthest = one
            stuck = [search.readers[index] for index in candidates]
            stuck += search.changes[one.changed:one.changed + 1]
        waiting += search.following(one, horizon)
    return Result(IMPOSSIBLE, len(known), _path(farthest.last), farthest.state, stuck)

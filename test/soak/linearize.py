"""Is there an order of these operations that explains every answer and respects who ended before whom began?

The search of Wing and Gong with Lowe's memory of configurations that led nowhere, as in Porcupine: it takes, again and
again, one of the operations that may come next, and goes back when none fits. Some facts about kvs keep it short:

- An operation that fits now and changes nothing may as well come now: whatever else comes next, it stays out of its way.
- Changes come in the order of their revisions, so of those with a known revision only the lowest can be next.
- Writes that were never answered and never seen may come at any time from their begin on, or never. Those that ask for the
  same under the same condition can stand for each other, and a configuration that has used up fewer of them is as good.

The effort is bounded in configurations, not in time, so that the same history always gets the same verdict.
"""
import collections
from typing import List, NamedTuple, Optional, Tuple

from key_model import EMPTY, FOREVER, Entry, State, step

LINEARIZABLE, IMPOSSIBLE, INCONCLUSIVE = "linearizable", "impossible", "inconclusive"
EFFORT = 50_000  # configurations; some seconds


class Result(NamedTuple):
    verdict: str
    effort: int
    explained: List[Entry]  # the longest beginning that has an order, in that order
    state: State            # after it
    stuck: List[Entry]      # what would have to come next


class _Configuration(NamedTuple):
    done: int               # a bit for each reader that has had its turn
    changed: int            # how many of the changes have
    state: State
    used: Tuple[int, ...]   # how many of the open writes of each kind have
    last: Optional[tuple]   # (entry, the `last` before it)


class _Search:
    def __init__(self, entries):
        by_begin = sorted(entries, key=lambda entry: entry.begin)
        self.changes = sorted((entry for entry in by_begin if entry.place), key=lambda entry: entry.place)
        self.readers = [entry for entry in by_begin if not entry.place and entry.end != FOREVER]
        kinds = collections.defaultdict(list)
        for entry in by_begin:
            if not entry.place and entry.end == FOREVER:
                kinds[entry.operation.kind, entry.operation.condition].append(entry)
        self.open = list(kinds.values())
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

    def following(self, one, horizon):
        """What may come next, the likeliest last."""
        result = []
        for kind, entries in enumerate(self.open):
            used = one.used[kind]
            if used == len(entries) or entries[used].begin > horizon:
                continue
            state = step(one.state, entries[used])
            if state != one.state:
                now_used = one.used[:kind] + (used + 1,) + one.used[kind + 1:]
                result.append(one._replace(state=state, used=now_used, last=(entries[used], one.last)))
        if one.changed < len(self.changes) and self.changes[one.changed].begin <= horizon:
            entry = self.changes[one.changed]
            state = step(one.state, entry)
            if state is not None:
                result.append(one._replace(changed=one.changed + 1, state=state, last=(entry, one.last)))
        return result

    def progress(self, one):
        return one.changed + bin(one.done).count("1")


def _path(last):
    path = []
    while last:
        entry, last = last
        path.append(entry)
    return path[::-1]


class _Memory:
    """The configurations that were gone on from."""

    def __init__(self):
        self.size = 0
        self._used = {}

    def has_as_good(self, one):
        return any(all(before <= now for before, now in zip(used, one.used)) for used in self._used.get(one[:3], ()))

    def add(self, one):
        self.size += 1
        self._used.setdefault(one[:3], []).append(one.used)


def linearize(entries, initial=EMPTY, effort=EFFORT):
    search = _Search(entries)
    waiting = [_Configuration(0, 0, initial, (0,) * len(search.open), None)]
    known = _Memory()
    farthest, stuck = None, []
    while waiting:
        one, horizon, candidates = search.read(waiting.pop())
        if horizon == FOREVER:  # everything that must happen has
            return Result(LINEARIZABLE, known.size, _path(one.last), one.state, [])
        if known.has_as_good(one):
            continue
        if known.size == effort:
            return Result(INCONCLUSIVE, effort, _path(farthest.last), farthest.state, stuck)
        known.add(one)
        if farthest is None or search.progress(one) > search.progress(farthest):
            farthest = one
            stuck = [search.readers[index] for index in candidates]
            stuck += search.changes[one.changed:one.changed + 1]
        waiting += search.following(one, horizon)
    return Result(IMPOSSIBLE, known.size, _path(farthest.last), farthest.state, stuck)

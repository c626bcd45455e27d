"""The full order of changes, put together from everything that anybody was shown: acknowledgements, reads, watches."""
import bisect
from typing import NamedTuple, Optional

from rounds import UNTOLD
from violations import APPLIED_TWICE, TWO_CHANGES_AT_ONE_REVISION


class Change(NamedTuple):
    revision: int
    key: str
    value: Optional[str]  # None: deleted

    def __str__(self):
        return f"{self.revision}: {self.key} " + ("deleted" if self.value is None else f"= {self.value}")


class Order:
    """Knows every change above `cut`, and the state at `cut`. Not for several threads at once.

    What nobody saw is not in it. That can only be a write that was never answered, so what is known of a key is whole
    unless such a write of it is `uncertain`, or it is one of the UNTOLD keys; and of all keys up to `recorded`, which a watch of everything has reached,
    outside `gaps`, which it had to jump over.
    """

    def __init__(self, cut=0, state=()):
        self.cut = cut
        self.recorded = 0
        self.gaps = []          # (after, up to)
        self.uncertain = set()  # keys
        self.untold = False     # whether there were changes that only a watch tells of
        self._base = {change.key: change for change in state}
        self._at = {}           # revision -> the changes there, by key
        self._revisions = []
        self._several = set()   # revisions that change more than one key
        self._keys = {}         # key -> its revisions
        self._values = {change.value: change.revision for change in state}
        self._fresh = []

    @property
    def newest(self):
        return self._revisions[-1] if self._revisions else self.cut

    def nth_newest(self, count):
        """The revision above which there are so many."""
        return self._revisions[-count - 1]

    def __len__(self):
        return len(self._revisions)

    def see(self, change, source, violations, one_of_several=False):
        """Takes in what `source` was shown. one_of_several: the revision changes several keys, and may from now on."""
        if change.revision <= self.cut:
            return self._see_old(change, source, violations)
        if one_of_several:
            self._several.add(change.revision)
        there = self._at.get(change.revision)
        if there is None:
            self._at[change.revision] = {change.key: change}
            self._insert(self._revisions, change.revision)
        elif there.get(change.key) == change:
            return
        elif change.key in there or change.revision not in self._several:
            violations.add(TWO_CHANGES_AT_ONE_REVISION,
                           f"{source} saw {change}; others saw {next(iter(there.values()))}")
            return
        else:
            there[change.key] = change
        self._insert(self._keys.setdefault(change.key, []), change.revision)
        self._fresh.append((change, source))
        if change.value is not None:
            before = self._values.setdefault(change.value, change.revision)
            if change.key.startswith(UNTOLD):  # a touch leaves it as it is
                self._values[change.value] = min(before, change.revision)
            elif before != change.revision:
                violations.add(APPLIED_TWICE, f"{source} saw {change}, which had also been applied at {before}")

    def _see_old(self, change, source, violations):
        """Below the cut only the values that are still there are known."""
        known = self._base.get(change.key)
        if known and known.revision == change.revision and known != change:
            violations.add(TWO_CHANGES_AT_ONE_REVISION, f"{source} saw {change}; others saw {known}")

    @staticmethod
    def _insert(numbers, number):
        if not numbers or numbers[-1] < number:
            numbers.append(number)
        else:
            place = bisect.bisect_left(numbers, number)
            if numbers[place] != number:
                numbers.insert(place, number)

    def take_fresh(self):
        """The changes, with who saw them first, that are new since the last time; in order."""
        fresh, self._fresh = self._fresh, []
        return sorted(fresh)

    def revision_of(self, value):
        """Where this value was set; 0 if nobody saw it."""
        return self._values.get(value, 0)

    def has(self, revision):
        return revision in self._at

    def covers(self, after, up_to):
        """Whether the recording watch has seen every change above `after` and up to `up_to`."""
        return up_to <= self.recorded and not any(begin < up_to and end > after for begin, end in self.gaps)

    def whole(self, key, after, up_to):
        """Whether every change of this key above `after` and up to `up_to` is known."""
        return key not in self.uncertain and not key.startswith(UNTOLD) or self.covers(after, up_to)

    def at(self, revision):
        """The changes there, by key."""
        return self._at.get(revision, {})

    def complete(self, revision):
        """Whether a change at this revision, of whatever key, would be known."""
        sure = not self.uncertain and not self.untold
        return revision > self.cut and (sure or self.covers(revision - 1, revision))

    def newest_of(self, key, revision):
        """The last change of the key at or below the revision; None if there is none."""
        revisions = self._keys.get(key)
        place = bisect.bisect_right(revisions, revision) if revisions else 0
        if place:
            return self._at[revisions[place - 1]][key]
        return self._base.get(key)

    def of_key(self, key, after=0):
        revisions = self._keys.get(key, ())
        return [self._at[revision][key] for revision in revisions[bisect.bisect_right(revisions, after):]]

    def after(self, revision, wanted=None):
        """The changes above the revision as lists, one for each revision at which `wanted` takes one."""
        for place in range(bisect.bisect_right(self._revisions, revision), len(self._revisions)):
            changes = list(self._at[self._revisions[place]].values())
            if wanted:
                changes = [change for change in changes if wanted(change)]
            if changes:
                yield changes

    def state(self, revision, wanted=None):
        """key -> Change of all keys that are there at this revision."""
        state = {}
        for key in self._keys.keys() | self._base.keys():
            if wanted is None or wanted(key):
                change = self.newest_of(key, revision)
                if change and change.value is not None:
                    state[key] = change
        return state

    def forget(self, revision):
        """Moves the cut up. Everything up to there must have been checked."""
        if revision <= self.cut:
            return
        self._base = self.state(revision)
        old = bisect.bisect_right(self._revisions, revision)
        for one in self._revisions[:old]:
            for key, change in self._at.pop(one).items():
                if change.value is not None and self._base.get(key) != change:
                    self._values.pop(change.value, None)
                place = bisect.bisect_right(self._keys[key], revision)
                del self._keys[key][:place]
        del self._revisions[:old]
        self._keys = {key: revisions for key, revisions in self._keys.items() if revisions}
        self._several = {one for one in self._several if one > revision}
        self.gaps = [gap for gap in self.gaps if gap[1] > revision]
        self.cut = revision

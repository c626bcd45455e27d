"""Range deletes: all keys that were there go at one revision, and those of that range only. Their keys go in no other way."""
from history import OK, RANGE, UNKNOWN
from rounds import ranged_keys
from violations import APPLIED_ELSEWHERE, BEFORE_ITS_CAUSE, NOBODY_ASKED, NOT_ALL

RANGED = "range/"


class Ranges:
    def __init__(self, order, violations):
        self.order = order
        self.violations = violations
        self._told = {}   # revision -> the range delete that was told so
        self._open = []   # those that were never answered, each as (operation, shown before)
        self._found = {}  # revision -> one of those, which must have been it
        self._empty = []  # that were told there was nothing
        self.applied = 0

    def add(self, operation, shown_before):
        if operation.kind != RANGE:
            return
        if operation.changed():
            self._told[operation.revision] = operation
            self.applied += 1
        elif operation.outcome == OK:
            self._empty.append(operation)
        elif operation.outcome == UNKNOWN:
            self._open.append((operation, shown_before))

    def explains(self, change, source):
        """Whether it is a delete of one of these keys; then somebody asked for it, or it is on the list."""
        if change.value is not None or not change.key.startswith(RANGED):
            return False
        operation = self._told.get(change.revision) or self._found.get(change.revision) or self._find(change, source)
        if operation and not change.key.startswith(operation.key):
            self.violations.add(APPLIED_ELSEWHERE, f"{source} saw {change}: {operation}")
        return True

    def _find(self, change, source):
        fitting = [one for one in self._open if change.key.startswith(one[0].key)]
        in_time = [one for one in fitting if one[1] < change.revision]
        if not fitting:
            self.violations.add(NOBODY_ASKED, f"{source} saw {change}")
        elif not in_time:
            self.violations.add(BEFORE_ITS_CAUSE, f"{change}; {fitting[0][1]} was shown before: {fitting[0][0]}")
        else:
            self._open.remove(in_time[0])
            self._found[change.revision] = in_time[0][0]
        return self._found.get(change.revision)

    def check_all(self):
        """After every change of the round was explained."""
        for revision, operation in [*self._told.items(), *self._found.items()]:
            self._check_applied(operation, revision)
        for operation in self._empty:
            there = self._there(operation.key, operation.shown)
            if there:
                self.violations.add(NOT_ALL, f"{operation}, but there were {sorted(there)}")

    def _check_applied(self, operation, revision):
        there = self._there(operation.key, revision - 1)
        if there is None or not self.order.covers(revision - 1, revision):
            return
        gone = {key for key, change in self.order.at(revision).items() if change.value is None}
        if gone != there or operation.deleted not in (len(gone), 0):
            self.violations.add(NOT_ALL, f"at {revision} there were {sorted(there)}, {sorted(gone)} went: {operation}")

    def _there(self, prefix, revision):
        """The keys of the range at that revision; None: that is not known for certain."""
        there = set()
        for key in ranged_keys(prefix):
            newest = self.order.newest_of(key, revision)
            if revision < self.order.cut or not self.order.whole(key, newest.revision if newest else self.order.cut, revision):
                return None
            if newest and newest.value is not None:
                there.add(key)
        return there

    def end_round(self):
        self._told, self._found, self._empty = {}, {}, []

"""Keys that end by themselves: every deadline is what was asked for, nothing goes before it, and everything after it.

A touch is a change that leaves the value as it is; an expiry is one that nobody asked for. What they were is told by watches,
so all of this is about what watches saw.
"""
from typing import NamedTuple

from history import OK, SET, TOUCH, UNKNOWN
from violations import BEFORE_ITS_CAUSE, NOBODY_ASKED, OTHER_CHANGE, OTHER_DEADLINE, OVERDUE, TOO_SOON

EXPIRING = "ttl/"
PATIENCE = 20_000  # ms that a key may stay beyond its time: instances and brokers come back meanwhile


class Stamp(NamedTuple):
    op: str
    time: int     # ms since 1970, in the order's own time
    expires: int  # the same; 0: it stays


class Lifetimes:
    def __init__(self, order, violations):
        self.order = order
        self.violations = violations
        self._stamps = {}   # (key, revision) -> Stamp
        self._told = {}     # revision -> the set or touch that was told so
        self._open = {}     # key -> touches that were never answered, each as (operation, shown before)
        self.expired = 0

    def note(self, event, source):
        """What a watch was told of a change."""
        if not event.key.startswith(EXPIRING):
            return
        stamp = Stamp(event.op, event.time, event.expires)
        known = self._stamps.setdefault((event.key, event.revision), stamp)
        if known != stamp:
            self.violations.add(OTHER_CHANGE, f"{source} saw {event}: {stamp}; others saw {known}")

    def add(self, operation, shown_before):
        if not operation.key.startswith(EXPIRING):
            return
        if operation.kind in (SET, TOUCH) and operation.changed():
            self._told[operation.revision] = operation
        elif operation.kind == TOUCH and operation.outcome == UNKNOWN:
            self._open.setdefault(operation.key, []).append((operation, shown_before))

    def explains(self, change, source):
        """Whether it is a touch or an expiry; then it has been checked. A set's deadline is checked on the way."""
        if not change.key.startswith(EXPIRING):
            return False
        stamp = self._stamps.get((change.key, change.revision))
        before = self.order.newest_of(change.key, change.revision - 1)
        if change.value is None:
            if stamp is None or stamp.op != "expire":
                return False
            self._check_expiry(change, stamp, before)
            return True
        told = self._told.get(change.revision)
        if told is not None and stamp is not None:
            self._check_deadline(told, stamp)
        if before is None or before.value != change.value:
            if not self.order.whole(change.key, before.revision if before else self.order.cut, change.revision - 1):
                return True  # what it followed nobody saw
            if told is not None and told.kind == TOUCH:
                self.violations.add(OTHER_CHANGE, f"{change} after {before}: {told}")
            return told is not None and told.kind == TOUCH
        if told is None:
            self._find_touch(change, source, stamp)
        elif told.kind != TOUCH or told.key != change.key:
            self.violations.add(NOBODY_ASKED, f"{source} saw {change}, which leaves the value as it was: {told}")
        return True

    def _find_touch(self, change, source, stamp):
        touches = self._open.get(change.key, [])
        fitting = [one for one in touches if stamp is None or (stamp.expires - stamp.time if stamp.expires else 0) == one[0].ttl]
        if not fitting:
            self.violations.add(NOBODY_ASKED, f"{source} saw {change}, which leaves the value as it was")
        elif all(shown >= change.revision for _, shown in fitting):
            self.violations.add(BEFORE_ITS_CAUSE, f"{change}; {fitting[0][1]} was shown before: {fitting[0][0]}")
        else:
            touches.remove(next(one for one in fitting if one[1] < change.revision))

    def _check_deadline(self, operation, stamp):
        wanted = stamp.time + operation.ttl if operation.ttl else 0
        if stamp.expires != wanted or (operation.expires or 0) != wanted:
            self.violations.add(OTHER_DEADLINE, f"{operation}, answered with {operation.expires}: {stamp}")

    def _check_expiry(self, change, stamp, before):
        self.expired += 1
        known = before.revision if before else self.order.cut
        if not self.order.whole(change.key, known, change.revision - 1):
            return
        lived = before and self._stamps.get((change.key, before.revision))
        if before is None or before.value is None or (lived and not lived.expires):
            self.violations.add(TOO_SOON, f"{change} expired after {before}: {lived}")
        elif lived and stamp.time < lived.expires:
            self.violations.add(TOO_SOON, f"{change} expired at {stamp.time}, after {before}: {lived}")

    def check_overdue(self, revision, now):
        """What is still there at `revision`; it is `now`, in ms since 1970, and everybody is well."""
        for key, change in self.order.state(revision, lambda key: key.startswith(EXPIRING)).items():
            stamp = self._stamps.get((key, change.revision))
            if stamp and stamp.expires and stamp.expires + PATIENCE < now and self.order.whole(key, change.revision, revision):
                self.violations.add(OVERDUE, f"{change} at {now}: {stamp}")

    def end_round(self):
        self._told = {}
        live = self.order.state(self.order.newest, lambda key: key.startswith(EXPIRING))
        self._stamps = {(key, revision): stamp for (key, revision), stamp in self._stamps.items()
                        if revision > self.order.cut or live.get(key) and live[key].revision == revision}

"""Who asked for a change: every change that anybody saw must be what one operation asked for, and what that one was told."""
from history import DELETE, FAILED, IF_ABSENT, IF_PRESENT, IF_REVISION, OK, REFUSED, SET, UNKNOWN
from violations import APPLIED_ELSEWHERE, BEFORE_ITS_CAUSE, NOBODY_ASKED, REFUSED_BUT_APPLIED, VERDICT


def met(condition, newest):
    """Whether a write's condition holds where `newest` is the last change of the key (or None)."""
    there = newest is not None and newest.value is not None
    if condition is None:
        return True
    if condition[0] == IF_ABSENT:
        return not there
    if condition[0] == IF_PRESENT:
        return there
    assert condition[0] == IF_REVISION, condition
    return there and newest.revision == condition[1]


class Authors:
    """Remembers the writes that were never answered for as long as they may take effect, which is for ever."""

    def __init__(self, order, violations):
        self.order = order
        self.violations = violations
        self._sets = {}      # value -> (operation, what had been shown before it began)
        self._deletes = {}   # key -> those that were never answered, each as (operation, shown before)
        self._told = {}      # revision -> key -> the delete that was told so

    def add(self, operation, shown_before):
        if operation.kind == SET:
            self._sets[operation.value] = (operation, shown_before)
        elif operation.kind == DELETE and operation.outcome == UNKNOWN:
            self._deletes.setdefault(operation.key, []).append((operation, shown_before))
        elif operation.kind == DELETE and operation.changed():
            self._told.setdefault(operation.revision, {})[operation.key] = operation

    def open_at(self, key):
        """Whether a write of this key, never answered and never seen, may still take effect."""
        return key in self.order.uncertain

    def note_uncertain(self):
        """Tells the order of which keys there may be changes that nobody saw."""
        unseen = {operation.key for value, (operation, _) in self._sets.items()
                  if operation.outcome == UNKNOWN and not self.order.revision_of(value)}
        self.order.uncertain = unseen | {key for key, deletes in self._deletes.items() if deletes}

    def check(self, change, source):
        if change.value is None:
            self._check_delete(change, source)
        else:
            self._check_set(change, source)

    def end_round(self):
        """What was answered is over; what was not and was seen had its one turn."""
        self._told = {}
        self._sets = {value: (operation, shown) for value, (operation, shown) in self._sets.items()
                      if operation.outcome != OK and not self.order.revision_of(value)}
        self.note_uncertain()

    def _check_set(self, change, source):
        operation, shown_before = self._sets.get(change.value, (None, 0))
        if operation is None:
            self.violations.add(NOBODY_ASKED, f"{source} saw {change}")
        elif operation.outcome in (REFUSED, FAILED):
            self.violations.add(REFUSED_BUT_APPLIED, f"{source} saw {change}: {operation}")
        elif operation.key != change.key or operation.outcome == OK and operation.revision != change.revision:
            self.violations.add(APPLIED_ELSEWHERE, f"{source} saw {change}: {operation}")
        elif operation.outcome == UNKNOWN:
            self._check_unanswered(change, operation, shown_before)

    def _check_unanswered(self, change, operation, shown_before):
        if change.revision <= shown_before:
            self.violations.add(BEFORE_ITS_CAUSE, f"{change}; {shown_before} was shown before: {operation}")
        before = self.order.newest_of(change.key, change.revision - 1)
        after = before.revision if before else self.order.cut
        if self.order.whole(change.key, after, change.revision - 1) and not met(operation.condition, before):
            self.violations.add(VERDICT, f"{change} after {before}: {operation}")

    def _check_delete(self, change, source):
        told = self._told.get(change.revision)
        if told is not None:
            if change.key not in told:
                self.violations.add(APPLIED_ELSEWHERE, f"{source} saw {change}: {next(iter(told.values()))}")
            return
        before = self.order.newest_of(change.key, change.revision - 1)
        candidates = [(operation, shown_before) for operation, shown_before in self._deletes.get(change.key, ())
                      if shown_before < change.revision and met(operation.condition, before)]
        if not candidates:
            self.violations.add(NOBODY_ASKED, f"{source} saw {change}")
            return
        # One with a condition fits only here; the others fit later, too.
        chosen = min(candidates, key=lambda candidate: candidate[0].condition is None)
        self._deletes[change.key].remove(chosen)

"""Every answer, held against the full order: what the revisions in it promise beyond what one key's answers do."""
from authors import met
from history import DELETE, LINEARIZABLE, OK, RANGE, READ, REFUSED, SET, TOUCH
from order import Change
from values import of_transaction
from violations import (ANSWER, BEFORE_ITS_CAUSE, BELOW_FLOOR, NEVER_APPLIED, NOT_LINEARIZABLE_READ, OTHER_STATE, VERDICT,
                        WENT_BACK)


def note_shown(operation, showings):
    if operation.end is not None and operation.highest():
        showings.add(operation.instance, operation.end, operation.highest())


def note_changes(operation, order, violations):
    """Adds to the order what its answer shows of it."""
    source = f"client {operation.client} at instance {operation.instance}"
    if operation.kind in (TOUCH, RANGE) or operation.ttl:
        order.untold = True
    if operation.changed() and operation.kind not in (TOUCH, RANGE):
        order.see(Change(operation.revision, operation.key, operation.value), source, violations, bool(operation.txn))
    if operation.knows() and operation.found:
        found = operation.found
        order.see(Change(found.revision, operation.key, found.value), source, violations, of_transaction(found.value))


class OrderChecks:
    def __init__(self, alone, order, showings, violations):
        self.alone = alone
        self.order = order
        self.showings = showings
        self.violations = violations

    def check(self, operation):
        if operation.end is None:
            return
        if operation.changed():
            self._check_change(operation)
            return
        self._check_shown(operation)
        if operation.outcome == REFUSED:
            self._check_refusal(operation)
        elif operation.kind == READ and operation.outcome == OK:
            self._check_read(operation)
        elif operation.kind in (DELETE, RANGE) and operation.outcome == OK:
            self._check_nothing(operation)
        elif operation.code == "not_caught_up":
            self._check_patience(operation)

    def _check_change(self, operation):
        before = max(self.showings.anywhere.before(operation.begin), operation.floor)
        if operation.revision <= before:
            self.violations.add(BEFORE_ITS_CAUSE, f"{before} was shown before: {operation}")
        if operation.kind == RANGE:
            return
        newest = self.order.newest_of(operation.key, operation.revision - 1)
        if not self._whole(operation, newest, operation.revision - 1):
            return
        there = newest is not None and newest.value is not None
        wrong = not met(operation.condition, newest)
        wrong = wrong or operation.kind in (DELETE, TOUCH) and not there
        wrong = wrong or operation.kind == SET and operation.created is not None and operation.created == there
        if wrong:
            self.violations.add(VERDICT, f"after {newest}: {operation}")

    def _check_shown(self, operation):
        """What an answer shows beside the revision of its own change never goes back, and is a state there was."""
        if operation.shown is None:
            return
        before = self.showings.at(operation.instance).before(operation.begin)
        if operation.shown < before:
            self.violations.add(WENT_BACK, f"it had shown {before} before: {operation}")
        if operation.shown and not self.order.has(operation.shown) and self.order.complete(operation.shown):
            self.violations.add(NEVER_APPLIED, str(operation))

    def _check_read(self, operation):
        if operation.shown is None:
            self.violations.add(ANSWER, f"no Kvs-Revision: {operation}")
            return
        if operation.shown < operation.floor:
            self.violations.add(BELOW_FLOOR, str(operation))
        if operation.level == LINEARIZABLE:
            before = self.showings.anywhere.before(operation.begin)
            if operation.shown < before:
                self.violations.add(NOT_LINEARIZABLE_READ, f"{before} was shown before: {operation}")
        if operation.shown < self.order.cut:
            return
        newest = self.order.newest_of(operation.key, operation.shown)
        if not self._whole(operation, newest, operation.shown):
            return
        expected = (newest.revision, newest.value) if newest and newest.value is not None else None
        if expected != operation.found:
            self.violations.add(OTHER_STATE, f"the order has {newest}: {operation}")

    def _check_refusal(self, operation):
        """It was judged after everything that was shown before it began, against the state it shows."""
        found = operation.found
        shown = found and Change(found.revision, operation.key, found.value)
        if met(operation.condition, shown):
            self.violations.add(VERDICT, f"refused, but its condition holds in what it shows: {operation}")
        newest = self.order.newest_of(operation.key, self.showings.anywhere.before(operation.begin))
        if found and newest and found.revision < newest.revision:
            self.violations.add(VERDICT, f"refused by a state that was over; then came {newest}: {operation}")

    def _check_nothing(self, operation):
        before = self.showings.anywhere.before(operation.begin)
        if operation.shown < before:
            self.violations.add(BEFORE_ITS_CAUSE, f"{before} was shown before: {operation}")
        if operation.shown < self.order.cut:
            return
        newest = self.order.newest_of(operation.key, operation.shown)  # of a range: nothing, and it is looked at elsewhere
        if newest and newest.value is not None and self._whole(operation, newest, operation.shown):
            self.violations.add(VERDICT, f"nothing to delete, but the order has {newest}: {operation}")

    def _check_patience(self, operation):
        """Where there are several instances, what is newest is known only with the help of the bus."""
        if operation.level == LINEARIZABLE and not self.alone:
            return
        before = self.showings.at(operation.instance).before(operation.begin)
        if operation.floor <= before:
            self.violations.add(BELOW_FLOOR, f"not caught up with what it had shown: {operation}")

    def _whole(self, operation, newest, up_to):
        return self.order.whole(operation.key, newest.revision if newest else self.order.cut, up_to)

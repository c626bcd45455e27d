#!/usr/bin/env python3
"""The history checker: are the answers of a run what one order of its commands can explain, and the order they show?

By key, the linearizability of writes and linearizable reads (linearize.py); over all keys, every revision in every answer
against the full order (order_checks.py); and every change against the requests for it (authors.py).

    checker.py FILE...     checks histories as soak.py leaves them when it fails (--alone: all reads are linearizable)
"""
import argparse
import collections
import sys

from authors import Authors
from history import SET, load
from lifetimes import Lifetimes
from key_model import EMPTY, State, entries
from linearize import EFFORT, IMPOSSIBLE, INCONCLUSIVE, linearize
from order import Change, Order
from order_checks import OrderChecks, note_changes, note_shown
from ranges import Ranges
from rounds import UNTOLD
from shown import Showings
from violations import NOT_LINEARIZABLE, SPLIT, Violations


def _explain(key, result):
    """The end of what could be explained, and what could not come next."""
    lines = [f"{key}, after {result.state}:"]
    lines += [f"    explained: {entry.operation}" for entry in result.explained[-6:]]
    lines += [f"    impossible next: {entry.operation}" for entry in result.stuck]
    return "\n".join(lines)


class Checker:
    """Takes a run round by round: all operations of a round, and in between whatever else (watches) adds to `order` and
    `showings`, must be noted before the round is checked. Between rounds no operation is under way."""

    def __init__(self, alone, order=None, effort=EFFORT):
        self.alone = alone  # one instance: all its reads are linearizable
        self.order = Order() if order is None else order
        self.showings = Showings()
        self.violations = Violations()
        self.lifetimes = Lifetimes(self.order, self.violations)
        self.ranges = Ranges(self.order, self.violations)
        self.authors = Authors(self.order, self.violations)
        self.checks = OrderChecks(alone, self.order, self.showings, self.violations)
        self.effort = effort
        self.inconclusive = []
        self.keys_checked = 0
        self._begun = self.order.newest  # the state from which this round went on

    def note(self, operations):
        for operation in operations:
            note_shown(operation, self.showings)
            note_changes(operation, self.order, self.violations)

    def check(self, operations):
        by_key = collections.defaultdict(list)
        for operation in operations:
            by_key[operation.key].append(operation)
        from_before = {key for key in by_key if self.authors.open_at(key)}
        for operation in operations:
            for one in (self.authors, self.lifetimes, self.ranges):
                one.add(operation, self.showings.anywhere.before(operation.begin))
        self.authors.note_uncertain()
        for change, source in self.order.take_fresh():
            if not self.lifetimes.explains(change, source) and not self.ranges.explains(change, source):
                self.authors.check(change, source)
        self.ranges.check_all()
        self.authors.note_uncertain()
        for operation in operations:
            self.checks.check(operation)
        for key in by_key.keys() - from_before:
            if not key.startswith(UNTOLD):
                self._check_key(key, by_key[key])
        self._check_transactions(operations)

    def _check_transactions(self, operations):
        """All that one sets has one revision, also if it was never answered."""
        sets = collections.defaultdict(list)
        for operation in operations:
            if operation.txn and operation.kind == SET:
                sets[operation.txn].append(operation)
        for parts in sets.values():
            revisions = {self.order.revision_of(operation.value) for operation in parts}
            newest = max(revisions)
            if len(revisions) > 1 and (0 not in revisions or self.order.covers(newest - 1, newest)):
                self.violations.add(SPLIT, "; ".join(map(str, parts)))

    def end_round(self):
        self.authors.end_round()
        self.lifetimes.end_round()
        self.ranges.end_round()
        self.showings.forget()
        self._begun = self.order.newest

    def _check_key(self, key, operations):
        newest = self.order.newest_of(key, self._begun)
        initial = State(newest.revision, newest.value) if newest else EMPTY
        result = linearize(entries(operations, self.alone), initial, self.effort)
        if result.verdict == INCONCLUSIVE and self.order.covers(self._begun, self.order.newest):
            # Too many writes were never answered. What became of them is known from the order.
            result = linearize(entries(operations, self.alone, self.order, self._begun), initial, self.effort)
        self.keys_checked += 1
        if result.verdict == INCONCLUSIVE:
            self.inconclusive.append(key)
        elif result.verdict == IMPOSSIBLE:
            self.violations.add(NOT_LINEARIZABLE, _explain(key, result))


def check_history(operations, alone=False, order=None, effort=EFFORT):
    """Of a whole history at once: the checker afterwards, with its violations and what was inconclusive."""
    checker = Checker(alone, order, effort)
    checker.note(operations)
    checker.check(operations)
    return checker


def main():
    parser = argparse.ArgumentParser(description="Checks recorded histories.")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--alone", action="store_true", help="one instance: all its reads are linearizable")
    arguments = parser.parse_args()
    failed = False
    for path in arguments.files:
        operations, cut, state = load(path)
        checker = check_history(operations, arguments.alone, Order(cut, [Change(*change) for change in state]))
        failed = failed or bool(checker.violations)
        verdict = "FAILED" if checker.violations else "inconclusive" if checker.inconclusive else "ok"
        print(f"{path}: {len(operations)} operations, {checker.keys_checked} keys: {verdict}")
        if checker.violations:
            print(checker.violations.report())
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

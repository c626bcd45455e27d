#!/usr/bin/env python3
"""The history checker on histories written by hand and made up by chance: what is wrong is found, its good twin is not."""
import itertools
import random
import tempfile
import unittest

import key_model
from checker import check_history
from history import (DELETE, FAILED, IF_ABSENT, IF_PRESENT, IF_REVISION, LINEARIZABLE, LOCAL, MIN_REVISION, OK, READ,
                     REFUSED, SET, UNKNOWN, Found, Operation, load, save)
from key_model import EMPTY, FOREVER, entries, step
from linearize import IMPOSSIBLE, INCONCLUSIVE, linearize
from linearize import LINEARIZABLE as POSSIBLE
from order import Change, Order
from simulate import Simulation
from violations import *


def ok_set(when, value, revision, key="k", created=None, **more):
    return Operation(SET, key, *when, OK, value=value, revision=revision, shown=revision, created=created, **more)


def ok_delete(when, revision, key="k", **more):
    return Operation(DELETE, key, *when, OK, revision=revision, shown=revision, **more)


def nothing_deleted(when, shown, key="k", **more):
    return Operation(DELETE, key, *when, OK, shown=shown, **more)


def read(when, found, shown, key="k", level=LINEARIZABLE, **more):
    return Operation(READ, key, *when, OK, found=found and Found(*found), shown=shown, level=level, **more)


def refused(when, value, condition, found, shown, key="k", kind=SET, **more):
    return Operation(kind, key, *when, REFUSED, value=value, condition=condition, found=found and Found(*found),
                     shown=shown, **more)


def unanswered(begin, value, key="k", kind=SET, **more):
    return Operation(kind, key, begin, None, UNKNOWN, value=value, **more)


def failed(when, value, key="k", **more):
    return Operation(SET, key, *when, FAILED, value=value, **more)


class HistoryTest(unittest.TestCase):
    def accept(self, *operations, **kw):
        checker = check_history(list(operations), **kw)
        self.assertEqual(checker.violations.report(), "")
        self.assertEqual(checker.inconclusive, [])

    def reject(self, rule, *operations, **kw):
        """Exactly these rules and no other, so that a test can't pass because of a slip in it."""
        rules = {rule} if isinstance(rule, str) else set(rule)
        checker = check_history(list(operations), **kw)
        self.assertEqual(set(checker.violations.counts), rules, checker.violations.report())


class Transactions(HistoryTest):
    """What one sets stands at one revision, or nowhere."""

    def parts(self, *revisions, **more):
        return [ok_set((10, 20), f"tv{number}", revision, key=f"k{number}", txn="1.1", **more)
                for number, revision in enumerate(revisions)]

    def test_one_that_was_answered(self):
        self.accept(*self.parts(5, 5, 5))
        self.reject(SPLIT, *self.parts(5, 6))

    def test_several_keys_at_one_revision_without_one(self):
        first, second = (ok_set((10, 20), f"v{number}", 5, key=f"k{number}") for number in range(2))
        self.reject(TWO_CHANGES_AT_ONE_REVISION, first, second)

    def test_a_delete_is_part_of_it(self):
        begin = ok_set((0, 5), "old", 4, key="gone")
        gone = ok_delete((10, 20), 5, key="gone", txn="1.1")
        self.accept(begin, *self.parts(5, 5), gone)
        self.reject(OTHER_STATE, begin, *self.parts(5, 5), gone, read((30, 40), (4, "old"), 5, key="gone", level=LOCAL))

    def test_one_that_was_never_answered_and_is_seen_in_part(self):
        parts = [unanswered(10, f"tv{number}", key=f"k{number}", txn="1.1") for number in range(2)]
        seen = [read((30, 40), (5, "tv0"), 5, key="k0")]
        order = Order()
        order.recorded = 10
        self.reject(SPLIT, *parts, *seen, order=order)
        self.accept(*parts, *seen)  # the other may just not have been seen
        self.accept(*parts, *seen, read((30, 40), (5, "tv1"), 5, key="k1"))
        self.reject(SPLIT, *parts, *seen, read((30, 40), (6, "tv1"), 6, key="k1"))


class Reads(HistoryTest):
    first, second = ok_set((0, 10), "a", 1), ok_set((20, 30), "b", 2)

    def test_a_stale_linearizable_read(self):
        both = [self.first, self.second]
        self.accept(*both, read((40, 50), (2, "b"), 2))
        self.accept(*both, read((25, 50), (1, "a"), 1))  # at the same time as the second set
        self.reject([NOT_LINEARIZABLE, NOT_LINEARIZABLE_READ, WENT_BACK], *both, read((40, 50), (1, "a"), 1))
        # From another instance, which had shown nothing yet.
        self.reject([NOT_LINEARIZABLE, NOT_LINEARIZABLE_READ], *both, read((40, 50), (1, "a"), 1, instance=1))

    def test_a_stale_local_read_of_another_instance_is_fine(self):
        self.accept(self.first, self.second, read((40, 50), (1, "a"), 1, level=LOCAL, instance=1))

    def test_a_single_instance_has_no_stale_reads(self):
        stale = read((40, 50), (1, "a"), 1, level=LOCAL)
        self.reject([NOT_LINEARIZABLE, WENT_BACK], self.first, self.second, stale, alone=True)

    def test_a_stale_value_under_a_new_revision(self):
        for level in (LOCAL, LINEARIZABLE):
            wrong = read((40, 50), (1, "a"), 2, level=level, instance=1)
            rules = [OTHER_STATE] + [NOT_LINEARIZABLE] * (level == LINEARIZABLE)
            self.reject(rules, self.first, self.second, wrong)

    def test_a_value_newer_than_the_revision_it_comes_with(self):
        self.accept(self.first, self.second, read((25, 50), (2, "b"), 2, level=LOCAL))
        self.reject(OTHER_STATE, self.first, self.second, read((25, 50), (2, "b"), 1, level=LOCAL))

    def test_an_instance_going_back(self):
        both = [self.first, self.second]
        new = read((40, 50), (2, "b"), 2, level=LOCAL, instance=1)
        old = read((60, 70), (1, "a"), 1, level=LOCAL, instance=1)
        self.accept(*both, new, read((45, 70), (1, "a"), 1, level=LOCAL, instance=1))  # at the same time
        self.accept(*both, new, read((60, 70), (1, "a"), 1, level=LOCAL, instance=2))  # elsewhere
        self.reject(WENT_BACK, *both, new, old)
        # Also by another client, and by a read of another key.
        self.reject(WENT_BACK, *both, new, read((60, 70), None, 1, key="other", level=LOCAL, instance=1, client=7))

    def test_reading_ones_own_write(self):
        own = ok_set((0, 10), "a", 1, instance=1)
        self.accept(own, read((20, 30), (1, "a"), 1, level=LOCAL, instance=1))
        self.reject(WENT_BACK, own, read((20, 30), None, 0, level=LOCAL, instance=1))
        self.accept(own, read((20, 30), None, 0, level=LOCAL, instance=2))

    def test_min_revision(self):
        both = [self.first, self.second]
        self.accept(*both, read((40, 50), (2, "b"), 2, level=MIN_REVISION, floor=2, instance=1))
        self.reject(BELOW_FLOOR, *both, read((40, 50), (1, "a"), 1, level=MIN_REVISION, floor=2, instance=1))
        late = Operation(READ, "k", 40, 50, FAILED, level=MIN_REVISION, floor=2, code="not_caught_up", instance=1)
        self.accept(*both, late)
        late.instance = 0  # which has acknowledged revision 2
        self.reject(BELOW_FLOOR, *both, late)

    def test_a_linearizable_read_waits_for_the_bus_where_there_are_several_instances(self):
        late = Operation(READ, "k", 40, 50, FAILED, level=LINEARIZABLE, code="not_caught_up")
        self.accept(self.first, self.second, late)
        self.reject(BELOW_FLOOR, self.first, self.second, late, alone=True)

    def test_a_key_that_was_deleted(self):
        gone = [self.first, ok_delete((20, 30), 2)]
        self.accept(*gone, read((40, 50), None, 2))
        self.reject([NOT_LINEARIZABLE, OTHER_STATE], *gone, read((40, 50), (1, "a"), 2))
        self.reject([NOT_LINEARIZABLE, OTHER_STATE], self.first, read((40, 50), None, 1))

    def test_a_revision_at_which_nothing_was_applied(self):
        self.accept(self.first, ok_set((20, 30), "b", 7), read((40, 50), (7, "b"), 7))
        self.reject(NEVER_APPLIED, self.first, read((40, 50), (1, "a"), 5))


class Writes(HistoryTest):
    def test_a_lost_write(self):
        lost, next_one = ok_set((0, 10), "a", 1), ok_set((20, 30), "b", 2, created=False)
        self.accept(lost, next_one)
        next_one.created = True  # as if the first had not been there
        self.reject([NOT_LINEARIZABLE, VERDICT], lost, next_one)

    def test_a_write_that_readers_miss(self):
        self.accept(ok_set((0, 10), "a", 1), read((20, 30), (1, "a"), 1))
        self.reject([NOT_LINEARIZABLE, WENT_BACK, NOT_LINEARIZABLE_READ], ok_set((0, 10), "a", 1), read((20, 30), None, 0))

    def test_a_write_applied_twice(self):
        once = [ok_set((0, 10), "a", 1), ok_set((20, 30), "b", 2)]
        self.accept(*once, read((40, 50), (2, "b"), 2))
        again = read((40, 50), (3, "a"), 3)
        self.reject([APPLIED_TWICE, APPLIED_ELSEWHERE, NOT_LINEARIZABLE], *once, again)

    def test_a_write_without_answer_applied_twice(self):
        open_one = unanswered(0, "a")
        between = ok_set((20, 30), "b", 2, created=False)
        self.accept(open_one, read((5, 10), (1, "a"), 1), between, read((40, 50), (2, "b"), 2))
        self.reject([APPLIED_TWICE, NOT_LINEARIZABLE], open_one, read((5, 10), (1, "a"), 1), between,
                    read((40, 50), (3, "a"), 3))

    def test_two_writes_at_one_revision(self):
        self.accept(ok_set((0, 10), "a", 1), ok_set((0, 10), "b", 2, key="l"))
        self.reject([TWO_CHANGES_AT_ONE_REVISION], ok_set((0, 10), "a", 1), ok_set((0, 10), "b", 1, key="l"))

    def test_two_winners_of_one_revision(self):
        start = ok_set((0, 10), "a", 1)
        one = ok_set((20, 30), "b", 2, condition=(IF_REVISION, 1), client=1)
        other = ok_set((20, 30), "c", 3, condition=(IF_REVISION, 1), client=2)
        loser = refused((20, 30), "c", (IF_REVISION, 1), (2, "b"), 2, client=2)
        self.accept(start, one, loser)
        self.reject([NOT_LINEARIZABLE, VERDICT], start, one, other)

    def test_two_creators(self):
        one = ok_set((0, 10), "a", 1, condition=(IF_ABSENT,), created=True)
        loser = refused((0, 10), "b", (IF_ABSENT,), (1, "a"), 1)
        self.accept(one, loser)
        self.reject([NOT_LINEARIZABLE, VERDICT], one, ok_set((0, 10), "b", 2, condition=(IF_ABSENT,), created=True))

    def test_a_condition_that_should_have_held(self):
        start = ok_set((0, 10), "a", 1)
        self.accept(start, refused((20, 30), "b", (IF_REVISION, 7), (1, "a"), 1))
        self.reject([NOT_LINEARIZABLE, VERDICT], start, refused((20, 30), "b", (IF_REVISION, 1), (1, "a"), 1))
        self.reject([NOT_LINEARIZABLE, VERDICT], start, refused((20, 30), "b", (IF_PRESENT,), (1, "a"), 1))

    def test_a_refusal_by_a_state_that_was_over(self):
        both = [ok_set((0, 10), "a", 1), ok_set((20, 30), "b", 2)]
        self.accept(*both, refused((25, 50), "c", (IF_REVISION, 9), (1, "a"), 2))
        self.reject([NOT_LINEARIZABLE, VERDICT], *both, refused((40, 50), "c", (IF_REVISION, 9), (1, "a"), 2))
        self.reject(NOT_LINEARIZABLE, *both, refused((40, 50), "c", (IF_REVISION, 9), None, 2))

    def test_a_refused_write_that_shows(self):
        start = ok_set((0, 10), "a", 1)
        no = refused((20, 30), "b", (IF_REVISION, 7), (1, "a"), 1)
        self.accept(start, no, read((40, 50), (1, "a"), 1))
        self.reject([REFUSED_BUT_APPLIED, NOT_LINEARIZABLE], start, no, read((40, 50), (2, "b"), 2))

    def test_a_failed_write_that_shows(self):
        start, no = ok_set((0, 10), "a", 1), failed((20, 30), "b")
        self.accept(start, no, read((40, 50), (1, "a"), 1))
        self.reject([REFUSED_BUT_APPLIED, NOT_LINEARIZABLE], start, no, read((40, 50), (2, "b"), 2))
        self.reject(REFUSED_BUT_APPLIED, start, no, read((40, 50), (2, "b"), 2, level=LOCAL))

    def test_a_value_out_of_nowhere(self):
        self.reject([NOBODY_ASKED], ok_set((0, 10), "a", 1), read((40, 50), (2, "x"), 2, level=LOCAL))

    def test_revisions_going_back(self):
        self.accept(ok_set((0, 10), "a", 1), ok_set((20, 30), "b", 2))
        self.accept(ok_set((0, 25), "a", 2), ok_set((20, 30), "b", 1))  # at the same time
        self.reject([NOT_LINEARIZABLE, BEFORE_ITS_CAUSE], ok_set((0, 10), "a", 2), ok_set((20, 30), "b", 1))
        # Also of different keys, and below what somebody was merely shown.
        self.reject(BEFORE_ITS_CAUSE, ok_set((0, 10), "a", 2), ok_set((20, 30), "b", 1, key="l", instance=1))
        self.reject(BEFORE_ITS_CAUSE, ok_set((0, 90), "a", 2), read((10, 15), (2, "a"), 2, level=LOCAL),
                    ok_set((20, 30), "b", 1, key="l", instance=1))

    def test_deletes(self):
        there = ok_set((0, 10), "a", 1)
        self.accept(there, ok_delete((20, 30), 2), nothing_deleted((40, 50), 2), ok_set((60, 70), "b", 3, created=True))
        self.reject([NOT_LINEARIZABLE, VERDICT], there, nothing_deleted((20, 30), 1))
        self.reject([NOT_LINEARIZABLE, VERDICT], there, ok_delete((20, 30), 2), ok_delete((40, 50), 3))
        self.reject([NOT_LINEARIZABLE, VERDICT], there, ok_delete((20, 30), 2), ok_set((60, 70), "b", 3, created=False))
        self.reject([BEFORE_ITS_CAUSE, WENT_BACK], there, ok_delete((20, 30), 2), nothing_deleted((40, 50), 0))

    def test_conditional_deletes(self):
        there = ok_set((0, 10), "a", 1)
        self.accept(there, ok_delete((20, 30), 2, condition=(IF_REVISION, 1)))
        self.accept(there, refused((20, 30), None, (IF_REVISION, 7), (1, "a"), 1, kind=DELETE))
        self.reject([NOT_LINEARIZABLE, VERDICT], there, ok_delete((20, 30), 2, condition=(IF_REVISION, 7)))

    def test_the_order_in_a_pipeline(self):
        first = ok_set((0, 20), "a", 2)
        self.accept(first, ok_set((0, 30), "b", 3, floor=2))
        self.reject(BEFORE_ITS_CAUSE, first, ok_set((0, 30), "b", 1, floor=2))
        self.reject(BELOW_FLOOR, first, read((0, 30), None, 0, level=LOCAL, floor=2))


class Unanswered(HistoryTest):
    start = ok_set((0, 10), "a", 1)
    lost = unanswered(20, "b")

    def test_it_may_have_happened_and_it_may_not(self):
        self.accept(self.start, self.lost, read((40, 50), (1, "a"), 1))
        self.accept(self.start, self.lost, read((40, 50), (2, "b"), 2))

    def test_it_may_happen_later(self):
        self.accept(self.start, self.lost, read((40, 50), (1, "a"), 1), ok_set((60, 70), "c", 5, created=False),
                    read((80, 90), (6, "b"), 6))

    def test_it_can_not_happen_and_then_not(self):
        self.reject([NOT_LINEARIZABLE, NOT_LINEARIZABLE_READ, WENT_BACK], self.start, self.lost,
                    read((40, 50), (2, "b"), 2), read((60, 70), (1, "a"), 1))
        self.reject([NOT_LINEARIZABLE, OTHER_STATE], self.start, self.lost,
                    read((40, 50), (2, "b"), 2), read((60, 70), (1, "a"), 2))

    def test_it_can_not_happen_before_it_was_asked_for(self):
        self.reject([NOT_LINEARIZABLE, BEFORE_ITS_CAUSE], self.start, self.lost, read((12, 15), (2, "b"), 2))
        self.reject([NOT_LINEARIZABLE, BEFORE_ITS_CAUSE], ok_set((0, 10), "a", 5), self.lost,
                    read((40, 50), (2, "b"), 2, level=LOCAL, instance=1))

    def test_it_can_not_happen_against_its_condition(self):
        careful = unanswered(20, "b", condition=(IF_REVISION, 1))
        self.accept(self.start, careful, read((40, 50), (2, "b"), 2))
        too_late = [self.start, ok_set((12, 15), "c", 2), careful]
        self.accept(*too_late, read((40, 50), (2, "c"), 2))
        self.reject([NOT_LINEARIZABLE, VERDICT], *too_late, read((40, 50), (3, "b"), 3))

    def test_a_delete_without_answer_explains_what_is_gone_only_once(self):
        gone = unanswered(20, None, kind=DELETE)
        created = ok_set((60, 70), "c", 3, created=True)
        self.accept(self.start, gone, created)
        self.accept(self.start, gone, ok_set((60, 70), "c", 3, created=False))
        self.accept(self.start, gone, read((40, 50), None, 2))
        self.reject([NOT_LINEARIZABLE], self.start, gone, created, ok_set((80, 90), "d", 5, created=True))
        self.reject([NOT_LINEARIZABLE], self.start, gone, nothing_deleted((22, 25), 1), read((30, 40), (1, "a"), 1))

    def test_a_set_nobody_saw_explains_what_is_not_new(self):
        self.accept(unanswered(0, "a"), ok_set((20, 30), "b", 2, created=False))
        self.accept(unanswered(0, "a"), ok_set((20, 30), "b", 2, created=True))
        self.accept(unanswered(0, "a"), ok_delete((20, 30), 2))
        self.reject([NOT_LINEARIZABLE, VERDICT], ok_set((20, 30), "b", 2, created=False))
        self.reject([NOT_LINEARIZABLE], unanswered(0, "a"), ok_delete((20, 30), 2), ok_delete((40, 50), 4))

    def test_with_the_order_it_is_certain(self):
        operations = [self.start, self.lost, read((40, 50), (1, "a"), 1)]
        happened = Order()
        happened.see(Change(1, "k", "a"), "a watch", None)
        happened.see(Change(2, "k", "b"), "a watch", None)
        for order, verdict in ((Order(), POSSIBLE), (happened, POSSIBLE)):
            self.assertEqual(linearize(entries(operations, order=order)).verdict, verdict)
        operations.append(ok_set((60, 70), "c", 3, condition=(IF_REVISION, 1)))
        self.assertEqual(linearize(entries(operations, order=happened)).verdict, IMPOSSIBLE)


class Rounds(HistoryTest):
    def test_the_state_before_is_where_a_history_goes_on_from(self):
        order = Order(5, [Change(3, "k", "a")])
        self.accept(read((0, 10), (3, "a"), 5), ok_set((20, 30), "b", 6, created=False), order=order)
        order = Order(5, [Change(3, "k", "a")])
        self.reject([NOT_LINEARIZABLE, OTHER_STATE], read((0, 10), None, 5), order=order)

    def test_a_file_holds_all_of_it(self):
        operations = Simulation(1, instances=3).run(200)
        with tempfile.NamedTemporaryFile() as file:
            save(file.name, operations, 5, [Change(3, "k", "a")])
            self.assertEqual(load(file.name), (operations, 5, [[3, "k", "a"]]))


class Simulated(HistoryTest):
    """Histories of a store that keeps its promises are accepted, and not any more after one answer was changed."""

    def simulate(self, seed, count=400, **kw):
        operations = Simulation(seed, **kw).run(count)
        return operations

    def test_every_good_history_is_accepted(self):
        for seed in range(60):
            instances = 1 + seed % 3
            operations = self.simulate(seed, instances=instances, clients=4 + seed % 17, keys=1 + seed % 4,
                                       unanswered=(0, 0.02, 0.05)[seed % 3])
            self.accept(*operations, alone=instances == 1)

    def test_long_histories_with_many_clients(self):
        self.accept(*self.simulate(1, count=4000, clients=20, keys=1, unanswered=0.003), alone=True)
        self.accept(*self.simulate(2, count=4000, clients=20, keys=1, instances=3, unanswered=0.003))

    def test_a_changed_answer_is_found(self):
        for seed in range(200):
            chance = random.Random(seed)
            operations = self.simulate(seed, count=150, instances=1 + seed % 2, unanswered=0.0005 * (seed % 3))
            what = self.spoil(operations, chance)
            checker = check_history(operations, alone=seed % 2 == 0)
            self.assertTrue(checker.violations, f"seed {seed}: {what}")

    def spoil(self, operations, chance):
        # Keys whose state is certain, so that every change of an answer is a contradiction.
        open_keys = {one.key for one in operations if one.outcome == UNKNOWN}
        changes = [one for one in operations if one.changed() and one.key not in open_keys]
        reads = [one for one in operations if one.kind == READ and one.found and one.key not in open_keys]
        how = chance.randrange(3 if open_keys else 4)
        if how == 0:
            one = chance.choice(reads)
            one.found = None
        elif how == 1:
            one = chance.choice(reads)
            one.found = Found(one.found.revision, "never written")
        elif how == 2:
            one, other = chance.sample(changes, 2)
            one.revision = other.revision
        else:
            one = chance.choice([one for one in operations if one.shown is not None])
            one.shown = max(other.highest() for other in operations) + 1
            if one.changed():
                one.revision = one.shown
                later = [other for other in operations if other.begin > one.end and other.changed()]
                if not later:  # then this is a history as good as the other
                    one.found, one.outcome = Found(one.revision, "never written"), REFUSED
        return one

    def test_a_history_with_too_many_open_ends_is_inconclusive(self):
        operations = [unanswered(0, None, kind=DELETE, client=client) for client in range(10)]
        operations += [unanswered(0, f"v{client}", client=client) for client in range(10)]
        operations += [ok_set((10 * n, 10 * n + 5), f"w{n}", n, created=True) for n in range(1, 10)]
        operations.append(read((200, 210), (9, "never written"), 9))
        result = linearize(entries(operations), effort=100)
        self.assertEqual(result.verdict, INCONCLUSIVE)
        checker = check_history(operations, effort=100)
        self.assertEqual(checker.inconclusive, ["k"])


class Search(unittest.TestCase):
    """The search against one that simply tries every order."""

    def try_all(self, all_entries):
        must = [entry for entry in all_entries if entry.end != FOREVER]
        may = [entry for entry in all_entries if entry.end == FOREVER]
        for count in range(len(may) + 1):
            for some in itertools.combinations(may, count):
                for path in itertools.permutations(must + list(some)):
                    if self.explains(path):
                        return True
        return False

    @staticmethod
    def explains(path):
        latest_begin = 0
        for entry in path:
            if entry.end < latest_begin:
                return False
            latest_begin = max(latest_begin, entry.begin)
        state = EMPTY
        for entry in path:
            state = step(state, entry)
            if state is None:
                return False
        return True

    def random_history(self, chance):
        """Answers by chance, so that some have an explanation and some have none."""
        operations = []
        for number in range(chance.randint(2, 6)):
            begin = chance.randrange(12)
            when = (begin, begin + chance.randint(1, 8))
            values = [f"v{other}" for other in range(6)]
            found = chance.choice([None, Found(chance.randint(1, 3), chance.choice(values))])
            condition = chance.choice([None, None, (IF_ABSENT,), (IF_PRESENT,), (IF_REVISION, chance.randint(1, 3))])
            operations.append(chance.choice([
                lambda: read(when, found, 9),
                lambda: ok_set(when, f"v{number}", chance.randint(1, 4), created=chance.choice([None, True, False]),
                               condition=condition),
                lambda: ok_set(when, f"v{number}", number + 1, created=not number),
                lambda: ok_delete(when, chance.randint(1, 4), condition=condition),
                lambda: nothing_deleted(when, 9),
                lambda: refused(when, f"v{number}", condition or (IF_ABSENT,), found, 9),
                lambda: unanswered(begin, f"v{number}", condition=condition),
                lambda: unanswered(begin, None, kind=DELETE, condition=condition),
            ])())
        return operations

    def test_it_finds_an_order_if_and_only_if_there_is_one(self):
        verdicts = {POSSIBLE: 0, IMPOSSIBLE: 0}
        for seed in range(4000):
            chance = random.Random(seed)
            history = entries(self.random_history(chance))
            if len({entry.place for entry in history if entry.place}) < sum(1 for entry in history if entry.place):
                continue  # two changes at one revision are found elsewhere
            verdict = linearize(history).verdict
            self.assertEqual(verdict == POSSIBLE, self.try_all(history), f"seed {seed}: {history}")
            verdicts[verdict] += 1
        self.assertGreater(min(verdicts.values()), 300, verdicts)

    def test_the_explanation_is_one(self):
        for seed in range(20):
            operations = [one for one in Simulation(seed, keys=1).run(200)]
            result = linearize(entries(operations, every_read=True))
            self.assertEqual(result.verdict, POSSIBLE)
            self.assertTrue(self.explains(result.explained))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""What is checked of keys that end by themselves, of range deletes and of retries: what is wrong is found, its twin is not."""
import types
import unittest

from checker import Checker
from history import DELETE, OK, RANGE, SET, TOUCH, UNKNOWN, Operation
from retries import Answered, Retries
from violations import *
from watch_items import NOW, Batch, Event, Filter, Opened
from watch_rules import WatchRules

KEY = "ttl/0/r00000"
RANGED = "range/0/r00000/"


def told(kind, revision, key=KEY, begin=None, **more):
    begin = 10 * revision if begin is None else begin
    return Operation(kind, key, begin, begin + 5, OK, revision=revision, shown=revision, **more)


def set_for(ttl, revision=1, time=1000, **more):
    expires = time + ttl if ttl else None
    return told(SET, revision, value="1-0-1:0", created=True, ttl=ttl, **{"expires": expires, **more})


def unanswered(kind, key=KEY, begin=0, **more):
    return Operation(kind, key, begin, None, UNKNOWN, **more)


def was_set(revision, time=1000, expires=0, value="1-0-1:0", key=KEY, created=False):
    return Event("set", revision, key, value, created=created, time=time, expires=expires)


def went(revision, op="expire", time=2000, key=KEY, more=False):
    return Event(op, revision, key, time=time, more=more)


class Case(unittest.TestCase):
    def check(self, operations, *batches, now=0):
        """A round in which the one watch of everything saw these events, each batch by itself."""
        checker = Checker(True)
        checker.note(operations)
        rules = WatchRules("watch", Filter(), checker.order, checker.showings, checker.violations, checker.lifetimes)
        items = [Opened(0, 1, 0, 0, NOW)] + [Batch(10**6, batch) for batch in batches]
        for item in items:
            rules.note(item)
        checker.order.recorded = max(event.revision for batch in batches for event in batch)
        checker.check(operations)
        checker.lifetimes.check_overdue(checker.order.recorded, now)
        for item in items:
            rules.take(item)
        return checker

    def accept(self, operations, *batches, **kw):
        self.assertEqual(self.check(operations, *batches, **kw).violations.report(), "")

    def reject(self, rule, operations, *batches, **kw):
        report = self.check(operations, *batches, **kw).violations
        self.assertEqual(set(report.counts), {rule}, report.report())


class LifetimesTest(Case):
    born = was_set(1, expires=2000, created=True)

    def test_a_key_goes_at_its_time(self):
        self.accept([set_for(1000)], (self.born,), (went(2),))

    def test_and_not_before(self):
        self.reject(TOO_SOON, [set_for(1000)], (self.born,), (went(2, time=1999),))

    def test_one_that_stays_does_not_go(self):
        self.reject(TOO_SOON, [set_for(0)], (was_set(1, created=True),), (went(2),))

    def test_a_touch_gives_more_time(self):
        touch = told(TOUCH, 2, ttl=5000, expires=6500)
        touched = was_set(2, 1500, 6500)
        self.accept([set_for(1000), touch], (self.born,), (touched,), (went(3, time=6500),))
        self.reject(TOO_SOON, [set_for(1000), touch], (self.born,), (touched,), (went(3, time=2000),))

    def test_a_touch_without_time_keeps_the_key(self):
        self.reject(TOO_SOON, [set_for(1000), told(TOUCH, 2)], (self.born,), (was_set(2, 1500),), (went(3),))

    def test_a_deadline_is_what_was_asked_for(self):
        self.reject(OTHER_DEADLINE, [set_for(1000)], (was_set(1, expires=2001, created=True),))
        self.reject(OTHER_DEADLINE, [set_for(1000, expires=2001)], (self.born,))
        self.reject(OTHER_DEADLINE, [set_for(0)], (self.born,))

    def test_a_touch_has_somebody_who_asked_for_it(self):
        touched = was_set(2, 1500, 6500)
        self.accept([set_for(1000), unanswered(TOUCH, ttl=5000)], (self.born,), (touched,))
        self.reject(NOBODY_ASKED, [set_for(1000)], (self.born,), (touched,))
        self.reject(NOBODY_ASKED, [set_for(1000), unanswered(TOUCH, ttl=4000)], (self.born,), (touched,))

    def test_and_happens_once(self):
        touched = [(was_set(revision, 1500, 6500),) for revision in (2, 3)]
        self.reject(NOBODY_ASKED, [set_for(1000), unanswered(TOUCH, ttl=5000)], (self.born,), *touched)

    def test_a_set_that_is_applied_twice_is_no_touch(self):
        self.reject(NOBODY_ASKED, [set_for(1000)], (self.born,), (was_set(2, expires=2000),))

    def test_a_delete_needs_somebody_who_asked(self):
        self.accept([set_for(1000), unanswered(DELETE)], (self.born,), (went(2, "delete", 1500),))
        self.reject(NOBODY_ASKED, [set_for(1000)], (self.born,), (went(2, "delete", 1500),))

    def test_a_key_does_not_stay_for_ever(self):
        self.accept([set_for(1000)], (self.born,), now=3000)
        self.reject(OVERDUE, [set_for(1000)], (self.born,), now=60_000)


class RangesTest(Case):
    def setUp(self):
        self.sets = [told(SET, n, RANGED + str(n), value=f"1-0-{n}:0", created=True) for n in (1, 2)]
        self.events = [(was_set(n, value=f"1-0-{n}:0", key=RANGED + str(n), created=True),) for n in (1, 2)]
        self.both = (went(3, "delete", key=RANGED + "1", more=True), went(3, "delete", key=RANGED + "2"))

    def test_all_of_it_goes_at_once(self):
        self.accept([*self.sets, told(RANGE, 3, RANGED, deleted=2)], *self.events, self.both)
        self.accept([*self.sets, unanswered(RANGE, RANGED)], *self.events, self.both)

    def test_not_a_part(self):
        part = (went(3, "delete", key=RANGED + "1"),)
        self.reject(NOT_ALL, [*self.sets, told(RANGE, 3, RANGED, deleted=1)], *self.events, part)
        self.reject(NOT_ALL, [*self.sets, unanswered(RANGE, RANGED)], *self.events, part)

    def test_as_many_as_it_says(self):
        self.reject(NOT_ALL, [*self.sets, told(RANGE, 3, RANGED, deleted=3)], *self.events, self.both)

    def test_nothing_means_that_there_was_nothing(self):
        nothing = Operation(RANGE, RANGED, 30, 35, OK, shown=2)
        self.reject(NOT_ALL, [*self.sets, nothing], *self.events)

    def test_somebody_asked_for_it(self):
        self.reject(NOBODY_ASKED, self.sets, *self.events, self.both)

    def test_and_not_later_than_it_happened(self):
        late = unanswered(RANGE, RANGED, begin=10**7)
        self.reject(BEFORE_ITS_CAUSE, [*self.sets, late], *self.events, self.both)


class FakeResponse:
    def __init__(self, status, body, replayed=True):
        self.status, self.body, self.replayed = status, body, replayed

    def json(self):
        return dict(self.body)

    def header(self, _name, default=None):
        return "true" if self.replayed else default


class RetriesTest(unittest.TestCase):
    def again(self, response, roll=0.5):
        chance = types.SimpleNamespace(choice=lambda of: of[0], random=lambda: roll)
        client = types.SimpleNamespace(number=1, instance=types.SimpleNamespace(number=0), connection=object(), wrong=[],
                                       chance=chance)
        retries = Retries(client)
        retries.kept = [Answered("name", ("PUT", "/v1/kv/k", {}, "v"), 201, {"revision": 7, "created": True})]
        retries.ask = lambda *_: response
        retries.again()
        return [rule for rule, _ in client.wrong]

    def test_the_same_answer_comes_again(self):
        self.assertEqual(self.again(FakeResponse(201, {"revision": 7, "created": True})), [])
        self.assertEqual(self.again(FakeResponse(503, {})), [])

    def test_another_one_is_found(self):
        self.assertEqual(self.again(FakeResponse(201, {"revision": 8, "created": True})), [OTHER_ANSWER])
        self.assertEqual(self.again(FakeResponse(200, {"revision": 7, "created": True})), [OTHER_ANSWER])
        self.assertEqual(self.again(FakeResponse(201, {"revision": 7, "created": True}, replayed=False)), [OTHER_ANSWER])

    def test_another_request_by_its_name_is_refused(self):
        self.assertEqual(self.again(FakeResponse(422, {"code": "request_key_reused"}), 0.05), [])
        self.assertEqual(self.again(FakeResponse(201, {"revision": 7, "created": True}), 0.05), [OTHER_ANSWER])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""The watch oracle on streams written by hand: what is wrong is found, its good twin is not."""
import random
import unittest

from order import Change, Order
from shown import Showings
from violations import *
from watch_items import INITIAL, NOW, SINCE, Asked, Batch, Closed, Event, Filter, Opened
from watch_rules import WatchRules

LOG = [Change(2, "a", "1"), Change(3, "b", "2"), Change(5, "a", "3"), Change(6, "c", "4"), Change(8, "b", None),
       Change(9, "a", "5"), Change(12, "b", "6")]
TOGETHER = [Change(20, "a", "7"), Change(20, "b", None), Change(20, "c", "8")]  # one transaction


def event(change, **more):
    new = change.key not in {one.key for one in LOG if one.revision < change.revision} or change.revision == 12
    more.setdefault("created", new)
    return Event("delete" if change.value is None else "set", change.revision, change.key, change.value, **more)


def changes(after=0, up_to=99, wants=lambda key: True):
    return tuple(event(change) for change in LOG if after < change.revision <= up_to and wants(change.key))


def control(op, revision, **more):
    return Event(op, revision, **more)


def synced(revision):
    return control("synced", revision)


def initial(*all_changes):
    return tuple(event(change, initial=True, created=False) for change in all_changes)


def since(position, cursor=None, **more):
    return Opened(10, 11, 0, position if cursor is None else cursor, SINCE, position, **more)


def batch(*events, at=20):
    return Batch(at, events)


class WatchRulesTest(unittest.TestCase):
    filter = Filter()

    def check(self, items, filter_=None, shown=(), several=()):
        order, showings, violations = Order(), Showings(), Violations()
        order.recorded = 99
        for change in [*LOG, *several]:
            order.see(change, "others", violations, change in several)
        for time, revision in shown:
            showings.add(0, time, revision)
        rules = WatchRules("watcher", filter_ or self.filter, order, showings, violations)
        for item in items:
            rules.note(item)
        for item in items:
            rules.take(item)
        return violations

    def accept(self, *items, **kw):
        self.assertEqual(self.check(items, **kw).report(), "")

    def reject(self, rule, *items, **kw):
        rules = {rule} if isinstance(rule, str) else set(rule)
        violations = self.check(items, **kw)
        self.assertEqual(set(violations.counts), rules, violations.report())


class Changes(WatchRulesTest):
    def test_everything_once_and_in_order(self):
        self.accept(since(0), batch(*changes(), synced(12)))
        self.accept(since(3), batch(*changes(3, 6)), batch(*changes(6)), batch(synced(12)))
        self.accept(since(4), batch(*changes(4), synced(12)))  # a revision that changed nothing is a position, too

    def test_a_change_missing(self):
        everything = changes()
        for gone in range(len(everything) - 1):
            self.reject(MISSING, since(0), batch(*everything[:gone], *everything[gone + 1:]))
        self.reject(MISSING, since(0), batch(*changes(3)))

    def test_the_first_after_a_resume_missing(self):
        """Off by one: since= taken for inclusive, or one too far."""
        self.accept(since(5), batch(*changes(5)))
        self.reject(MISSING, since(5), batch(*changes(6)))
        self.reject(UNWANTED, since(5), batch(*changes(3)))

    def test_a_change_doubled(self):
        everything = changes()
        for again in range(len(everything)):
            self.reject(UNWANTED, since(0), batch(*everything[:again + 1]), batch(*everything[again:]))

    def test_two_changes_swapped(self):
        one, two, *rest = changes()
        self.reject([MISSING, UNWANTED], since(0), batch(two, one, *rest))

    def test_a_change_that_is_another_elsewhere(self):
        wrong = event(Change(5, "a", "x"))
        self.reject([TWO_CHANGES_AT_ONE_REVISION, OTHER_CHANGE], since(3), batch(wrong))
        self.reject([TWO_CHANGES_AT_ONE_REVISION, OTHER_CHANGE], since(3), batch(event(Change(5, "a", None))))
        self.reject(OTHER_CHANGE, since(3), batch(changes(3, 5)[0]._replace(created=True)))

    def test_a_change_nobody_else_saw_is_left_to_its_author(self):
        self.accept(since(12), batch(event(Change(14, "d", "9"), created=True)))

    def test_filters(self):
        for filter_ in (Filter(keys=("a",)), Filter(prefixes=("b",)), Filter(keys=("a", "b"), prefixes=("a", "c"))):
            self.accept(since(0), batch(*changes(wants=filter_.wants), synced(12)), filter_=filter_)
            self.reject(UNWANTED, since(0), batch(*changes(), synced(12)), filter_=Filter(keys=("a", "b")))
        mine = changes(wants=Filter(keys=("a",)).wants)
        self.reject(MISSING, since(0), batch(*mine[1:]), filter_=Filter(keys=("a",)))

    def test_an_empty_message(self):
        self.reject(UNWANTED, since(0), batch())


class Together(WatchRulesTest):
    """Changes of one revision."""
    whole = [event(change, more=change is not TOGETHER[-1], created=False) for change in TOGETHER]

    def check(self, items, **kw):
        return super().check(items, several=TOGETHER, **kw)

    def test_they_come_together(self):
        self.accept(since(12), batch(*self.whole, synced(20)))
        some = [self.whole[0], self.whole[2]]
        self.accept(since(12), batch(*some), filter_=Filter(keys=("a", "c")))

    def test_a_revision_split_between_messages(self):
        self.reject([SPLIT, UNWANTED], since(12), batch(*self.whole[:2]), batch(self.whole[2]))

    def test_a_part_missing(self):
        self.reject(SPLIT, since(12), batch(self.whole[0], self.whole[2]))
        self.reject(SPLIT, since(12), batch(*self.whole[:2]))

    def test_more_that_lies(self):
        self.reject(SPLIT, since(12), batch(*[one._replace(more=False) for one in self.whole]))
        self.reject(SPLIT, since(9), batch(event(LOG[-1], more=True)))

    def test_a_resume_in_the_middle(self):
        self.reject([SPLIT, UNWANTED], since(12), batch(*self.whole[:2]), Closed(21, None), since(20), batch(self.whole[2]))


class Marks(WatchRulesTest):
    def test_synced_before_what_precedes_it(self):
        self.accept(since(0), batch(*changes(0, 5), synced(5), *changes(5)))
        self.reject(TOO_EARLY, since(0), batch(*changes(0, 5), synced(6)))
        self.reject([TOO_EARLY, UNWANTED], since(0), batch(synced(6), *changes()))
        self.reject(TOO_EARLY, since(5), batch(synced(3)))

    def test_synced_a_second_time(self):
        self.reject(UNWANTED, since(0), batch(*changes(), synced(12), synced(12)))

    def test_synced_behind_what_the_instance_had_shown(self):
        self.accept(since(3), batch(*changes(3, 9), synced(9)), shown=[(5, 9)])
        self.accept(since(3), batch(*changes(3, 9), synced(9)), shown=[(15, 12)])  # while it was under way
        self.reject(BEHIND, since(3), batch(*changes(3, 9), synced(9)), shown=[(5, 12)])

    def test_progress_before_what_precedes_it(self):
        begin = [since(0), batch(*changes(0, 5), synced(5))]
        self.accept(*begin, batch(control("progress", 5)), batch(*changes(5)))
        self.accept(*begin, batch(*changes(5, 6), control("progress", 7)), batch(*changes(6)))
        self.reject([TOO_EARLY, UNWANTED], *begin, batch(control("progress", 6)), batch(*changes(5)))
        self.reject(TOO_EARLY, *begin, batch(control("progress", 3)))
        self.reject(TOO_EARLY, since(0), batch(control("progress", 0)))

    def test_progress_counts_only_what_is_wanted(self):
        only = Filter(keys=("c",))
        self.accept(since(0), batch(*changes(wants=only.wants), synced(9), control("progress", 12)), filter_=only)
        self.reject(TOO_EARLY, since(0), batch(synced(9)), filter_=only)

    def test_progress_behind_what_the_client_had_seen_before_it_asked(self):
        begin = [since(0), batch(*changes(0, 5), synced(5))]
        asked = [Asked(30), batch(*changes(5, 9), control("progress", 9), at=40)]
        self.accept(*begin, *asked, shown=[(25, 9)])
        self.reject(BEHIND, *begin, *asked, shown=[(25, 12)])


    def test_a_poll_says_how_far_it_has_come_with_every_answer(self):
        polls = since(0, polls=True)
        self.accept(polls, batch(*changes(0, 5), control("progress", 5)), batch(*changes(5), control("progress", 12)))
        self.accept(polls, batch(*changes(0, 5), control("progress", 5)), batch(control("progress", 5)))
        self.reject([TOO_EARLY, UNWANTED], polls, batch(*changes(0, 5), control("progress", 6)), batch(*changes(5)))

    def test_an_answer_of_a_poll_that_was_forgotten(self):
        """The next one goes on behind it, or says that there was nothing."""
        polls = since(0, polls=True)
        answers = [batch(*changes(0, 3), control("progress", 3)), batch(*changes(3, 6), control("progress", 6)),
                   batch(*changes(6, 9), control("progress", 9)), batch(*changes(9), control("progress", 12))]
        self.accept(polls, *answers)
        for forgotten in range(3):
            rest = answers[:forgotten] + answers[forgotten + 1:]
            self.reject(MISSING, polls, *rest)
            empty = batch(control("progress", answers[forgotten].events[-1].revision))
            self.reject(TOO_EARLY, polls, *answers[:forgotten], empty, *answers[forgotten + 1:])
        self.reject(TOO_EARLY, polls, *answers[:3], batch(control("progress", 12)))

    def test_what_was_there_before(self):
        asked, everything = since(0, previous=True), changes()
        before = {5: LOG[0], 8: LOG[1], 9: LOG[2]}  # of a, b, a
        told = [one._replace(previous=before.get(one.revision)) for one in everything]
        self.accept(asked, batch(*told, synced(12)))
        self.accept(asked, batch(*everything[:4], *told[4:], synced(12)))  # what is not in memory comes without
        self.reject(OTHER_CHANGE, since(0), batch(*told))
        older, other = told[5]._replace(previous=LOG[0]), told[5]._replace(previous=Change(5, "a", "1"))
        made = told[3]._replace(previous=LOG[2])
        again = told[6]._replace(previous=LOG[1])  # b was deleted meanwhile
        for wrong in (older, other, made, again):
            self.reject(OTHER_CHANGE, asked, batch(*(wrong if one.revision == wrong.revision else one for one in told)))
        state = [one._replace(previous=LOG[0]) for one in initial(LOG[2])]
        self.reject(INITIAL_STATE, Opened(10, 11, 0, 5, INITIAL, previous=True), batch(*state, *initial(LOG[1]), synced(5)))

    def test_changes_of_some_kinds(self):
        sets, deletes = Filter(ops=("set",)), Filter(ops=("delete", "expire"))
        gone = [change for change in changes() if change.value is None]
        there = [change for change in changes() if change.value is not None]
        self.accept(since(0), batch(*there, synced(12)), filter_=sets)
        self.accept(since(0), batch(*gone, synced(12)), filter_=deletes)
        self.reject(UNWANTED, since(0), batch(*changes()), filter_=sets)
        self.reject(UNWANTED, since(0), batch(*changes()), filter_=deletes)
        self.accept(since(0), batch(*gone), filter_=Filter(ops=("delete",)))
        self.reject(UNWANTED, since(0), batch(*(one._replace(op="expire") for one in gone)), filter_=Filter(ops=("delete",)))
        self.reject(MISSING, since(5), batch(*there[4:], synced(12)), filter_=sets)
        self.reject(TOO_EARLY, since(0), batch(synced(12)), filter_=deletes)
        difference = [since(3), batch(control("diff", 9, since=3), *initial(LOG[5], LOG[3]), synced(9))]
        self.accept(*difference, filter_=sets)
        only_gone = [since(3), batch(control("diff", 9, since=3), *initial(LOG[4]), synced(9))]
        self.accept(*only_gone, filter_=deletes)
        self.reject(INITIAL_STATE, *only_gone[:1], batch(control("diff", 9, since=3), synced(9)), filter_=deletes)


class Connections(WatchRulesTest):
    def test_resuming_where_it_ended(self):
        first = [since(0), batch(*changes(0, 5), synced(5)), Closed(30, None)]
        self.accept(*first, since(5), batch(*changes(5), synced(12)))
        self.reject(CURSOR, *first, since(5, cursor=6))
        self.reject(MISSING, *first, since(5), batch(*changes(6), synced(12)))

    def test_from_now_is_from_what_the_instance_had_shown(self):
        now = Opened(10, 11, 0, 9, NOW)
        self.accept(now, batch(synced(9), *changes(9)), shown=[(5, 9)])
        self.reject(MISSING, Opened(10, 11, 0, 6, NOW), batch(synced(6), *changes(8)))
        self.reject(BEHIND, now, batch(*changes(9), synced(12)), shown=[(5, 12)])

    def test_count(self):
        self.accept(since(0, count=3), batch(*changes(0, 5)), Closed(30, 1000, "count since=5", 5))
        self.accept(since(0, count=3), batch(*changes(0, 5)), Closed(30, 0))  # the server was killed
        self.reject(ENDING, since(0, count=3), batch(*changes(0, 3)), Closed(30, 1000, "count since=3", 3))
        self.reject(ENDING, since(0, count=3), batch(*changes(0, 6)))
        self.reject(ENDING, since(0), batch(*changes(0, 6)), Closed(30, 1000, "count since=6", 6))
        self.reject(TOO_EARLY, since(0, count=3), batch(*changes(0, 5)), Closed(30, 1000, "count since=6", 6))

    def test_closing_words_are_a_claim(self):
        self.accept(since(0), batch(*changes(0, 5)), Closed(30, 1001, "draining since=5", 5))
        self.reject(TOO_EARLY, since(0), batch(*changes(0, 5)), Closed(30, 1001, "draining since=9", 9))
        self.reject(ENDING, since(0), batch(*changes(0, 5)), Closed(30, 1013, "dead since=5", 5))


class States(WatchRulesTest):
    """The state of LOG at 9 is a=5 (9), c=4 (6); at 12 also b=6."""
    begin = Opened(10, 11, 0, 9, INITIAL)
    state = initial(LOG[5], LOG[3])

    def test_an_initial_state(self):
        self.accept(self.begin, batch(*self.state[:1]), batch(*self.state[1:], synced(9), *changes(9)))
        self.accept(self.begin, batch(*initial(LOG[3]), synced(9)), filter_=Filter(keys=("c",)))

    def test_an_initial_state_that_is_none(self):
        for wrong in (self.state[:1], self.state[1:], self.state[::-1], initial(LOG[2], LOG[3]),
                      initial(LOG[5], LOG[1], LOG[3]), self.state + self.state[-1:],
                      changes(5, 6) + changes(8, 9)):
            self.reject(INITIAL_STATE, self.begin, batch(*wrong, synced(9)))

    def test_an_initial_state_of_another_revision(self):
        self.reject(INITIAL_STATE, self.begin, batch(*self.state, synced(12)))

    def test_an_initial_event_afterwards(self):
        late = event(LOG[6], initial=True)
        self.reject(INITIAL_STATE, self.begin, batch(*self.state, synced(9), late))

    def test_what_comes_after_the_state_is_what_is_newer(self):
        self.reject(UNWANTED, self.begin, batch(*self.state, synced(9), *changes(8)))
        self.reject(TOO_EARLY, self.begin, batch(*self.state, synced(9), control("progress", 12)))

    def test_a_state_that_broke_off_is_nothing_to_resume_from(self):
        again = Opened(30, 31, 0, 9, INITIAL)
        self.accept(self.begin, batch(*self.state[:1]), Closed(25, 0), again, batch(*self.state, synced(9)))

    def test_a_reset(self):
        reset = control("reset", 9, oldest=5)
        self.accept(since(3), batch(reset, *self.state, synced(9), *changes(9)))
        self.reject(RESET, since(5), batch(reset, *self.state, synced(9)))
        self.reject(INITIAL_STATE, since(3), batch(reset, *self.state[:1], synced(9)))
        self.reject(INITIAL_STATE, since(3), batch(reset, *self.state, *initial(LOG[6]), synced(12)))
        self.reject(RESET, since(3), batch(control("reset", 9, oldest=10), *self.state, synced(9)))

    def test_a_difference(self):
        """Between 5 and 9: c was set at 6, b deleted at 8, a set at 9."""
        diff = control("diff", 9, since=5)
        net = initial(LOG[5], LOG[4], LOG[3])
        self.accept(since(5), batch(diff, *net, synced(9), *changes(9)))
        self.reject(INITIAL_STATE, since(5), batch(diff, *self.state, synced(9)))
        self.reject(INITIAL_STATE, since(5), batch(diff, *net[:2], synced(9)))
        self.reject(RESET, since(5), batch(control("diff", 9, since=3), *initial(LOG[5], LOG[4], LOG[3]), synced(9)))

    def test_a_difference_since_where_the_server_was(self):
        """It may have passed by what was not wanted before the history went on without it; not by what was."""
        self.accept(since(9), batch(control("diff", 12, since=11), *initial(LOG[6]), synced(12)))
        self.reject(TOO_EARLY, since(5), batch(control("diff", 9, since=6), *initial(LOG[5], LOG[4]), synced(9)))


class ByChance(WatchRulesTest):
    """A long log, watched with every filter and many interruptions: accepted; with one event dropped or doubled: not."""

    def stream(self, chance, log, filter_):
        """Batches of random size with marks between them, and now and then a resume."""
        position = chance.randrange(50)
        items = [since(position)]
        pending, need_sync = [], True
        for change in log:
            if change.revision <= position:
                continue
            if chance.random() < 0.1 and pending:
                items.append(batch(*pending))
                pending = []
            if chance.random() < 0.05:
                pending.append(control("synced" if need_sync else "progress", change.revision - 1))
                need_sync = False
            if chance.random() < 0.03:
                if pending:
                    items.append(batch(*pending))
                    pending = []
                items += [Closed(30, chance.choice([None, 0])), None]
                need_sync = True
            if filter_.wants(change.key):
                pending.append(change)
        if pending:
            items.append(batch(*pending))
        return items

    def finish(self, items, created):
        """Fills in what depends on what came before: events, and where a resume begins."""
        position, result = None, []
        for item in items:
            if item is None:
                item = since(position)
            if isinstance(item, Opened):
                position = item.position
            elif isinstance(item, Batch):
                events = tuple(Event("delete" if one.value is None else "set", one.revision, one.key, one.value,
                                     created=one.revision in created) if isinstance(one, Change) else one
                               for one in item.events)
                position = max([position] + [one.revision for one in events])
                item = item._replace(events=events)
            result.append(item)
        return result

    def log(self, chance):
        revision, there, log, created = 0, set(), [], set()
        for number in range(300):
            revision += chance.choice([1, 1, 1, 2, 5])
            key = f"k{chance.randrange(6)}"
            gone = key in there and chance.random() < 0.3
            if not gone and key not in there:
                created.add(revision)
            (there.discard if gone else there.add)(key)
            log.append(Change(revision, key, None if gone else f"v{number}"))
        return log, created

    def verdict(self, log, filter_, items):
        order, violations = Order(), Violations()
        order.recorded = 1 << 30
        for change in log:
            order.see(change, "others", violations)
        rules = WatchRules("watcher", filter_, order, Showings(), violations)
        for item in items:
            rules.note(item)
        for item in items:
            rules.take(item)
        return violations

    def test_good_streams_and_streams_with_one_fault(self):
        for seed in range(300):
            chance = random.Random(seed)
            log, created = self.log(chance)
            filter_ = chance.choice([Filter(), Filter(keys=("k1", "k3")), Filter(prefixes=("k",)), Filter(keys=("k0",))])
            items = self.finish(self.stream(chance, log, filter_), created)
            self.assertEqual(self.verdict(log, filter_, items).report(), "", f"seed {seed}")
            places = [(at, number) for at, item in enumerate(items) if isinstance(item, Batch)
                      for number, one in enumerate(item.events) if one.op in ("set", "delete")]
            at, number = chance.choice(places[:-1])  # without the last, nothing says that it is missing
            events = list(items[at].events)
            if chance.random() < 0.5:
                del events[number]
                if not events:
                    continue
            else:
                events.insert(number, events[number])
            items[at] = items[at]._replace(events=tuple(events))
            self.assertTrue(self.verdict(log, filter_, items), f"seed {seed}: {at} {number}")


if __name__ == "__main__":
    unittest.main()

"""What a watch promises, held against the full order: nothing missing, doubled, out of order or split; progress and synced
never before what precedes them; an initial state that is the state; a reset only where the history ends.
"""
import collections

from ranges import RANGED
from values import of_transaction
from violations import BEHIND, CURSOR, ENDING, INITIAL_STATE, MISSING, OTHER_CHANGE, RESET, SPLIT, TOO_EARLY, UNWANTED
from watch_items import CHANGES, INITIAL, SINCE, Asked, Batch, Closed, Opened

NORMAL, GOING_AWAY = 1000, 1001


class WatchRules:
    """Follows one watcher with one filter over all its connections, item by item. Before take(), `order` and `showings`
    must hold everything that anybody was shown up to then: what this watcher was, note() adds."""

    def __init__(self, name, filter_, order, showings, violations, lifetimes=None):
        self.name = f"{name} ({filter_})"
        self.filter = filter_
        self.order = order
        self.showings = showings
        self.violations = violations
        self.lifetimes = lifetimes
        self.position = None    # all that is wanted up to here was sent; None while a state is on its way
        self.opened = None
        self._instance = None   # of note(), which is ahead of take()

    def note(self, item):
        """Adds to the order and to what was shown when."""
        if isinstance(item, Opened):
            self._instance = item.instance
            if item.start != SINCE:
                self.showings.add(item.instance, item.at, item.cursor)
        elif isinstance(item, Batch):
            counts = collections.Counter(event.revision for event in item.events if event.op in CHANGES)
            for event in item.events:
                if event.op in CHANGES:
                    together = counts[event.revision] > 1 and not event.initial or of_transaction(event.value)
                    together = together or event.value is None and event.key.startswith(RANGED)
                    self.order.see(event.change(), self.name, self.violations, together)
                    if self.lifetimes:
                        self.lifetimes.note(event, self.name)
            self.showings.add(self._instance, item.at, max((event.revision for event in item.events), default=0))

    def take(self, item):
        {Opened: self._open, Batch: self._batch, Asked: self._ask, Closed: self._close}[type(item)](item)

    def _wrong(self, rule, text):
        self.violations.add(rule, f"{self.name}, at {self.position}: {text}")

    def _shown_at(self, time):
        return self.showings.at(self.opened.instance).before(time)

    def _open(self, item):
        self.opened = item
        self.delivered = 0
        self.synced = False
        self.questions = []
        self.expected = self._shown_at(item.began)  # synced says at least this
        self.state = None                           # what came of a state or difference that is on its way
        self.state_from = None                      # of a difference: since when
        self.state_at = None                        # of a reset: the revision it announced
        if item.start == SINCE:
            if item.cursor != item.position or self.position not in (None, item.position):
                self._wrong(CURSOR, f"asked for since={item.position}, began at {item.cursor}")
        elif item.cursor < self.expected:
            self._wrong(BEHIND, f"begins at {item.cursor}, but {self.expected} had been shown there before")
        if item.start == INITIAL:
            self.position, self.state = None, []
        else:
            self.position = item.cursor

    def _ask(self, item):
        self.questions.append(self._shown_at(item.at))

    def _batch(self, item):
        if not item.events:
            self._wrong(UNWANTED, "an empty message")
        group = []
        for event in item.events:
            if group and (event.op not in CHANGES or event.revision != group[-1].revision):
                self._changes(group)
                group = []
            if event.op not in CHANGES:
                self._control(event)
            elif self.state is not None:
                self._state_event(event)
            else:
                group.append(event)
        if group:
            self._changes(group)

    # Changes

    def _changes(self, group):
        """All events of one revision that came together."""
        revision = group[0].revision
        if any(event.initial for event in group):
            self._wrong(INITIAL_STATE, f"{group[0]} outside of an initial state")
        if [event.more for event in group] != [True] * (len(group) - 1) + [False]:
            self._wrong(SPLIT, f"'more' is wrong in {', '.join(map(str, group))}")
        if self.opened.count and self.delivered >= self.opened.count:
            self._wrong(ENDING, f"{group[0]} after the {self.opened.count} changes that were asked for")
        self.delivered += len(group)
        of_a_kind = all(not self.filter.ops or event.op in self.filter.ops for event in group)
        if revision <= self.position or not of_a_kind or not all(self.filter.takes(event.change()) for event in group):
            self._wrong(UNWANTED, str(group[0]))
            return
        self._check_gap(revision - 1, MISSING, group[0])
        self._compare(group)
        self.position = revision

    def _check_gap(self, up_to, rule, because):
        """That nothing is wanted between the position and `up_to`."""
        wanted = next(self.order.after(self.position, self.filter.takes), None)
        if wanted and wanted[0].revision <= up_to:
            self._wrong(rule, f"{wanted[0]} was not sent before {because}")

    def _compare(self, group):
        expected = next(self.order.after(group[0].revision - 1, self.filter.takes), [None])
        sent = [event.change() for event in group]
        if expected[0] and expected[0].revision == group[0].revision and len(sent) < len(expected):
            self._wrong(SPLIT, f"of {len(expected)} changes at {group[0].revision} only {len(sent)} came together")
        for event in group:
            if event.change() not in expected:
                self._wrong(OTHER_CHANGE, f"got {event}, others {expected[0]}")
            before = self.order.newest_of(event.key, event.revision - 1)
            after = before.revision if before else self.order.cut
            creates = event.value is not None and (before is None or before.value is None)
            if event.created != creates and self.order.whole(event.key, after, event.revision - 1):
                self._wrong(OTHER_CHANGE, f"got {event}, created={event.created}, after {before}")
            self._check_previous(event, before, after)

    def _check_previous(self, event, before, after):
        """A change that is not in memory any more comes without it."""
        if event.previous is None:
            return
        if not self.opened.previous:
            self._wrong(OTHER_CHANGE, f"got {event} with what was there before, which was not asked for")
        elif event.previous != before and self.order.whole(event.key, after, event.revision - 1):
            self._wrong(OTHER_CHANGE, f"got {event}, before it {event.previous}, after {before}")

    # A state, or a difference

    def _state_event(self, event):
        if not event.initial or event.more or event.previous:
            self._wrong(INITIAL_STATE, f"{event} within an initial state")
        elif not self.filter.takes(event.change()):
            self._wrong(UNWANTED, str(event))
        elif self.state and self.state[-1].key.encode() >= event.key.encode():
            self._wrong(INITIAL_STATE, f"{event} after {self.state[-1]}: not in key order")
        else:
            self.state.append(event.change())

    def _check_state(self, revision):
        sent = {change.key: change for change in self.state}
        if self.state_from is None:
            there = self.order.state(revision, self.filter.wants)
        else:
            there = self._difference(self.state_from, revision)
        there = {key: change for key, change in there.items() if self.filter.takes(change)}
        for key in sorted(sent.keys() | there.keys()):
            newest = self.order.newest_of(key, revision)
            whole = self.order.whole(key, newest.revision if newest else self.order.cut, revision)
            if sent.get(key) != there.get(key) and whole:
                self._wrong(INITIAL_STATE, f"sent {sent.get(key)}, the order at {revision} has {there.get(key)}")

    def _difference(self, since, revision):
        there = {}
        for changes in self.order.after(since, lambda change: self.filter.wants(change.key)):
            if changes[0].revision <= revision:
                there.update((change.key, change) for change in changes)
        return there

    # Control events

    def _control(self, event):
        if event.op == "synced":
            self._synced(event)
        elif event.op == "progress":
            if not self.synced and not self.opened.polls:
                self._wrong(TOO_EARLY, f"{event} before synced")
            bound = self.questions.pop(0) if self.questions and not self.opened.marks else 0
            if event.revision < bound:
                self._wrong(BEHIND, f"{event}, but {bound} had been shown there before the question")
            self._claim(event.revision, event)
        elif event.op == "reset":
            self._reset(event)
        elif event.op == "diff":
            self._diff(event)
        elif event.op not in ("stale", "fresh"):
            self._wrong(UNWANTED, str(event))

    def _synced(self, event):
        if self.synced:
            self._wrong(UNWANTED, f"{event} a second time")
        if event.revision < self.expected:
            self._wrong(BEHIND, f"{event}, but {self.expected} had been shown there before")
        self.synced = True
        if self.state is None:
            self._claim(event.revision, event)
            return
        if self.state_at not in (None, event.revision):
            self._wrong(INITIAL_STATE, f"{event} after a reset to {self.state_at}")
        self._check_state(event.revision)
        self.state = None
        self.position = event.revision

    def _claim(self, revision, because):
        """Somebody says that all that is wanted up to `revision` was sent."""
        if self.state is not None:
            self._wrong(TOO_EARLY, f"{because} within an initial state")
        elif revision < self.position:
            self._wrong(TOO_EARLY, f"{because} goes back")
        else:
            self._check_gap(revision, TOO_EARLY, because)
            self.position = revision

    def _reset(self, event):
        if self.state is not None:
            self._wrong(RESET, f"{event} within an initial state")
        elif self.position >= event.oldest or event.oldest > event.revision:
            self._wrong(RESET, f"{event}, although the history reaches back to {event.oldest}")
        self._expect_state(event, None)

    def _diff(self, event):
        if self.state is not None or event.since < self.position:
            self._wrong(RESET, f"{event} since {event.since}")
        else:  # of what lies between nothing is wanted
            self._claim(event.since, event)
        self._expect_state(event, event.since)

    def _expect_state(self, event, since):
        self.position, self.state, self.state_from, self.state_at = None, [], since, event.revision
        self.synced = False

    # The end

    def _close(self, item):
        if item.code and item.code not in (NORMAL, GOING_AWAY):
            self._wrong(ENDING, f"closed with {item.code} {item.reason}")
        if item.code == NORMAL:
            self._check_count()
        if item.position is not None and self.state is None:
            self._claim(item.position, f"closed with {item.reason}")
        if self.state is not None:  # nothing to be resumed from
            self.position = None

    def _check_count(self):
        if not self.opened.count or self.delivered < self.opened.count:
            self._wrong(ENDING, f"closed after {self.delivered} changes, {self.opened.count or 'all'} were asked for")


"""Watchers that come and go: other filters, other beginnings, other instances, other paces; and record all of it."""
import random
import time

from clients import PATIENCE
from e2e import ConnectionEnded
from rounds import EXPIRING, LASTING, SLOTS, expiring_key, fresh_key, lasting_key, range_prefix, ranged_keys
from transport import TRANSPORTS, Ended, Refused
from violations import CURSOR, ENDING, STUCK
from watch_items import CHANGES, INITIAL, NOW, SINCE, Asked, Batch, Closed, Filter, Opened

REACH = 120.0        # seconds until a watcher must have been sent everything, once all is quiet
SMALL_BUFFER = 4096  # of a slow reader's socket
REACH_BACK = 20_000  # revisions; how far below the newest a watch may begin


class Session:
    """One filter, watched from one beginning on, over as many connections as it takes."""

    def __init__(self, name, filter_):
        self.name = name
        self.filter = filter_
        self.items = []
        self.rules = None  # those who check keep their state here


class Watcher:
    def __init__(self, number, soak, seed, recorder=False):
        self.number = number
        self.soak = soak
        self.chance = random.Random(f"watcher {seed} {number}")
        self.recorder = recorder  # wants everything, at once, always
        self.stream = None
        self.instance = None
        self.sessions = []
        self.session = None
        self.position = None      # to resume from; None: nowhere, or a state is on its way
        self.catching_state = False
        self.slow = False
        self.begun = 0
        self.events = self.resumes = self.resets = self.diffs = self.polls = 0
        self.gaps = []            # (after, up to) that this watcher had to jump over
        self._gap_from = 0
        self.wrong = []           # (rule, text)

    def work(self, round_):
        while round_.target is None and not round_.broken.is_set():
            if self.stream is None:
                self.connect(round_)
            elif self.stream.ready(0.05):
                self.receive(round_)
            self.interfere(round_)
        if not round_.broken.is_set():
            self.reach(round_)

    # Beginnings

    def new_session(self, round_):
        self.begun += 1
        filter_ = Filter() if self.recorder else self.some_filter(round_)
        self.session = Session(f"watcher {self.number}.{self.begun}", filter_)
        self.sessions.append(self.session)
        self.position, self.catching_state = None, False

    def some_filter(self, round_):
        chance = self.chance
        kind = chance.random()
        ops = chance.choice([(), (), (), ("set",), ("delete", "expire")])
        if kind < 0.3:
            return Filter(ops=ops)
        keys = [fresh_key(chance.randrange(SLOTS), round_.number + ahead) for ahead in range(4)]
        keys += [lasting_key(slot) for slot in range(LASTING)]
        keys += [expiring_key(slot, round_.number) for slot in range(EXPIRING)]
        keys += ranged_keys(range_prefix(0, round_.number))
        prefixes = [f"k{slot:02d}/" for slot in range(SLOTS)] + ["k0", "k", "lasting/", "k03/r", "ttl/", "range/", "range/1/"]
        keys = chance.sample(keys, chance.randint(1, 5)) if kind < 0.8 else []
        prefixes = chance.sample(prefixes, chance.randint(1, 2)) if kind > 0.5 else []
        return Filter(tuple(keys), tuple(prefixes), ops)

    def beginning(self):
        """(kind, position)"""
        if self.position is not None:
            return SINCE, self.position
        if self.recorder:
            return SINCE, self.soak.checked
        kind = self.chance.choice([NOW, INITIAL, SINCE] if self.session.filter.has_state else [NOW, SINCE])
        lowest = max(self.soak.order_cut, self.soak.checked - REACH_BACK)
        return kind, self.chance.randint(lowest, self.soak.checked) if kind == SINCE else 0

    def connect(self, round_, calm=False):
        if self.session is None or (self.position is None and self.session.items):
            self.new_session(round_)
        instance = self.chance.choice(self.soak.cluster.instances)
        address = instance.address
        resumed = self.position is not None
        start, position = self.beginning()
        calm = calm or self.recorder
        transport = TRANSPORTS[self.chance.choice(self.soak.transports)]
        calm = calm or transport.polls
        count = 0 if calm or self.chance.random() < 0.6 else self.chance.choice([1, 2, 10, 300])
        marks = not calm and self.chance.random() < 0.4
        self.slow = not calm and self.chance.random() < 0.3
        previous = self.chance.random() < 0.4
        parameters = self.parameters(start, position, count, marks, previous)
        began = time.monotonic_ns()
        try:
            if address is None:
                raise ConnectionEnded("it is known to be down")
            self.stream = transport(address, parameters, SMALL_BUFFER if self.slow else None)
        except (OSError, ConnectionEnded):
            round_.pause(0.02)
            return
        except Refused as error:
            self.refused(error, round_)
            return
        self.soak.check_log_id(self.stream.log_id)
        self.instance = instance
        self.resumes += resumed
        self.polls += transport.polls
        opened = Opened(began, time.monotonic_ns(), instance.number, self.stream.cursor, start, position, count, marks,
                        transport.polls, previous)
        self.session.items.append(opened)
        self.catching_state = start == INITIAL
        self.position = None if self.catching_state else self.stream.cursor

    def parameters(self, start, position, count, marks, previous):
        parameters = self.session.filter.parameters()
        if start == SINCE:
            with_log = self.chance.random() < 0.5
            parameters.append(("since", f"{position}@{self.soak.log_id}" if with_log else str(position)))
        both = start == SINCE and self.session.filter.has_state and self.chance.random() < 0.2  # since beats initial
        if start == INITIAL or both:
            parameters.append(("initial", "1"))
        if count:
            parameters.append(("count", str(count)))
        if marks:
            parameters.append(("progress", self.chance.choice(["100ms", "1s"])))
        if previous:
            parameters.append(("prev", "1"))
        self.chance.shuffle(parameters)
        return parameters

    def refused(self, error, round_):
        """Starting or shutting down; or an instance that is behind another one. Nothing else."""
        lagging = error.code == "revision_in_future" and not self.soak.cluster.alone
        if error.status != 503 and not lagging:
            self.wrong.append((CURSOR, f"{self.session.name} since={self.position}: {error}"))
            round_.broken.set()
        round_.pause(0.02)

    # What comes

    def receive(self, _round):
        try:
            events = self.stream.batch()
        except Ended as end:
            self.session.items.append(Closed(time.monotonic_ns(), end.code, end.reason, end.position))
            if end.position is not None and not self.catching_state:
                self.position = end.position
            self.lose()
            return
        except (AssertionError, ValueError, KeyError) as error:
            self.wrong.append((ENDING, f"{self.session.name}: {error!r}"))
            self.lose()
            return
        if events:
            self.session.items.append(Batch(time.monotonic_ns(), events))
        for event in events:
            self.note(event)

    def note(self, event):
        if event.op in CHANGES:
            self.events += 1
            if not self.catching_state:
                self.position = event.revision
        elif event.op in ("reset", "diff"):
            self.resets += event.op == "reset"
            self.diffs += event.op == "diff"
            self._gap_from = self.position
            self.catching_state, self.position = True, None
        elif event.op in ("synced", "progress"):
            if self.catching_state:
                self.gaps.append((self._gap_from, event.revision))
            self.catching_state, self.position = False, event.revision

    def lose(self):
        self.stream.close()
        self.stream = None

    # What the watcher does of its own accord

    def interfere(self, round_):
        if self.stream is None or self.recorder:
            return
        if self.slow:
            round_.wait(self.chance.uniform(0, 0.03))
        what = self.chance.random()
        if what < 0.01:
            self.leave(rudely=True)
            round_.wait(self.chance.choice([0, 0, 0.1, 1.5]))
        elif what < 0.03:
            self.leave(rudely=False)
        elif what < 0.035:
            self.leave(rudely=False)
            self.session = None
        elif what < 0.07:
            self.ask()

    def leave(self, rudely):
        self.session.items.append(Closed(time.monotonic_ns(), None))
        self.stream.close(rudely)
        self.stream = None

    def ask(self):
        asked = Asked(time.monotonic_ns())
        if not self.stream.ask():
            return False
        self.session.items.append(asked)
        return True

    # The end of a round

    def reach(self, round_):
        """Reads on until everything up to the round's target was sent. A live watch is asked, others begin anew."""
        deadline = time.monotonic() + REACH
        if self.slow and self.stream:
            self.leave(rudely=False)
        asked = False
        while self.position is None or self.position < round_.target:
            if time.monotonic() > deadline:
                self.wrong.append((STUCK, f"{self.session.name} ({self.session.filter}) at {self.position}, not at "
                                          f"{round_.target} after {REACH:.0f} s"))
                return
            if self.stream is None:
                self.connect(round_, calm=True)
                asked = True  # it says by itself when it is synced
            elif self.stream.ready(PATIENCE[0] if asked else 0):
                self.receive(round_)
            elif self.ask():  # again, if need be: another instance may have been behind when it was asked
                asked = True
            else:
                self.leave(rudely=False)

    def finish(self):
        if self.stream:
            self.leave(rudely=False)

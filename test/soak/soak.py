#!/usr/bin/env python3
"""Clients, watchers and faults for as long as you like, in rounds; after each, every answer and every event is checked.

What a run does is drawn from its seed (which call, which fault, when); what comes of it also depends on the machine. A
failed run leaves the histories of its last round behind: checker.py reads them again.
"""
import argparse
import faulthandler
import pathlib
import random
import sys
import tempfile
import threading
import time
import traceback

from checker import Checker
from clients import Client, what_is_offered
from cluster import open_cluster
from e2e import ConnectionEnded, Watch
from history import DELETE, LEVELS, RANGE, READ, save
from order import Order
from rounds import EXPIRING, RANGES, SLOTS, Round, expiring_key, fresh_key, range_prefix
from transport import TRANSPORTS
from violations import ANSWER, ENDED_BADLY
from watch_items import parse_event
from watch_rules import WatchRules
from watchers import Watcher

ENDED_LATER = 12      # rounds: so long those that stay may stay, to see that the others do not; longer than a key may be late
ORDER_KEPT = 200_000  # changes
HANGS = 300.0         # seconds beyond the time a round takes: then something hangs, and every thread's stack is shown


class Faults:
    """Strikes again and again while a round lasts, at least once; then heals."""

    def __init__(self, cluster, seed):
        self.cluster = cluster
        self.chance = random.Random(f"faults {seed}")
        self.counts = {}
        self.wrong = []

    def work(self, round_):
        try:
            while True:
                name = self.cluster.strike(self.chance, round_.wait)
                self.counts[name] = self.counts.get(name, 0) + 1
                if not round_.wait(self.chance.uniform(0.2, 1.5)):
                    break
            self.cluster.heal()
        except AssertionError as error:
            self.wrong.append((ENDED_BADLY, str(error)))
            round_.broken.set()
            round_.over.set()


class Soak:
    def __init__(self, cluster, options):
        self.cluster = cluster
        self.options = options
        self.transports = options.transports
        address = cluster.instances[0].address
        self.offer = what_is_offered(address)
        self.log_id = None
        self.known = {}  # key -> a revision it had lately; shared, so that several clients try the same one
        order = self.read_state(address)
        self.checked = order.cut
        self.checked_at = 0.0  # ms since 1970, at the latest
        self.checker = Checker(cluster.alone, order)
        seed = options.seed
        self.clients = [Client(number, self, seed) for number in range(options.clients)]
        self.janitor = Client(options.clients, self, seed)
        self.watchers = [Watcher(0, self, seed, recorder=True)]
        self.watchers += [Watcher(number + 1, self, seed) for number in range(options.watchers)]
        self.faults = Faults(cluster, seed)
        self.rounds = self.operations = self.reads = 0
        self.crashes = []
        self.left = None  # where a failed run's histories are

    @property
    def order_cut(self):
        return self.checker.order.cut

    def read_state(self, address):
        with Watch(address, "initial=1") as watch:
            self.check_log_id(watch.response.header("Kvs-Log-Id"))
            *state, synced = [parse_event(event) for event in watch.until("synced")]
        return Order(synced.revision, [event.change() for event in state])

    def check_log_id(self, log_id):
        """Of every answer. One that is starting has none yet."""
        self.log_id = self.log_id or log_id
        assert log_id in (None, self.log_id), f"another log: {log_id}, not {self.log_id}"

    # A round

    def play(self, seconds):
        round_ = Round(self.rounds)
        self.rounds += 1
        faulthandler.dump_traceback_later(seconds + HANGS, exit=True)
        self.clean_up(round_.number - 2)
        workers = self.start(self.clients + [self.faults], round_)
        watching = self.start(self.watchers, round_)
        round_.wait(seconds)
        ended = time.time() * 1000
        round_.over.set()
        for thread in workers:
            thread.join()
        operations = self.collect()
        target = max([self.checked] + [operation.highest() for operation in operations])
        round_.target = target
        for thread in watching:
            thread.join()
        self.compare(operations)
        self.check(operations, target)
        self.checked_at = ended
        faulthandler.cancel_dump_traceback_later()
        return not self.failed()

    def start(self, actors, round_):
        threads = [threading.Thread(target=self.act, args=(actor, round_), daemon=True) for actor in actors]
        for thread in threads:
            thread.start()
        return threads

    def act(self, actor, round_):
        try:
            actor.work(round_)
        except BaseException:  # a fault of the soak's own
            self.crashes.append(traceback.format_exc())
            round_.broken.set()
            round_.over.set()

    def clean_up(self, number):
        """Deletes the keys of an older round."""
        if number >= 0 and self.janitor.connect():
            janitor = self.janitor
            janitor.call([janitor.new(DELETE, fresh_key(slot, number)) for slot in range(SLOTS)] +
                         [janitor.new(RANGE, range_prefix(slot, number)) for slot in range(RANGES)] +
                         [janitor.ending(expiring_key(slot, number - ENDED_LATER)) for slot in range(EXPIRING)])
            self.janitor.hang_up()

    def collect(self):
        operations = []
        for client in self.clients + [self.janitor]:
            operations += client.operations
            client.operations = []
        self.operations += len(operations)
        self.reads += sum(operation.kind == READ for operation in operations)
        return operations

    # The checks

    def compare(self, operations):
        if self.failed() or self.faults.wrong:
            return
        try:
            for rule, text in self.cluster.compare(operations):
                self.checker.violations.add(rule, text)
        except (AssertionError, OSError, ConnectionEnded) as error:
            self.checker.violations.add(ENDED_BADLY, f"while instances were compared: {error!r}")

    def check(self, operations, target):
        checker = self.checker
        before = self.checked, list(checker.order.state(self.checked).values())
        for actor in self.clients + [self.janitor, self.faults] + self.watchers:
            for rule, text in actor.wrong:
                checker.violations.add(rule, text)
            actor.wrong = []
        checker.note(operations)
        sessions = [session for watcher in self.watchers for session in watcher.sessions]
        for session in sessions:
            if session.rules is None:
                session.rules = WatchRules(session.name, session.filter, checker.order, checker.showings, checker.violations,
                                           checker.lifetimes)
            for item in session.items:
                session.rules.note(item)
        checker.lifetimes.check_overdue(self.checked, self.checked_at)
        recorder = self.watchers[0]
        checker.order.recorded = min(target, recorder.position or self.checked)
        checker.order.gaps += recorder.gaps
        checker.check(operations)
        for session in sessions:
            for item in session.items:
                session.rules.take(item)
        if self.failed():
            self.leave_behind(operations, sessions, *before)
            return
        self.begin_anew(target)

    def begin_anew(self, target):
        self.checker.end_round()
        self.checked = target
        if len(self.checker.order) > 2 * ORDER_KEPT:
            self.checker.order.forget(self.checker.order.nth_newest(ORDER_KEPT))
        for watcher in self.watchers:
            watcher.gaps = []
            watcher.sessions = [watcher.session] if watcher.session else []
            for session in watcher.sessions:
                session.items = []

    def failed(self):
        return bool(self.checker.violations) or bool(self.crashes)

    def leave_behind(self, operations, sessions, cut, state):
        directory = pathlib.Path(self.options.keep or tempfile.mkdtemp(prefix="kvs-soak-"))
        directory.mkdir(parents=True, exist_ok=True)
        save(directory / "history.jsonl", operations, cut, state)
        with open(directory / "watches.txt", "w", encoding="utf-8") as file:
            for session in sessions:
                file.write(f"{session.name} ({session.filter})\n")
                for item in session.items:
                    file.write(f"  {item}\n")
        (directory / "violations.txt").write_text(self.checker.violations.report() + "\n", encoding="utf-8")
        self.left = directory

    # The whole

    def run(self):
        begun = time.monotonic()
        left = self.options.seconds
        while (left > 0 or self.cluster.missing) and self.play(self.length(left)):
            left = self.options.seconds - (time.monotonic() - begun)
            if self.options.verbose:
                print(f"soak: round {self.rounds}: {self.summary()}", file=sys.stderr)
        self.end()
        return time.monotonic() - begun

    def length(self, left):
        """Of the next round. A run goes on until every kind of fault has struck, also if that is more than it was given."""
        return self.cluster.round_seconds if self.cluster.missing else min(self.cluster.round_seconds, max(left, 1.0))

    def end(self):
        for actor in self.clients + [self.janitor]:
            actor.hang_up()
        for watcher in self.watchers:
            if watcher.stream:
                watcher.stream.close()
        if self.failed():
            return
        try:
            self.cluster.stop()
        except AssertionError as error:
            self.checker.violations.add(ENDED_BADLY, str(error))
        for name, count in self.counts().items():
            if not count:
                self.checker.violations.add(ANSWER, f"a run without {name} says nothing")

    def counts(self):
        return {"operations": self.operations, "reads": self.reads, "faults": sum(self.faults.counts.values()),
                "range deletes": self.checker.ranges.applied, "expiries": self.checker.lifetimes.expired,
                "repeats": sum(client.retries.repeated for client in self.clients),
                "watch events": sum(watcher.events for watcher in self.watchers),
                "resumes": sum(watcher.resumes for watcher in self.watchers)}

    def summary(self):
        counted = [f"{count} {name}" for name, count in self.counts().items()]
        for what in ("diffs", "resets", "polls"):
            counted.append(f"{sum(getattr(watcher, what) for watcher in self.watchers)} {what}")
        counted.append(f"{self.checker.keys_checked} histories ({len(self.checker.inconclusive)} inconclusive)")
        return ", ".join(counted)

    def verdict(self):
        if self.failed():
            return "FAILED"
        return "inconclusive" if self.checker.inconclusive else "ok"


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="./dev soak", description="Clients, watchers and faults, and everything checked.")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, help="of a run to be repeated; it is printed")
    parser.add_argument("--bus", default="local", help="local (one instance), kafka")
    parser.add_argument("--instances", type=int)
    parser.add_argument("--brokers", type=int)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--watchers", type=int, default=10)
    parser.add_argument("--transports", type=lambda text: text.split(","), default=list(TRANSPORTS))
    parser.add_argument("--require", type=lambda text: text.split(","), default=[],
                        help="fail unless the server offers these: min_revision, linearizable, idempotency, transactions")
    parser.add_argument("--keep", metavar="DIR", help="where a failed run leaves its histories (a temporary directory)")
    parser.add_argument("--verbose", action="store_true", help="a line after each round")
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1, 1 << 32)
    unknown = set(options.transports) - TRANSPORTS.keys()
    if unknown:
        parser.error(f"no such transport: {', '.join(unknown)}; there are {', '.join(TRANSPORTS)}")
    return options


def announce(soak, options):
    offered = list(soak.offer.levels) + ["idempotency"] * soak.offer.idempotency + ["transactions"] * soak.offer.transactions
    missing = [one for one in [*LEVELS, "idempotency", "transactions"] if one not in offered]
    print(f"soak: seed {options.seed}, {len(soak.cluster.instances)} instance(s) on the {options.bus} bus; uses "
          f"{', '.join(offered)}" + (f"; not offered: {', '.join(missing)}" if missing else ""), file=sys.stderr)
    lacking = [one for one in options.require if one in missing]
    if lacking:
        raise SystemExit(f"soak: required, but not offered: {', '.join(lacking)}")


def main(arguments=None):
    options = options_of(arguments)
    cluster = open_cluster(options.bus, options)
    soak = None
    try:
        soak = Soak(cluster, options)
        announce(soak, options)
        seconds = soak.run()
    finally:
        look_at = cluster.remove(keep_data=soak is None or soak.failed())
        if look_at:
            print(look_at, file=sys.stderr)
    if soak.failed():
        print(soak.checker.violations.report(), *soak.crashes, sep="\n", file=sys.stderr)
        if soak.checker.violations.kept and soak.left:
            print(f"soak: the last round is in {soak.left}", file=sys.stderr)
    faults = ", ".join(f"{name} {count}" for name, count in sorted(soak.faults.counts.items()))
    print(f"soak: {soak.summary()}, {seconds:.0f} seconds, seed {options.seed}, bus {options.bus} ({faults}): {soak.verdict()}")
    return {"ok": 0, "FAILED": 1, "inconclusive": 2}[soak.verdict()]


if __name__ == "__main__":
    sys.exit(main())

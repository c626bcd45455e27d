#!/usr/bin/env python3
"""kill -9 at random moments under load, again and again: what was acknowledged is there, what was refused is not.

Every round: writers and a reconnecting watcher at work, the server ended without warning (or asked to stop, and killed
while it does; or killed again while it starts), started again, and compared with what the clients were told.

    KVS_CRASH_ROUNDS   how many rounds (200)
    KVS_CRASH_SEED     the seed of a run to be repeated; it is printed at the start
"""
import collections
import os
import random
import sys
import threading
import time

from kvs_harness import *

ROUNDS = int(os.environ.get("KVS_CRASH_ROUNDS", "200"))
SEED = int(os.environ.get("KVS_CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
WRITERS = 4
SHARED = 4  # keys that all writers fight for

# What a client did and what it was told. outcome: a revision, "refused", or "unknown" (the connection ended before an
# answer came).
Attempt = collections.namedtuple("Attempt", "op key value outcome")


class Writer(threading.Thread):
    """Writes to keys of its own and to shared ones, with and without conditions, until the server is gone."""

    def __init__(self, server, number, seed):
        super().__init__(daemon=True)
        self.server = server
        self.number = number
        self.chance = random.Random(seed)
        self.attempts = []
        self.highest = 0  # of all revisions any answer showed
        self.error = None
        self.known = {}   # key -> revision it was last seen at
        self.turn = 0

    def run(self):
        try:
            with self.server.connect() as connection:
                while True:
                    self.attempt(connection)
        except (OSError, ConnectionEnded):
            pass
        except Exception as error:  # judged by the test's own thread
            self.error = error

    def attempt(self, connection):
        chance, self.turn = self.chance, self.turn + 1
        key = f"s{chance.randrange(SHARED)}" if chance.random() < 0.4 else f"w{self.number}-{chance.randrange(5)}"
        value = f"{self.seed_tag}-{self.number}-{self.turn}" + "." * chance.choice([0, 0, 0, 50, 3000])
        headers, op = {}, "set"
        kind = chance.random()
        if kind < 0.3:
            headers["If-Match"] = '"%d"' % self.known.get(key, 1)
        elif kind < 0.4:
            headers["If-None-Match"] = "*"
        elif kind < 0.5:
            op = "delete"
        try:
            if op == "set":
                answer = connection.request("PUT", "/v1/kv/" + key, headers, value)
            else:
                answer = connection.request("DELETE", "/v1/kv/" + key)
        except (OSError, ConnectionEnded):
            self.attempts.append(Attempt(op, key, value, "unknown"))
            raise
        self.note(op, key, value, answer)

    def note(self, op, key, value, answer):
        if answer.revision is not None:
            self.highest = max(self.highest, answer.revision)
        if answer.status in (200, 201):
            body = answer.json()
            if op == "delete" and not body["deleted"]:
                return
            self.attempts.append(Attempt(op, key, value, body["revision"]))
            self.known[key] = body["revision"]
        elif answer.status == 412:
            self.attempts.append(Attempt(op, key, value, "refused"))
            self.known[key] = answer.json()["current_revision"]
        elif answer.status == 503:  # shutting down: certainly not applied
            self.attempts.append(Attempt(op, key, value, "refused"))
        else:
            raise AssertionError(repr(answer))


class Follower(threading.Thread):
    """A watcher that reconnects from where it was, for as long as the test runs."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.events = []          # (revision, op, key, value)
        self.position = 0
        self.synced = 0
        self.error = None
        self.stopping = False
        self.changed = threading.Condition()
        self.start()

    def run(self):
        while not self.stopping:
            address = self.server.address
            try:
                with Watch(address, "since=%d" % self.position, timeout=60) as watch:
                    while True:
                        self.take(watch.next())
            except (OSError, ConnectionEnded, UpgradeRefused, AssertionError) as error:
                if isinstance(error, UpgradeRefused) and error.response.status != 503:
                    self.fail(error)
                if isinstance(error, AssertionError) and "opcode=8" not in str(error):
                    self.fail(error)
            with self.server.restarted:
                self.server.restarted.wait_for(lambda: self.stopping or self.server.address != address, 0.02)

    def fail(self, error):
        with self.changed:
            self.error = error
            self.stopping = True
            self.changed.notify_all()

    def take(self, event):
        with self.changed:
            if event["op"] in ("set", "delete"):
                self.events.append((event["revision"], event["op"], event["key"], event.get("value")))
                self.position = event["revision"]
            else:
                assert event["op"] == "synced", event
                self.synced = max(self.synced, event["revision"])
            self.changed.notify_all()

    def reach(self, revision):
        """Waits until it was shown everything up to `revision`, and gives what it has seen since the last time."""
        with self.changed:
            reached = self.changed.wait_for(lambda: self.error or max(self.position, self.synced) >= revision, 60)
            assert self.error is None, repr(self.error)
            assert reached, f"the watcher is at {self.position}, not at {revision}"
            events, self.events = self.events, []
            return events


class Crashes(unittest.TestCase):
    def setUp(self):
        self.chance = random.Random(SEED)
        self.server = Server()
        self.addCleanup(self.server.remove)
        self.server.restarted = threading.Condition()
        self.follower = Follower(self.server)
        self.verified = 0     # the log up to here was compared
        self.highest = 0      # revision that anybody was shown
        self.model = {}       # key -> (revision, value)

    def tearDown(self):
        self.follower.stopping = True

    def test_kill_9_loses_nothing(self):
        begun = time.monotonic()
        for number in range(ROUNDS):
            try:
                self.round(number)
            except BaseException:
                print(f"\nround {number} of KVS_CRASH_SEED={SEED}\n{self.server.stderr[-4000:]}", file=sys.stderr)
                raise
        print(f"{ROUNDS} rounds in {time.monotonic() - begun:.0f} s, {self.verified} revisions", file=sys.stderr)
        self.server.stop()

    def round(self, number):
        writers = [Writer(self.server, index, self.chance.random()) for index in range(WRITERS)]
        for writer in writers:
            writer.seed_tag = number
            writer.known = {key: entry[0] for key, entry in self.model.items()}
            writer.start()
        self.end()
        for writer in writers:
            writer.join(60)
            self.assertFalse(writer.is_alive())
            self.assertIsNone(writer.error)
        self.start_again()
        attempts = [attempt for writer in writers for attempt in writer.attempts]
        self.check(attempts, max(writer.highest for writer in writers))

    def end(self):
        """Without warning; or while it is shutting down; now and then in peace."""
        kind = self.chance.random()
        self.pause(self.chance.uniform(0.01, 0.3))
        if kind < 0.15:
            self.server.terminate()
            if kind < 0.12:
                self.pause(self.chance.uniform(0, 0.03))
            else:
                self.assertEqual(self.server.process.wait(), 0)
        self.server.kill()

    def pause(self, seconds):
        """Lets the clients work for a random time: the end of the watcher's errors is the only thing to wait for."""
        with self.follower.changed:
            self.follower.changed.wait_for(lambda: self.follower.error, seconds)

    def start_again(self):
        while self.chance.random() < 0.2:  # killed while it starts, perhaps more than once
            self.server.start(wait="")
            self.pause(self.chance.uniform(0, 0.15))
            self.server.kill()
        self.server.start()
        with self.server.restarted:
            self.server.restarted.notify_all()

    def check(self, attempts, shown):
        with self.server.watch("since=%d" % self.verified) as watch:
            events = watch.until("synced")
        synced = events.pop()
        self.assertEqual(synced["op"], "synced")
        log = [(event["revision"], event["op"], event["key"], event.get("value")) for event in events]
        self.highest = max(self.highest, shown)
        self.check_order(log, synced["revision"])
        self.check_outcomes(log, attempts)
        self.check_state(log, synced["revision"])
        self.assertEqual(self.follower.reach(synced["revision"]), log)
        self.verified = self.highest = synced["revision"]

    def check_order(self, log, revision):
        """Revisions rise, and nothing anybody was shown has gone back."""
        revisions = [self.verified] + [entry[0] for entry in log]
        self.assertEqual(revisions, sorted(set(revisions)))
        self.assertEqual(revision, revisions[-1])
        self.assertGreaterEqual(revision, self.highest)

    def check_outcomes(self, log, attempts):
        """Everything acknowledged is in the log at its revision; what is there besides was never answered."""
        there = {entry[0]: entry for entry in log}
        open_sets, open_deletes = set(), collections.Counter()
        for attempt in attempts:
            if attempt.outcome == "unknown":
                if attempt.op == "set":
                    open_sets.add((attempt.key, attempt.value))
                else:
                    open_deletes[attempt.key] += 1
            elif attempt.outcome != "refused":
                value = attempt.value if attempt.op == "set" else None
                self.assertEqual(there.pop(attempt.outcome, None), (attempt.outcome, attempt.op, attempt.key, value))
        for revision, op, key, value in there.values():
            if op == "set":
                self.assertIn((key, value), open_sets, f"revision {revision} was refused or never asked for")
                open_sets.discard((key, value))
            else:
                self.assertGreater(open_deletes[key], 0, f"delete at {revision} was never asked for")
                open_deletes[key] -= 1

    def check_state(self, log, revision):
        for entry in log:
            if entry[1] == "set":
                self.model[entry[2]] = (entry[0], entry[3])
            else:
                del self.model[entry[2]]
        with self.server.watch("initial=1") as watch:
            events = watch.until("synced")
        self.assertEqual(events.pop()["revision"], revision)
        self.assertEqual({event["key"]: (event["revision"], event["value"]) for event in events}, self.model)


if __name__ == "__main__":
    print(f"KVS_CRASH_SEED={SEED} KVS_CRASH_ROUNDS={ROUNDS}", file=sys.stderr)
    main()

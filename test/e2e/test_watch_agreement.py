#!/usr/bin/env python3
"""Writes of every kind by chance, and everybody must agree on them: watches live and later, in each of the four ways, with
filters; listings of the past; histories of keys."""
import json
import random
import threading

from kvs_harness import *
from kvs_streams import Stream

KEYS = ["%s/%d" % (folder, number) for folder in "abc" for number in range(4)]
FILTERS = ("", "prefix=a/", "key=a/1&key=b/2", "prefix=a/&prefix=b/&key=c/0", "prefix=zz")
OPS = ("", "set", "delete", "expire", "delete,expire", "set,expire")
JSON = {"Content-Type": "application/json"}


def write(connection, chance):
    """One request, of any kind; values of a size at which a message ends, too."""
    kind = chance.random()
    key = chance.choice(KEYS)
    if kind < 0.3:
        ttl = "?ttl=%dms" % chance.randint(1, 60) if chance.random() < 0.3 else ""
        return connection.request("PUT", f"/v1/kv/{key}{ttl}", None, "v" * chance.choice([1, 10, 20_000]))
    if kind < 0.45:
        return connection.request("DELETE", "/v1/kv/" + key)
    if kind < 0.6:
        return connection.request("DELETE", "/v1/kv?prefix=" + chance.choice(["a/", "b", "c/", "a/1"]))
    if kind < 0.65:
        return connection.request("PATCH", f"/v1/kv/{key}?ttl=" + chance.choice(["10ms", "none", "1h"]))
    operations = [{"op": "set", "key": name, "value": "t"} if chance.random() < 0.6 else {"op": "delete", "key": name}
                  for name in chance.sample(KEYS, chance.randint(1, 6))]
    return connection.request("POST", "/v1/txn", JSON, json.dumps({"then": operations}))


def chosen(changes, filter_, ops):
    """What a watch with these must be sent of all changes."""
    wanted = [part.split("=") for part in filter_.split("&") if part]

    def wants(key):
        return not wanted or any(key == name if kind == "key" else key.startswith(name) for kind, name in wanted)

    events = [dict(event) for event in changes if wants(event["key"]) and (not ops or event["op"] in ops.split(","))]
    for event, following in zip(events, events[1:] + [{"revision": 0}]):
        event.pop("more", None)
        if following["revision"] == event["revision"]:
            event["more"] = True
    return events


def query(*parts):
    return "&".join(part for part in parts if part)


def ops_of(ops):
    return ops and "ops=" + ops


class Poller(threading.Thread):
    """Long polls from the beginning on, until `last` is reached."""

    def __init__(self, server, filter_, ops):
        super().__init__()
        self.server, self.filter, self.ops = server, filter_, ops
        self.events, self.last = [], None

    def run(self):
        since = 0
        with self.server.connect() as connection:
            while self.last is None or since < self.last:
                asked = query(self.filter, ops_of(self.ops), "wait=100ms", f"since={since}")
                answer = connection.request("GET", "/v1/watch?" + asked)
                self.events += answer.json()
                since = answer.revision


class Agreement(unittest.TestCase):
    def watch(self, server, how, *parts):
        watch = server.watch(query(*parts)) if how == "socket" else Stream(server.address, query(*parts), how)
        self.addCleanup(watch.close)
        return watch

    def play(self, server, chance):
        """Writes; all changes there were, from the beginning on."""
        with server.connect() as connection:
            for _ in range(300):
                self.assertIn(write(connection, chance).status, (200, 201, 404))
            operations = [{"op": "set", "key": key, "value": "last"} for key in ("a/1", "b/2", "c/0", "zz")]
            connection.request("POST", "/v1/txn", JSON, json.dumps({"then": operations}))
            last = connection.request("DELETE", "/v1/kv?all=true").revision
        changes = self.watch(server, "socket", "since=0").until("synced")[:-1]
        self.assertEqual(changes[-1]["revision"], last)
        self.assertFalse([event for event in changes if "initial" in event])
        return changes

    def check(self, seed, *flags):
        chance = random.Random(seed)
        with Server("--fsync", "never", *flags) as server:
            live = []
            for _ in range(12):
                filter_, ops, how = chance.choice(FILTERS), chance.choice(OPS), chance.choice(["socket", "lines", "events"])
                live.append((filter_, ops, self.watch(server, how, filter_, ops_of(ops))))
                live[-1][-1].until("synced")
            pollers = [Poller(server, chance.choice(FILTERS), chance.choice(OPS)) for _ in range(3)]
            for poller in pollers:
                poller.start()
            try:
                changes = self.play(server, chance)
            finally:
                for poller in pollers:
                    poller.last = server.request("GET", "/v1/status").json()["revision"]
                    poller.join()
            for filter_, ops, watch in live:
                expected = chosen(changes, filter_, ops)
                self.assertEqual(watch.take(len(expected)), expected)
            for poller in pollers:
                self.assertEqual(poller.events, chosen(changes, poller.filter, poller.ops))
            self.check_later(server, changes, chance)

    def check_later(self, server, changes, chance):
        for filter_ in FILTERS:
            for ops in OPS:
                how = chance.choice(["socket", "lines", "events"])
                watch = self.watch(server, how, "since=0", filter_, ops_of(ops))
                self.assertEqual(watch.until("synced")[:-1], chosen(changes, filter_, ops))
        for revision in chance.sample(sorted({event["revision"] for event in changes}), 30):
            state = {}
            for event in changes:
                if event["revision"] > revision:
                    break
                state.pop(event["key"], None)
                if event["op"] == "set":
                    state[event["key"]] = event["value"]
            items = server.request("GET", f"/v1/kv?revision={revision}").json()["items"]
            self.assertEqual({item["key"]: item["value"] for item in items}, state)
        for key in KEYS:
            items = server.request("GET", f"/v1/history/{key}?limit=10000").json()["items"]
            self.assertEqual(items[::-1], chosen(changes, "key=" + key, ""))

    def test_all_agree_on_a_history_in_memory(self):
        self.check(1)

    def test_all_agree_on_a_history_that_is_read_back_from_disk(self):
        self.check(2, "--history-memory", "64KiB")


if __name__ == "__main__":
    main()

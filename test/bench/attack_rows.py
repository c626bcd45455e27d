"""Healthy clients while strangers do their worst (test/attack): what they keep of the rate they want, and what stays behind."""
import contextlib
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "attack"))

from attack_harness import Attack, Healthy  # noqa: E402
from rows import Goal, Measurement, Row  # noqa: E402
from servers import Failed, Kvs  # noqa: E402

RATE = 2000          # requests a second that the healthy clients want; a closed loop would only show how a core is shared
LARGE = 1 << 20      # what slow readers ask for
SETTLED = 10.0       # seconds for the server to count those out who left
GIVEN_BACK = 1.5     # seconds until free memory has gone back to the system
SETTINGS = {"idle": {"max_connections": 11_000}, "descriptors": {"max_connections": 200}, "grow": {"max_memory": "64MiB", "history_bytes": "1MiB"}}
# The first makes keys, the second replaces them, which is the first that the history keeps values of; then what was freed in
# between has to be filled again.
ROUNDS = {"grow": 5}
WORK = {"slow-heads": "2,000 slow heads", "slow-bodies": "400 slow bodies of 1 MiB", "slow-readers": "400 slow readers of 1 MiB",
        "slow-watchers": "400 slow watchers", "idle": "10,000 idle connections", "churn": "thousands of connections a second",
        "pipelines": "four endless pipelines", "pings": "four floods of pings", "descriptors": "three times too many connections",
        "grow": "writes beyond --max-memory"}


class AttackBench:
    def __init__(self, bench):
        self.bench = bench
        self.cores = bench.cores
        self.requests = bench.scale.attack_requests

    def start(self, words, **kw):
        return self.cores.start(words, self.cores.load, **kw)

    def settle(self, server):
        end = time.monotonic() + SETTLED
        while connections(server) > 9:  # the eight healthy ones, and the one that asks
            if time.monotonic() > end:
                raise Failed("kvs: connections that nobody has any more")
        time.sleep(GIVEN_BACK)
        return server.resident()

    def healthy(self, name, attacked):
        """The last of two attacks is measured: the first shows what the server keeps of such a thing for good."""
        with self.bench.server(Kvs, fsync="never", history_memory="1MiB", **SETTINGS.get(name, {})) as server:
            server.ask(b"PUT /v1/kv/large HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % LARGE + b"x" * LARGE)
            with Healthy(server.port, start=self.start) as clients:
                kept = []
                for unused in range(ROUNDS.get(name, 2)):
                    with Attack(name, server.port, start=self.start) if attacked else contextlib.nullcontext():
                        figures = clients.measure(self.requests, RATE)
                    kept.append(self.settle(server))
        return {**figures, "memory": kept[-1] / kept[-2]}

    def attack(self, name):
        return Measurement(f"attack-{name}", {
            "kvs": lambda: self.healthy(name, True),
            "kvs, left alone": lambda: self.healthy(name, False),
        }, [Row("per_second", f"{RATE:,}/s of GET and SET beside {WORK[name]}", "/s", [Goal(["kvs, left alone"], 0.8)]),
            Row("p99_ms", f"their p99 beside {WORK[name]}", "ms"),
            Row("memory", f"memory after {WORK[name]}, of that after the first time", "×", limit=1.05)],
            at_most=1)

    def all(self):
        return [self.attack(name) for name in self.bench.scale.attacks]


def connections(server):
    answer = server.ask(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return int(answer.partition(b'"connections":')[2].split(b",")[0])

"""What is measured: every row of the table, the sides of it, and the goal."""
import contextlib
import dataclasses
import itertools
import pathlib
import time
import typing

import listing
from servers import Kvs, Nats, Nginx, Redis, TlsKvs, TlsNginx, VALUE_SIZE

KEY_SIZE = 16
TURNS = 4  # for what needs nothing but a server that has just started


@dataclasses.dataclass
class Goal:
    """kvs's figure divided by the best one of `against` is to be at least (or at most) `factor`."""
    against: typing.Sequence[str]
    factor: float
    at_most: bool = False


@dataclasses.dataclass
class Row:
    """A line of the table: one figure that the sides of a measurement gave."""
    figure: str
    title: str
    unit: str
    goals: typing.Sequence[Goal] = ()
    limit: typing.Optional[float] = None  # kvs's own figure is to be at most this


@dataclasses.dataclass
class Measurement:
    """Sides, each of them a function that gives figures by name. The side `kvs` is ours; the others may be missing."""
    name: str
    sides: typing.Dict[str, typing.Callable[[], typing.Dict[str, float]]]
    rows: typing.Sequence[Row]
    at_most: typing.Optional[int] = None  # takes so long that so many rounds have to do
    turns: int = 1  # into which each side's time of a round is cut: how quick a shared machine is changes within seconds


@dataclasses.dataclass
class Scale:
    """How much of everything."""
    keys: int = 1_000_000
    few_keys: int = 1000
    listed_keys: int = 100_000
    fanout: typing.Sequence[int] = (100, 1000, 5000)
    idle_watchers: int = 5000
    other_watchers: int = 10_000
    latency_watchers: int = 1000
    kafka_watchers: int = 1000
    kafka_sets: int = 5_000_000
    attack_requests: int = 6000  # of the healthy clients
    attacks: typing.Sequence[str] = ("slow-heads", "slow-bodies", "slow-readers", "slow-watchers", "idle", "churn",
                                     "pipelines", "pings", "descriptors", "grow")


# Connections and depth with which the writers of a fan-out get the most out of each server.
WRITERS = {"kvs": {"connections": 64, "depth": 16}, "redis": {"connections": 1, "depth": 128},
           "nats": {"connections": 1, "depth": 512}}


class Bench:
    """Makes the measurements. Every one starts its own server, in a directory of its own, and ends it."""

    def __init__(self, cores, load, scale, directory):
        self.cores = cores
        self.load = load
        self.scale = scale
        self.directory = pathlib.Path(directory)
        self.numbers = itertools.count()

    def server(self, kind, **settings):
        return kind(self.cores, self.directory / f"{kind.name}-{next(self.numbers)}", **settings)

    # GET

    def get(self, kind, protocol, depth):
        settings = {"fsync": "never"} if kind is Kvs else {}
        with self.server(kind, **settings) as server:
            if kind is not Nginx:
                self.load.fill(protocol, server, self.scale.few_keys)
            return self.load.requests(protocol, server, depth=depth, keys=self.scale.few_keys)

    def gets(self, name, depth, title, nginx, redis):
        return Measurement(name, {
            "kvs": lambda: self.get(Kvs, "kvs", depth),
            "nginx": lambda: self.get(Nginx, "nginx", depth),
            "redis": lambda: self.get(Redis, "redis", depth),
        }, [Row("per_second", title, "/s", [Goal(["nginx"], nginx), Goal(["redis"], redis)])], turns=TURNS)

    # Encrypted: wrk is the one load generator for both, since kvs_load speaks no TLS

    def get_by_tls(self, kind):
        settings = {"fsync": "never"} if kind is TlsKvs else {}
        with self.server(kind, **settings) as server:
            if kind is TlsKvs:
                server.put("key", "x" * VALUE_SIZE)
            return self.load.wrk(server, "/v1/kv/key", connections=64)

    def tls(self):
        return Measurement("get-tls", {
            "kvs": lambda: self.get_by_tls(TlsKvs),
            "nginx": lambda: self.get_by_tls(TlsNginx),
        }, [Row("per_second", "GET by TLS 1.3, 64 keep-alive connections", "/s", [Goal(["nginx"], 0.8)])])

    # Metrics

    def get_beside_scrapes(self, every):
        with self.server(Kvs, fsync="never") as server:
            self.load.fill("kvs", server, self.scale.few_keys)
            self.load.requests("kvs", server, keys=self.scale.few_keys)  # by then there is something to tell
            scrape_ms = server.scrape_ms()
            with server.scraped(every) if every else contextlib.nullcontext():
                figures = self.load.requests("kvs", server, keys=self.scale.few_keys)
            return {**figures, "scrape_ms": scrape_ms}

    def metrics(self):
        return Measurement("metrics", {
            "kvs": lambda: self.get_beside_scrapes(1.0),
            "kvs, nobody scrapes": lambda: self.get_beside_scrapes(None),
        }, [Row("per_second", "GET, 64 connections, /metrics scraped every second", "/s", [Goal(["kvs, nobody scrapes"], 0.98)]),
            Row("scrape_ms", "time for a scrape, of which there is one a second: 2 % are 20 ms", "ms", limit=20)])

    # SET

    def set(self, kind, protocol, load, settings):
        with self.server(kind, **settings) as server:
            return self.load.requests(protocol, server, operation="set", keys=self.scale.keys, **load)

    def sets(self, name, title, factor, fsync, appendfsync, **load):
        return Measurement(name, {
            "kvs": lambda: self.set(Kvs, "kvs", load, {"fsync": fsync}),
            "redis": lambda: self.set(Redis, "redis", load, {"appendonly": "yes", "appendfsync": appendfsync}),
        }, [Row("per_second", title, "/s", [Goal(["redis"], factor)])], turns=TURNS)

    def durable_sets(self, connections):
        # The load does not spin here: the kernel's own threads that write to the disk need a core as well.
        return self.sets(f"set-{connections}", f"durable SET, {connections} connections", 1.2, "always", "always",
                         connections=connections, spin=0)

    # Both, at half of what is possible

    def half_load(self, kind, protocol, settings):
        with self.server(kind, **settings) as server:
            self.load.fill(protocol, server, self.scale.few_keys)
            mixed = {"operation": "mixed", "keys": self.scale.few_keys, "spin": 0}
            most = self.load.requests(protocol, server, **mixed)["per_second"]
            half = self.load.requests(protocol, server, rate=most / 2, **mixed)
            return {"p99_us": half["p99_us"], "p50_us": half["p50_us"], "per_second": half["per_second"]}

    def half_loads(self):
        return Measurement("mixed", {
            "kvs": lambda: self.half_load(Kvs, "kvs", {"fsync": "always"}),
            "redis": lambda: self.half_load(Redis, "redis", {"appendonly": "yes", "appendfsync": "always"}),
        }, [Row("p99_us", "90 % GET, 10 % durable SET, 64 connections at half of full speed, p99", "µs",
                [Goal(["redis"], 1.0, at_most=True)])], turns=TURNS)

    # Watchers

    def watch_latency(self, kind, protocol):
        with self.server(kind) as server:
            return self.load.latency(protocol, server, watchers=self.scale.latency_watchers, rate=50, keys=self.scale.few_keys)

    def watch_latencies(self):
        watchers = f"{self.scale.latency_watchers:,} watchers at 50 changes/s"
        goals = [Goal(["redis"], 1.0, at_most=True)]
        return Measurement("watch-latency", {
            "kvs": lambda: self.watch_latency(Kvs, "kvs"),
            "redis": lambda: self.watch_latency(Redis, "redis"),
        }, [Row("p50_us", f"from a change to {watchers}, p50", "µs", goals),
            Row("p99_us", f"from a change to {watchers}, p99", "µs", goals)])

    def fanout(self, kind, protocol, watchers):
        with self.server(kind) as server:
            return self.load.fanout(protocol, server, watchers=watchers, **WRITERS[protocol])

    def fanouts(self, watchers):
        return Measurement(f"fanout-{watchers}", {
            "kvs": lambda: self.fanout(Kvs, "kvs", watchers),
            "redis": lambda: self.fanout(Redis, "redis", watchers),
            "nats": lambda: self.fanout(Nats, "nats", watchers),
        }, [Row("per_second", f"changes × watchers, {watchers:,} watchers of everything", "/s",
                [Goal(["redis", "nats"], 2.5)])])

    def set_beside_watchers(self, watchers):
        with self.server(Kvs, fsync="never", max_connections=watchers + 200) as server:
            if watchers == 0:
                return self.load.requests("kvs", server, operation="set", keys=self.scale.few_keys)
            with self.load.watching("kvs", server, watchers):
                return self.load.requests("kvs", server, operation="set", keys=self.scale.few_keys)

    def other_watchers(self):
        watchers = self.scale.other_watchers
        return Measurement("other-watchers", {
            "kvs": lambda: self.set_beside_watchers(watchers),
            "kvs without watchers": lambda: self.set_beside_watchers(0),
        }, [Row("per_second", f"SET with {watchers:,} watchers of other keys", "/s", [Goal(["kvs without watchers"], 0.95)])])

    def watcher_memory(self, kind, protocol):
        watchers = self.scale.idle_watchers
        with self.server(kind) as server:
            before = server.resident()
            with self.load.watching(protocol, server, watchers):
                return {"bytes": (server.resident() - before) / watchers}

    def get_beside_expiries(self, ttl):
        """GET of keys that stay, beside sets of others, each of which goes again after a second if it has a time to live."""
        with self.server(Kvs, fsync="never") as server:
            self.load.fill("kvs", server, self.scale.few_keys)
            with self.load.writing("kvs", server, 1000, keys=self.scale.keys, **ttl):
                time.sleep(1 + self.load.seconds / 10)  # by then the first of them go
                return self.load.requests("kvs", server, depth=16, keys=self.scale.few_keys)

    def expiries(self):
        return Measurement("expiries", {
            "kvs": lambda: self.get_beside_expiries({"ttl": "1s"}),
            "kvs, nothing expires": lambda: self.get_beside_expiries({}),
        }, [Row("per_second", "GET, 16 pipelined, beside 1,000 SET/s that expire", "/s",
                [Goal(["kvs, nothing expires"], 0.95)])])

    def idle_watchers(self):
        return Measurement("watcher-memory", {
            "kvs": lambda: self.watcher_memory(Kvs, "kvs"),
            "redis": lambda: self.watcher_memory(Redis, "redis"),
        }, [Row("bytes", f"memory of an idle watcher ({self.scale.idle_watchers:,} of them)", "B", limit=12 * 1024)],
            at_most=3)

    # Many keys

    def settled(self, protocol, server):
        """Resident bytes once buffers and a bounded history are full: those are not what a key costs."""
        self.load.fill(protocol, server, self.scale.few_keys, writes=self.scale.keys // 2)
        return server.resident()

    def beyond_key_and_value(self, server, before):
        return (server.resident() - before) / self.scale.keys - KEY_SIZE - VALUE_SIZE

    def restart(self, server):
        server.start()
        for number in (0, self.scale.keys - 1):
            if not server.has(f"key:{number:012d}"):
                raise AssertionError(f"{server.name} lost key {number} in a restart")
        return server.ready_after * 1000

    def million_kvs(self):
        with self.server(Kvs, fsync="never") as server:
            before = self.settled("kvs", server)
            self.load.fill("kvs", server, self.scale.keys)
            figures = {"key_bytes": self.beyond_key_and_value(server, before)}
            server.kill()
            figures["log_ms"] = self.restart(server)
            server.stop()
            figures["snapshot_ms"] = self.restart(server)
            return figures

    def million_redis(self):
        log = {"appendonly": "yes", "appendfsync": "no", "aof-use-rdb-preamble": "no"}
        with self.server(Redis, **log) as server:
            before = self.settled("redis", server)
            self.load.fill("redis", server, self.scale.keys)
            figures = {"key_bytes": self.beyond_key_and_value(server, before)}
            server.kill()
            figures["log_ms"] = self.restart(server)
            server.ask(b"SAVE\r\n")
            server.kill()
            server.settings = {"appendonly": "no"}
            figures["snapshot_ms"] = self.restart(server)
            return figures

    def million(self):
        keys = f"{self.scale.keys:,} keys"
        return Measurement("million", {"kvs": self.million_kvs, "redis": self.million_redis}, [
            Row("key_bytes", f"memory of a key beyond key and value, {keys}", "B", [Goal(["redis"], 1.0, at_most=True)]),
            Row("log_ms", f"restart with {keys}, journal / AOF", "ms", [Goal(["redis"], 1.0, at_most=True)]),
            Row("snapshot_ms", f"restart with {keys}, snapshot / RDB", "ms", [Goal(["redis"], 0.7, at_most=True)])],
            at_most=3)

    def pipelined(self, keys):
        with self.server(Kvs, fsync="never") as server:
            self.load.fill("kvs", server, keys)
            get = self.load.requests("kvs", server, depth=16, keys=keys)
            put = self.load.requests("kvs", server, operation="set", depth=16, keys=keys)
            return {"get_us": 1e6 / get["per_second"], "set_us": 1e6 / put["per_second"]}

    def size(self):
        few = f"kvs, {self.scale.few_keys:,} keys"
        goals = [Goal([few], 1.5, at_most=True)]
        return Measurement("size", {"kvs": lambda: self.pipelined(self.scale.keys),
                                    few: lambda: self.pipelined(self.scale.few_keys)},
                           [Row("get_us", f"time per GET, 16 pipelined, {self.scale.keys:,} keys", "µs", goals),
                            Row("set_us", f"time per SET, 16 pipelined, {self.scale.keys:,} keys", "µs", goals)])

    # Listings

    def listed(self, kind, protocol, read):
        settings = {"fsync": "never"} if kind is Kvs else {}
        with self.server(kind, **settings) as server:
            self.load.fill(protocol, server, self.scale.listed_keys)
            return listing.keys_per_second(read, server, self.scale.listed_keys, self.load.seconds)

    def listings(self):
        return Measurement("list", {
            "kvs": lambda: self.listed(Kvs, "kvs", listing.ndjson_lines),
            "redis": lambda: self.listed(Redis, "redis", listing.scan_and_mget),
        }, [Row("per_second", f"list of {self.scale.listed_keys:,} keys with values: NDJSON / SCAN and MGET", "keys/s",
                [Goal(["redis"], 1.0)])], at_most=3)

    # Start

    def start_empty(self, kind):
        with self.server(kind) as server:
            return {"start_ms": server.ready_after * 1000, "idle_mib": server.resident() / 2**20}

    def start(self):
        goals = [Goal(["redis"], 1.0, at_most=True)]
        return Measurement("start", {"kvs": lambda: self.start_empty(Kvs), "redis": lambda: self.start_empty(Redis)},
                           [Row("start_ms", "start to first answer", "ms", goals),
                            Row("idle_mib", "idle memory", "MiB", goals)])

    def all(self):
        return [
            self.gets("get", 1, "GET, 64 keep-alive connections", 1.0, 1.0),
            self.gets("get-pipelined", 16, "GET, 64 connections, 16 pipelined", 3.0, 0.5),
            self.tls(), self.metrics(),
            self.durable_sets(64), self.durable_sets(512),
            self.sets("set-never", "SET without fsync, 64 connections", 1.0, "never", "no"),
            self.half_loads(),
            *(self.fanouts(watchers) for watchers in self.scale.fanout), self.watch_latencies(),
            self.other_watchers(), self.expiries(), self.idle_watchers(), self.million(), self.size(), self.listings(), self.start()]

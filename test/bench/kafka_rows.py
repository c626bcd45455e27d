"""The rows with --bus kafka: broker and load on one core, kvs (or librdkafka alone, the yardstick) on the other."""
import os
import pathlib
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("kafka", "e2e")]

import kafka_fetch  # noqa: E402
from kafka_cluster import Cluster  # noqa: E402
from rows import Goal, Measurement, Row  # noqa: E402
from servers import Kvs  # noqa: E402

ALL_OF_JAVA = ["-XX:TieredStopAtLevel=4"]  # the tests do without the second compiler, which only pays after a while
WARM = 0.05    # of a core, at most, for the compilers of a broker that is warm
PATIENCE = 90  # seconds for it to become so
BACKGROUND = 500  # writes a second that come in while reads are measured


def compilers_seconds(pid):
    """Of processor time that Java's compilers have taken in this process."""
    ticks = 0
    for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            name, numbers = stat.read_text(encoding="ascii", errors="replace").split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue  # that thread has just ended
        if "Compiler" in name:
            ticks += sum(int(number) for number in numbers.split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def present():
    """Whether a broker can be had without fetching anything."""
    try:
        kafka_fetch.java_id()
    except kafka_fetch.Unavailable:
        return False
    return kafka_fetch.directory().exists()


class KafkaBench:
    """Makes the measurements; close() ends the broker, which the first of them starts."""

    def __init__(self, bench):
        self.bench = bench
        self.load = bench.load
        self.scale = bench.scale
        self.cluster = None
        self.warm = False
        self.filled = None  # an instance with a million keys in a topic

    def close(self):
        if self.filled:
            self.filled.kill()
        if self.cluster:
            self.cluster.close()

    def new_topic(self):
        if not self.cluster:
            # It runs on the core that this process is on: the load's.
            self.cluster = Cluster(jvm=ALL_OF_JAVA, memory=1024)
        if not self.warm:
            self.warm_up()
            self.warm = True
        return self.create_topic()

    def create_topic(self):
        topic = f"bench-{next(self.bench.numbers)}"
        self.cluster.create_topic(topic)
        return topic

    def warm_up(self):
        """What is measured is a broker that has been running for a while, not Java's compilers, which take a third of its
        core until they have seen everything, new topics too."""
        if self.load.seconds < 1:
            return  # it is only to be seen that everything works
        broker = self.cluster.brokers[1].process.pid
        began, quiet = time.monotonic(), 0
        while quiet < 2:
            before, since = compilers_seconds(broker), time.monotonic()
            for connections in (1, 64, 512):
                self.raw("kafka-loop", self.create_topic(), connections=connections)
                with self.instance(self.create_topic()) as server:
                    self.load.requests("kvs", server, operation="set", connections=connections, spin=0)
            now = time.monotonic()
            quiet = quiet + 1 if compilers_seconds(broker) - before < WARM * (now - since) else 0
            if now - began > PATIENCE:
                print("the broker's compilers did not come to rest: rows with Kafka may be slow", file=sys.stderr)
                return

    @property
    def broker_port(self):
        return self.cluster.brokers[1].port.number

    def instance(self, topic, name="a", **settings):
        return self.bench.server(Kvs, bus="kafka", kafka_brokers=self.cluster.bootstrap, kafka_topic=topic, instance=name,
                                 fsync="never", **settings)

    def local(self):
        return self.bench.server(Kvs, fsync="never")

    def raw(self, mode, topic, **options):
        return self.load.raw(mode, self.broker_port, topic=topic, **options)

    # SET

    def set_kafka(self, connections):
        with self.instance(self.new_topic()) as server:
            return self.load.requests("kvs", server, operation="set", connections=connections, spin=0)

    def set_local(self, connections):
        with self.local() as server:
            return self.load.requests("kvs", server, operation="set", connections=connections, spin=0)

    def sets(self, connections):
        return Measurement(f"kafka-set-{connections}", {
            "kvs": lambda: self.set_kafka(connections),
            "local, never": lambda: self.set_local(connections),
            "librdkafka alone": lambda: self.raw("kafka-loop", self.new_topic(), connections=connections),
        }, [Row("per_second", f"SET over Kafka, {connections} connections", "/s", [Goal(["local, never"], 0.6)])])

    def one_set(self):
        with self.instance(self.new_topic()) as server:
            return self.load.requests("kvs", server, operation="set", connections=1, spin=0)

    def loop_and_get(self):
        topic = self.new_topic()
        loop = self.raw("kafka-loop", topic, connections=1)
        with self.local() as server:
            self.load.fill("kvs", server, self.scale.few_keys)
            get = self.load.requests("kvs", server, connections=1, keys=self.scale.few_keys, spin=0)
        return {"p50_us": loop["p50_us"] + get["p50_us"]}

    def latency(self):
        return Measurement("kafka-latency", {"kvs": self.one_set, "librdkafka alone + GET": self.loop_and_get}, [
            Row("p50_us", "a SET over Kafka, one at a time, p50", "µs",
                [Goal(["librdkafka alone + GET"], 1.5, at_most=True)])])

    # Reads while records come in

    def get_beside_writes(self, server):
        self.load.fill("kvs", server, self.scale.few_keys)
        with self.load.writing("kvs", server, BACKGROUND):
            return self.load.requests("kvs", server, depth=16, keys=self.scale.few_keys, spin=0)

    def get_kafka(self):
        with self.instance(self.new_topic()) as server:
            return self.get_beside_writes(server)

    def get_local(self):
        with self.local() as server:
            return self.get_beside_writes(server)

    def gets(self):
        return Measurement("kafka-get", {"kvs": self.get_kafka, "local": self.get_local}, [
            Row("per_second", f"GET, 16 pipelined, beside {BACKGROUND:,} SET/s over Kafka", "/s", [Goal(["local"], 0.95)])])

    def fanout(self, server):
        with server:
            return self.load.fanout("kvs", server, watchers=self.scale.kafka_watchers, connections=64, depth=16, spin=0)

    def watches(self):
        return Measurement("kafka-watch", {
            "kvs": lambda: self.fanout(self.instance(self.new_topic())),
            "local": lambda: self.fanout(self.local()),
        }, [Row("per_second", f"changes × watchers over Kafka, {self.scale.kafka_watchers:,} watchers", "/s",
                [Goal(["local"], 0.95)])])

    # A million records

    def fill(self):
        """The instance that has written a topic with all keys; it goes on running."""
        if not self.filled:
            self.filled = self.instance(self.new_topic(), "filler").start()
            self.load.fill("kvs", self.filled, self.scale.keys)
        return self.filled

    def replay(self):
        topic = self.fill().settings["kafka_topic"]
        with self.instance(topic, "reader") as server:
            if not server.has(f"key:{self.scale.keys - 1:012d}"):
                raise AssertionError("a new instance does not have what the topic has")
            return {"per_second": self.scale.keys / server.ready_after}

    def raw_read(self):
        return self.raw("kafka-read", self.fill().settings["kafka_topic"], count=self.scale.keys)

    def replays(self):
        return Measurement("kafka-replay", {"kvs": self.replay, "librdkafka alone": self.raw_read}, [
            Row("per_second", f"start from {self.scale.keys:,} records of the topic", "/s", [Goal(["librdkafka alone"], 0.5)])],
            at_most=3)

    def bootstrap(self):
        peer = self.fill()
        topic = peer.settings["kafka_topic"]
        self.cluster.trim(topic, self.scale.keys)  # but for the newest few records, of which the peer's snapshot goes on
        with self.instance(topic, "newcomer", bootstrap_from=f"http://127.0.0.1:{peer.port}") as server:
            if not server.has(f"key:{self.scale.keys - 1:012d}"):
                raise AssertionError("a new instance does not have what its peer has")
            return {"ready_ms": server.ready_after * 1000}

    def bootstraps(self):
        return Measurement("kafka-bootstrap", {"kvs": self.bootstrap}, [
            Row("ready_ms", f"start from a peer's snapshot, {self.scale.keys:,} keys", "ms", limit=5000)], at_most=3)

    # Memory

    def growth(self):
        """KiB of memory by which an instance grows with a million sets, once it has been running for a while."""
        pieces, sets = 10, self.scale.kafka_sets
        with self.instance(self.new_topic()) as server:
            sizes = []
            for unused in range(pieces):
                self.load.fill("kvs", server, self.scale.few_keys, writes=sets // pieces)
                sizes.append(server.resident() / 1024)
        later = sizes[pieces * 2 // 5:]
        return {"kib_per_million": slope(later) * pieces / sets * 1e6, "mib": later[-1] / 1024}

    def memory(self):
        return Measurement("kafka-memory", {"kvs": self.growth}, [
            Row("kib_per_million", f"growth of memory in {self.scale.kafka_sets:,} sets of {self.scale.few_keys:,} keys",
                "KiB per million", limit=1000)], at_most=1)

    def all(self):
        return [self.sets(64), self.sets(512), self.latency(), self.gets(), self.watches(), self.replays(),
                self.bootstraps(), self.memory()]


def slope(values):
    """Of the straight line that fits them best, per value."""
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    spread = sum((at - middle) ** 2 for at in range(len(values)))
    return sum((at - middle) * (value - mean) for at, value in enumerate(values)) / spread

"""A Kafka cluster of one broker or three, for as long as a test needs it.

    with Cluster(brokers=3) as cluster:
        cluster.create_topic("kvs")
        cluster.write("kvs", [Record(b"key", b"value")])
        cluster.leader("kvs").kill()

Nothing here sleeps for a while and hopes: every operation returns when its effect is to be seen at every broker that is up,
and fails with what was seen instead when that takes longer than a generous deadline.
"""
import atexit
import contextlib
import shutil
import tempfile
import time

import kafka_fetch
from kafka_broker import Broker, make_archive, new_id
from kafka_wire import EARLIEST, LATEST, KafkaError

WAIT = 60.0      # seconds for anything to become true
PAUSE = 0.02     # between two looks; brokers have no way to tell
GONE = (3, 5, 6, 100)  # unknown, or on its way from one leader to another

# What kvs wants of its topic (replicas and in-sync replicas come from the size of the cluster).
TOPIC = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", "message.timestamp.type": "LogAppendTime",
         "unclean.leader.election.enable": "false", "max.message.bytes": str(8 << 20)}


def wait_until(look, what, timeout=WAIT):
    """The first true answer of `look`. While brokers come and go its errors count as `not yet`."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            seen = look()
            if seen:
                return seen
        except (OSError, KafkaError) as error:
            seen = repr(error)
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:.0f} s: {what}; last seen: {seen}")
        time.sleep(PAUSE)


class Cluster:
    """`settings` are further broker properties, `jvm` further flags of Java, `memory` the heap of each broker in MiB."""

    def __init__(self, brokers=1, settings=None, jvm=(), memory=None):
        home = kafka_fetch.fetched()
        self.jvm = [f"-XX:SharedArchiveFile={kafka_fetch.archive(home, lambda path: make_archive(home, path))}", *jvm]
        self.directory = tempfile.mkdtemp(prefix="kvs-kafka-")
        memory = memory or (512 if brokers == 1 else 256)
        self.brokers = {n: Broker(n, home, f"{self.directory}/{n}", memory) for n in range(1, brokers + 1)}
        self.settings = {**self._replication(), **(settings or {})}
        self.cluster_id = None
        atexit.register(self.close)
        try:
            self.found()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        """Ends every broker and removes what they wrote."""
        atexit.unregister(self.close)
        for broker in self.brokers.values():
            broker.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _replication(self):
        replicas, in_sync = len(self.brokers), (2 if len(self.brokers) > 2 else 1)
        return {"default.replication.factor": replicas, "min.insync.replicas": in_sync,
                "offsets.topic.replication.factor": replicas, "transaction.state.log.replication.factor": replicas,
                "transaction.state.log.min.isr": in_sync}

    # The cluster as a whole

    def found(self):
        """Begins a new cluster, empty and with an id of its own, at the same addresses; ends the one that was there."""
        for broker in self.brokers.values():
            broker.kill()
        self.cluster_id = new_id()
        voters = ",".join(f"{b.number}@127.0.0.1:{b.controller_port.number}" for b in self.brokers.values())
        for broker in self.brokers.values():
            broker.format(self.cluster_id)
            broker.configure(voters, self.settings)
        self.start()

    def start(self, *numbers):
        """Starts these brokers, or all that do not run, and waits until every broker that is up knows them."""
        started = [b for b in self.brokers.values() if (b.number in numbers if numbers else not b.running())]
        for broker in started:
            broker.start(self.jvm)
        for broker in started:
            broker.wait_started()
        wanted = {b.number for b in started}
        self._everywhere(lambda seen: wanted <= set(seen["brokers"]), f"brokers {sorted(wanted)} known to all")

    def kill(self):
        """kill -9 for all of them."""
        for broker in self.brokers.values():
            broker.kill()

    @property
    def bootstrap(self):
        """For --kafka-brokers, kcat -b and the like."""
        return ",".join(f"127.0.0.1:{broker.port.number}" for broker in self.brokers.values())

    def serving(self):
        found = [broker for broker in self.brokers.values() if broker.serving()]
        assert found, "no broker is up"
        return found

    # What the brokers know

    def metadata(self):
        """As one of those that are up sees it; see Wire.metadata."""
        with self._any() as wire:
            return wire.metadata()

    @contextlib.contextmanager
    def _any(self):
        with self.serving()[0].connect() as wire:
            yield wire

    def _everywhere(self, true, what, timeout=WAIT):
        """Waits until `true` holds of what each broker that is up knows."""

        def look():
            for broker in self.serving():
                with broker.connect() as wire:
                    if not true(wire.metadata()):
                        return None
            return True

        wait_until(look, what, timeout)

    def partition(self, topic):
        """{"leader", "replicas", "isr", "offline"} of the topic, None if there is no such topic."""
        return self.metadata()["topics"].get(topic)

    def leader(self, topic):
        """The broker that leads it, as soon as all that are up agree on one of them and it does what a leader does."""

        def look():
            named = set()
            for broker in self.serving():
                with broker.connect() as wire:
                    named.add((wire.metadata()["topics"].get(topic) or {"leader": -1})["leader"])
            leader = self.brokers.get(named.pop())
            if named or leader is None or not leader.serving():
                return None
            with leader.connect() as wire:
                wire.list_offset(topic, LATEST)  # a broker hears of the news it spreads a moment before it acts on it
            return leader

        return wait_until(look, f"{topic} has a leader")

    def followers(self, topic):
        leader = self.leader(topic)
        return [self.brokers[n] for n in self.partition(topic)["replicas"] if n != leader.number]

    def wait_in_sync(self, topic, *numbers):
        """Until exactly these brokers, or all of them, are in sync."""
        wanted = set(numbers or self.brokers)
        self._everywhere(lambda seen: topic in seen["topics"] and set(seen["topics"][topic]["isr"]) == wanted,
                         f"{topic} in sync at exactly {sorted(wanted)}")

    # Topics

    def create_topic(self, topic, replicas=None, **configs):
        """A topic as kvs wants it, changed by `configs`: names with _ for the dots, None for Kafka's default."""
        named = {**TOPIC, "min.insync.replicas": str(self.settings["min.insync.replicas"]), **_dotted(configs)}
        with self._any() as wire:
            wire.create_topic(topic, replicas or len(self.brokers), {n: v for n, v in named.items() if v is not None})
        self.leader(topic)

    def delete_topic(self, topic):
        with self._any() as wire:
            wire.delete_topic(topic)
        self._everywhere(lambda seen: topic not in seen["topics"], f"{topic} deleted")

    def alter_topic(self, topic, **configs):
        """Sets configs, as in create_topic; None takes one back to its default."""
        changes = _dotted(configs)
        with self._any() as wire:
            wire.alter_configs(topic, changes)
        set_now = {name: value for name, value in changes.items() if value is not None}

        def look():
            for broker in self.serving():
                with broker.connect() as wire:
                    if not set_now.items() <= wire.describe_configs(topic).items():
                        return None
            return True

        wait_until(look, f"{topic} has {set_now}")

    def topic_config(self, topic):
        with self._any() as wire:
            return wire.describe_configs(topic)

    def move_leader(self, topic, number):
        """Hands the topic over to this broker, with nobody being hurt."""
        with self._any() as wire:
            wire.reassign(topic, [number] + [n for n in self.partition(topic)["replicas"] if n != number])

        def look():
            with self._any() as wire:
                wire.elect_preferred(topic)
            return self.leader(topic).number == number

        wait_until(look, f"broker {number} leads {topic}")

    # Records

    def _at_leader(self, topic, act):
        """What `act` gives at the topic's leader, wherever that is by now."""

        def look():
            with self.leader(topic).connect() as wire:
                try:
                    return (act(wire),)
                except KafkaError as error:
                    if error.code not in GONE:
                        raise AssertionError(str(error)) from error
                    raise

        return wait_until(look, f"the leader of {topic} answers")[0]

    def trim(self, topic, before):
        """Deletes the records before this offset; gives the offset at which the log begins now."""
        return self._at_leader(topic, lambda wire: wire.delete_records(topic, before))

    def offsets(self, topic):
        """(where the log begins, where it ends): of the first record there is, and of the next one to come."""
        return self._at_leader(topic, lambda wire: (wire.list_offset(topic, EARLIEST), wire.list_offset(topic, LATEST)))

    def write(self, topic, records):
        """Appends these Records as they are, as one batch; gives the offset of the first. Asked once: an error is an error."""
        with self.leader(topic).connect() as wire:
            return wire.write(topic, records)

    def read(self, topic, offset=0):
        """Every Record from this offset on, or from where the log begins."""
        first, end = self.offsets(topic)
        offset, found = max(first, offset), []
        while offset < end:
            records, after = self._at_leader(topic, lambda wire, at=offset: wire.fetch(topic, at))
            assert after is not None and after > offset, f"{topic} has nothing at {offset}, but ends at {end}"
            found += [record for record in records if record.offset >= offset]
            offset = after
        return found


def _dotted(configs):
    return {name.replace("_", "."): value if value is None else str(value) for name, value in configs.items()}

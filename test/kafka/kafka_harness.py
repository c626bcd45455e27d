"""Everything a test with a real broker needs, in one import: from kafka_harness import *

Beside what test/e2e has for the binary. The broker is fetched once (kafka_fetch.py); a test program that cannot have it
fails, with the reason: ./dev test --without-kafka is how to do without.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "e2e"))

import kvs_harness  # noqa: E402
from kvs_harness import *  # noqa: E402,F403
from kafka_broker import Broker  # noqa: E402
from kafka_cluster import Cluster, wait_until  # noqa: E402
from kafka_fetch import Unavailable, fetched  # noqa: E402
from kafka_records import Record, crc32c, decode, encode  # noqa: E402
from kafka_wire import KafkaError, Wire  # noqa: E402

__all__ = [*kvs_harness.__all__, "Broker", "Cluster", "ClusterTest", "KafkaError", "Record", "Unavailable", "Wire", "crc32c",
           "decode", "encode", "main", "wait_until"]


class ClusterTest(unittest.TestCase):
    """Tests that share one cluster per class; each takes a topic of its own."""

    brokers = 1
    settings = {}
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(cls.brokers, cls.settings)
        cls.addClassCleanup(cls.cluster.close)

    def topic(self, **configs):
        """A new topic, named after the test."""
        name = self.id().rsplit(".", 1)[-1]
        self.cluster.create_topic(name, **configs)
        return name

    def restore(self):
        """Brings back every broker that was hurt; as a clean-up, this leaves the cluster whole for the next test."""
        for broker in self.cluster.brokers.values():
            if broker.running() and broker.paused:
                broker.resume()
        self.cluster.start()


def main(watchdog=850):
    """Runs the tests of the program that calls it."""
    try:
        fetched()
    except Unavailable as error:
        sys.exit(f"kafka: {error}")
    kvs_harness.main(watchdog)

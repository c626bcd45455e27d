#!/usr/bin/env python3
"""kvs doctor --bus kafka: what would keep an instance from serving well, told before it is started."""
import os
import socket
import tempfile
import time

from kafka_commands import *
from kafka_harness import *


class Doctor(CommandTest):
    def setUp(self):
        self.addCleanup(self.restore)
        home = tempfile.TemporaryDirectory(prefix="kvs-doctor-")
        self.addCleanup(home.cleanup)
        self.data_dir = os.path.join(home.name, "data")

    def doctor(self, *flags, **kw):
        return self.findings("doctor", "--bus", "kafka", "--instance", "ada", "--listen", "127.0.0.1:0", "--data-dir",
                             self.data_dir, *flags, **kw)

    def test_all_is_well(self):
        self.kvs("topic", "create")
        found = self.doctor()
        self.assertEqual({one["level"] for name, one in found.items() if name not in ("topic replication", "open files")}, {"ok"})
        self.assertIn(self.cluster.cluster_id, found["brokers"]["found"])
        self.assertIn("not measured, there is no record yet", found["clock"]["found"])
        self.assertFalse(os.path.exists(self.data_dir))

    def test_a_topic_that_is_not_there_is_made_by_the_first_instance(self):
        self.assertEqual(self.doctor()["topic"]["level"], "ok")
        self.assertIsNone(self.cluster.partition(self.name()))
        found = self.doctor("--kafka-create-topic", "never", code=1)
        self.assertIn("kvs topic create", found["topic"]["repair"])

    def test_an_unsafe_topic_is_a_failure(self):
        self.topic(retention_ms=1000)
        found = self.doctor(code=1)
        self.assertEqual(found["topic retention.ms"]["level"], "fail")
        self.assertIn("kafka-configs.sh", found["topic retention.ms"]["repair"])

    def test_values_larger_than_the_topic_takes_are_a_failure(self):
        self.kvs("topic", "create")
        self.assertEqual(self.doctor("--max-value-size", "32MiB", code=1)["topic max.message.bytes"]["level"], "fail")

    def test_brokers_that_are_not_there_are_a_failure(self):
        found = self.doctor("--kafka-brokers", "127.0.0.1:1", "--timeout", "1s", code=1)
        self.assertIn("Connection refused", found["brokers"]["found"])
        self.assertTrue(found["brokers"]["repair"])
        self.assertIn("disk space", found)  # the rest is looked at all the same

    def test_a_broker_that_does_not_answer_is_a_failure(self):
        self.cluster.brokers[1].pause()
        self.assertEqual(self.doctor("--timeout", "1s", code=1)["brokers"]["level"], "fail")

    def test_a_record_from_the_future_tells_of_a_clock_ahead(self):
        """CreateTime lets the test say what the broker's clock would have said."""
        topic = self.topic(message_timestamp_type="CreateTime")
        ahead = int(time.time() * 1000) + 1_800_000
        with self.cluster.leader(topic).connect() as wire:
            wire.produce(topic, encode([Record(b"k", b"v")], ahead))
        found = self.doctor(code=1)
        self.assertEqual(found["clock"]["level"], "warn")
        self.assertRegex(found["clock"]["found"], r"is (29m5\d|30m).* from the future")

    def test_a_clock_that_is_behind_is_not_called_well_without_measuring(self):
        """A record that the broker stamps half an hour late looks like an old one."""
        topic = self.topic(message_timestamp_type="CreateTime")
        behind = int(time.time() * 1000) - 1_800_000
        with self.cluster.leader(topic).connect() as wire:
            wire.produce(topic, encode([Record(b"k", b"v")], behind))
        found = self.doctor(code=1)["clock"]  # the type of the time stamps is a failure
        self.assertEqual(found["level"], "ok")
        self.assertRegex(found["found"], r"^not measured \(kvs doctor --write measures it\); .*, it is (30m|1800|0?\.5h).* old$")

    def test_clocks_are_compared_by_writing_when_asked(self):
        self.instance().stop()
        before = self.cluster.offsets(self.name())
        self.assertRegex(self.doctor()["clock"]["found"], r"^not measured \(kvs doctor --write measures it\); ")
        self.assertEqual(self.cluster.offsets(self.name()), before)
        found = self.doctor("--write")
        self.assertIn("read back", found["writing"]["found"])
        self.assertIn("agree", found["clock"]["found"])
        self.assertEqual(self.cluster.offsets(self.name()), (before[0], before[1] + 1))

    def test_what_the_doctor_writes_changes_nothing(self):
        server = self.instance()
        revision = server.put("k", "v")
        state = server.state()
        self.doctor("--write")
        after = server.put("other", "v")
        self.assertGreater(after, revision + 1)
        self.assertEqual([event for event in server.state() if event["key"] != "other"], state)
        server.stop()

    def test_the_doctor_is_never_the_first_to_write(self):
        self.kvs("topic", "create")
        self.assertIn("not tried", self.doctor("--write")["writing"]["found"])
        self.cluster.write(self.name(), [Record(b"k", b"v")])  # of another program
        self.assertIn("not tried", self.doctor("--write")["writing"]["found"])
        self.assertEqual(self.cluster.offsets(self.name()), (0, 1))

    def test_a_secret_in_the_flags_is_no_matter_for_the_doctor(self):
        self.assertIn("is a secret", self.kvs("doctor", "--bus", "kafka", "--kafka-config", "sasl.password=x", "--instance",
                                              "ada", "--ephemeral", code=2).stderr)


class AdvertisedElsewhere(CommandTest):
    """The first contact succeeds, and then the cluster sends its clients to an address where nobody is."""

    @classmethod
    def setUpClass(cls):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            cls.nowhere = taken.getsockname()[1]
        super().setUpClass()
        cls.cluster.settings["advertised.listeners"] = f"PLAINTEXT://127.0.0.1:{cls.nowhere}"

    def test_it_is_told_which_address_is_wrong(self):
        self.kvs("topic", "create")
        broker = self.cluster.brokers[1]
        broker.kill()
        broker.configure(f"1@127.0.0.1:{broker.controller_port.number}", self.cluster.settings)
        broker.start(self.cluster.jvm)
        broker.wait_started()
        found = self.findings("doctor", "--bus", "kafka", "--instance", "ada", "--ephemeral", "--timeout", "3s", "--listen",
                              "127.0.0.1:0", code=1)
        self.assertIn(f"127.0.0.1:{self.nowhere}", found["brokers"]["repair"])
        self.assertIn("advertised.listeners", found["brokers"]["repair"])


if __name__ == "__main__":
    main()

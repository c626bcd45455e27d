#!/usr/bin/env python3
"""The brokers the other tests stand on: they come up, keep what they acknowledged, and can be hurt in every way needed."""
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

import kafka_fetch
import kafka_kcat
from kafka_harness import *

HERE = os.path.dirname(os.path.abspath(__file__))
CORRUPT_MESSAGE, UNKNOWN_TOPIC = 2, 3  # Kafka's error codes

# The beginning of a program that has a broker and says which.
WITH_A_BROKER = """from kafka_harness import *
cluster = Cluster()
print(cluster.brokers[1].process.pid, cluster.directory, flush=True)
"""


def ended(pid):
    """Whether it runs no more; waiting for its parent to notice counts as ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Batches(unittest.TestCase):
    def test_records_survive_encoding(self):
        records = [Record(b"k", b"v", ((b"h", b"\xff\0"), (b"h", None), (b"", b""))), Record(None, None),
                   Record(b"", b"x" * 70000)]
        decoded, after = decode(encode(records))
        self.assertEqual([record[:3] for record in decoded], [record[:3] for record in records])
        self.assertEqual(([record.offset for record in decoded], after), ([0, 1, 2], 3))

    def test_a_batch_cut_off_at_its_end_is_left_out(self):
        whole = encode([Record(b"a", b"1")])
        self.assertEqual([record.key for record in decode(whole + whole[:-1])[0]], [b"a"])

    def test_the_checksum_is_crc32c(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)


class OneBroker(ClusterTest):
    def setUp(self):
        self.broker = self.cluster.brokers[1]
        self.addCleanup(self.restore)

    def test_records_come_back_byte_for_byte(self):
        topic = self.topic()
        records = [Record(b"k", b"v", ((b"h", b"\xff\0"), (b"none", None))), Record(b"gone", None), Record(None, b""),
                   Record(b"", b"\0")]
        self.assertEqual(self.cluster.write(topic, records[:2]), 0)
        self.assertEqual(self.cluster.write(topic, records[2:]), 2)
        read = self.cluster.read(topic)
        self.assertEqual([record[:3] for record in read], [record[:3] for record in records])
        self.assertEqual([record.offset for record in read], [0, 1, 2, 3])
        self.assertEqual([record.offset for record in self.cluster.read(topic, 1)], [1, 2, 3])
        self.assertEqual(read[0].header(b"h"), b"\xff\0")

    def test_kcat_and_this_read_what_the_other_wrote(self):
        topic = self.topic()
        self.cluster.write(topic, [Record(b"\xff", b"\0\x01", ((b"name", b"\xfe"), (b"none", None))), Record(None, b"")])
        kafka_kcat.produce(self.cluster, topic, b"city", b"Surat", [("by", "hand=yes"), ("n", "2")])
        kafka_kcat.produce(self.cluster, topic, b"city", None)
        kafka_kcat.produce(self.cluster, topic, b"city", b"")
        read = self.cluster.read(topic)
        self.assertEqual([record[:3] for record in read[2:]],
                         [(b"city", b"Surat", ((b"by", b"hand=yes"), (b"n", b"2"))), (b"city", None, ()), (b"city", b"", ())])
        self.assertEqual(kafka_kcat.consume(self.cluster, topic), read)
        self.assertEqual(kafka_kcat.consume(self.cluster, topic, 3), read[3:])

    def test_a_topic_has_the_settings_it_was_given(self):
        topic = self.topic(max_message_bytes=5000, retention_ms=None)
        wanted = {"cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime", "max.message.bytes": "5000",
                  "retention.ms": "604800000"}
        config = self.cluster.topic_config(topic)
        self.assertEqual({name: config[name] for name in wanted}, wanted)
        self.cluster.alter_topic(topic, cleanup_policy="compact", max_message_bytes=None)
        config = self.cluster.topic_config(topic)
        self.assertEqual((config["cleanup.policy"], config["max.message.bytes"]), ("compact", "1048588"))

    def test_trimming_moves_the_beginning(self):
        topic = self.topic()
        self.cluster.write(topic, [Record(b"k", b"%d" % n) for n in range(5)])
        self.assertEqual(self.cluster.trim(topic, 3), 3)
        self.assertEqual(self.cluster.offsets(topic), (3, 5))
        self.assertEqual([record.value for record in self.cluster.read(topic)], [b"3", b"4"])

    def test_a_topic_deleted_and_made_anew_is_empty(self):
        topic = self.topic()
        self.cluster.write(topic, [Record(b"k", b"v")])
        self.cluster.delete_topic(topic)
        self.assertIsNone(self.cluster.partition(topic))
        self.cluster.create_topic(topic)
        self.assertEqual((self.cluster.offsets(topic), self.cluster.read(topic)), ((0, 0), []))

    def test_no_topic_is_made_by_writing_to_it(self):
        with self.broker.connect() as wire, self.assertRaises(KafkaError) as caught:
            wire.write("nowhere", [Record(b"k", b"v")])
        self.assertEqual(caught.exception.code, UNKNOWN_TOPIC)
        self.assertIsNone(self.cluster.partition("nowhere"))

    def test_a_damaged_batch_is_refused(self):
        topic = self.topic()
        damaged = encode([Record(b"k", b"v")])[:-1] + b"!"
        with self.broker.connect() as wire, self.assertRaises(KafkaError) as caught:
            wire.produce(topic, damaged)
        self.assertEqual(caught.exception.code, CORRUPT_MESSAGE)

    def test_what_was_acknowledged_survives_kill_and_restart(self):
        topic = self.topic()
        self.cluster.write(topic, [Record(b"k", b"before")])
        address, pid = self.broker.address, self.broker.process.pid
        self.broker.kill()
        self.assertFalse(self.broker.running())
        with self.assertRaises(ConnectionRefusedError):
            self.broker.connect()
        self.cluster.start()
        self.assertEqual(self.broker.address, address)
        self.assertNotEqual(self.broker.process.pid, pid)
        self.assertEqual(self.cluster.write(topic, [Record(b"k", b"after")]), 1)
        self.assertEqual([record.value for record in self.cluster.read(topic)], [b"before", b"after"])

    def test_a_polite_stop_and_a_restart(self):
        topic = self.topic()
        self.cluster.write(topic, [Record(b"k", b"v")])
        self.broker.stop()
        self.cluster.start()
        self.assertEqual(len(self.cluster.read(topic)), 1)

    def test_a_paused_broker_says_nothing_until_it_goes_on(self):
        topic = self.topic()
        with self.broker.connect(timeout=0.3) as wire:
            self.broker.pause()
            with self.assertRaises(socket.timeout):
                wire.write(topic, [Record(b"k", b"v")])
            self.broker.resume()
        wait_until(lambda: self.cluster.offsets(topic) == (0, 1), "the record sent meanwhile was taken")

    def test_a_new_cluster_at_the_old_address(self):
        topic = self.topic()
        old = self.cluster.metadata()["cluster_id"]
        address = self.cluster.bootstrap
        self.cluster.found()
        seen = self.cluster.metadata()
        self.assertEqual((self.cluster.bootstrap, seen["cluster_id"], seen["topics"]), (address, self.cluster.cluster_id, {}))
        self.assertNotEqual(old, seen["cluster_id"])
        self.assertIsNone(self.cluster.partition(topic))


class ThreeBrokers(ClusterTest):
    brokers = 3

    def setUp(self):
        self.addCleanup(self.restore)

    def test_another_leads_when_the_leader_is_killed(self):
        topic = self.topic()
        self.assertEqual(len(self.cluster.partition(topic)["replicas"]), 3)
        self.assertEqual(self.cluster.topic_config(topic)["min.insync.replicas"], "2")
        self.cluster.write(topic, [Record(b"k", b"before")])
        first = self.cluster.leader(topic)
        first.kill()
        second = self.cluster.leader(topic)
        self.assertNotEqual(first.number, second.number)
        self.assertEqual(self.cluster.write(topic, [Record(b"k", b"meanwhile")]), 1)
        self.cluster.start(first.number)
        self.cluster.wait_in_sync(topic)
        self.assertEqual([record.value for record in self.cluster.read(topic)], [b"before", b"meanwhile"])

    def test_another_leads_when_the_leader_is_frozen(self):
        topic = self.topic()
        first = self.cluster.leader(topic)
        first.pause()
        self.assertNotEqual(self.cluster.leader(topic).number, first.number)
        self.assertEqual(self.cluster.write(topic, [Record(b"k", b"v")]), 0)
        first.resume()
        self.cluster.wait_in_sync(topic)

    def test_the_leader_moves_with_nobody_being_hurt(self):
        topic = self.topic()
        for broker in self.cluster.followers(topic):
            self.cluster.move_leader(topic, broker.number)
            self.assertEqual(self.cluster.leader(topic), broker)
        self.cluster.write(topic, [Record(b"k", b"v")])
        self.assertEqual(len(self.cluster.read(topic)), 1)


class Ends(unittest.TestCase):
    def test_brokers_end_with_a_program_that_is_killed(self):
        child = subprocess.Popen(["python3", "-c", WITH_A_BROKER + "import signal\nsignal.pause()"], cwd=HERE,
                                 stdout=subprocess.PIPE)
        with child:
            number, directory = child.stdout.readline().decode().split()
            pid = int(number)
            self.addCleanup(shutil.rmtree, directory)
            self.addCleanup(lambda: ended(pid) or os.kill(pid, signal.SIGKILL))
            self.assertFalse(ended(pid))
            child.send_signal(signal.SIGKILL)
        wait_until(lambda: ended(pid), "the broker ended")

    def test_a_program_that_fails_leaves_nothing(self):
        ran = subprocess.run(["python3", "-c", WITH_A_BROKER + "raise SystemExit(3)"], cwd=HERE, stdout=subprocess.PIPE,
                             check=False)
        pid, directory = ran.stdout.split()
        self.assertEqual((ran.returncode, ended(int(pid)), os.path.exists(directory)), (3, True, False))

    def test_a_broker_that_cannot_start_says_why(self):
        with self.assertRaisesRegex(AssertionError, "num.io.threads"):
            Cluster(settings={"num.io.threads": "none"})


class Fetching(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="kvs-kafka-fetch-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.env = environment({"XDG_CACHE_HOME": f"{self.directory}/cache", "PATH": f"{self.directory}:{os.environ['PATH']}"})

    def program(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + text)
        os.chmod(path, stat.S_IRWXU)

    def fetch(self):
        return subprocess.Popen(["python3", "kafka_fetch.py"], cwd=HERE, env=self.env, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def test_many_at_once_fetch_once(self):
        self.program("mvn", f"echo >> {self.directory}/calls\nfor word; do case $word in -DoutputDirectory=*) "
                     f"cp -r {kafka_fetch.directory()}/jars \"${{word#*=}}\";; esac; done\n")
        places = set()
        for process in [self.fetch() for _ in range(4)]:
            places.add(process.communicate(timeout=300)[0].decode().strip())
        self.assertEqual(places, {f"{self.directory}/cache/kvs/kafka-{kafka_fetch.VERSION}"})
        with open(f"{self.directory}/calls", encoding="utf-8") as calls:
            self.assertEqual(len(calls.readlines()), 1)
        self.assertEqual(sorted(os.listdir(places.pop())), ["bootstrap.checkpoint", "jars", "pom.xml"])

    def failure(self):
        process = self.fetch()
        said = process.communicate(timeout=300)[1].decode().splitlines()
        self.assertEqual(process.returncode, 1)
        self.assertFalse(os.path.exists(f"{self.directory}/cache/kvs/kafka-{kafka_fetch.VERSION}"))
        return said[-1]

    def test_no_way_to_fetch_is_said_in_one_line(self):
        self.program("mvn", "echo '[ERROR] Could not transfer artifact x: Unknown host'\nexit 1\n")
        self.assertRegex(self.failure(), r"^kafka: cannot fetch Apache Kafka .*: Could not transfer artifact x: Unknown host\. "
                         r".*--without-kafka")

    def test_a_java_too_old_is_said_in_one_line(self):
        self.program("java", "echo 'openjdk version \"11.0.1\"' >&2\n")
        self.assertRegex(self.failure(), r"^kafka: Kafka .* needs Java 17, here is openjdk version \"11.0.1\"\. "
                         r".*--without-kafka")


if __name__ == "__main__":
    main()

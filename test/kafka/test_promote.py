#!/usr/bin/env python3
"""kvs promote: from a data directory to a topic, and by a snapshot the way back."""
import hashlib
import os
import tempfile

from kafka_commands import *
from kafka_harness import *


def contents(directory):
    found = {}
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as file:
            found[name] = hashlib.sha256(file.read()).hexdigest()
    return found


class Promote(CommandTest):
    def setUp(self):
        self.addCleanup(self.restore)
        home = tempfile.TemporaryDirectory(prefix="kvs-promote-")
        self.addCleanup(home.cleanup)
        self.home = home.name
        self.data_dir = os.path.join(self.home, "local")

    def fill(self, *pairs):
        """A data directory with these keys, stored one after the other by a server that has ended."""
        server = Server(data_dir=self.data_dir)
        self.addCleanup(server.remove)
        for key, value in pairs:
            server.put(key, value, {"Content-Type": "text/x-" + key})
        server.stop()
        return server

    def promote(self, *flags, **kw):
        return self.kvs("promote", "--data-dir", self.data_dir, "--to", "kafka", *flags, **kw)

    def records(self, topic=None):
        return self.cluster.read(topic or self.name())

    def test_keys_come_in_the_order_of_their_last_change_with_their_content_types(self):
        self.fill(("a", "1"), ("b", "2"), ("a", "3"), ("c", ""))
        before = contents(self.data_dir)
        said = self.json("promote", "--data-dir", self.data_dir, "--to", "kafka", "--instance", "ada")
        self.assertEqual((said["keys"], said["topic"], said["instance"]), (3, self.name(), "ada"))
        first, *sets = self.records()
        self.assertEqual((first.key, first.value), (None, None))
        self.assertEqual([(one.key, one.value) for one in sets], [(b"b", b"2"), (b"a", b"3"), (b"c", b"")])
        self.assertEqual([one.header(b"content-type") for one in sets], [b"text/x-b", b"text/x-a", b"text/x-c"])
        self.assertEqual(contents(self.data_dir), before)

    def test_an_instance_starts_on_it_under_the_name_it_is_told(self):
        self.fill(("a", "1"), ("b", "2"))
        said = self.json("promote", "--data-dir", self.data_dir, "--to", "kafka", "--instance", "ada")
        self.assertIn("--instance ada", said["start"])
        server = self.instance(name="ada")
        status = server.request("GET", "/v1/status").json()
        self.assertEqual((status["log_id"], status["keys"], status["revision"]), (said["log_id"], 2, 3))
        self.assertEqual(server.request("GET", "/v1/kv/b").header("Content-Type"), "text/x-b")
        self.assertGreater(server.put("c", "3"), 3)
        second = self.instance(name="bob")
        self.assertEqual([event["value"] for event in second.state()], ["1", "2", "3"])
        server.stop()
        second.stop()

    def test_the_topic_is_made_as_it_should_be(self):
        self.fill(("a", "1"))
        self.promote()
        self.kvs("topic", "check")

    def test_many_keys_go_as_fast_as_the_broker_takes_them(self):
        server = Server(data_dir=self.data_dir)
        self.addCleanup(server.remove)
        with server.connect() as connection:
            for n in range(3000):
                connection.request("PUT", "/v1/kv/k%d" % n, None, "x" * 20_000)
        server.stop()
        said = self.json("promote", "--data-dir", self.data_dir, "--to", "kafka")
        self.assertEqual(said["keys"], 3000)
        self.assertEqual(self.cluster.offsets(self.name()), (0, 3001))

    def test_a_topic_that_was_ever_written_to_is_refused(self):
        self.fill(("a", "1"))
        topic = self.topic()
        self.cluster.write(topic, [Record(b"k", b"v")] * 2)
        self.cluster.trim(topic, 2)  # nothing is there any more, but something was
        self.assertIn("is not empty", self.promote(code=1).stderr)
        self.assertEqual(self.cluster.offsets(topic), (2, 2))

    def test_an_unsafe_topic_is_refused(self):
        self.fill(("a", "1"))
        topic = self.topic(retention_ms=1000)
        self.assertIn("not safe", self.promote(code=1).stderr)
        self.assertEqual(self.cluster.offsets(topic), (0, 0))

    def test_a_directory_in_use_is_refused(self):
        server = self.fill(("a", "1"))
        server.start()
        self.assertIn("in use by another process", self.promote(code=1).stderr)
        server.stop()
        self.promote()

    def test_a_directory_without_data_is_refused_and_left_alone(self):
        self.assertIn("no directory", self.promote(code=1).stderr)
        os.mkdir(self.data_dir)
        self.assertIn("no data of kvs", self.promote(code=1).stderr)
        self.assertEqual(os.listdir(self.data_dir), [])
        self.assertIsNone(self.cluster.partition(self.name()))

    def test_damaged_data_is_refused_and_left_alone(self):
        self.fill(("a", "1"), ("b", "2"))
        for name in os.listdir(self.data_dir):
            if name.startswith("snapshot-"):
                os.unlink(os.path.join(self.data_dir, name))
        with open(os.path.join(self.data_dir, "journal-0000000001"), "r+b") as file:
            file.seek(70)
            file.write(b"\xff" * 8)
        before = contents(self.data_dir)
        self.promote(code=9)
        self.assertEqual(contents(self.data_dir), before)
        self.assertIsNone(self.cluster.partition(self.name()))

    def test_a_value_larger_than_the_topic_is_meant_for_is_told_before_anything_is_written(self):
        server = Server("--max-value-size", "4MiB", data_dir=self.data_dir)
        self.addCleanup(server.remove)
        server.put("small", "v")
        server.put("large", "x" * (3 << 20))
        server.stop()
        result = self.promote(code=1)
        self.assertIn("large", result.stderr)
        self.assertIn("--max-value-size 3145728", result.stderr)
        self.assertIsNone(self.cluster.partition(self.name()))
        self.promote("--max-value-size", "3MiB")

    def test_brokers_that_do_not_answer_are_told_in_time(self):
        self.fill(("a", "1"))
        self.cluster.brokers[1].pause()
        self.promote("--timeout", "1s", code=5)

    def test_without_a_goal_or_a_source_nothing_is_done(self):
        self.assertIn("--to kafka", self.kvs("promote", "--data-dir", self.data_dir, code=2).stderr)
        self.assertIn("--data-dir", self.kvs("promote", "--to", "kafka", code=2).stderr)

    def test_a_snapshot_is_the_way_back(self):
        self.fill(("a", "1"), ("b", "2"))
        promoted = self.json("promote", "--data-dir", self.data_dir, "--to", "kafka")
        server = self.instance()
        server.put("c", "3", {"Content-Type": "text/x-c"})
        server.stop()  # writes a snapshot
        snapshot = max(name for name in os.listdir(server.data_dir) if name.startswith("snapshot-"))
        back = os.path.join(self.home, "back")
        restored = self.json("snapshot", "restore", os.path.join(server.data_dir, snapshot), "--data-dir", back)
        self.assertEqual((restored["keys"], restored["restored_log_id"]), (3, promoted["log_id"]))
        self.assertNotEqual(restored["log_id"], promoted["log_id"])
        local = Server(data_dir=back)
        self.addCleanup(local.remove)
        self.assertEqual(local.request("GET", "/v1/status").json()["log_id"], restored["log_id"])
        self.assertEqual(local.request("GET", "/v1/kv/c").header("Content-Type"), "text/x-c")
        self.assertGreater(local.put("d", "4"), restored["revision"])
        local.stop()

    def test_a_topics_directory_is_not_served_without_it_by_mistake(self):
        self.fill(("a", "1"))
        self.promote()
        server = self.instance()
        revision = server.put("b", "2")
        server.stop()
        local = Server(data_dir=server.data_dir, wait="listening")
        self.addCleanup(local.remove)
        self.assertEqual(local.process.wait(), 1, local.stderr)
        self.assertIn("the data directory holds a history whose order is a Kafka topic's: start it with --bus kafka", local.stderr)
        again = self.instance(data_dir=server.data_dir)
        self.assertGreater(again.put("c", "3"), revision)

    def test_a_local_directory_is_not_served_on_the_topic_by_mistake(self):
        self.fill(("a", "1"))
        self.promote("--instance", "ada")
        server = self.instance(name="ada", data_dir=self.data_dir, wait="listening")
        self.assertEqual(server.process.wait(), 1, server.stderr)
        self.assertIn("the data directory holds a history that is not this topic's: it was written with another --bus; start with an "
                      "empty data directory, or bring the data over with kvs promote", server.stderr)


if __name__ == "__main__":
    main()

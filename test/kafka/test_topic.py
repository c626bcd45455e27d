#!/usr/bin/env python3
"""kvs topic: a topic is made as it should be, judged, shown and trimmed; and what a server says to one that is not safe."""
import os
import shlex
import tempfile

from kafka_commands import *
from kafka_harness import *

RULES = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1", "unclean.leader.election.enable": "false",
         "message.timestamp.type": "LogAppendTime", "max.message.bytes": "8388608"}


class Topic(CommandTest):
    # Whoever names a topic in passing must not bring it into being.
    settings = {"auto.create.topics.enable": "true"}

    def setUp(self):
        self.addCleanup(self.restore)

    def test_a_new_topic_is_as_it_should_be(self):
        found = self.findings("topic", "create")
        self.assertEqual(found["topic"]["found"], self.name() + " is made")
        self.assertEqual({one["level"] for name, one in found.items() if name != "replication"}, {"ok"})
        self.assertEqual(found["replication"]["level"], "warn")  # one broker
        self.assertEqual({**self.cluster.topic_config(self.name()), **RULES}, self.cluster.topic_config(self.name()))

    def test_a_topic_is_made_once(self):
        self.kvs("topic", "create")
        self.cluster.write(self.name(), [Record(b"k", b"v")])
        self.assertEqual(self.findings("topic", "create")["topic"]["found"], self.name() + " was there already")
        self.assertEqual(self.cluster.offsets(self.name()), (0, 1))

    def test_to_look_for_a_topic_does_not_make_it(self):
        found = self.findings("topic", "check", code=1)
        self.assertEqual(list(found), ["topic"])
        self.json("topic", "describe", code=1)
        self.assertIsNone(self.cluster.partition(self.name()))

    def test_the_repair_of_a_missing_topic_is_a_command_that_works(self):
        repair = shlex.split(self.findings("topic", "check", code=1)["topic"]["repair"])
        self.assertEqual(repair[0], "kvs")
        self.kvs(*repair[1:], topic="another")
        self.kvs("topic", "check")

    def test_larger_values_get_a_larger_topic(self):
        self.kvs("topic", "create", "--max-value-size", "16MiB")
        self.assertGreater(int(self.cluster.topic_config(self.name())["max.message.bytes"]), 16 << 20)
        self.assertEqual(self.findings("topic", "check", "--max-value-size", "32MiB", code=1)["max.message.bytes"]["level"],
                         "fail")

    def test_every_unsafe_setting_is_named_with_the_command_that_repairs_it(self):
        unsafe = {"cleanup.policy": "compact", "retention.ms": "604800000", "retention.bytes": "1073741824",
                  "unclean.leader.election.enable": "true", "message.timestamp.type": "CreateTime",
                  "max.message.bytes": "1048588"}
        topic = self.topic(**{name.replace(".", "_"): value for name, value in unsafe.items()})
        found = self.findings("topic", "check", topic=topic, code=1)
        for name, value in unsafe.items():
            self.assertEqual(found[name]["level"], "fail", name)
            self.assertIn(value, found[name]["found"])
            repair = shlex.split(found[name]["repair"])
            self.assertEqual(repair[:5], ["kafka-configs.sh", "--bootstrap-server", self.cluster.bootstrap, "--alter",
                                          "--entity-type"])
            setting, _, good = repair[-1].partition("=")
            self.assertEqual((setting, good), (name, RULES[name]))
            self.cluster.alter_topic(topic, **{setting.replace(".", "_"): good})
        self.findings("topic", "check", topic=topic)

    def test_a_description_is_json_on_a_pipe_and_a_table_when_asked_for(self):
        topic = self.topic()
        self.cluster.write(topic, [Record(b"k", b"v")] * 3)
        self.cluster.trim(topic, 1)
        shown = self.json("topic", "describe")
        self.assertEqual((shown["topic"], shown["exists"], shown["partitions"], shown["replicas"]), (topic, True, 1, 1))
        self.assertEqual((shown["begin"], shown["end"]), (1, 3))
        self.assertEqual(shown["cluster_id"], self.cluster.cluster_id)
        self.assertEqual(shown["settings"]["retention.ms"], "-1")
        self.assertRegex(self.kvs("topic", "describe", "-o", "table").stdout, r"(?m)^offsets +1 to 3$")

    def test_the_table_is_for_people(self):
        self.topic(cleanup_policy="compact")
        text = self.kvs("topic", "check", "-o", "table", code=1).stdout
        self.assertRegex(text, r"(?m)^ok +partitions +one$")
        self.assertRegex(text, r"(?m)^fail +cleanup\.policy +compact: .*\n +kafka-configs\.sh ")

    def test_nobody_there_is_told_in_time(self):
        for command in ("create", "check", "describe"):
            result = self.kvs("topic", command, "--kafka-brokers", "127.0.0.1:1", "--timeout", "1s", code=5)
            self.assertIn("cannot reach Kafka at 127.0.0.1:1", result.stderr)
            self.assertIn("Connection refused", result.stderr)

    def test_a_frozen_broker_is_told_in_time(self):
        self.topic()
        self.cluster.brokers[1].pause()
        result = self.kvs("topic", "check", "--timeout", "1s", code=5)
        self.assertIn("no answer from Kafka", result.stderr)

    def test_settings_of_the_client_are_checked_before_anything_is_done(self):
        result = self.kvs("topic", "check", "--kafka-config", "acks=1", code=2)
        self.assertIn("acks: this is not to be set", result.stderr)
        result = self.kvs("topic", "check", "--kafka-config", "security.protocol=sasl_plaintext", "--kafka-config",
                          "sasl.mechanisms=PLAIN", code=2)
        self.assertIn("do not go together", result.stderr)

    def test_an_argument_is_no_topic(self):
        self.assertIn("--kafka-topic", self.kvs("topic", "check", "kvs", code=2).stderr)


class ThreeBrokers(CommandTest):
    brokers = 3

    def setUp(self):
        self.addCleanup(self.restore)

    def test_a_topic_is_on_three_brokers_of_which_two_acknowledge(self):
        found = self.findings("topic", "create")
        self.assertEqual({one["level"] for one in found.values()}, {"ok"})
        self.assertEqual(len(self.cluster.partition(self.name())["replicas"]), 3)
        self.assertEqual(self.cluster.topic_config(self.name())["min.insync.replicas"], "2")

    def test_a_topic_on_one_of_them_is_not_safe(self):
        topic = self.topic(replicas=1, min_insync_replicas=1)
        found = self.findings("topic", "check", topic=topic, code=1)
        self.assertEqual(found["replication"]["level"], "fail")
        self.assertIn("kafka-reassign-partitions.sh", found["replication"]["repair"])

    def test_a_broker_that_is_away_is_seen(self):
        topic = self.topic()
        self.cluster.wait_in_sync(topic)
        gone = self.cluster.followers(topic)[0]
        gone.kill()
        self.cluster.wait_in_sync(topic, *(set(self.cluster.brokers) - {gone.number}))
        self.assertEqual(self.findings("topic", "check", topic=topic)["in sync"]["found"], "2 of 3")


class Trim(CommandTest):
    """The server's part is played by an answer it would give; the topic is real."""

    LOG = "00000000000000aa"

    def setUp(self):
        self.kvs("topic", "create")
        # An open record of ours with the nonce LOG, as an instance begins a topic with; then whatever.
        server = self.instance()
        self.log_id = server.request("GET", "/v1/status").json()["log_id"]
        for n in range(20):
            server.put("k", str(n))
        server.stop()
        self.begin, self.end = self.cluster.offsets(self.name())

    def trim(self, members, *flags, code=0, log_id=None, kind="kafka", **kw):
        with FakeServer(status_answer(log_id or self.log_id, members, kind)) as server:
            return self.kvs("topic", "trim", "--server", server.address, *flags, code=code, **kw)

    def test_records_below_the_oldest_snapshot_go(self):
        result = self.trim({"ada": 15, "bob": 10}, "--yes", "-o", "table")
        self.assertEqual(result.stdout, "deleted 9 records, up to offset 9; what follows is needed by bob\n")
        self.assertIn("--bootstrap-from", result.stderr)
        self.assertEqual(self.cluster.offsets(self.name()), (9, self.end))  # the record of revision 10 stays

    def test_a_dry_run_deletes_nothing(self):
        result = self.trim({"ada": 15}, "--dry-run", "-o", "table")
        self.assertEqual(result.stdout, "would delete 14 records, up to offset 14; what follows is needed by ada\n")
        self.assertEqual(self.cluster.offsets(self.name()), (0, self.end))

    def test_nobody_to_ask_is_no_yes(self):
        self.assertIn("--yes", self.trim({"ada": 15}, code=2).stderr)
        self.assertEqual(self.cluster.offsets(self.name()), (0, self.end))

    def test_an_instance_without_a_snapshot_keeps_everything(self):
        result = self.trim({"ada": 15, "new": None}, "--yes", "-o", "table")
        self.assertIn("nothing to delete", result.stdout)
        self.assertIn("needed by new", result.stdout)
        self.assertEqual(self.cluster.offsets(self.name()), (0, self.end))

    def test_an_instance_that_will_not_come_back_is_forgotten_by_name(self):
        self.trim({"ada": 15, "old": None}, "--yes", "--forget", "old")
        self.assertEqual(self.cluster.offsets(self.name()), (14, self.end))
        self.assertIn("did you mean ada?", self.trim({"ada": 15, "bob": 7}, "--yes", "--forget", "adb", code=2).stderr)

    def test_with_everybody_forgotten_nothing_is_done(self):
        self.trim({"ada": 15}, "--yes", "--forget", "ada", code=1)
        self.assertEqual(self.cluster.offsets(self.name()), (0, self.end))

    def test_revisions_of_another_history_are_not_used_here(self):
        result = self.trim({"ada": 15}, "--yes", code=1, log_id=self.LOG)
        self.assertIn("must belong together", result.stderr)
        self.assertEqual(self.cluster.offsets(self.name()), (0, self.end))

    def test_a_topic_without_a_history_of_ours_is_not_touched(self):
        other = self.topic_named(self.name() + "-other")
        self.cluster.write(other, [Record(b"k", b"v")] * 5)
        self.trim({"ada": 4}, "--yes", code=1, topic=other)
        self.assertEqual(self.cluster.offsets(other), (0, 5))

    def topic_named(self, name):
        self.cluster.create_topic(name)
        return name

    def test_a_server_on_another_bus_is_told(self):
        self.assertIn("not on a Kafka bus", self.trim({"ada": 15}, "--yes", code=1, kind="local").stderr)

    def test_the_same_again_has_nothing_to_do(self):
        self.trim({"ada": 15}, "--yes")
        self.assertEqual(self.trim({"ada": 15}, "--yes").stdout,
                         '{"deleted":0,"begin":14,"end":%d,"bound_by":"ada","dry_run":false}\n' % self.end)

    def test_whoever_is_behind_the_trimmed_part_comes_in_by_a_snapshot(self):
        """The server's data directory has a snapshot of its own making; another instance gets it over HTTP."""
        server = self.instance()
        self.assertEqual(server.put("k", "newest"), self.cluster.offsets(self.name())[1])
        revision = server.put("k", "newest of all")
        server.stop()  # writes a snapshot
        snapshots = [name for name in os.listdir(server.data_dir) if name.startswith("snapshot-")]
        with open(os.path.join(server.data_dir, max(snapshots)), "rb") as file:
            snapshot = file.read()
        self.trim({"ada": revision}, "--yes")
        late = self.instance(name="late", wait="listening")
        self.assertEqual(late.process.wait(), 1, late.stderr)
        self.assertIn("--bootstrap-from", late.stderr)
        with FakeServer(snapshot_answer(snapshot)) as peer:
            late.flags += ["--bootstrap-from", peer.address]
            late.start("")
            late.process.wait_line("got a snapshot")
            again = late.process.wait_line(r"\blistening\b.*:(\d+)$", count=2)  # a port of the system's choice
            late.address = ("127.0.0.1", int(again.group(1)))
            late.wait_ready()
        self.assertEqual(late.request("GET", "/v1/kv/k").body, b"newest of all")
        late.stop()


class Instances(CommandTest):
    """The same with instances that say for themselves what snapshots they have."""

    def trimmed_by(self, server):
        """Has the server, which has a snapshot on disk, say so, and trims up to there."""
        with server.connect() as connection:
            for n in range(1100):  # an instance says it with the digest it writes every thousand commands
                connection.request("PUT", "/v1/kv/k", None, str(n))

        def said():
            members = server.request("GET", "/v1/status").json()["bus"]["members"]
            return all(one["snapshot"] for one in members) and members

        wait_until(said, "the instance has said that it has a snapshot")
        return self.json("topic", "trim", "--server", "127.0.0.1:%d" % server.port, "--yes")

    def test_a_topic_is_trimmed_by_what_instances_say_and_a_new_one_comes_in_by_a_snapshot(self):
        server = self.instance()
        revision = server.put("first", "v")
        server.stop()  # writes a snapshot
        server.start()
        trimmed = self.trimmed_by(server)
        self.assertEqual((trimmed["begin"], trimmed["bound_by"]), (revision - 1, "ada"))
        self.assertEqual(self.cluster.offsets(self.name())[0], revision - 1)
        file = os.path.join(server.data_dir, "saved")
        self.kvs("snapshot", "save", file, "--server", "127.0.0.1:%d" % server.port)
        self.assertEqual(self.json("snapshot", "inspect", file)["keys"], 2)
        late = self.instance("--bootstrap-from", "127.0.0.1:%d" % server.port, name="late", wait="")
        again = late.process.wait_line(r"\blistening\b.*:(\d+)$", count=2)
        late.address = ("127.0.0.1", int(again.group(1)))
        late.wait_ready()
        self.assertEqual(late.state(), server.state())
        late.stop()
        late.start()  # nothing is fetched again
        self.assertNotIn("getting a snapshot", late.stderr)
        late.stop()
        server.stop()

    def test_whoever_has_everything_goes_on_after_a_trim(self):
        server = self.instance()
        server.put("first", "v")
        server.stop()
        server.start()
        self.trimmed_by(server)
        state = server.state()
        server.kill()
        server.start()
        self.assertEqual(server.state(), state)
        server.stop()

    def test_a_snapshot_of_another_history_is_not_taken(self):
        server = self.instance()
        server.put("first", "v")
        server.stop()
        server.start()
        self.trimmed_by(server)
        elsewhere = self.instance(topic=self.name() + "-2", name="elsewhere")
        with Server() as local:
            for other, words in ((local, "the data directory holds a history that is not this topic's: it was written with another "
                                         "--bus; start with an empty data directory, or bring the data over with kvs promote"),
                                 (elsewhere, "is not the one this instance has applied: the topic was deleted and made anew, or lost records "
                                             "that were acknowledged; find out which, and give this instance an empty data directory")):
                for n in range(3):
                    other.put("k", str(n))
                late = self.instance("--bootstrap-from", "127.0.0.1:%d" % other.port, name="late", wait="")
                self.assertEqual(late.process.wait(), 1, late.stderr)
                self.assertIn("got a snapshot", late.stderr)
                self.assertIn(words, late.stderr)
        for one in (elsewhere, server):
            one.stop()


class Serve(CommandTest):
    def refused(self, *flags, **kw):
        server = self.instance(*flags, wait="listening", **kw)
        self.assertEqual(server.process.wait(), 1, server.stderr)
        return server.stderr

    def test_a_server_makes_the_topic_that_is_not_there(self):
        self.instance().stop()
        self.findings("topic", "check")

    def test_a_server_that_is_not_to_make_it_says_how_it_is_made(self):
        text = self.refused("--kafka-create-topic", "never")
        self.assertIn("kvs topic create --kafka-brokers", text)
        self.assertIsNone(self.cluster.partition(self.name()))

    def test_a_server_refuses_a_topic_that_loses_writes_unless_told_otherwise(self):
        self.topic(retention_ms=604800000)
        text = self.refused()
        self.assertIn("retention.ms: 604800000", text)
        self.assertIn("--add-config retention.ms=-1", text)
        server = self.instance("--allow-unsafe-topic")
        self.assertIn("retention.ms", server.stderr)
        server.stop()

    def test_a_compacted_topic_is_refused_whatever_one_allows(self):
        self.topic(cleanup_policy="compact")
        self.assertIn("--add-config cleanup.policy=delete", self.refused("--allow-unsafe-topic"))

    def test_settings_that_do_not_go_together_are_a_usage_error(self):
        server = self.instance("--kafka-config", "security.protocol=sasl_plaintext", "--kafka-config",
                               "sasl.mechanisms=PLAIN", wait="")
        self.assertEqual(server.process.wait(), 2, server.stderr)

    def test_the_clients_settings_are_shown_without_secrets(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write("security.protocol=sasl_ssl\nsasl.username=ada\nsasl.password=geheim\n")
            file.flush()
            result = self.kvs("serve", "--bus", "kafka", "--ephemeral", "--print-kafka-config", "--kafka-config-file",
                              file.name)
        self.assertIn("enable.idempotence=true", result.stdout)
        self.assertIn("sasl.password=(hidden)", result.stdout)
        self.assertNotIn("geheim", result.stdout + result.stderr)

    def test_the_config_file_has_a_section_for_it(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(f"bus = kafka\ninstance = ada\n[kafka]\nbrokers = {self.cluster.bootstrap}\ntopic = {self.name()}\n"
                       "config = linger.ms=1\nconfig = socket.timeout.ms=5000\ncreate-topic = never\n")
            file.flush()
            self.kvs("topic", "create")
            server = Server("--config", file.name)
            self.addCleanup(server.remove)
            self.assertEqual(server.request("GET", "/v1/status").json()["bus"]["kind"], "kafka")
            server.stop()


if __name__ == "__main__":
    main()

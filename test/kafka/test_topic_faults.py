#!/usr/bin/env python3
"""What others may do to the topic: delete it, cut it, change it, and write into it what they like."""
import random
import signal
import struct

import kafka_kcat
from kafka_commands import *
from kafka_harness import *

VERSION_AT = 4  # of a header `kvs`, after its checksum
NULL = 0xFFFFFFFF


def size_of(part):
    return NULL if part is None else len(part)


def signed(record, header):
    """The record with this header of ours, and a checksum that fits it (grammar: kvs/bus/kafka_record.cpp)."""
    content_type = next((value for name, value in record.headers if name == b"content-type"), b"")
    sizes = struct.pack("<III", size_of(record.key), len(content_type), size_of(record.value))
    covered = sizes + header[VERSION_AT:] + (record.key or b"") + content_type + (record.value or b"")
    others = tuple(pair for pair in record.headers if pair[0] != b"kvs")
    return record._replace(headers=((b"kvs", struct.pack("<I", crc32c(covered)) + header[VERSION_AT:]), *others))


class FaultTest(CommandTest):
    def setUp(self):
        self.addCleanup(self.restore)

    def broken(self, server, *words):
        """It has ended by itself, and said all this."""
        self.assertEqual(server.process.wait(), 1, server.stderr)
        for one in words:
            self.assertIn(one, server.stderr)

    def fill(self, server, count=5):
        return [server.put(f"k{n}", f"v{n}") for n in range(count)][-1]

    def catch_up(self, server):
        wait_until(lambda: server.request("GET", "/v1/kv/-?linearizable=1").status in (200, 404), "it reads what is newest")

    @staticmethod
    def wait_put(server, key):
        """The bus may be away for a moment."""
        wait_until(lambda: server.request("PUT", "/v1/kv/" + key, None, "v").status in (200, 201), "writes go on")

    def pairs(self, server):
        self.catch_up(server)
        return {event["key"]: event["value"] for event in server.state()}


class Deleted(FaultTest):
    def write_until_it_ends(self, server):
        """Whatever it says of a write, it must not say that it took effect."""
        statuses = set()
        while server.process.running():
            try:
                statuses.add(server.request("PUT", "/v1/kv/late", None, "x").status)
            except (OSError, ConnectionEnded):
                pass
        self.assertLessEqual(statuses, {503, 504})
        self.assertTrue(statuses)

    def test_made_anew_while_an_instance_runs_on_it(self):
        topic = self.topic()
        server = self.instance()
        self.fill(server)
        self.cluster.delete_topic(topic)
        self.cluster.create_topic(topic)
        self.write_until_it_ends(server)
        self.broken(server, topic, "deleted and made anew", "empty data directory")
        server.start(wait="listening")
        self.broken(server, "deleted and made anew")
        new = self.instance(name="new")
        self.assertEqual(self.pairs(new), {})
        new.stop()

    def test_and_not_made_anew(self):
        topic = self.topic()
        server = self.instance()
        self.fill(server)
        self.cluster.delete_topic(topic)
        self.write_until_it_ends(server)
        self.broken(server, topic)
        server.start(wait="listening")
        self.broken(server, topic, "is not there any more")
        self.assertIsNone(self.cluster.partition(topic))

    def test_made_anew_and_longer_than_before(self):
        topic = self.topic()
        server = self.instance()
        newest = self.fill(server)
        server.stop()
        self.cluster.delete_topic(topic)
        self.cluster.create_topic(topic)
        self.cluster.write(topic, [Record(b"k0", b"other")] * (2 * newest))
        server.start(wait="listening")
        self.broken(server, "is not the one this instance has applied", "made anew")


class Trimmed(FaultTest):
    def test_above_an_instance_that_was_down(self):
        ada, bob = self.instance(), self.instance(name="bob")
        self.fill(ada)
        bob.stop()
        newest = ada.put("k0", "newest")
        self.cluster.trim(self.name(), newest)
        bob.start(wait="listening")
        self.broken(bob, "has been deleted", "--bootstrap-from")
        bob.flags += ["--bootstrap-from", f"http://127.0.0.1:{ada.port}"]
        bob.start(wait="listening")
        self.wait_bootstrapped(bob)
        self.assertEqual(self.pairs(bob), self.pairs(ada))
        self.assertGreater(bob.put("k1", "by bob"), newest)
        self.assertEqual(self.pairs(ada), self.pairs(bob))

    def test_above_an_instance_that_was_frozen(self):
        ada = self.instance()
        bob = self.instance("--bootstrap-from", f"http://127.0.0.1:{ada.port}", name="bob")
        self.fill(ada)
        self.catch_up(bob)
        bob.process.signal(signal.SIGSTOP)
        for n in range(40):  # more than can be on its way to a client that reads nothing
            newest = ada.put(f"large{n}", "x" * 500_000)
        self.cluster.trim(self.name(), newest)
        bob.process.signal(signal.SIGCONT)
        self.wait_bootstrapped(bob)
        self.assertEqual(self.pairs(bob), self.pairs(ada))

    def test_below_an_instance_that_is_up_to_date_changes_nothing(self):
        ada, bob = self.instance(), self.instance(name="bob")
        newest = self.fill(ada)
        self.catch_up(bob)
        self.cluster.trim(self.name(), newest)
        ada.put("k0", "more")
        self.assertEqual(self.pairs(bob)["k0"], "more")
        for server in (ada, bob):
            server.stop()

    @staticmethod
    def wait_bootstrapped(server):
        port = server.process.wait_line(r"\blistening\b.*\burl=\"?http://[^ ]*:(\d+)", count=2).group(1)
        server.address = ("127.0.0.1", int(port))
        server.wait_ready()


class Changed(FaultTest):
    def test_retention_that_was_set_meanwhile_is_refused_at_the_next_start(self):
        topic = self.topic()
        server = self.instance()
        self.fill(server)
        server.stop()
        self.cluster.alter_topic(topic, retention_ms=3_600_000)
        server.start(wait="listening")
        self.broken(server, "retention.ms", f"--entity-name {topic} --add-config retention.ms=-1")
        self.cluster.alter_topic(topic, retention_ms=-1)
        server.start()
        self.assertEqual(len(self.pairs(server)), 5)

    def lose_sight(self, server):
        """The brokers go away and come back: then the topic is looked at anew, at once and not only every few minutes."""
        broker = self.cluster.brokers[1]
        broker.pause()
        wait_until(lambda: not server.request("GET", "/v1/status").json()["bus"]["up"], "it misses the brokers")
        broker.resume()

    def test_retention_that_is_set_while_an_instance_runs_stops_writes_until_it_is_repaired(self):
        topic = self.topic()
        server = self.instance()
        newest = self.fill(server)
        with server.watch() as watch:
            self.cluster.alter_topic(topic, retention_ms=3_600_000)
            self.lose_sight(server)
            server.process.wait_line("level=error .*writes are refused.*retention.ms")
            wait_until(lambda: server.request("GET", "/v1/status").json()["bus"]["up"], "the brokers are back")
            repair = f"--entity-name {topic} --add-config retention.ms=-1"
            for method, target, body in (("PUT", "/v1/kv/k0", "late"), ("DELETE", "/v1/kv/k0", None),
                                         ("POST", "/v1/txn", '{"then":[{"op":"delete","key":"k0"}]}')):
                answer = server.request(method, target, {"Content-Type": "application/json"}, body)
                self.assertEqual((answer.status, answer.json()["code"], answer.header("Retry-After")), (503, "bus_away", "1"))
                self.assertIn("nothing was written", answer.json()["detail"])
                self.assertIn(repair, answer.json()["detail"])
            self.assertIn(repair, server.request("GET", "/v1/status").json()["bus"]["writes_refused"])
            self.assertIn(repair, server.request("GET", "/readyz?verbose").body.decode())
            self.assertIn("\nkvs_bus_writes_refused 1\n", server.request("GET", "/metrics").body.decode())
            self.assertEqual(server.request("GET", "/readyz").status, 200)
            answer = server.request("GET", "/v1/kv/k0?linearizable=1")
            self.assertEqual((answer.status, answer.body, answer.header("Kvs-Stale-Ms")), (200, b"v0", None))
            kafka_kcat.produce(self.cluster, topic, b"k1", b"by hand")  # who writes there all the same is seen
            self.assertEqual(watch.until("set")[-1]["value"], "by hand")
            self.cluster.alter_topic(topic, retention_ms=-1)
            server.process.wait_line("the topic is safe again")
            self.assertGreater(server.put("k0", "late"), newest)
            self.assertEqual(watch.until("set")[-1]["value"], "late")
        self.assertNotIn("writes_refused", server.request("GET", "/v1/status").json()["bus"])
        self.assertIn("\nkvs_bus_writes_refused 0\n", server.request("GET", "/metrics").body.decode())
        server.stop()

    def test_compaction_that_was_set_meanwhile_is_refused_whatever_is_allowed(self):
        topic = self.topic()
        server = self.instance("--allow-unsafe-topic")
        self.fill(server)
        server.stop()
        self.cluster.alter_topic(topic, cleanup_policy="compact,delete")
        server.start(wait="listening")
        self.broken(server, "cleanup.policy=delete")

    def test_what_the_topic_cannot_carry_is_too_large(self):
        self.topic(max_message_bytes=100_000)
        refused = self.instance(name="strict", wait="listening")
        self.broken(refused, "max.message.bytes", "--max-value-size")
        server = self.instance("--allow-unsafe-topic")
        answer = server.request("PUT", "/v1/kv/large", None, "x" * 100_000)
        self.assertEqual((answer.status, answer.json()["code"]), (413, "request_too_large"))
        server.put("small", "x" * 90_000)
        self.assertEqual(list(self.pairs(server)), ["small"])

    def test_a_topic_that_takes_less_than_before_fails_large_writes_and_no_others(self):
        topic = self.topic()
        server = self.instance()
        server.put("large", "1" * 100_000)
        self.cluster.alter_topic(topic, max_message_bytes=50_000)
        answer = server.request("PUT", "/v1/kv/large", None, "2" * 100_000)
        self.assertIn(answer.status, (413, 503), answer)  # told by the broker, and certainly without effect
        self.wait_put(server, "small")
        self.assertEqual(self.pairs(server), {"large": "1" * 100_000, "small": "v"})


class Refused(FaultTest):
    def test_a_topic_that_takes_no_record_at_all_is_said_wherever_one_looks(self):
        topic = self.topic(max_message_bytes=50)
        server = self.instance("--allow-unsafe-topic", wait="listening")
        why = "Message size too large"
        server.process.wait_line("writing to the topic failed.*" + why)
        wait_until(lambda: why in server.request("GET", "/readyz").body.decode(), "/readyz says why")
        wait_until(lambda: why in server.request("GET", "/v1/status").json()["bus"].get("detail", ""), "status says why")
        self.assertIn(f"[-]bus not reached yet (", server.request("GET", "/readyz?verbose").body.decode())
        answer = server.request("GET", "/readyz")
        self.assertEqual((answer.status, answer.header("Retry-After")), (503, "1"))
        self.assertFalse(server.request("GET", "/v1/status").json()["ready"])
        answer = server.request("PUT", "/v1/kv/k", None, "v")
        self.assertEqual((answer.status, answer.json()["code"]), (503, "starting"))
        self.assertEqual(server.stderr.count("writing to the topic failed"), 1)  # it tries again, and is quiet about it
        self.cluster.alter_topic(topic, max_message_bytes=8 << 20)
        server.wait_ready()
        server.put("k", "v")


class AnotherCluster(FaultTest):
    def test_at_the_same_address(self):
        server = self.instance()
        self.fill(server)
        self.cluster.found()
        another = f"this is the Kafka cluster {self.cluster.cluster_id}"
        self.broken(server, another, "--kafka-brokers")
        server.start(wait="listening")  # no topic of that name: that is no reason to look for who has deleted it
        self.broken(server, another)
        self.assertNotIn("somebody has deleted it", server.stderr)
        self.cluster.create_topic(self.name(), retention_ms=3_600_000)  # nor is one of that name a reason to repair it
        server.start(wait="listening")
        self.broken(server, another)
        self.assertNotIn("retention", server.stderr)
        self.cluster.alter_topic(self.name(), retention_ms=-1)
        new = self.instance(name="new")
        self.assertEqual(self.pairs(new), {})


class Foreign(FaultTest):
    def test_sets_and_deletes_by_hand(self):
        server = self.instance()
        server.put("k", "ours")
        with server.watch() as watch:
            kafka_kcat.produce(self.cluster, self.name(), b"city", b"Surat")
            kafka_kcat.produce(self.cluster, self.name(), b"city", b"Pune", [("by", "hand"), ("content-type", "text/x-city")])
            kafka_kcat.produce(self.cluster, self.name(), b"k", None)
            end = self.cluster.offsets(self.name())[1]
            events = watch.until("delete")[1:]
        self.assertEqual([(event["op"], event["key"], event.get("value"), event["revision"]) for event in events],
                         [("set", "city", "Surat", end - 2), ("set", "city", "Pune", end - 1), ("delete", "k", None, end)])
        self.assertEqual(server.request("GET", "/v1/kv/city").etag, f'"{end - 1}"')
        self.assertEqual(self.pairs(self.instance(name="bob")), {"city": "Pune"})

    def test_they_count_for_conditions(self):
        server = self.instance()
        ours = server.put("k", "1")
        kafka_kcat.produce(self.cluster, self.name(), b"k", b"2")
        self.catch_up(server)
        self.assertEqual(server.request("PUT", "/v1/kv/k", {"If-Match": f'"{ours}"'}, "3").status, 412)

    def test_what_can_be_no_key_or_value_is_left_out(self):
        server = self.instance()
        revision = server.put("k", "v")
        self.cluster.write(self.name(), [Record(None, b"no key"), Record(b"", b"empty key"), Record(b"x" * 2000, b"long key"),
                                         Record(b"large", b"x" * (2 << 20)), Record(None, None)])
        after = server.put("after", "v")
        self.assertEqual(after, revision + 6)  # they had their places all the same
        self.assertEqual(self.pairs(server), {"k": "v", "after": "v"})

    def test_bytes_that_are_no_text(self):
        server = self.instance()
        self.cluster.write(self.name(), [Record(b"\xff\0", b"\0\xfe")])
        self.catch_up(server)
        self.assertEqual(server.request("GET", "/v1/kv/%FF%00").body, b"\0\xfe")

    def test_they_are_ignored_where_that_is_wanted(self):
        server = self.instance("--kafka-foreign", "ignore")
        kafka_kcat.produce(self.cluster, self.name(), b"city", b"Surat")
        server.put("k", "v")
        self.assertEqual(self.pairs(server), {"k": "v"})
        self.assertIn("not written by kvs", server.stderr)

    def test_a_topic_that_others_wrote_to_first(self):
        topic = self.topic()
        self.cluster.write(topic, [Record(b"a", b"1"), Record(b"b", b"2"), Record(b"a", None)])
        server = self.instance()
        self.assertEqual(self.pairs(server), {"b": "2"})


class Garbage(FaultTest):
    def setUp(self):
        super().setUp()
        self.server = self.instance()
        self.server.put("real", "v", {"Content-Type": "text/x-real"})
        self.opened, self.record = self.cluster.read(self.name())
        self.header = self.record.header(b"kvs")

    def unharmed(self, *records):
        """They are in the topic, and neither this instance nor one that reads everything sees anything of them."""
        for begin in range(0, len(records), 50):
            self.cluster.write(self.name(), records[begin:begin + 50])
        end = self.cluster.offsets(self.name())[1]
        self.assertEqual(self.server.put("after", "v"), end + 1)
        expected = {"real": "v", "after": "v"}
        self.assertEqual(self.pairs(self.server), expected)
        second = self.instance(name="second")
        self.assertEqual(self.pairs(second), expected)
        self.assertEqual(second.state(), self.server.state())
        for server in (self.server, second):
            server.stop()

    def evil(self, header, key=b"evil", value=b"evil"):
        return Record(key, value, ((b"kvs", header),))

    def test_headers_of_nonsense(self):
        chance = random.Random(1)
        headers = [b"", None, b"\0", b"\xff" * 300, b"{}", b"\0" * 70_000]
        headers += [chance.randbytes(chance.randrange(80)) for _ in range(100)]
        self.unharmed(*(self.evil(header) for header in headers))

    def test_a_real_header_cut_off_or_damaged(self):
        damaged = []
        for bit in range(8 * len(self.header)):
            header = bytearray(self.header)
            header[bit // 8] ^= 1 << bit % 8
            damaged.append(self.record._replace(headers=((b"kvs", bytes(header)),)))
        cut = [self.record._replace(headers=((b"kvs", self.header[:size]),)) for size in range(len(self.header))]
        self.unharmed(*damaged, *cut, self.record._replace(headers=((b"kvs", self.header + b"\0"),)))

    def test_a_real_header_on_another_key_or_value(self):
        self.unharmed(self.evil(self.header), self.record._replace(value=b"evil"), self.record._replace(key=b"evil"),
                      self.record._replace(value=None), self.record._replace(key=None))

    def test_damage_under_a_checksum_that_fits(self):
        """Every byte of it: other logs, epochs, names and kinds, also what counts, because nobody could know better. The
        instances agree on all of it, and take writes, if need be after they have opened anew."""
        second = self.instance(name="second")
        records = []
        for record in (self.record, self.opened):
            for at in range(VERSION_AT + 1, len(record.header(b"kvs"))):
                for value in (0, 0x7F, 0xFF):
                    header = bytearray(record.header(b"kvs"))
                    header[at] = value if header[at] != value else 1
                    records.append(signed(record, bytes(header)))
        name_at = self.opened.header(b"kvs").index(b"\3ada")
        records = [one for one in records if not self.takes_the_name(one, name_at)]
        for begin in range(0, len(records), 50):
            self.cluster.write(self.name(), records[begin:begin + 50])
        for server in (self.server, second):
            self.wait_put(server, "after")
        self.assertEqual(self.pairs(self.server), {"real": "v", "after": "v"})
        self.catch_up(second)
        third = self.instance(name="third")
        self.assertEqual(self.server.state(), second.state())
        self.assertEqual(self.server.state(), third.state())
        for server in (self.server, second, third):
            server.stop()

    def takes_the_name(self, record, name_at):
        """An open record of our name by another process ends ours, as it should."""
        header, opened = record.header(b"kvs"), self.opened.header(b"kvs")
        same_name = header[name_at:name_at + 4] == opened[name_at:name_at + 4]
        return same_name and len(header) == len(opened) and header[5] == opened[5] and header != opened

    def test_the_same_records_once_more(self):
        self.unharmed(self.opened, self.record, self.record, self.opened)

    def test_a_record_in_the_name_of_an_instance_does_not_silence_it(self):
        """With the highest of all numbers: what the instance itself writes does not count any more until it opens anew."""
        place = self.header.index(b"\3ada") + 4 + 8  # its epoch comes first
        forged = self.header[:place] + b"\xff" * 8 + self.header[place + 8:]
        self.cluster.write(self.name(), [signed(self.record, forged)])
        answer = self.server.request("PUT", "/v1/kv/k", None, "1")
        self.assertEqual((answer.status, answer.json()["code"]), (503, "bus_away"))
        self.wait_put(self.server, "after")
        self.assertEqual(self.pairs(self.server), {"real": "v", "after": "v"})

    def test_an_instance_that_was_forgotten_among_a_thousand_others_comes_back(self):
        at = self.opened.header(b"kvs").index(b"\3ada")
        head, tail = self.opened.header(b"kvs")[:at], self.opened.header(b"kvs")[at + 4:]
        log_id = struct.pack("<Q", int(self.server.request("GET", "/v1/status").json()["log_id"], 16))
        head = head[:at - 8] + log_id
        others = [signed(self.opened, head + b"\4" + b"%04d" % number + tail) for number in range(1000)]
        for begin in range(0, len(others), 100):
            self.cluster.write(self.name(), others[begin:begin + 100])
        self.wait_put(self.server, "after")
        self.assertEqual(self.pairs(self.server), {"real": "v", "after": "v"})
        members = self.server.request("GET", "/v1/status").json()["bus"]["members"]
        self.assertEqual(len(members), 1000)

    def test_several_headers_of_ours(self):
        self.unharmed(Record(b"evil", b"evil", ((b"kvs", b"x"), (b"kvs", self.header))),
                      Record(b"evil", b"evil", ((b"kvs", self.header), (b"kvs", self.header))))

    def test_the_checksum_that_the_tests_compute_is_right(self):
        self.assertEqual(dict(signed(self.record, self.header).headers), dict(self.record.headers))
        self.assertEqual(signed(self.opened, self.opened.header(b"kvs")).header(b"kvs"), self.opened.header(b"kvs"))

    def test_a_newer_format_is_not_guessed_at(self):
        header = bytearray(self.header)
        header[VERSION_AT] += 1
        self.cluster.write(self.name(), [signed(self.record, bytes(header))])
        self.broken(self.server, "newer", "offset 2")


class Diverging(FaultTest):
    """A digest that another instance says of its state, and which is not the one here."""

    def forge(self, kind, rest):
        """A record of an instance `other` of this log, which is none of ours; gives its place."""
        head = bytes([self.version, kind, 0]) + struct.pack("<Q", self.log_id) + b"\5other"
        return 1 + self.cluster.write(self.name(), [signed(Record(None, None), b"\0" * VERSION_AT + head + rest)])

    def digest(self, at, value):
        self.sequence += 1
        return self.forge(4, struct.pack("<QQQQQ", self.epoch, self.sequence, at, value, 0))

    def test_who_has_another_digest_stops_and_says_so_and_who_has_none_goes_on(self):
        ada, bob = self.instance(), self.instance(name="bob")
        self.fill(ada)
        self.log_id = int(ada.request("GET", "/v1/status").json()["log_id"], 16)
        self.version = self.cluster.read(self.name())[0].header(b"kvs")[VERSION_AT]
        self.sequence, self.epoch = 0, self.forge(5, struct.pack("<QI", 4711, 1))
        passed = self.digest(0, 0)  # from here on both know what they had at this place
        ada.put("k5", "v5")  # which is journalled: bob need not read again what stands before
        for server in (ada, bob):
            self.catch_up(server)
        bob.stop()
        bob.start()  # and bob does not any more
        self.digest(passed, 4711)
        self.broken(ada, f"the state here is not what another instance has at revision {passed}",
                    "Compare `kvs version` of all instances; then start the wrong one with an empty data directory")
        bob.put("k0", "after")
        self.assertEqual(self.pairs(bob), {**{f"k{n}": f"v{n}" for n in range(6)}, "k0": "after"})
        ada.start()  # it was not: the digest was a forgery
        self.assertEqual(self.pairs(ada), self.pairs(bob))
        for server in (ada, bob):
            server.stop()


if __name__ == "__main__":
    main()

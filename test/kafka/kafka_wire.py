"""Kafka's protocol over one socket, as far as the tests need it: administration, and records byte for byte.

Every request is of the newest version that is still without tagged fields, except where there is none such. The layout of
each stands in its function; the names are those of Kafka's protocol guide.
"""
import itertools
import socket
import struct

from kafka_records import decode, encode

TIMEOUT = 20.0                # seconds for an answer
BROKER_TIMEOUT = 15_000       # milliseconds the broker gives itself for it
MAX_ANSWER = 256 << 20
FETCH_BYTES = 8 << 20
TOPIC, SET, DELETE = 2, 0, 1  # kind of a config resource; operations on a config
EARLIEST, LATEST = -2, -1     # times that stand for the ends of a log

ERRORS = {1: "OFFSET_OUT_OF_RANGE", 3: "UNKNOWN_TOPIC_OR_PARTITION", 5: "LEADER_NOT_AVAILABLE", 6: "NOT_LEADER_OR_FOLLOWER",
          7: "REQUEST_TIMED_OUT", 10: "MESSAGE_TOO_LARGE", 19: "NOT_ENOUGH_REPLICAS", 36: "TOPIC_ALREADY_EXISTS",
          38: "INVALID_REPLICATION_FACTOR", 40: "INVALID_CONFIG", 41: "NOT_CONTROLLER", 44: "POLICY_VIOLATION",
          80: "PREFERRED_LEADER_NOT_AVAILABLE", 84: "ELECTION_NOT_NEEDED", 87: "INVALID_RECORD",
          100: "UNKNOWN_TOPIC_ID"}
ELECTION_NOT_NEEDED = 84


class KafkaError(Exception):
    """What a broker answered instead of doing it."""

    def __init__(self, code, request, text=None):
        super().__init__(f"{request}: {ERRORS.get(code, f'error {code}')}{f' ({text})' if text else ''}")
        self.code = code


class _Writer:
    def __init__(self):
        self.parts = []

    def number(self, form, value):
        self.parts.append(struct.pack(">" + form, value))
        return self

    def string(self, text):
        if text is None:
            return self.number("h", -1)
        data = text.encode("utf-8")
        self.number("h", len(data)).parts.append(data)
        return self

    def bytes(self, data):
        self.number("i", len(data)).parts.append(data)
        return self

    def array(self, items, write):
        """The length and each item; None is the NULL array."""
        self.number("i", -1 if items is None else len(items))
        for item in items or ():
            write(item)
        return self

    # Tagged versions only: lengths are one more than they are, and every structure ends with its (no) tags.
    def compact(self, length):
        assert length < 0x7F
        return self.number("B", length + 1)

    def tags(self):
        return self.number("B", 0)


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, form):
        value, = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(">" + form)
        return value

    def take(self, length):
        if length < 0:
            return None
        self.at += length
        assert self.at <= len(self.data), "answer ends too early"
        return self.data[self.at - length:self.at]

    def string(self):
        data = self.take(self.number("h"))
        return None if data is None else data.decode("utf-8")

    def bytes(self):
        return self.take(self.number("i")) or b""

    def array(self, read):
        return [read() for _ in range(self.number("i"))]

    def numbers(self, form="i"):
        return self.array(lambda: self.number(form))


class Wire:
    """A connection to one broker. Fails with OSError when that is away, and with KafkaError when it refuses."""

    def __init__(self, address, timeout=TIMEOUT):
        self.socket = socket.create_connection(address, timeout)
        self.numbers = itertools.count(1)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.socket.close()

    def _receive(self, length):
        data = bytearray()
        while len(data) < length:
            more = self.socket.recv(min(length - len(data), 1 << 20))
            if not more:
                raise ConnectionResetError("the broker closed the connection")
            data += more
        return bytes(data)

    def ask(self, api, version, body, tagged=False):
        """Sends a request and gives a reader of the answer's body."""
        number = next(self.numbers)
        head = struct.pack(">hhi", api, version, number) + b"\0\x09kvs-tests" + (b"\0" if tagged else b"")
        data = head + b"".join(body.parts)
        self.socket.sendall(struct.pack(">i", len(data)) + data)
        length, = struct.unpack(">i", self._receive(4))
        assert 4 <= length <= MAX_ANSWER, f"answer of {length} bytes"
        reader = _Reader(self._receive(length))
        assert reader.number("i") == number, "answer to something else"
        if tagged:
            reader.number("B")
        return reader

    def metadata(self):
        """What this broker knows: cluster id, its peers that are up, and of every topic's partition 0 leader, replicas, in-sync
        replicas. A topic without a leader has leader -1."""
        answer = self.ask(3, 7, _Writer().number("i", -1).number("b", 0))
        answer.number("i")

        def broker():
            found = answer.number("i"), (answer.string(), answer.number("i"))
            answer.string()
            return found

        def partition():
            answer.number("h")
            index, leader, _ = answer.number("i"), answer.number("i"), answer.number("i")
            return index, {"leader": leader, "replicas": answer.numbers(), "isr": answer.numbers(), "offline": answer.numbers()}

        def topic():
            answer.number("h")
            name, _ = answer.string(), answer.number("b")
            return name, dict(answer.array(partition)).get(0)

        brokers, cluster_id, _ = dict(answer.array(broker)), answer.string(), answer.number("i")
        return {"cluster_id": cluster_id, "brokers": brokers, "topics": dict(answer.array(topic))}

    def create_topic(self, name, replicas, configs):
        body = _Writer()
        body.number("i", 1).string(name).number("i", 1).number("h", replicas).array([], None)
        body.array(list(configs.items()), lambda pair: body.string(pair[0]).string(pair[1]))
        answer = self.ask(19, 4, body.number("i", BROKER_TIMEOUT).number("b", 0))
        answer.number("i")
        answer.array(lambda: (answer.string(), _check(answer.number("h"), "CreateTopics " + name, answer.string())))

    def delete_topic(self, name):
        answer = self.ask(20, 3, _Writer().number("i", 1).string(name).number("i", BROKER_TIMEOUT))
        answer.number("i")
        answer.array(lambda: (answer.string(), _check(answer.number("h"), "DeleteTopics " + name)))

    def alter_configs(self, topic, changes):
        """Sets these configs of a topic; None takes one back to its default."""
        body = _Writer()
        body.number("i", 1).number("b", TOPIC).string(topic)
        body.array(list(changes.items()),
                   lambda pair: body.string(pair[0]).number("b", DELETE if pair[1] is None else SET).string(pair[1]))
        answer = self.ask(44, 0, body.number("b", 0))
        answer.number("i")
        answer.array(lambda: (_check(answer.number("h"), "IncrementalAlterConfigs " + topic, answer.string()),
                              answer.number("b"), answer.string()))

    def describe_configs(self, topic):
        body = _Writer().number("i", 1).number("b", TOPIC).string(topic).number("i", -1).number("b", 0)
        answer = self.ask(32, 3, body.number("b", 0))
        answer.number("i")

        def config():
            pair = answer.string(), answer.string()
            answer.number("b"), answer.number("b"), answer.number("b")  # read-only, source, sensitive
            answer.array(lambda: (answer.string(), answer.string(), answer.number("b")))
            answer.number("b"), answer.string()                         # type, documentation
            return pair

        def resource():
            _check(answer.number("h"), "DescribeConfigs " + topic, answer.string())
            answer.number("b"), answer.string()
            return dict(answer.array(config))

        return answer.array(resource)[0]

    def delete_records(self, topic, before):
        """Trims the log; gives the offset it begins at from now on. For the partition's leader only."""
        body = _Writer().number("i", 1).string(topic).number("i", 1).number("i", 0).number("q", before)
        answer = self.ask(21, 1, body.number("i", BROKER_TIMEOUT))
        answer.number("i")

        def partition():
            _, low = answer.number("i"), answer.number("q")
            _check(answer.number("h"), "DeleteRecords " + topic)
            return low

        return answer.array(lambda: (answer.string(), answer.array(partition)))[0][1][0]

    def list_offset(self, topic, time):
        """The offset at EARLIEST or LATEST (the high watermark). For the partition's leader only."""
        body = _Writer().number("i", -1).number("b", 0)
        body.number("i", 1).string(topic).number("i", 1).number("i", 0).number("i", -1).number("q", time)
        answer = self.ask(2, 5, body)
        answer.number("i")

        def partition():
            answer.number("i")
            _check(answer.number("h"), "ListOffsets " + topic)
            _, offset, _ = answer.number("q"), answer.number("q"), answer.number("i")
            return offset

        return answer.array(lambda: (answer.string(), answer.array(partition)))[0][1][0]

    def produce(self, topic, data):
        """Appends batches, given as bytes, acknowledged by all in-sync replicas; gives the first offset."""
        body = _Writer().string(None).number("h", -1).number("i", BROKER_TIMEOUT)
        answer = self.ask(0, 7, body.number("i", 1).string(topic).number("i", 1).number("i", 0).bytes(data))

        def partition():
            answer.number("i")
            _check(answer.number("h"), "Produce " + topic)
            offset, _, _ = answer.number("q"), answer.number("q"), answer.number("q")
            return offset

        return answer.array(lambda: (answer.string(), answer.array(partition)))[0][1][0]

    def write(self, topic, records):
        return self.produce(topic, encode(records))

    def fetch(self, topic, offset):
        """(records from the batch that holds `offset` on, the offset after them or None at the end)."""
        body = _Writer().number("i", -1).number("i", 0).number("i", 1).number("i", FETCH_BYTES).number("b", 0)
        body.number("i", 1).string(topic).number("i", 1).number("i", 0).number("q", offset).number("i", FETCH_BYTES)
        answer = self.ask(1, 4, body)
        answer.number("i")

        def partition():
            answer.number("i")
            _check(answer.number("h"), "Fetch " + topic)
            answer.number("q"), answer.number("q")
            answer.array(lambda: (answer.number("q"), answer.number("q")))  # aborted transactions, NULL here
            return answer.bytes()

        return decode(answer.array(lambda: (answer.string(), answer.array(partition)))[0][1][0])

    def reassign(self, topic, replicas):
        """Gives the partition these replicas, the preferred leader first."""
        name = topic.encode("utf-8")
        body = _Writer().number("i", BROKER_TIMEOUT).compact(1).compact(len(name))
        body.parts.append(name)
        body.compact(1).number("i", 0).compact(len(replicas))
        for replica in replicas:
            body.number("i", replica)
        answer = self.ask(45, 0, body.tags().tags().tags(), tagged=True)
        answer.number("i")
        _check(answer.number("h"), "AlterPartitionReassignments " + topic)

    def elect_preferred(self, topic):
        body = _Writer().number("b", 0).number("i", 1).string(topic).number("i", 1).number("i", 0)
        answer = self.ask(43, 1, body.number("i", BROKER_TIMEOUT))
        answer.number("i")
        _check(answer.number("h"), "ElectLeaders " + topic)

        def partition():
            answer.number("i")
            code, text = answer.number("h"), answer.string()
            _check(0 if code == ELECTION_NOT_NEEDED else code, "ElectLeaders " + topic, text)

        answer.array(lambda: (answer.string(), answer.array(partition)))


def _check(code, request, text=None):
    if code:
        raise KafkaError(code, request, text)

"""Rows beside etcd: a listing of few keys among many, and a conditional durable write.

etcd speaks gRPC. h2load is the load generator for both: it sends one request again and again, to etcd as gRPC over HTTP/2,
which is what etcd's own clients do, to kvs as HTTP/1.1. So etcd is not slowed by its JSON gateway, and nobody by a client
library. Each server is asked in the way that suits it best: etcd does more with 64 streams of one connection than with 64
connections, kvs has no streams."""
import struct

from rows import Goal, Measurement, Row
from servers import Etcd, Failed, Kvs, VALUE_SIZE

LISTED = 100
IN_FLIGHT = 64
VALUE = b"x" * VALUE_SIZE
GRPC = {"content-type": "application/grpc", "te": "trailers"}


# Protocol Buffers, as far as these two requests need them (etcd's rpc.proto): message := field*, field := tag payload,
# tag := number << 3 | type, payload := varint (type 0) or length bytes (type 2). gRPC puts a byte for "not compressed" and
# the length in front.

def varint(value):
    encoded = b""
    while value > 127:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])


def number(tag, value):
    return varint(tag << 3) + varint(value)


def nested(tag, data):
    return varint(tag << 3 | 2) + varint(len(data)) + data


def framed(message):
    return b"\0" + struct.pack(">I", len(message)) + message


def range_request(first, behind):
    return framed(nested(1, first) + nested(2, behind))


def put_if_there(key, value):
    """TxnRequest: if VERSION(key) > 0 then put."""
    greater, version = 1, 0
    compare = number(1, greater) + number(2, version) + nested(3, key) + number(4, 0)
    put = nested(2, nested(1, key) + nested(2, value))
    return framed(nested(1, compare) + nested(2, put))


class EtcdBench:
    def __init__(self, bench):
        self.bench = bench
        self.load = bench.load
        self.keys = bench.scale.keys

    # A hundred keys with one prefix

    def prefix(self):
        """All keys of 12 digits that begin with these ten, in the middle of all."""
        return f"key:{self.keys // (2 * LISTED):010d}"

    def list_kvs(self):
        with self.bench.server(Kvs, fsync="never") as server:
            self.load.fill("kvs", server, self.keys)
            figures = self.load.h2load(server, "/v1/kv?prefix=" + self.prefix(), ["--h1"], clients=IN_FLIGHT)
            return self.checked(server, figures)

    def list_etcd(self):
        first = self.prefix().encode()
        behind = first[:-1] + bytes([first[-1] + 1])
        with self.bench.server(Etcd) as server:
            server.fill(self.keys, VALUE)
            figures = self.load.h2load(server, "/etcdserverpb.KV/Range", headers=GRPC, body=range_request(first, behind),
                                       streams=IN_FLIGHT)
            return self.checked(server, figures)

    def checked(self, server, figures):
        """A request that failed within gRPC is a 200, too."""
        if figures["data_bytes"] < figures["answers"] * LISTED * VALUE_SIZE:
            raise Failed(f"{server.name} did not list {LISTED} keys each time: {figures}")
        return figures

    def listings(self):
        return Measurement("list-prefix", {"kvs": self.list_kvs, "etcd": self.list_etcd}, [
            Row("per_second", f"list of {LISTED} keys by their prefix among {self.keys:,}, with values", "/s", [Goal(["etcd"], 5.0)])],
            at_most=1)

    # A write under a condition

    def set_kvs(self):
        with self.bench.server(Kvs, fsync="always") as server:
            server.put("key", "x")
            return self.load.h2load(server, "/v1/kv/key", ["--h1"], headers={":method": "PUT", "if-match": "*"}, body=VALUE,
                                    clients=IN_FLIGHT)

    def set_etcd(self):
        with self.bench.server(Etcd) as server:
            server.put(b"key", b"x")
            figures = self.load.h2load(server, "/etcdserverpb.KV/Txn", headers=GRPC, body=put_if_there(b"key", VALUE),
                                       streams=IN_FLIGHT)
            written = server.version(b"key") - 1
            if written < figures["answers"]:
                raise Failed(f"etcd wrote {written} times in {figures['answers']} requests")
            return figures

    def conditional_sets(self):
        return Measurement("set-if", {"kvs": self.set_kvs, "etcd": self.set_etcd}, [
            Row("per_second", f"durable SET if the key is there, {IN_FLIGHT} at a time", "/s", [Goal(["etcd"], 5.0)])])

    def all(self):
        return [self.listings(), self.conditional_sets()]

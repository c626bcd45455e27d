"""The commands about Kafka, run against a cluster of the class."""
import json

from kafka_harness import *
from kvs_cli import FakeServer, answer, kvs

__all__ = ["CommandTest", "FakeServer", "answer", "snapshot_answer", "status_answer"]


def status_answer(log_id, members, kind="kafka"):
    """What /v1/status of an instance says, as far as it matters here. members: {name: snapshot or None}."""
    listed = [{"name": name, "since": 1, "heard": "2026-11-22T06:12:16.016Z", **({"snapshot": at} if at else {})}
              for name, at in members.items()]
    return answer(200, json.dumps({"log_id": log_id, "bus": {"kind": kind, "up": True, "members": listed}}))


def snapshot_answer(data):
    """An answer of that many bytes as they are."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % len(data) + data


class CommandTest(ClusterTest):
    def kvs(self, *arguments, code=0, topic=None, **kw):
        """Runs it against the cluster, and the topic named after the test; `code` is the exit code it must have."""
        env = {"KVS_KAFKA_BROKERS": self.cluster.bootstrap, "KVS_KAFKA_TOPIC": topic or self.name()}
        env.update(kw.pop("env", {}))
        result = kvs(*arguments, env=env, **kw)
        self.assertEqual(result.code, code, result)
        return result

    def name(self):
        return self.id().rsplit(".", 1)[-1]

    def findings(self, *arguments, code=0, **kw):
        """What check, create or doctor found, by name."""
        lines = self.kvs(*arguments, code=code, **kw).stdout.splitlines()
        return {found["name"]: found for found in map(json.loads, lines)}

    def json(self, *arguments, **kw):
        return json.loads(self.kvs(*arguments, **kw).stdout)

    def instance(self, *flags, topic=None, name="ada", wait="ready", **kw):
        """A server on the topic."""
        server = Server("--bus", "kafka", "--kafka-brokers", self.cluster.bootstrap, "--kafka-topic", topic or self.name(),
                        "--instance", name, *flags, wait=wait, **kw)
        self.addCleanup(server.remove)
        return server

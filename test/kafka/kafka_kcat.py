"""kcat, the way people look at a topic and write into it by hand."""
import json
import subprocess

from kafka_records import Record

TIMEOUT = 60.0
# A client that has seen its broker go finds it again within a second; topics are not made by mistake; the end of a topic is
# noticed at once.
CLIENT = ["-X", "reconnect.backoff.max.ms=1000", "-X", "allow.auto.create.topics=false", "-X", "fetch.wait.max.ms=10"]


def kcat(cluster, *arguments, stdin=b"", timeout=TIMEOUT):
    """Runs kcat against the cluster and gives what it printed, as bytes."""
    ended = subprocess.run(["kcat", "-b", cluster.bootstrap, *CLIENT, *arguments], input=stdin, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=timeout, check=False)
    assert ended.returncode == 0, f"kcat {' '.join(arguments)} ended with {ended.returncode}: {ended.stderr.decode()}"
    return ended.stdout


def produce(cluster, topic, key, value, headers=()):
    """One record. A NULL value is -Z's doing, so it needs a key or there is nothing at all; headers are pairs of str."""
    assert b"\t" not in key and b"\n" not in key + (value or b""), "kcat's delimiters"
    flags = [flag for name, text in headers for flag in ("-H", f"{name}={text}")]
    if value is None:
        flags.append("-Z")
    kcat(cluster, "-P", "-t", topic, "-p", "0", "-K", "\t", *flags, stdin=key + b"\t" + (value or b""))


def consume(cluster, topic, offset="beginning"):
    """Every Record up to the end the topic has now."""
    text = kcat(cluster, "-C", "-q", "-e", "-J", "-t", topic, "-p", "0", "-o", str(offset), "-X", "check.crcs=true")
    return [_record(json.loads(line)) for line in text.decode("utf-8", "surrogateescape").splitlines()]


def _record(line):
    names = iter(line.get("headers", ()))
    pairs = tuple((_bytes(name), _bytes(next(names))) for name in names)
    return Record(_bytes(line["key"]), _bytes(line["payload"]), pairs, line["offset"], line["ts"])


def _bytes(text):
    # kcat passes bytes that are not UTF-8 on as they are.
    return None if text is None else text.encode("utf-8", "surrogateescape")

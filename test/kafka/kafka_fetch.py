#!/usr/bin/env python3
"""Apache Kafka's server, for the tests with a real broker: fetched once, from Maven Central, into the user's cache.

What then lies in $XDG_CACHE_HOME/kvs/kafka-VERSION (else ~/.cache/kvs/kafka-VERSION):

    jars/                 the server and what it needs
    bootstrap.checkpoint  the first metadata of a new cluster, as Kafka's StorageTool writes it; the same for all clusters
    classes-ID.jsa        the classes a broker loads, ready to be mapped into memory by the Java of that ID: halves the start

Each of them is made beside its place and renamed into it, under a lock: any number of tests may ask at the same time.
Run as a program it does the fetching and prints the directory.
"""
import contextlib
import fcntl
import functools
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

VERSION = "4.4.0"
JAVA = 17                # the oldest that this version of Kafka runs on
GOAL = "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies"
FETCH_TIMEOUT = 480.0    # seconds for Maven, all in all
TOOL_TIMEOUT = 120.0     # for anything else of Java's
CHECKPOINT = "__cluster_metadata-0/00000000000000000000-0000000000.checkpoint"  # where a log directory has it

POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>kvs.test</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""

# Enough for the StorageTool; nothing of it gets into the checkpoint.
FORMAT = """process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:2
log.dirs={}
"""


class Unavailable(Exception):
    """One line: what is missing, why, and the way round it."""

    def __init__(self, what):
        super().__init__(f"{what}. Only the tests with a real Kafka broker need it: ./dev test --without-kafka skips them")


def directory():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(cache) / "kvs" / f"kafka-{VERSION}"


def class_path(home):
    return f"{home}/jars/*"


@functools.lru_cache(maxsize=None)
def java_id():
    """Names the Java that is installed; also checks that there is one, and that it is new enough."""
    try:
        said = subprocess.run(["java", "-version"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TOOL_TIMEOUT,
                              check=True).stderr
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"no working java ({error}); package openjdk-{JAVA}-jre-headless") from None
    found = re.search(rb'version "(\d+)', said)
    if not found or int(found.group(1)) < JAVA:
        raise Unavailable(f"Kafka {VERSION} needs Java {JAVA}, here is {said.splitlines()[0].decode()}")
    return hashlib.sha256(said).hexdigest()[:12]


@contextlib.contextmanager
def _lock(home):
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{home}.lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # let go of by the kernel, however we end
        yield


def _maven(pom, jars):
    command = ["mvn", "--quiet", "--batch-mode", "--strict-checksums", "-f", str(pom), GOAL, f"-DoutputDirectory={jars}"]
    what = f"cannot fetch Apache Kafka {VERSION} from Maven Central"
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               timeout=FETCH_TIMEOUT, check=False)
    except FileNotFoundError:
        raise Unavailable(f"{what}: no mvn here; package maven") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{what}: not done within {FETCH_TIMEOUT:.0f} s") from None
    if ended.returncode != 0:
        raise Unavailable(f"{what}: {_reason(ended.stdout.decode('utf-8', 'replace')) or f'mvn ended with {ended.returncode}'}")


def _reason(said):
    """The part of Maven's long sentence that says what did not work."""
    found = re.search(r"Could not (?:transfer|find) artifact .*", said) or re.search(r"(?<=ERROR\] )\S.*", said)
    return found and found.group().partition(" -> [Help")[0][:400].rstrip(".")


def _format(work):
    """Lets Kafka's own tool set up a log directory and keeps the part of it that does not depend on the cluster."""
    properties = work / "format.properties"
    properties.write_text(FORMAT.format(work / "log"), encoding="utf-8")
    java(work, "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "-c", str(properties))
    (work / "log" / CHECKPOINT).rename(work / "bootstrap.checkpoint")
    shutil.rmtree(work / "log")
    properties.unlink()


def java(home, *arguments, flags=()):
    """Runs one of Kafka's classes to its end and gives what it printed."""
    command = ["java", *flags, "-cp", class_path(home), *arguments]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           timeout=TOOL_TIMEOUT, check=False)
    text = ended.stdout.decode("utf-8", "replace")
    if ended.returncode != 0:
        raise AssertionError(f"{arguments[0]} ended with {ended.returncode}:\n{text[-4000:]}")
    return text


def _fetch(home):
    print(f"kafka: fetching Apache Kafka {VERSION} from Maven Central (43 MB, once) into {home}", file=sys.stderr, flush=True)
    for left_over in home.parent.glob(f"{home.name}.part-*"):
        shutil.rmtree(left_over)  # of one who was killed: the lock is ours
    work = pathlib.Path(tempfile.mkdtemp(prefix=f"{home.name}.part-", dir=home.parent))
    try:
        pom = work / "pom.xml"
        pom.write_text(POM, encoding="utf-8")
        _maven(pom, work / "jars")
        _format(work)
        work.chmod(0o755)
        work.rename(home)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def fetched():
    """The directory with jars and checkpoint, after fetching them if they were missing."""
    home = directory()
    java_id()
    with _lock(home):
        if not home.exists():
            _fetch(home)
    return home


def archive(home, make):
    """The class archive for this Java; if there is none yet, `make(path)` is to write one."""
    path = home / f"classes-{java_id()}.jsa"
    with _lock(home):
        if not path.exists():
            part = path.with_suffix(f".part-{os.getpid()}")
            try:
                make(part)
                part.rename(path)
            finally:
                part.unlink(missing_ok=True)
    return path


if __name__ == "__main__":
    try:
        print(fetched())
    except Unavailable as error:
        sys.exit(f"kafka: {error}")

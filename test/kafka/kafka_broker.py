"""One Kafka broker as a process of the test's own: on loopback, in a directory of its own, ended by its process id only."""
import base64
import os
import pathlib
import shutil
import signal
import socket
import tempfile

import kafka_fetch
from kvs_server import Process
from kafka_wire import TIMEOUT, Wire

START_TIMEOUT = 120.0
STARTED = r"Kafka Server started"
QUIET = ["org.apache.kafka.common.config", "org.apache.kafka.common.utils.AppInfoParser", "kafka.utils"]

# C1 alone starts a third faster and takes less memory; what is measured against a broker wants the other compiler, too.
JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.showDateTime=true",
       "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS"]
JVM += [f"-Dorg.slf4j.simpleLogger.log.{name}=warn" for name in QUIET]

# Small, and quick to notice that a broker is gone.
SETTINGS = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "broker.heartbeat.interval.ms": "200",
    "broker.session.timeout.ms": "1500",
    "replica.lag.time.max.ms": "2000",
    "replica.fetch.wait.max.ms": "100",
    "log.cleaner.dedupe.buffer.size": "2097152",
    "num.network.threads": "1",
    "num.io.threads": "2",
    "background.threads": "1",
}


def new_id():
    """A random id as Kafka writes them; none of its own begins with a dash, which its tools would take for a flag."""
    return "k" + base64.urlsafe_b64encode(os.urandom(16)).decode("ascii")[1:21] + "A"


class Port:
    """A free port that stays ours: bound but not listening, which lets the broker listen on it, also after a restart, and
    keeps the kernel from giving it to anybody else meanwhile."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.number = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


class Broker:
    """A broker and controller. `Cluster` makes and starts it."""

    def __init__(self, number, home, directory, memory):
        self.number = number
        self.home = home
        self.directory = pathlib.Path(directory)
        self.memory = memory
        self.port, self.controller_port = Port(), Port()
        self.process = None
        self.paused = False

    @property
    def address(self):
        return "127.0.0.1", self.port.number

    @property
    def log(self):
        """What it said since its last start."""
        return self.process.stderr if self.process else ""

    def format(self, cluster_id):
        """Makes its directory that of a new broker of this cluster, whatever was there."""
        shutil.rmtree(self.directory, ignore_errors=True)
        checkpoint = self.directory / "data" / kafka_fetch.CHECKPOINT
        checkpoint.parent.mkdir(parents=True)
        shutil.copyfile(self.home / "bootstrap.checkpoint", checkpoint)
        (self.directory / "data" / "meta.properties").write_text(
            f"version=1\ncluster.id={cluster_id}\nnode.id={self.number}\ndirectory.id={new_id()}\n", encoding="ascii")

    def configure(self, voters, settings):
        own = {"node.id": self.number, "log.dirs": self.directory / "data", "controller.quorum.voters": voters,
               "listeners": f"PLAINTEXT://127.0.0.1:{self.port.number},CONTROLLER://127.0.0.1:{self.controller_port.number}"}
        lines = [f"{name}={value}\n" for name, value in {**SETTINGS, **own, **settings}.items()]
        (self.directory / "server.properties").write_text("".join(lines), encoding="utf-8")

    def start(self, jvm=()):
        """Returns at once; see wait_started."""
        assert not self.running(), f"broker {self.number} is running"
        command = ["java", *JVM, f"-Xmx{self.memory}m", *jvm, "-cp", kafka_fetch.class_path(self.home), "kafka.Kafka",
                   str(self.directory / "server.properties")]
        self.paused = False
        self.process = Process(command, {"LC_ALL": "C.UTF-8"})

    def wait_started(self):
        """Until it takes requests: it has caught up with the controller and is let in by it."""
        self.process.wait_line(STARTED, START_TIMEOUT)

    def running(self):
        return self.process is not None and self.process.running()

    def serving(self):
        return self.running() and not self.paused

    def connect(self, timeout=TIMEOUT):
        return Wire(self.address, timeout)

    def kill(self):
        """kill -9. What it had acknowledged is in the kernel's hands, so it is there after a restart."""
        if self.running():
            self.process.signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def stop(self):
        """SIGTERM: it hands over what it leads, if there is somebody, and ends."""
        self.process.signal(signal.SIGTERM)
        code = self.process.wait()
        assert code == 128 + signal.SIGTERM, f"broker {self.number} ended with {code}:\n{self.log[-4000:]}"

    def pause(self):
        """Frozen: connections stay open, nothing is answered."""
        self.process.signal(signal.SIGSTOP)
        self.paused = True

    def resume(self):
        self.process.signal(signal.SIGCONT)
        self.paused = False

    def close(self):
        self.kill()
        self.port.close()
        self.controller_port.close()


def make_archive(home, path):
    """Has a broker live once, and write down which classes that took."""
    directory = tempfile.mkdtemp(prefix="kvs-kafka-")
    broker = Broker(1, home, directory, 256)
    try:
        broker.format(new_id())
        broker.configure(f"1@127.0.0.1:{broker.controller_port.number}",
                         {"offsets.topic.replication.factor": 1, "transaction.state.log.replication.factor": 1,
                          "transaction.state.log.min.isr": 1})
        broker.start([f"-XX:ArchiveClassesAtExit={path}"])
        broker.wait_started()
        with broker.connect() as wire:
            wire.create_topic("t", 1, {})
            wire.metadata()
        broker.stop()
    finally:
        broker.close()
        shutil.rmtree(directory, ignore_errors=True)

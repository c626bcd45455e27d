"""Several instances over one topic, on one broker or three, and what can happen to all of them.

A round of it ends with every instance holding the same, byte by byte, and telling the same of every write.
"""
import pathlib
import signal
import sys
import threading

from agreement import disagreement
from cluster import Cluster, Instance
from e2e import ConnectionEnded, Server
from snapshot_bytes import difference, parse
from violations import OTHER_STATES, OTHER_VERDICTS

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "kafka"))
import kafka_cluster  # noqa: E402
from kafka_cluster import wait_until  # noqa: E402
from kafka_fetch import Unavailable  # noqa: E402
from kafka_records import Record  # noqa: E402

TOPIC = "soak"
FLAGS = ("--threads", "2", "--history-memory", "64KiB", "--history-bytes", "2MiB", "--tombstones", "1000")
LONG = 11.0     # seconds: longer than a server lets a write wait
ASKED = 300     # writes of a round, at most, of which every instance is asked what became of them
OVERSIZED = 2 << 20  # bytes, above --max-value-size and below max.message.bytes
LOOKS = 20      # at what all hold, until none of it changes meanwhile
TAKEN = "another process has taken the instance name"


class KafkaInstance(Instance):
    """`number` is the process's for the checks: what another process of the same name shows is not held against it."""

    def __init__(self, number, name, server):
        super().__init__(number)
        self.name = name
        self.server = server
        self.address = server.address
        self.paused = False

    def check_running(self):
        assert self.server.process.running(), f"{self.name} ended by itself:\n{self.server.stderr[-4000:]}"

    def signal(self, number):
        self.check_running()
        self.paused = number == signal.SIGSTOP
        self.server.process.signal(number)

    def kill(self):
        self.check_running()
        self.address = None
        self.paused = False
        self.server.kill()

    def start(self):
        self.server.start(wait="listening")
        self.address = self.server.address

    def status(self):
        return self.server.request("GET", "/v1/status").json()

    def wait_up(self):
        """Until it is ready and the bus is there: everything its earlier processes left on its way has come by or never
        will."""
        def look():
            self.check_running()
            try:
                status = self.status()
            except ConnectionEnded as error:
                raise OSError(str(error)) from error
            return status["ready"] and status["bus"]["up"] and status["bus"]["kind"] == "kafka"

        wait_until(look, f"{self.name} is ready, with its bus")


class KafkaCluster(Cluster):
    round_seconds = 6.0  # brokers take some seconds to come back

    def __init__(self, instances, brokers):
        self.never = threading.Event()
        self.brokers = kafka_cluster.Cluster(brokers)
        self.moving = brokers > 1
        self.instances = []
        self.ended = []  # servers whose names others have taken
        self.made = 0
        try:
            self.brokers.create_topic(TOPIC)
            for number in range(instances):
                self.instances.append(self.new_instance(f"soak-{number}"))
            for instance in self.instances:
                instance.wait_up()
        except BaseException:
            self.remove(False)
            raise
        everywhere = [(4, self.kill), (1, self.kill_all), (2, self.kill_while_starting), (1, self.restart), (3, self.pause),
                      (1, self.pause_long), (3, self.take_over), (2, self.kill_broker), (3, self.pause_broker),
                      (2, self.write_garbage), (1, self.write_oversized)]
        several = [(3, self.kill_leader), (2, self.pause_leader), (3, self.move_leader)]
        self.faults = everywhere + (several if self.moving else [])

    def new_instance(self, name):
        server = Server("--bus", "kafka", "--kafka-brokers", self.brokers.bootstrap, "--kafka-topic", TOPIC, "--instance", name,
                        *FLAGS, wait="listening")
        self.made += 1
        return KafkaInstance(self.made - 1, name, server)

    # Instances

    def kill(self, chance, wait):
        victims = chance.sample(self.instances, chance.choice([1, 1, min(2, len(self.instances))]))
        for victim in victims:
            victim.kill()
        wait(chance.choice([0, chance.uniform(0, 1)]))
        self.heal()

    def kill_all(self, _chance, _wait):
        for victim in self.instances:
            victim.kill()
        self.heal()

    def kill_while_starting(self, chance, wait):
        victim = chance.choice(self.instances)
        victim.kill()
        victim.server.start(wait="")
        wait(chance.uniform(0, 0.5))
        victim.server.kill()
        self.heal()

    def restart(self, chance, _wait):
        victim = chance.choice(self.instances)
        victim.check_running()
        victim.address = None
        victim.server.stop()
        self.heal()

    def pause(self, chance, wait):
        victim = chance.choice(self.instances)
        victim.signal(signal.SIGSTOP)
        wait(chance.choice([chance.uniform(0, 0.5), chance.uniform(0.5, 4)]))
        victim.signal(signal.SIGCONT)

    def pause_long(self, chance, _wait):
        """Beyond the end of the round, if need be: every write it has taken is late when it wakes up."""
        victim = chance.choice(self.instances)
        victim.signal(signal.SIGSTOP)
        self.never.wait(LONG)
        victim.signal(signal.SIGCONT)

    def take_over(self, chance, _wait):
        """It is frozen and thought dead, another process takes its name on an empty disk; then it wakes up."""
        place = chance.randrange(len(self.instances))
        old = self.instances[place]
        old.signal(signal.SIGSTOP)
        new = self.new_instance(old.name)
        new.wait_up()
        self.instances[place] = new
        old.address = None
        old.signal(signal.SIGCONT)
        self.ended.append(old.server)
        code = old.server.process.wait()
        assert code == 1 and TAKEN in old.server.stderr, f"a zombie ended with {code}:\n{old.server.stderr[-4000:]}"
        old.server.remove()
        self.ended.remove(old.server)

    # Brokers

    def kill_broker(self, chance, wait):
        self._kill_broker(chance.choice(list(self.brokers.brokers.values())), chance, wait)

    def pause_broker(self, chance, wait):
        self._pause_broker(chance.choice(list(self.brokers.brokers.values())), chance, wait)

    def kill_leader(self, chance, wait):
        self._kill_broker(self.brokers.leader(TOPIC), chance, wait)

    def pause_leader(self, chance, wait):
        self._pause_broker(self.brokers.leader(TOPIC), chance, wait)

    def move_leader(self, chance, _wait):
        self.brokers.wait_in_sync(TOPIC)
        leader = self.brokers.leader(TOPIC).number
        self.brokers.move_leader(TOPIC, chance.choice([number for number in self.brokers.brokers if number != leader]))

    def _kill_broker(self, broker, chance, wait):
        broker.kill()
        wait(chance.uniform(0, 2))
        self.heal_brokers()

    def _pause_broker(self, broker, chance, wait):
        """Sometimes for so long that everybody notices."""
        broker.pause()
        wait(chance.choice([chance.uniform(0, 1), chance.uniform(1, 5)]))
        self.heal_brokers()

    # Others who write into the topic

    def write_garbage(self, chance, _wait):
        """Nothing of it is a key or a value: only places in the order."""
        records = [Record(b"garbage", b"garbage", ((b"kvs", chance.randbytes(chance.randrange(80))),)) for _ in range(20)]
        records += [Record(None, b"no key"), Record(b"", b"empty key"), Record(b"x" * 2000, b"long key"), Record(None, None)]
        self.brokers.write(TOPIC, chance.sample(records, len(records)))

    def write_oversized(self, _chance, _wait):
        """The topic takes it; as a value it is too large."""
        self.brokers.write(TOPIC, [Record(b"oversized", b"x" * OVERSIZED)])

    # All is well again

    def heal_brokers(self):
        for broker in self.brokers.brokers.values():
            if broker.running() and broker.paused:
                broker.resume()
        self.brokers.start()
        self.brokers.leader(TOPIC)

    def heal(self):
        self.heal_brokers()
        if self.moving:
            self.brokers.wait_in_sync(TOPIC)
        for instance in self.instances:
            if instance.paused:
                instance.signal(signal.SIGCONT)
            if instance.address is None:
                instance.start()
        for instance in self.instances:
            instance.wait_up()

    # What must be the same everywhere

    def compare(self, operations):
        wrong = []
        self.settle()
        self.compare_states(wrong)
        self.compare_verdicts([operation for operation in operations if operation.id], wrong)
        return wrong

    def settle(self):
        """Until every instance has everything that anybody has sent off: what an instance has written stands before its
        barrier."""
        def look():
            before, after = ([self.newest(instance) for instance in self.instances] for _ in range(2))
            return before == after and None not in after

        wait_until(look, "nothing more comes")

    @staticmethod
    def newest(instance):
        """None if its bus goes once more."""
        instance.check_running()
        answer = instance.server.request("GET", "/v1/kv/nothing?linearizable=1")
        assert answer.status in (404, 503, 504), f"{instance.name}: {answer!r}"
        return answer.revision if answer.status == 404 else None

    def compare_states(self, wrong):
        """All at one revision: keys end by themselves meanwhile."""
        for _ in range(LOOKS):
            held = [self.held(instance) for instance in self.instances]
            if len({revision for snapshot, _, after in held for revision in (snapshot.revision, after)}) == 1:
                break
        first = held[0]
        for instance, (snapshot, pairs, _) in zip(self.instances, held):
            words = difference(first[0], snapshot) or ("/getall differs" if first[1] != pairs else "")
            if words:
                wrong.append((OTHER_STATES, f"{self.instances[0].name} and {instance.name}: {words}"))

    @staticmethod
    def held(instance):
        """Its snapshot, all pairs, and the revision it had come to after both."""
        snapshot, pairs, after = (instance.server.request("GET", target) for target in
                                  ("/v1/snapshot", "/getall", "/v1/kv/nothing"))
        return parse(snapshot.body), pairs.body, after.revision

    def compare_verdicts(self, operations, wrong):
        asked = operations[::len(operations) // ASKED + 1]
        told = [self.verdicts(instance, asked) for instance in self.instances]
        words = [disagreement(operation, verdicts) for operation, verdicts in zip(asked, zip(*told))]
        wrong += [(OTHER_VERDICTS, one) for one in words if one]

    @staticmethod
    def verdicts(instance, operations):
        found = []
        with instance.server.connect() as connection:
            for operation in operations:
                answer = connection.request("GET", "/v1/requests/" + operation.id)
                assert answer.status == 200, repr(answer)
                found.append(answer.json())
        return found

    # The end

    def stop(self):
        for instance in self.instances:
            instance.address = None
            instance.server.stop()

    def remove(self, keep_data):
        looks = []
        for server in [instance.server for instance in self.instances] + self.ended:
            if keep_data:
                looks.append(f"data directory {server.data_dir}\nlast words of the server:\n{server.stderr[-4000:]}")
                server.own_directory = None
            server.remove()
        self.brokers.close()
        return "\n".join(looks)


def open_cluster(options):
    instances, brokers = options.instances or 3, options.brokers or 1
    if brokers not in (1, 3):
        raise SystemExit("soak: one broker or three")
    try:
        return KafkaCluster(instances, brokers)
    except Unavailable as error:
        raise SystemExit(f"soak: {error}") from None

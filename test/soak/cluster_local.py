"""One instance on the local bus, and what can happen to it."""
import signal

from cluster import Cluster, Instance
from e2e import Server

# Small, so that watches also read old history from the disk, and now and then fall off its end, and off what is known of
# deleted keys.
FLAGS = ("--threads", "3", "--history-memory", "64KiB", "--history-bytes", "2MiB", "--tombstones", "1000")


class LocalCluster(Cluster):
    def __init__(self):
        self.server = Server(*FLAGS)
        self.stopped = False  # by SIGSTOP
        self.instances = (Instance(0),)
        self.instances[0].address = self.server.address
        self.faults = ((4, self.kill), (2, self.kill_and_kill_again), (2, self.restart), (2, self.stop_and_kill),
                       (3, self.pause))

    def kill(self, chance, wait):
        self._kill()
        wait(chance.choice([0, chance.uniform(0, 0.3)]))
        self.heal()

    def kill_and_kill_again(self, chance, wait):
        """While it starts."""
        self._kill()
        self.server.start(wait="")
        wait(chance.uniform(0, 0.15))
        self._kill()
        self.heal()

    def restart(self, _chance, _wait):
        self._check_running()
        self.instances[0].address = None
        self.server.stop()
        self.heal()

    def stop_and_kill(self, chance, wait):
        """While it is shutting down."""
        self.server.terminate()
        wait(chance.uniform(0, 0.05))
        self._kill(running=False)
        self.heal()

    def pause(self, chance, wait):
        """Sometimes for longer than clients have patience."""
        self._signal(signal.SIGSTOP)
        wait(chance.choice([chance.uniform(0, 0.3), chance.uniform(0.3, 2.5)]))
        self._signal(signal.SIGCONT)

    def _signal(self, number):
        self._check_running()
        self.stopped = number == signal.SIGSTOP
        self.server.process.signal(number)

    def _check_running(self):
        assert self.server.process.running(), f"the instance ended by itself:\n{self.server.stderr[-4000:]}"

    def _kill(self, running=True):
        """Nobody must find another server at an address that was this one's."""
        self.instances[0].address = None
        if running:
            self._check_running()
        self.server.kill()

    def heal(self):
        if self.stopped:
            self._signal(signal.SIGCONT)
        if self.instances[0].address is None:
            self.server.start()
            self.instances[0].address = self.server.address
        self._check_running()

    def stop(self):
        self.instances[0].address = None
        self.server.stop()

    def remove(self, keep_data):
        said = self.server.stderr
        if keep_data:
            self.server.own_directory = None
        self.server.remove()
        return f"data directory {self.server.data_dir}\nlast words of the server:\n{said[-4000:]}" if keep_data else ""


def open_cluster(options):
    if options.instances not in (None, 1) or options.brokers not in (None, 0):
        raise SystemExit("soak: the local bus has one instance and no brokers")
    return LocalCluster()

"""What the soak runs against: instances and the faults they are put through.

A bus has its provider in a file of its own, cluster_BUS.py, with

    def open_cluster(options): the running Cluster; options has what ./dev soak was given (instances, brokers)

and nothing else of the soak knows which bus it is.
"""
import importlib


class Instance:
    """One server. `address` is (host, port) for as long as there is any use in trying, else None; a restart may change it."""

    def __init__(self, number):
        self.number = number
        self.address = None


class Cluster:
    """`instances` are as many for the whole run, whatever happens to them; all ready when the constructor returns. One whose
    process is not the one that showed what it showed gets a new Instance, with a number of its own, in its place.

    Only the thread of the faults calls strike() and heal(); clients read `address` meanwhile. A fault ends only what the
    provider started. What must not happen (an instance that ends by itself, or says something it must not) is an
    AssertionError.
    """

    instances = ()
    faults = ()  # (weight, method) each
    struck = 0   # of them, in their order
    round_seconds = 3.0  # the histories of a round are small enough to be checked at once

    @property
    def alone(self):
        """One instance is all there is: then every one of its reads is linearizable."""
        return len(self.instances) == 1

    def strike(self, chance, wait):
        """One fault from its beginning to its end: each kind once, in their order, from then on what `chance` (a
        random.Random) alone chooses. wait(seconds) waits, but not beyond the end of the round: then it says False, and
        the fault should come to its end. Returns its name."""
        if self.struck < len(self.faults):
            fault = self.faults[self.struck][1]
        else:
            fault = chance.choices([fault for _, fault in self.faults], [weight for weight, _ in self.faults])[0]
        fault(chance, wait)
        self.struck += 1
        return fault.__name__.replace("_", " ")

    @property
    def missing(self):
        """How many kinds of faults have not struck yet."""
        return max(0, len(self.faults) - self.struck)

    def heal(self):
        """Everything runs and is ready again, whatever strike() left."""
        raise NotImplementedError

    def compare(self, operations):
        """After a round, when nobody asks for anything any more: what differs between the instances, as (rule, text).
        `operations` are the writes and reads of the round."""
        return []

    def stop(self):
        """Ends everything in peace."""
        raise NotImplementedError

    def remove(self, keep_data):
        """Ends what still runs, and removes what was made, unless it is to be looked at. Returns what to look at."""
        raise NotImplementedError


def open_cluster(bus, options):
    try:
        provider = importlib.import_module("cluster_" + bus)
    except ModuleNotFoundError as error:
        if error.name != "cluster_" + bus:
            raise
        raise SystemExit(f"soak: there is no provider for the bus '{bus}' (cluster_{bus}.py)") from None
    return provider.open_cluster(options)

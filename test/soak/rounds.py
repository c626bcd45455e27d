"""A round of the soak: everybody at work with faults in between, then quiet, so that what was recorded can be compared."""
import threading

SLOTS = 16       # keys that are new in every round, so that their histories have a beginning
LASTING = 3      # keys that live as long as the run
EXPIRING = 6     # keys that are set for a time, touched and let go
RANGES = 3       # prefixes whose keys are only deleted together,
RANGED = 6       # so many each

# Keys at which things happen that no answer tells in full: it may end by itself, or with many others at once. What is known
# of them is known from watches.
UNTOLD = ("ttl/", "range/")


def fresh_key(slot, number):
    return f"k{slot:02d}/r{number:05d}"


def lasting_key(slot):
    return f"lasting/{slot}"


def expiring_key(slot, number):
    return f"ttl/{slot}/r{number:05d}"


def range_prefix(slot, number):
    return f"range/{slot}/r{number:05d}/"


def ranged_keys(prefix):
    return [prefix + str(place) for place in range(RANGED)]


class Round:
    def __init__(self, number):
        self.number = number
        self.over = threading.Event()    # clients and faults come to their end
        self.broken = threading.Event()  # the cluster can't be healed: everybody stops
        self.target = None               # once all is quiet: the revision that every watcher must reach

    def key(self, chance):
        """Any of them."""
        kind = chance.random()
        if kind < 0.1:
            return expiring_key(chance.randrange(EXPIRING), self.number)
        if kind < 0.2:
            return chance.choice(ranged_keys(self.range(chance)))
        return self.plain_key(chance)

    def range(self, chance):
        return range_prefix(chance.randrange(RANGES), self.number)

    def plain_key(self, chance):
        """One whose answers tell all of it. Some are wanted by everybody."""
        if chance.random() < 0.1:
            return lasting_key(chance.randrange(LASTING))
        return fresh_key(int(SLOTS * chance.random() ** 2), self.number)

    def wait(self, seconds):
        """True after that time; False as soon as the round is over."""
        return not self.over.wait(seconds)

    def pause(self, seconds):
        """The same, but also after the round's end."""
        return not self.broken.wait(seconds)

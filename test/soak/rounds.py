"""A round of the soak: everybody at work with faults in between, then quiet, so that what was recorded can be compared."""
import threading

SLOTS = 16       # keys that are new in every round, so that their histories have a beginning
LASTING = 3      # keys that live as long as the run


def fresh_key(slot, number):
    return f"k{slot:02d}/r{number:05d}"


def lasting_key(slot):
    return f"lasting/{slot}"


class Round:
    def __init__(self, number):
        self.number = number
        self.over = threading.Event()    # clients and faults come to their end
        self.broken = threading.Event()  # the cluster can't be healed: everybody stops
        self.target = None               # once all is quiet: the revision that every watcher must reach

    def key(self, chance):
        """Some keys are wanted by everybody."""
        if chance.random() < 0.1:
            return lasting_key(chance.randrange(LASTING))
        return fresh_key(int(SLOTS * chance.random() ** 2), self.number)

    def wait(self, seconds):
        """True after that time; False as soon as the round is over."""
        return not self.over.wait(seconds)

    def pause(self, seconds):
        """The same, but also after the round's end."""
        return not self.broken.wait(seconds)

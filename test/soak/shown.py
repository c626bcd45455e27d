"""What had been shown by when: the highest revision that any answer or watch had brought before some moment."""
import bisect


class Shown:
    """Filled with add(), then asked with before(). Times in ns; what arrives at a moment counts from after it."""

    def __init__(self):
        self._notes = []
        self._times, self._highest = [], []
        self._floor = 0

    def add(self, time, revision):
        self._notes.append((time, revision))

    def before(self, time):
        if self._notes:
            self._settle()
        place = bisect.bisect_left(self._times, time)
        return self._highest[place - 1] if place else self._floor

    def _settle(self):
        notes = sorted(list(zip(self._times, self._highest)) + self._notes)
        self._notes = []
        self._times, self._highest = [], []
        highest = self._floor
        for time, revision in notes:
            if revision > highest:
                highest = revision
                self._times.append(time)
                self._highest.append(highest)

    def forget(self):
        """Keeps only the highest: everything asked about from now on is later than what was added so far."""
        self._settle()
        if self._highest:
            self._floor = self._highest[-1]
        self._times, self._highest = [], []


class Showings:
    """Of every instance by itself, and of all together."""

    def __init__(self):
        self.anywhere = Shown()
        self._at = {}

    def at(self, instance):
        return self._at.setdefault(instance, Shown())

    def add(self, instance, time, revision):
        self.at(instance).add(time, revision)
        self.anywhere.add(time, revision)

    def forget(self):
        for one in [self.anywhere, *self._at.values()]:
            one.forget()

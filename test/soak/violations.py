"""What the checks can find, by name, and the list they put it on."""
from typing import NamedTuple

# Of the full order
TWO_CHANGES_AT_ONE_REVISION = "two changes at one revision"
APPLIED_TWICE = "applied twice"
NOBODY_ASKED = "a change nobody asked for"
REFUSED_BUT_APPLIED = "refused or failed, but applied"
APPLIED_ELSEWHERE = "applied otherwise than acknowledged"
BEFORE_ITS_CAUSE = "a write below what was shown before it began"
VERDICT = "a verdict against the order"
# Of reads
WENT_BACK = "an instance showed something older than before"
NOT_LINEARIZABLE_READ = "a linearizable read older than what was shown before it began"
BELOW_FLOOR = "below the revision that was asked for"
NEVER_APPLIED = "a revision shown at which nothing was applied"
OTHER_STATE = "not the state at the revision it shows"
# Of one key
NOT_LINEARIZABLE = "no order explains the answers"
# Of keys that end by themselves
TOO_SOON = "a key that went before its time"
OVERDUE = "a key that stays beyond its time"
OTHER_DEADLINE = "a deadline that is not what was asked for"
# Of writes that are asked for again
OTHER_ANSWER = "a retry that was answered otherwise"
# Of ranges
NOT_ALL = "a range delete that did not delete exactly what was there"
# Of watches
MISSING = "a watch missed a change"
UNWANTED = "a watch got a change twice, out of order or unasked"
OTHER_CHANGE = "a watch got another change than others"
SPLIT = "a revision split"
TOO_EARLY = "synced or progress before what precedes it"
BEHIND = "a watch begins or is synced behind what the instance had shown"
INITIAL_STATE = "an initial state that is none"
RESET = "a reset without need"
CURSOR = "a watch that does not begin where it was asked to"
ENDING = "a watch that ends otherwise than asked for"
STUCK = "a watch that does not get there"
# Of answers
ANSWER = "an answer that must not be"
ENDED_BADLY = "an instance that ended badly"
# Between instances
OTHER_STATES = "instances that hold different things"
OTHER_VERDICTS = "a write of which instances tell different things"


class Violation(NamedTuple):
    rule: str
    text: str

    def __str__(self):
        return f"{self.rule}: {self.text}"


class Violations:
    """Keeps the first of each rule in full and counts the others: one fault of kvs may break thousands of checks."""

    KEPT = 5  # of each rule

    def __init__(self):
        self.kept = []
        self.counts = {}

    def add(self, rule, text):
        self.counts[rule] = self.counts.get(rule, 0) + 1
        if self.counts[rule] <= self.KEPT:
            self.kept.append(Violation(rule, text))

    def __bool__(self):
        return bool(self.kept)

    def report(self):
        lines = [str(violation) for violation in self.kept]
        lines += [f"{rule}: {count - self.KEPT} more" for rule, count in self.counts.items() if count > self.KEPT]
        return "\n".join(lines)

"""Histories of a store that keeps its promises, made up by chance: for tests of the checks, without a server.

One order of commands; instances that have applied it up to different places; clients whose calls begin, take effect and
are answered at different moments, or never.
"""
import random

from history import (DELETE, FAILED, IF_ABSENT, IF_PRESENT, IF_REVISION, LINEARIZABLE, LOCAL, MIN_REVISION, OK, READ,
                     REFUSED, SET, UNKNOWN, Found, Operation)


class _Call:
    def __init__(self, operation):
        self.operation = operation
        self.place = None    # in the order, once it has one
        self.verdict = None  # (outcome, revision, created, found)


class Simulation:
    """`run(n)` gives n operations. With one instance, every read is linearizable."""

    def __init__(self, seed, clients=12, keys=3, instances=1, unanswered=0.03):
        self.chance = random.Random(seed)
        self.keys = [f"k{number}" for number in range(keys)]
        self.calls = [None] * clients
        self.lost = []                      # calls nobody waits for any more
        self.applied = [0] * instances      # the place up to which each has applied the order
        self.unanswered = unanswered
        self.log = [(None, None, None)]     # by place: (key, value, the newest change at or below this place)
        self.operations = []
        self.now = 0
        self.known = {}
        self.made = 0

    def run(self, count):
        while self.made < count or any(self.calls):
            self.now += 1
            self.advance(count)
        return self.operations

    def advance(self, count):
        chance = self.chance
        if self.lost and chance.random() < 0.05:
            self.take_effect(self.lost.pop(chance.randrange(len(self.lost))))
        instance = chance.randrange(len(self.applied))
        self.apply(instance, chance.randint(self.applied[instance], len(self.log) - 1))
        client = chance.randrange(len(self.calls))
        call = self.calls[client]
        if call is None:
            if self.made < count:
                self.calls[client] = _Call(self.begin(client))
        elif call.operation.kind != READ and chance.random() < self.unanswered:
            self.give_up(client)
        elif call.place is None:
            self.take_effect(call)
        else:
            self.answer(client)

    def apply(self, instance, place):
        self.applied[instance] = max(self.applied[instance], place)

    def begin(self, client):
        chance = self.chance
        self.made += 1
        operation = Operation(READ, chance.choice(self.keys), self.now, None, UNKNOWN, client=client,
                              instance=chance.randrange(len(self.applied)))
        kind = chance.random()
        if kind < 0.4:
            operation.level = chance.choice([LOCAL, MIN_REVISION, LINEARIZABLE])
            if operation.level == MIN_REVISION:
                operation.floor = self.shown(chance.randrange(len(self.log)))
            return operation
        operation.kind = SET if kind < 0.8 else DELETE
        operation.value = f"v{self.made}" if operation.kind == SET else None
        operation.condition = chance.choice([None, None, (IF_REVISION, self.known.get(operation.key, 1)), (IF_ABSENT,),
                                             (IF_PRESENT,)])
        return operation

    def shown(self, place):
        return self.log[place][2] or 0

    def found(self, key, place):
        while place > 0:
            if self.log[place][0] == key:
                return None if self.log[place][1] is None else Found(place, self.log[place][1])
            place -= 1
        return None

    def take_effect(self, call):
        operation = call.operation
        if operation.kind == READ:
            call.place = {LOCAL: 0, MIN_REVISION: operation.floor, LINEARIZABLE: len(self.log) - 1}[operation.level]
            return
        found = self.found(operation.key, len(self.log) - 1)
        before = self.shown(len(self.log) - 1)
        call.place = len(self.log)
        if not self.holds(operation.condition, found):
            call.verdict = (REFUSED, 0, None, found, before)
        elif operation.kind == DELETE and found is None:
            call.verdict = (OK, 0, None, None, before)
        else:
            self.log.append((operation.key, operation.value, call.place))
            created = found is None if operation.kind == SET else None
            call.verdict = (OK, call.place, created, None, call.place)
            return
        self.log.append((None, None, before))

    @staticmethod
    def holds(condition, found):
        if condition is None:
            return True
        if condition[0] == IF_REVISION:
            return found is not None and found.revision == condition[1]
        return (found is None) == (condition[0] == IF_ABSENT)

    def give_up(self, client):
        call, self.calls[client] = self.calls[client], None
        if call.place is None and self.chance.random() < 0.7:
            self.lost.append(call)
        self.operations.append(call.operation)

    def answer(self, client):
        call, self.calls[client] = self.calls[client], None
        operation = call.operation
        self.apply(operation.instance, call.place)
        operation.end = self.now
        place = self.applied[operation.instance]
        if operation.kind == READ:
            operation.outcome = OK
            operation.shown = self.shown(place)
            operation.found = self.found(operation.key, place)
        elif self.chance.random() < 0.01 and call.verdict[0] == REFUSED:
            operation.outcome = FAILED
        else:
            outcome, operation.revision, operation.created, operation.found, shown = call.verdict
            operation.outcome = outcome
            operation.shown = shown if outcome == OK else self.shown(place)
        if operation.found:
            self.known[operation.key] = operation.found.revision
        elif operation.revision:
            self.known[operation.key] = operation.revision
        self.operations.append(operation)

"""Clients that read and write by chance, everywhere at once, and record every call as an Operation."""
import json
import random
import time
import urllib.parse
from typing import NamedTuple

from e2e import Connection, ConnectionEnded, request_bytes
from history import (DELETE, FAILED, IF_ABSENT, IF_REVISION, LINEARIZABLE, LOCAL, MIN_REVISION, OK, RANGE, READ, REFUSED,
                     SET, TOUCH, UNKNOWN, Found, Operation)
from lifetimes import EXPIRING
from ranges import RANGED
from retries import Retries
from values import ms, tag_of, value_of
from violations import ANSWER

SIZES = (0, 0, 0, 20, 20, 200, 3000)  # of values
PATIENCE = (1.5, 1.5, 1.5, 8.0)       # seconds; some clients give up while a server is only paused
LEAST = 30                            # calls a client makes in a round, however short it is
LIVES = (0, 50, 300, 300, 1000, 3000)  # ms, of a key; 0: it stays

# Statuses that say: without effect, now and for ever.
WITHOUT_EFFECT = {429: "too_many_requests", 503: None, 507: "out_of_space"}


class Offer(NamedTuple):
    """What the server understands beyond plain requests."""
    levels: tuple = (LOCAL,)
    idempotency: bool = False
    transactions: bool = False


def path_of(key):
    return "/v1/kv/" + urllib.parse.quote(key, safe="")


class Client:
    def __init__(self, number, soak, seed):
        self.number = number
        self.soak = soak
        self.chance = random.Random(f"client {seed} {number}")
        self.patience = self.chance.choice(PATIENCE)
        self.connection = None
        self.instance = None
        self.highest = 0     # that it was shown
        self.made = 0
        self.operations = []
        self.wrong = []      # (rule, text)
        self.retries = Retries(self)

    def work(self, round_):
        made_before = self.made
        while not (round_.over.is_set() and self.made - made_before >= LEAST) and not round_.broken.is_set():
            if self.connection is None and not self.connect():
                round_.pause(0.02)
                continue
            self.turn(round_)
            if self.chance.random() < 0.02:
                self.hang_up()

    def hang_up(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def connect(self):
        instance = self.chance.choice(self.soak.cluster.instances)
        address = instance.address
        if address is None:
            return False
        try:
            self.connection = Connection(address, timeout=self.patience)
        except OSError:
            return False
        self.instance = instance
        return True

    # What to ask for

    def turn(self, round_):
        kind = self.chance.random()
        if kind < 0.38:
            self.call([self.read(round_)])
        elif kind < 0.81 or kind < 0.86 and not self.soak.offer.transactions:
            self.call([self.write(round_)])
        elif kind < 0.86:
            self.transact(self.parts(round_))
        elif kind < 0.93:
            self.call([self.chance.choice([self.read, self.write])(round_) for _ in range(self.chance.randint(2, 5))])
        elif kind < 0.96:
            self.walk_away(self.write(round_))
        elif not self.soak.offer.idempotency:
            return
        elif kind < 0.975:
            self.retries.again()
        elif kind < 0.993 or not self.soak.offer.transactions:
            self.insist(self.write(round_), round_)
        else:
            self.insist_together(self.parts(round_), round_)

    def new(self, kind, key):
        self.made += 1
        return Operation(kind, key, 0, None, UNKNOWN, client=self.number, instance=self.instance.number)

    def read(self, round_):
        operation = self.new(READ, round_.key(self.chance))
        operation.level = self.chance.choice(self.soak.offer.levels)
        if operation.level == MIN_REVISION:
            operation.floor = self.highest
        return operation

    def write(self, round_, plain=False):
        chance = self.chance
        key = round_.plain_key(chance) if plain else round_.key(chance)
        if key.startswith(RANGED) and chance.random() < 0.2:
            operation = self.new(RANGE, round_.range(chance))
        elif key.startswith(RANGED):
            operation = self.new(SET, key)
        elif key.startswith(EXPIRING):
            operation = self.new(chance.choice([SET, SET, TOUCH, TOUCH, DELETE]), key)
            if operation.kind != DELETE:
                operation.ttl = chance.choice(LIVES)
        else:
            operation = self.new(SET if chance.random() < 0.8 else DELETE, key)
        operation.id = f"{self.number}.{self.made}"
        if operation.kind == RANGE:
            return operation
        if operation.kind == SET:
            operation.value = f"{self.number}-{round_.number}-{self.made}:{chance.choice(SIZES)}"
        kind = chance.random()
        if kind < 0.45:
            operation.condition = (IF_REVISION, self.soak.known.get(operation.key, 1))
        elif kind < 0.55 and operation.kind == SET:
            operation.condition = (IF_ABSENT,)
        return operation

    def ending(self, key):
        """A touch that lets it go soon."""
        operation = self.new(TOUCH, key)
        operation.ttl = 50
        return operation

    def parts(self, round_):
        """Of a transaction: sets of several keys and perhaps a delete. One at most, because a delete has no value that
        would tell those who saw nothing else that other keys changed with it."""
        parts = {}
        for _ in range(self.chance.randint(2, 4)):
            operation = self.write(round_, plain=True)
            operation.condition, operation.id = None, ""
            if operation.kind == DELETE and any(part.kind == DELETE for part in parts.values()):
                continue
            if operation.kind == SET:
                operation.value = "t" + operation.value
            parts.setdefault(operation.key, operation)
        for part in parts.values():
            part.txn = f"{self.number}.{self.made}"
        return list(parts.values())

    # How to ask

    def request(self, operation):
        headers, query = {}, []
        if operation.id:
            headers["Kvs-Request-Id"] = operation.id
        if operation.condition == (IF_ABSENT,):
            headers["If-None-Match"] = "*"
        elif operation.condition:
            headers["If-Match"] = '"%d"' % operation.condition[1]
        if operation.kind == READ and self.chance.random() < 0.5:
            query.append("record=1")
        if operation.level == LINEARIZABLE:
            query.append("linearizable=1")
        elif operation.level == MIN_REVISION and self.chance.random() < 0.5:
            query.append(f"min_revision={operation.floor}")
        elif operation.level == MIN_REVISION:
            headers["Kvs-Min-Revision"] = str(operation.floor)
        if operation.kind == TOUCH or operation.ttl:
            query.append(f"ttl={operation.ttl}ms" if operation.ttl else "ttl=none")
        path = path_of(operation.key)
        if operation.kind == RANGE:
            path, query = "/v1/kv", ["prefix=" + urllib.parse.quote(operation.key, safe="")]
        target = path + ("?" + "&".join(query) if query else "")
        method = {SET: "PUT", DELETE: "DELETE", RANGE: "DELETE", TOUCH: "PATCH", READ: "GET"}[operation.kind]
        body = value_of(operation.value) if operation.kind == SET else None
        return method, target, headers, body

    def send(self, operations):
        begin = time.monotonic_ns()
        for operation in operations:
            operation.begin = operation.begin or begin
        requests = [request_bytes(*self.request(operation), host=self.connection.host) for operation in operations]
        self.connection.send(b"".join(requests))

    def call(self, operations):
        """Sends them together; the answers come in the same order."""
        self.operations += [operation for operation in operations if operation.kind != READ]
        told = 0  # in this pipeline, so far
        try:
            self.send(operations)
            for operation in operations:
                operation.floor = max(operation.floor, told)
                self.answer(operation, self.connection.read_response())
                told = max(told, told_by(operation))
        except (OSError, ConnectionEnded):  # what was not answered stays unknown
            self.hang_up()

    @staticmethod
    def transaction(parts):
        steps = [{"op": part.kind, "key": part.key, **({"value": value_of(part.value)} if part.kind == SET else {})}
                 for part in parts]
        return "POST", "/v1/txn", {"Content-Type": "application/json"}, json.dumps({"then": steps})

    def transact(self, parts):
        self.operations += parts
        try:
            begin = time.monotonic_ns()
            for part in parts:
                part.begin = begin
            self.connection.send(request_bytes(*self.transaction(parts), host=self.connection.host))
            response = self.connection.read_response()
        except (OSError, ConnectionEnded):
            self.hang_up()
            return
        self.answer_parts(parts, response)

    def answer_parts(self, parts, response):
        results = response.json()["results"] if response.status == 200 else parts
        for part, result in zip(parts, results):
            self.answer(part, response, result)

    def walk_away(self, operation):
        """Sends, and is gone before there is an answer."""
        self.operations.append(operation)
        try:
            self.send([operation])
            if self.chance.random() < 0.5:
                self.connection.abort()
        except OSError:
            pass
        self.hang_up()

    def insist(self, operation, round_):
        """The same write again and again, until it is answered; it must take effect once."""
        operation.id = ""
        self.operations.append(operation)
        response = self.retries.insist(self.request(operation), self.retries.name(round_), round_, [operation])
        if response is not None:
            self.answer(operation, response)
        if not operation.begin:  # never sent
            self.operations.remove(operation)

    def insist_together(self, parts, round_):
        """The same of a transaction."""
        self.operations += parts
        response = self.retries.insist(self.transaction(parts), self.retries.name(round_), round_, parts)
        if response is not None:
            self.answer_parts(parts, response)
        if not parts[0].begin:
            self.operations = [operation for operation in self.operations if operation not in parts]

    # What was answered

    def answer(self, operation, response, result=None):
        operation.end = time.monotonic_ns()
        operation.shown = response.revision
        try:
            self.soak.check_log_id(response.header("Kvs-Log-Id"))
            if response.status == 200 and operation.txn:
                self.note_part(operation, response, result)
            else:
                self.note(operation, response)
        except (AssertionError, KeyError, ValueError) as error:
            self.wrong.append((ANSWER, f"{operation}: {error!r} in {response!r}"))
            return
        if operation.kind == READ:
            self.operations.append(operation)
        if operation.highest():
            self.highest = max(self.highest, operation.highest())
        if operation.kind != RANGE and (operation.found or operation.changed()):
            self.soak.known[operation.key] = operation.found.revision if operation.found else operation.revision

    def note(self, operation, response):
        status = response.status
        if status in WITHOUT_EFFECT:
            operation.outcome, operation.code = FAILED, response.json()["code"]
            assert WITHOUT_EFFECT[status] in (None, operation.code), operation.code
        elif status == 504:
            operation.code = response.json()["code"]
            assert operation.code == ("not_caught_up" if operation.kind == READ else "outcome_unknown"), operation.code
            operation.outcome = FAILED if operation.kind == READ else UNKNOWN
        elif operation.kind == READ:
            self.note_read(operation, response)
        elif status == 412:
            assert operation.condition, "refused without a condition"
            if response.header("Idempotency-Replayed"):  # says that it was refused, not any more by what
                operation.outcome, operation.code = FAILED, "replayed"
                return
            problem = response.json()
            operation.outcome = REFUSED
            operation.found = problem["current"] and found_in(problem["current"], operation.key)
            assert problem["current_revision"] == (operation.found.revision if operation.found else 0)
        elif operation.kind == TOUCH and status == 404:
            assert response.json()["code"] == "no_such_key"
            operation.outcome = OK
        else:
            self.note_write(operation, response)

    @staticmethod
    def note_read(operation, response):
        operation.outcome = OK
        if response.status == 404:
            assert response.json()["code"] == "no_such_key"
            return
        assert response.status == 200, response.status
        revision = int(response.etag.strip('"'))
        if response.header("Content-Type") == "application/json":
            operation.found = found_in(response.json(), operation.key)
            assert operation.found.revision == revision, revision
        else:
            operation.found = Found(revision, tag_of(response.body.decode("utf-8")))

    @staticmethod
    def note_part(operation, response, result):
        """`result`: that of this operation of the transaction."""
        body = response.json()
        assert body["succeeded"] and response.revision == body["revision"], body
        assert (result["op"], result["key"]) == (operation.kind, operation.key), result
        operation.outcome = OK
        if operation.kind == SET:
            assert result["revision"] == body["revision"], body
            operation.revision, operation.created = result["revision"], result["created"]
        else:
            assert result["deleted"] in (0, 1), result
            operation.revision = body["revision"] if result["deleted"] else 0

    @staticmethod
    def note_write(operation, response):
        body = response.json()
        operation.outcome = OK
        if operation.kind == DELETE:
            assert response.status == 200 and body["deleted"] in (0, 1), body
            operation.revision = body["revision"] if body["deleted"] else 0
            operation.shown = body["revision"]
        elif operation.kind == RANGE:
            operation.deleted = body["deleted"]
            operation.revision = body["revision"] if body["deleted"] else 0
            operation.shown = body["revision"]
        elif operation.kind == TOUCH:
            assert response.status == 200 and body["key"] == operation.key, body
            operation.revision = body["revision"]
        else:
            assert response.status == (201 if body["created"] else 200), response.status
            assert body["key"] == operation.key and response.etag == '"%d"' % body["revision"], body
            operation.revision, operation.created = body["revision"], body["created"]
            assert operation.revision > 0, body
        operation.expires = ms(body.get("expires")) or None
        assert response.revision == body["revision"], body


def told_by(operation):
    """What is certain to come before the next request of its pipeline. Not the Kvs-Revision of a refusal: the answers to
    writes of one pipeline are made together, later."""
    refused = operation.outcome != OK or operation.kind == TOUCH and not operation.changed()
    at_its_place = operation.shown if operation.kind == READ or not refused else 0
    return max(operation.revision, operation.found.revision if operation.found else 0, at_its_place or 0)


def found_in(record, key):
    assert record["key"] == key, record
    return Found(record["revision"], tag_of(record["value"]))


def what_is_offered(address):
    """Asks the server itself, so that the soak uses what is there, and says what it used."""
    def ask(method, target, headers=None, body=None):
        with Connection(address) as connection:
            return connection.request(method, target, headers, body)

    levels = [LOCAL]
    for level, parameter in ((MIN_REVISION, "min_revision=0"), (LINEARIZABLE, "linearizable=1")):
        if ask("GET", "/v1/kv/soak-offer?" + parameter).status in (200, 404):
            levels.append(level)
    name = {"Idempotency-Key": f"soak-{time.time_ns()}"}
    statuses = [ask("PUT", "/v1/kv/soak-offer", name, value).status for value in ("first", "other")]
    txn = ask("POST", "/v1/txn", {"Content-Type": "application/json"}, '{"then":[{"op":"get","key":"soak-offer"}]}')
    return Offer(tuple(levels), statuses[1] == 422, txn.status == 200)

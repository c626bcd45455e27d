"""Writes with an Idempotency-Key: again and again until they are answered; and once more later, elsewhere, after whatever
happened meanwhile, when the same must be answered, and nothing happen.
"""
import time
from typing import NamedTuple

from e2e import ConnectionEnded, request_bytes
from violations import OTHER_ANSWER

TRIES = 4    # of a write, until it is answered
KEPT = 20    # answers that a client asks for again
LATER = (409, 503, 504)  # not now: an earlier attempt is on its way, or there is no bus


class Answered(NamedTuple):
    name: str
    request: tuple  # method, target, headers, body
    status: int
    told: dict      # what of its answer must come again


class Retries:
    def __init__(self, client):
        self.client = client
        self.kept = []
        self.repeated = 0

    def name(self, round_):
        return f"{self.client.number}-{round_.number}-{self.client.made}"

    def insist(self, request, name, round_, operations):
        """The answer; None: there was none. `operations` are what it asks for."""
        chance = self.client.chance
        impatient = chance.randrange(3)  # how often it is gone before there is an answer
        for attempt in range(TRIES):
            if self.client.connection is None and not self.client.connect():
                round_.pause(0.02)
                continue
            for operation in operations:
                operation.begin = operation.begin or time.monotonic_ns()
                operation.instance = self.client.instance.number
            response = self.ask(request, name, attempt >= impatient)
            if response is None:
                self.client.hang_up()
            elif response.status in LATER:
                round_.pause(0.02)
            else:
                self.keep(request, name, response)
                return response
        return None

    def ask(self, request, name, patient=True):
        method, target, headers, body = request
        connection = self.client.connection
        try:
            connection.send(request_bytes(method, target, {**headers, "Idempotency-Key": name}, body, host=connection.host))
            return connection.read_response() if patient else None
        except (OSError, ConnectionEnded):
            return None

    def keep(self, request, name, response):
        if response.status not in (200, 201, 404, 412):
            return
        self.kept.append(Answered(name, request, response.status, told_again(response)))
        if len(self.kept) > KEPT:
            self.kept.pop(self.client.chance.randrange(KEPT))

    def again(self):
        """Asks once more for one that was answered, wherever the client is now; sometimes for something else by its name."""
        if not self.kept or self.client.connection is None:
            return
        answered = self.client.chance.choice(self.kept)
        other = self.client.chance.random() < 0.1
        request = ("PUT", "/v1/kv/nobody-sets-this", {}, "other") if other else answered.request
        response = self.ask(request, answered.name)
        if response is None:
            self.client.hang_up()
            return
        if response.status in LATER:
            return
        self.repeated += 1
        if other:
            good = response.status == 422 and response.json()["code"] == "request_key_reused"
        else:
            good = response.status == answered.status and response.header("Idempotency-Replayed") == "true"
            good = good and told_again(response) == answered.told
        if not good:
            self.client.wrong.append((OTHER_ANSWER, f"client {self.client.number} at instance {self.client.instance.number}: "
                                      f"{answered} was answered with {response!r}"))


def told_again(response):
    """All of an answer but values, and what names the request."""
    told = response.json()
    if response.status == 412:
        return {"code": told["code"], "current_revision": told["current_revision"]}
    if response.status == 404:
        return {"code": told["code"]}
    for result in told.get("results", ()):
        result.pop("record", None)
    return told

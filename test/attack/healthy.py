#!/usr/bin/env python3
"""Clients that do nothing but their work: healthy.py PORT. They connect at once and stay connected.

For each line `COUNT RATE` on standard input they make that many requests, at most so many a second (0: each client as soon
as it is answered), check every answer, and print a line of JSON: {"per_second", "p50_ms", "p99_ms", "worst_ms", "refused"}.
A wrong answer, or one that takes longer than DEADLINE, ends them with an error. Every fourth request is a SET, the others
GETs of what the same client has set. 507 is a right answer to a SET (`refused` counts them): then the old value stays."""
import collections
import json
import re
import selectors
import socket
import sys
import time

CLIENTS = 8
DEADLINE = 10.0  # seconds: what the server itself gives a request
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


class Wrong(Exception):
    """The server did not do what it promises."""


class Client:
    def __init__(self, port, number):
        self.key = b"healthy-%d" % number
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.requests = 0
        self.value = self.asked = None  # what is stored; what is to be stored by the request under way, if it is a SET
        self.since = 0.0

    def ask(self, due):
        self.since = due
        self.asked = b"%-100d" % self.requests if self.requests % 4 == 0 else None
        if self.asked:
            self.socket.sendall(b"PUT /v1/kv/%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n%s" % (self.key, self.asked))
        else:
            self.socket.sendall(b"GET /v1/kv/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % self.key)
        self.requests += 1

    def take(self):
        """The status, once the answer is whole."""
        received = self.socket.recv(65536)
        if not received:
            raise Wrong("the server closed a healthy client's connection")
        self.buffer += received
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end or len(body) < int(LENGTH.search(head + b"\r\n").group(1)):
            return None
        self.buffer = b""
        status = int(head[9:12])
        self.check(status, body)
        return status

    def check(self, status, body):
        if self.asked:
            if status in (200, 201):
                self.value = self.asked
            elif status != 507 or self.value is None:
                raise Wrong(f"SET: {status} {body!r}")
        elif status != 200 or body != self.value:
            raise Wrong(f"GET: {status} {body!r} instead of {self.value!r}")


class Clients:
    def __init__(self, port):
        self.selector = selectors.DefaultSelector()
        self.idle = collections.deque()
        for number in range(CLIENTS):
            client = Client(port, number)
            self.selector.register(client.socket, selectors.EVENT_READ, client)
            self.idle.append(client)

    def measure(self, count, rate):
        begun = time.monotonic()
        sent, refused, took = 0, 0, []
        while len(took) < count:
            now = time.monotonic()
            while self.idle and sent < count and (rate == 0 or begun + sent / rate <= now):
                self.idle.popleft().ask(begun + sent / rate if rate else now)
                sent += 1
            wait = DEADLINE if rate == 0 or sent == count or not self.idle else max(0, begun + sent / rate - now)
            ready = self.selector.select(wait)
            now = time.monotonic()
            for key, unused in ready:
                status = key.data.take()
                if status is None:
                    continue
                refused += status == 507
                took.append(now - key.data.since)
                self.idle.append(key.data)
            self.check_deadlines(now)
        took.sort()
        return {"per_second": count / (time.monotonic() - begun), "p50_ms": took[count // 2] * 1000,
                "p99_ms": took[count * 99 // 100] * 1000, "worst_ms": took[-1] * 1000, "refused": refused}

    def check_deadlines(self, now):
        for key in self.selector.get_map().values():
            if key.data not in self.idle and now - key.data.since > DEADLINE:
                raise Wrong(f"no answer within {DEADLINE:g} s")


def main():
    clients = Clients(int(sys.argv[1]))
    print("ready", flush=True)
    for line in sys.stdin:
        count, rate = line.split()
        print(json.dumps(clients.measure(int(count), float(rate))), flush=True)


if __name__ == "__main__":
    try:
        main()
    except (Wrong, OSError) as error:
        sys.exit(f"healthy clients: {error}")

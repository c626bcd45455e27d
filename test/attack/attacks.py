#!/usr/bin/env python3
"""What strangers do to a server, one attack a process: attacks.py NAME PORT [SIZE].

Says `ready` once all of it is under way, goes on until its standard input ends, and ends then as if killed. Whoever is cut
comes back. A process of its own, so that it takes nothing of the healthy clients' but the server."""
import collections
import os
import resource
import selectors
import socket
import struct
import sys
import time

HOST = b"Host: localhost\r\n"
LARGE = 1 << 20                 # bytes of the key `large`, which slow readers ask for
KEPT_BACK = 1024                # bytes of a slow body that trickle in
TRICKLE = 1.0                   # seconds between two bytes of a slow client
BURST = 1 << 16
UPGRADE = (b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
RESET = struct.pack("ii", 1, 0)  # close() sends a reset: no port stays behind in TIME_WAIT


def get(path, fields=b""):
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + fields + b"\r\n"


def ping(payload=b""):
    return bytes([0x89, 0x80 | len(payload)]) + b"\0\0\0\0" + payload


class Attacker:
    """One connection: sends `first`, then what more() gives, and takes as much as it wants of what comes."""

    receive_buffer = None
    appetite = BURST  # bytes it reads at a time; 0: none

    def __init__(self, attack, number):
        self.attack, self.number = attack, number
        self.open()

    def open(self):
        self.socket = socket.socket()
        if self.receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.socket.connect(("127.0.0.1", self.attack.port))
        self.socket.setblocking(False)
        self.out = memoryview(self.first())
        self.attack.watch(self)
        self.write()

    def first(self):
        raise NotImplementedError

    def more(self):
        """What to send when all is sent; empty: nothing for now."""
        return b""

    def tick(self):
        """Every TRICKLE seconds."""

    def write(self):
        try:
            while self.out or self.refill():
                self.out = self.out[self.socket.send(self.out):]
        except BlockingIOError:
            pass
        except OSError:
            return self.cut()
        self.attack.watch(self)

    def refill(self):
        self.out = memoryview(self.more())
        return len(self.out) != 0

    def read(self):
        self.take(self.appetite)

    def take(self, most):
        """So many bytes, or the end of it."""
        try:
            if self.socket.recv(most):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.cut()

    def cut(self):
        """The server has ended it: once more, at the next tick."""
        self.attack.forget(self)
        self.socket.close()
        self.attack.cut.append(self)


class SlowHead(Attacker):
    """A header without end, a byte at a time."""

    def first(self):
        return b"GET /livez HTTP/1.1\r\n" + HOST + b"A: "

    def tick(self):
        self.out = memoryview(b"b")
        self.write()


class SlowBody(Attacker):
    """A value that is as good as there, and then comes a byte at a time."""

    def first(self):
        head = b"PUT /v1/kv/slow-%d HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n" % (self.number, HOST, LARGE)
        return head + b"x" * (LARGE - KEPT_BACK)

    def tick(self):
        if not self.out:
            self.out = memoryview(b"x")
        self.write()


class SlowReader(Attacker):
    """Asks for far more than it reads."""

    receive_buffer = 4096
    appetite = 0

    def first(self):
        return get(b"/v1/kv/large") * 64

    def tick(self):
        self.take(1)


class SlowWatcher(SlowReader):
    """Wants all there is, as each kind of watch in turn."""

    def first(self):
        kinds = [get(b"/v1/watch?initial=1", UPGRADE), get(b"/v1/watch?initial=1", b"Accept: text/event-stream\r\n"),
                 get(b"/v1/watch?since=0&on_gap=diff"), get(b"/v1/watch?since=0&prefix=large&on_gap=diff", UPGRADE)]
        return kinds[self.number % len(kinds)]


class Idle(Attacker):
    """Asks once, which makes it a connection like any other, and then no more."""

    def first(self):
        return get(b"/livez")


class Pipeline(Attacker):
    """Thousands of requests without waiting for an answer, without end."""

    requests = get(b"/v1/kv/large?record=maybe") + get(b"/livez") * 2000 + get(b"/v1/kv/healthy-0") * 2000

    def first(self):
        return self.requests

    def more(self):
        return self.requests


class Pings(Attacker):
    """A watch that is greeted as often as its connection takes it."""

    pings = (ping() + ping(b"are you there?")) * 2000

    def first(self):
        return get(b"/v1/watch?key=nobody", UPGRADE)

    def more(self):
        return self.pings


class Grow(Attacker):
    """New keys without end."""

    count = 0

    def first(self):
        return self.more()

    def more(self):
        Grow.count += 1
        return b"PUT /v1/kv/grow-%d HTTP/1.1\r\n%sContent-Length: 16384\r\n\r\n" % (Grow.count, HOST) + b"x" * 16384


class Attack:
    """All connections of one kind, on one thread."""

    def __init__(self, kind, port, size):
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.cut = collections.deque()
        self.stopped = False
        self.selector.register(sys.stdin.buffer, selectors.EVENT_READ, None)
        self.attackers = [kind(self, number) for number in range(size)]

    def watch(self, attacker):
        events = (selectors.EVENT_READ if attacker.appetite else 0) | (selectors.EVENT_WRITE if attacker.out else 0)
        known = self.selector.get_map().get(attacker.socket.fileno())
        if known is None:
            if events:
                self.selector.register(attacker.socket, events, attacker)
        elif events == 0:
            self.selector.unregister(attacker.socket)
        elif known.events != events:
            self.selector.modify(attacker.socket, events, attacker)

    def forget(self, attacker):
        if attacker.socket.fileno() in self.selector.get_map():
            self.selector.unregister(attacker.socket)

    def run(self):
        tick = time.monotonic()
        while not self.stopped:
            self.turn(max(0, tick - time.monotonic()))
            if time.monotonic() >= tick:
                tick += TRICKLE
                self.tick()

    def turn(self, patience):
        for key, events in self.selector.select(patience):
            if key.data is None:
                self.stopped = True
                continue
            if events & selectors.EVENT_READ:
                key.data.read()
            if events & selectors.EVENT_WRITE and key.data.socket.fileno() >= 0:
                key.data.write()

    def tick(self):
        again = list(self.cut)
        self.cut.clear()
        for attacker in again:
            try:
                attacker.open()
            except OSError:
                attacker.socket.close()
                self.cut.append(attacker)
        for attacker in self.attackers:
            if attacker.socket.fileno() >= 0:
                attacker.tick()


def churn(port, size):
    """Opens connections, asks (or not), and leaves, `size` at a time, without end."""
    os.set_blocking(0, False)
    while True:
        batch = []
        for number in range(size):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.connect(("127.0.0.1", port))
            if number % 4:
                connection.send(get(b"/livez")[:10 * (number % 8)])
            batch.append(connection)
        for connection in batch:
            connection.close()
        yield


ATTACKS = {"slow-heads": (SlowHead, 2000), "slow-bodies": (SlowBody, 400), "slow-readers": (SlowReader, 400),
           "slow-watchers": (SlowWatcher, 400), "idle": (Idle, 10_000), "pipelines": (Pipeline, 4), "pings": (Pings, 4),
           "descriptors": (Idle, 600), "grow": (Grow, 2)}
CHURN = 500  # at a time


def run_churn(port):
    opened = 0
    for unused in churn(port, CHURN):
        opened += CHURN
        if opened == 10_000:
            print("ready", flush=True)
        try:
            if os.read(0, 1) == b"":
                return
        except BlockingIOError:
            pass


def main():
    name, port = sys.argv[1], int(sys.argv[2])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if name == "churn":
        return run_churn(port)
    kind, size = ATTACKS[name]
    attack = Attack(kind, port, min(size, hard - 100))
    print("ready", flush=True)
    attack.run()
    os._exit(0)


if __name__ == "__main__":
    main()

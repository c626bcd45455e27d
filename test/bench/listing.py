"""Everything there is, as quickly as a client gets it: one connection that only counts what comes.

The client does as little as it can, and that in Python's C, so that it is the server that is measured: for HTTP it counts
the ends of lines, for Redis it takes the keys out of SCAN's answer and gives them to MGET as they stand there."""
import re
import socket
import time

from servers import Failed

PIECE = 1 << 20
BATCH = 1000  # keys of one SCAN and MGET: more make Redis no faster
SCAN_HEAD = re.compile(rb"\*2\r\n\$\d+\r\n(\d+)\r\n\*(\d+)\r\n")


def connect(server):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive(connection):
    piece = connection.recv(PIECE)
    if not piece:
        raise Failed("the server closed the connection in the middle")
    return piece


def ndjson_lines(server):
    """How many lines GET /v1/kv has."""
    with connect(server) as connection:
        connection.sendall(b"GET /v1/kv HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n\r\n")
        count, end = 0, b""
        while not end.endswith(b"\r\n0\r\n\r\n"):
            piece = receive(connection)
            count += piece.count(b"}\n") + (end.endswith(b"}") and piece.startswith(b"\n"))
            end = (end + piece[-8:])[-8:]
        return count


def scanned(connection, cursor):
    """One SCAN: the next cursor, how many keys, the keys as RESP."""
    connection.sendall(b"SCAN %s COUNT %d\r\n" % (cursor, BATCH))
    answer = receive(connection)
    while not (head := SCAN_HEAD.match(answer)):
        answer += receive(connection)
    count, keys = int(head.group(2)), answer[head.end():]
    while keys.count(b"\n") < 2 * count:
        keys += receive(connection)
    return head.group(1), count, keys


def take_values(connection, count):
    """The answer to MGET; neither keys nor values of the benchmark have line ends."""
    answer = receive(connection)
    if not answer.startswith(b"*%d\r\n" % count):
        raise Failed(f"Redis: {answer[:100]!r}")
    lines = answer.count(b"\n")
    while lines < 1 + 2 * count:
        lines += receive(connection).count(b"\n")


def scan_and_mget(server):
    """How many values SCAN and MGET give of everything."""
    with connect(server) as connection:
        cursor, values = b"0", 0
        while True:
            cursor, count, keys = scanned(connection, cursor)
            if count:
                connection.sendall(b"*%d\r\n$4\r\nMGET\r\n" % (count + 1) + keys)
                take_values(connection, count)
                values += count
            if cursor == b"0":
                return values


def keys_per_second(read, server, keys, seconds):
    """Again and again for that long; what was read must be all of it."""
    began, rounds = time.perf_counter(), 0
    while rounds == 0 or time.perf_counter() - began < seconds:
        found = read(server)
        if found != keys:
            raise Failed(f"{server.name}: {found} keys listed instead of {keys}")
        rounds += 1
    return {"per_second": rounds * keys / (time.perf_counter() - began)}

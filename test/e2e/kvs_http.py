"""HTTP over a socket, byte for byte: what is sent is exactly what the test says, and answers are parsed strictly."""
import json
import re
import socket

TIMEOUT = 20.0  # seconds without a byte; generous, because a sanitizer build on a busy machine is slow


class ConnectionEnded(Exception):
    """The other side closed (or reset) before what was asked for came."""


class Response:
    """One answer. `headers` are (name, value) pairs as sent; `interim` holds the codes of the 1xx answers before it."""

    def __init__(self, head, body, interim=()):
        self.head = head
        self.body = body
        self.interim = list(interim)
        self.status = int(head[9:12])

    @property
    def version(self):
        return self.head[:8].decode("ascii")

    @property
    def headers(self):
        pairs = []
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            if line:
                name, colon, value = line.partition(":")
                assert colon and name and not name[-1].isspace(), f"bad header line {line!r}"
                pairs.append((name, value.strip(" \t")))
        return pairs

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name, default=None):
        """The value of a header that must not be there twice."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} sent {len(values)} times"
        return values[0] if values else default

    @property
    def revision(self):
        """What Kvs-Revision says, as a number; None without it."""
        value = self.header("Kvs-Revision")
        return None if value is None else int(value)

    @property
    def etag(self):
        return self.header("ETag")

    def json(self):
        return json.loads(self.body.decode("utf-8"))

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*(?=\r\n)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*(?=\r\n)", re.IGNORECASE)


def request_bytes(method, target, headers=None, body=None, host="127.0.0.1", version="1.1"):
    """A well-formed request. A header with value None is left out; Host and Content-Length are added unless given."""
    if isinstance(target, str):
        target = target.encode("latin-1")
    fields = {} if host is None else {"Host": host}
    if body is not None:
        if isinstance(body, str):
            body = body.encode("utf-8")
        fields["Content-Length"] = str(len(body))
    for name, value in (headers or {}).items():
        for there in [known for known in fields if known.lower() == name.lower()]:
            del fields[there]
        if name.lower() == "transfer-encoding" and value is not None:
            fields.pop("Content-Length", None)
        fields[name] = value
    lines = [method.encode("latin-1") + b" " + target + b" HTTP/" + version.encode("ascii")]
    for name, value in fields.items():
        if value is not None:
            lines.append(f"{name}: {value}".encode("latin-1"))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def chunked(body, *sizes):
    """`body` in chunks of these sizes, the last chunk takes the rest."""
    out, start = [], 0
    for size in list(sizes) + [len(body)]:
        piece = body[start:start + size]
        start += len(piece)
        if piece:
            out.append(b"%x\r\n%s\r\n" % (len(piece), piece))
    return b"".join(out) + b"0\r\n\r\n"


class Connection:
    """One socket. `address` is (host, port), or the path of a local socket. Not for several threads at once."""

    def __init__(self, address, timeout=TIMEOUT, receive_buffer=None):
        local = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if local else socket.AF_INET, socket.SOCK_STREAM)
        try:
            if receive_buffer:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self.socket.settimeout(timeout)
            self.socket.connect(address)
            if not local:
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            self.socket.close()
            raise
        self.host = "localhost" if local else "%s:%d" % address
        self.buffer = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.socket.close()

    def abort(self):
        """Ends with a reset instead of an orderly close, as a killed client would."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    @property
    def local_address(self):
        """Ours, as the server sees it: IP:PORT."""
        return "%s:%d" % self.socket.getsockname()[:2]

    def send(self, data):
        self.socket.sendall(data)

    def try_send(self, data):
        """Sends as much as the server takes; it may well refuse and close before the end."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def fill(self):
        """Reads more into the buffer. ConnectionEnded at the end of the stream, TimeoutError if nothing comes."""
        try:
            data = self.socket.recv(262144)
        except (ConnectionError, BrokenPipeError) as error:
            raise ConnectionEnded(f"{error} after {bytes(self.buffer[:200])!r}") from error
        if not data:
            raise ConnectionEnded(f"closed after {bytes(self.buffer[:200])!r}")
        self.buffer += data

    def read_exactly(self, size):
        while len(self.buffer) < size:
            self.fill()
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    def read_until(self, mark, limit=1 << 20):
        start = 0
        while True:
            found = self.buffer.find(mark, start)
            if found >= 0:
                return self.read_exactly(found + len(mark))
            assert len(self.buffer) < limit, "no end of the head"
            start = max(0, len(self.buffer) - len(mark))
            self.fill()

    def read_head(self):
        head = self.read_until(b"\r\n\r\n")
        assert re.match(rb"HTTP/1\.[01] \d\d\d [^\r\n]*\r\n", head), f"bad status line: {head[:100]!r}"
        return head

    def read_response(self, method="GET"):
        """The next answer, which answers a request of that method (it decides whether there is a body)."""
        interim = []
        while True:
            head = self.read_head()
            status = int(head[9:12])
            if status >= 200 or status == 101:
                break
            interim.append(status)
        length = _LENGTH.search(head)
        if method == "HEAD" or status in (101, 204, 304):
            body = b""
        elif _CHUNKED.search(head):
            assert length is None, "both a length and chunks"
            body = self.read_chunks()
        elif length:
            body = self.read_exactly(int(length.group(1)))
        else:
            body = self.read_to_end()
        return Response(head, body, interim)

    def read_chunks(self):
        parts = []
        while True:
            line = self.read_until(b"\r\n")[:-2]
            size = int(line.partition(b";")[0], 16)
            if size == 0:
                while self.read_until(b"\r\n") != b"\r\n":
                    pass
                return b"".join(parts)
            parts.append(self.read_exactly(size))
            assert self.read_exactly(2) == b"\r\n", "chunk without its end"

    def read_to_end(self):
        """All that comes until the server closes."""
        try:
            while True:
                self.fill()
        except ConnectionEnded:
            data = bytes(self.buffer)
            self.buffer.clear()
            return data

    def request(self, method, target, headers=None, body=None, **kw):
        kw.setdefault("host", self.host)
        self.send(request_bytes(method, target, headers, body, **kw))
        return self.read_response(method)

    def ends(self):
        """Waits for the end of the stream: True if it came and nothing before it. TimeoutError if it stays open."""
        return self.read_to_end() == b""

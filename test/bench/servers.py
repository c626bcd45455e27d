"""The servers that are compared: each a process of ours on the server's core, with its files in a directory of its own."""
import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

START_TIMEOUT = 60.0
STOP_TIMEOUT = 60.0
VALUE_SIZE = 100
HTTP_READY = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Failed(Exception):
    """A server or the load generator did not do what was asked of it."""


class Cores:
    """One core for the server, another (if there is one) for the load and for us."""

    def __init__(self):
        allowed = sorted(os.sched_getaffinity(0))
        self.server, self.load = allowed[0], allowed[-1]
        self.apart = self.server != self.load
        os.sched_setaffinity(0, {self.load})

    def start(self, arguments, core, **kw):
        """A child takes over the core its parent is on: nothing has to run between fork and exec."""
        os.sched_setaffinity(0, {core})
        try:
            return subprocess.Popen(arguments, **kw)
        finally:
            os.sched_setaffinity(0, {self.load})


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """Started, ready and stopped. Subclasses say with which arguments, and by which answer one knows that it is ready."""

    name = program = ""
    ready_request, ready_answer = b"", b""

    def __init__(self, cores, directory, **settings):
        self.cores = cores
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.process = None
        self.port = 0
        self.ready_after = 0.0

    @classmethod
    def present(cls):
        return shutil.which(cls.program) is not None

    def arguments(self):
        raise NotImplementedError

    def __enter__(self):
        return self.start()

    def __exit__(self, *unused):
        self.kill()

    def start(self):
        """Comes back when the server answers; `ready_after` is how many seconds that took."""
        self.port = free_port()
        arguments = self.arguments()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KVS_")}
        with open(self.directory / "log", "ab") as log:
            began = time.monotonic()
            self.process = self.cores.start(arguments, self.cores.server, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment)
        while not self.answers():
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended with {self.process.returncode} instead of starting: {self.log_end()}")
            if time.monotonic() - began > START_TIMEOUT:
                self.kill()
                raise Failed(f"{self.name} is not ready after {START_TIMEOUT:.0f} s: {self.log_end()}")
        self.ready_after = time.monotonic() - began
        return self

    def answers(self):
        try:
            if self.ask(self.ready_request).startswith(self.ready_answer):
                return True
            time.sleep(0.005)  # each question costs the server a connection, on the core that it starts on
        except OSError:
            time.sleep(0.0005)  # nobody listens yet
        return False

    def ask(self, request):
        """The beginning of what the server says to this on a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=START_TIMEOUT) as connection:
            connection.sendall(request)
            return connection.recv(65536)

    def stop(self):
        """As an operator stops it: with time to put everything in order."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not stop within {STOP_TIMEOUT:.0f} s") from None

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def pid(self):
        return self.process.pid

    def resident(self):
        """Bytes of memory, as the system counts them (VmRSS)."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def log_end(self):
        return (self.directory / "log").read_text(encoding="utf-8", errors="replace")[-500:].strip()


class Kvs(Server):
    name = "kvs"
    ready_request, ready_answer = HTTP_READY, b"HTTP/1.1 200"

    def arguments(self):
        settings = {"fsync": "always", "threads": "1", **self.settings}
        return [self.program, "serve", "--listen", f"127.0.0.1:{self.port}", "--data-dir", str(self.directory / "data"),
                *(word for name, value in settings.items() for word in ("--" + name.replace("_", "-"), str(value)))]

    def has(self, key):
        return self.ask(f"GET /v1/kv/{key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()).startswith(b"HTTP/1.1 200")

    def put(self, key, value):
        self.ask(f"PUT /v1/kv/{key} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(value)}\r\n\r\n{value}".encode())

    def scrape(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=START_TIMEOUT) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            size = 0
            while piece := connection.recv(1 << 20):
                size += len(piece)
        if size < 1000:
            raise Failed(f"kvs: {size} bytes of metrics")

    def scrape_ms(self, times=50):
        began = time.perf_counter()
        for unused in range(times):
            self.scrape()
        return (time.perf_counter() - began) / times * 1000

    @contextlib.contextmanager
    def scraped(self, every):
        """Once every so many seconds for as long as the context lasts."""
        end = threading.Event()

        def scrape():
            while not end.wait(every):
                self.scrape()

        scraper = threading.Thread(target=scrape)
        scraper.start()
        try:
            yield
        finally:
            end.set()
            scraper.join()


class Encrypted:
    """What a server with TLS has beside the others: a certificate of its own, and how to ask it."""

    def certificate(self):
        """(certificate, key)"""
        certificate, key = self.directory / "certificate.pem", self.directory / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        key.chmod(0o600)
        return certificate, key

    def ask(self, request):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.port), timeout=START_TIMEOUT) as connection:
            with context.wrap_socket(connection) as encrypted:
                encrypted.sendall(request)
                return encrypted.recv(65536)


class TlsKvs(Encrypted, Kvs):
    def arguments(self):
        certificate, key = self.certificate()
        return [*super().arguments(), "--tls-cert", str(certificate), "--tls-key", str(key)]


class Redis(Server):
    name = program = "redis-server"
    protocol = "redis"
    ready_request, ready_answer = b"PING\r\n", b"+PONG"

    def arguments(self):
        settings = {"save": "", "appendonly": "no", "maxclients": "15000", "auto-aof-rewrite-percentage": "0",
                    "client-output-buffer-limit": "pubsub 0 0 0", **self.settings}
        return [self.program, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.directory),
                *(word for name, value in settings.items() for word in ("--" + name.replace("_", "-"), value))]

    def has(self, key):
        return self.ask(f"EXISTS {key}\r\n".encode()).startswith(b":1")


class Nginx(Server):
    name = program = "nginx"
    ready_request, ready_answer = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 200"

    listen = ""  # more of that line, and what belongs to it

    def arguments(self):
        temporary = " ".join(f"{kind}_temp_path {self.directory}/{kind};"
                             for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.directory / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {self.directory}/pid;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; {temporary}
  server {{
    listen 127.0.0.1:{self.port}{self.listen};
    location / {{ default_type application/octet-stream; return 200 "{'x' * VALUE_SIZE}"; }}
  }}
}}
""", encoding="ascii")
        return [self.program, "-e", "stderr", "-p", str(self.directory), "-c", str(self.directory / "nginx.conf")]

    @classmethod
    def present(cls):
        cls.program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx") or "nginx"
        return super().present()


class TlsNginx(Encrypted, Nginx):
    def arguments(self):
        certificate, key = self.certificate()
        self.listen = f" ssl; ssl_protocols TLSv1.3; ssl_certificate {certificate}; ssl_certificate_key {key}"
        return super().arguments()

    @classmethod
    def present(cls):
        return Nginx.present()


class Nats(Server):
    name = program = "nats-server"
    ready_request, ready_answer = b"", b"INFO"

    def arguments(self):
        (self.directory / "nats.conf").write_text(
            f'listen: "127.0.0.1:{self.port}"\nmax_connections: 15000\nmax_pending: 1GB\nwrite_deadline: "60s"\n',
            encoding="ascii")
        return [self.program, "-c", str(self.directory / "nats.conf")]

    @classmethod
    def present(cls):
        cls.program = shutil.which("nats-server") or shutil.which("/usr/sbin/nats-server") or "nats-server"
        return super().present()


class Etcd(Server):
    """One member. It is filled through its JSON gateway, and measured by gRPC."""

    name = program = "etcd"
    ready_request, ready_answer = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1 200"
    many = 1000  # puts in one transaction

    def arguments(self):
        url = f"http://127.0.0.1:{self.port}"
        return [self.program, "--data-dir", str(self.directory / "data"), "--listen-client-urls", url, "--advertise-client-urls",
                url, "--listen-peer-urls", "http://127.0.0.1:0", "--max-txn-ops", str(self.many), "--log-level", "error"]

    @classmethod
    def present(cls):
        return super().present() and shutil.which("h2load") is not None

    def call(self, connection, method, body):
        connection.request("POST", "/v3/kv/" + method, json.dumps(body))
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise Failed(f"etcd: {method}: {text.decode(errors='replace')}")
        return json.loads(text)

    @contextlib.contextmanager
    def connected(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_TIMEOUT)
        try:
            yield connection
        finally:
            connection.close()

    def put(self, key, value):
        with self.connected() as connection:
            self.call(connection, "put", {"key": encoded(key), "value": encoded(value)})

    def version(self, key):
        """How often it was written since it was made."""
        with self.connected() as connection:
            return int(self.call(connection, "range", {"key": encoded(key)})["kvs"][0]["version"])

    def fill(self, keys, value):
        text = encoded(value)
        with self.connected() as connection:
            for first in range(0, keys, self.many):
                numbers = range(first, min(first + self.many, keys))
                puts = [{"requestPut": {"key": encoded(b"key:%012d" % number), "value": text}} for number in numbers]
                self.call(connection, "txn", {"success": puts})


def encoded(data):
    return base64.b64encode(data).decode()

"""kvs_load, the one load generator for all sides, on the core that is left to it."""
import contextlib
import json
import math
import re
import signal
import subprocess

from servers import Failed, VALUE_SIZE


class Load:
    def __init__(self, cores, program, seconds, profiles=None):
        self.cores = cores
        self.program = program
        self.share(seconds)
        self.profiles = profiles  # the directory for a profile of kvs in every measurement, if one is wanted
        self.busiest = 0.0        # of all runs: above about 0.9 it is the generator that is measured

    def share(self, seconds):
        """From now on a measurement takes so long, after a quarter of it that is not counted."""
        self.seconds = seconds
        self.warmup = min(0.5, seconds / 4)

    def _arguments(self, mode, protocol, server, options):
        options = {"protocol": protocol, "port": server.port, "value_size": VALUE_SIZE, "spin": int(self.cores.apart),
                   "server_pid": server.pid, **options}
        return [str(self.program), mode,
                *(word for name, value in options.items() for word in ("--" + name.replace("_", "-"), str(value)))]

    def _run(self, mode, protocol, server, **options):
        arguments = self._arguments(mode, protocol, server, options)
        process = self.cores.start(arguments, self.cores.load, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate()
        if process.returncode != 0:
            raise Failed(f"{server.name}: {err.decode().strip()} {server.log_end()}")
        figures = json.loads(out)
        if figures["refused"]:
            raise Failed(f"{server.name} refused {figures['refused']} requests: {figures['refusal']}")
        return figures

    def _measure(self, mode, protocol, server, options):
        profile = self.profiles and server.name == "kvs"
        with self._profile(server, mode, options) if profile else contextlib.nullcontext():
            figures = self._run(mode, protocol, server, seconds=self.seconds, warmup=self.warmup, **options)
        self.busiest = max(self.busiest, figures["busy"])
        return figures

    @contextlib.contextmanager
    def _profile(self, server, mode, options):
        """perf's samples of the server while the context lasts; read them with perf report -i FILE."""
        name = "-".join([mode, *(f"{key}-{value}" for key, value in options.items())])
        command = ["perf", "record", "-q", "-g", "-F", "997", "-p", str(server.pid), "-o", str(self.profiles / f"{name}.perf")]
        process = self.cores.start(command, self.cores.load, stdin=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()

    def requests(self, protocol, server, **options):
        """For the time every measurement takes."""
        return self._measure("requests", protocol, server, options)

    def fanout(self, protocol, server, **options):
        figures = self._measure("fanout", protocol, server, options)
        if figures["lost"]:
            raise Failed(f"{server.name}: {figures['lost']} watchers were not told exactly every change")
        return figures

    def latency(self, protocol, server, **options):
        figures = self._measure("latency", protocol, server, options)
        if figures["lost"]:
            raise Failed(f"{server.name}: watchers were not told of {figures['lost']} changes")
        return figures

    def wrk(self, server, path, connections):
        """GET of that path by TLS as quickly as it goes; wrk checks no certificate."""
        seconds = math.ceil(self.seconds)
        arguments = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", f"https://127.0.0.1:{server.port}{path}"]
        process = self.cores.start(arguments, self.cores.load, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        out = process.communicate()[0].decode()
        found = re.search(r"Requests/sec:\s+([\d.]+)", out)
        if not found or "Non-2xx" in out or "Socket errors" in out:
            raise Failed(f"{server.name}: {out.strip()}")
        return {"per_second": float(found.group(1))}

    def h2load(self, server, target, flags=(), headers=None, body=None, clients=1, streams=1):
        """One request again and again, so many at a time."""
        arguments = ["h2load", *flags, "-t1", f"-c{clients}", f"-m{streams}", f"-D{int(self.seconds * 1000)}ms",
                     f"--warm-up-time={int(self.warmup * 1000)}ms"]
        arguments += [word for name, value in (headers or {}).items() for word in ("-H", f"{name}: {value}")]
        if body is not None:
            (server.directory / "body").write_bytes(body)
            arguments += ["-d", str(server.directory / "body")]
        process = self.cores.start([*arguments, f"http://127.0.0.1:{server.port}{target}"], self.cores.load,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        out = process.communicate()[0].decode()
        speed = re.search(r"([\d.]+) req/s", out)
        done = re.search(r"requests: .* (\d+) done, (\d+) succeeded", out)
        refused = re.search(r"status codes: \d+ 2xx, 0 3xx, 0 4xx, 0 5xx", out) is None
        data = re.search(r"traffic: .* \((\d+)\) data", out)
        if process.returncode != 0 or refused or not (speed and done and data) or done.group(1) != done.group(2) or done.group(1) == "0":
            raise Failed(f"{server.name}: {out.strip()} {server.log_end()}")
        return {"per_second": float(speed.group(1)), "answers": int(done.group(1)), "data_bytes": int(data.group(1))}

    def raw(self, mode, port, **options):
        """librdkafka alone, on the core where kvs is else, against the broker at this port."""
        options = {"port": port, "value_size": VALUE_SIZE, "seconds": self.seconds, "warmup": self.warmup, **options}
        arguments = [str(self.program), mode,
                     *(word for name, value in options.items() for word in ("--" + name.replace("_", "-"), str(value)))]
        process = self.cores.start(arguments, self.cores.server, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate()
        if process.returncode != 0:
            raise Failed(f"{mode}: {err.decode().strip()}")
        return json.loads(out)

    @contextlib.contextmanager
    def writing(self, protocol, server, rate, **options):
        """So many sets a second for as long as the context lasts."""
        options = {"operation": "set", "connections": 16, "rate": rate, "seconds": 3600, "spin": 0, **options}
        process = self.cores.start(self._arguments("requests", protocol, server, options), self.cores.load,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            yield
            if process.poll() is not None:
                raise Failed(f"{server.name}: {process.stderr.read().decode().strip()}")
        finally:
            process.kill()
            process.wait()
            process.stderr.close()

    def fill(self, protocol, server, keys, writes=None):
        """Sets key 0 to `keys` - 1, again and again if there are to be more writes than keys, as quickly as it goes."""
        return self._run("requests", protocol, server, operation="set", count=writes or keys, keys=keys, sequential=1,
                         depth=16)

    @contextlib.contextmanager
    def watching(self, protocol, server, watchers):
        """As many watchers, each of a key that nobody writes, for as long as the context lasts."""
        arguments = self._arguments("hold", protocol, server, {"watchers": watchers, "own_keys": 1})
        process = self.cores.start(arguments, self.cores.load, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        try:
            if not process.stdout.readline():
                raise Failed(f"{server.name}: {process.stderr.read().decode().strip()}")
            yield
            if process.poll() is not None:
                raise Failed(f"{server.name}: {process.stderr.read().decode().strip()}")
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
            process.stderr.close()

"""kvs_load, the one load generator for all sides, on the core that is left to it."""
import contextlib
import json
import subprocess

from servers import Failed, VALUE_SIZE


class Load:
    def __init__(self, cores, program, seconds, warmup):
        self.cores = cores
        self.program = program
        self.seconds = seconds
        self.warmup = warmup
        self.busiest = 0.0  # of all runs: above about 0.9 it is the generator that is measured

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

    def requests(self, protocol, server, **options):
        """For the time every measurement takes."""
        figures = self._run("requests", protocol, server, seconds=self.seconds, warmup=self.warmup, **options)
        self.busiest = max(self.busiest, figures["busy"])
        return figures

    def fanout(self, protocol, server, **options):
        figures = self._run("fanout", protocol, server, seconds=self.seconds, warmup=self.warmup, **options)
        self.busiest = max(self.busiest, figures["busy"])
        if figures["lost"]:
            raise Failed(f"{server.name}: {figures['lost']} watchers were not told exactly every change")
        return figures

    def fill(self, protocol, server, keys):
        """Sets key 0 to `keys` - 1, as quickly as it goes."""
        return self._run("requests", protocol, server, operation="set", count=keys, keys=keys, sequential=1, depth=16)

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

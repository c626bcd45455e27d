#!/usr/bin/env python3
"""Strangers do their worst, and healthy clients notice nothing but the time it takes: every answer right and in time while
the attack is on, nothing left of it afterwards. What share of their rate they keep is printed here and judged by
`./dev bench --rows attack`: a test is no stopwatch."""
import pathlib
import re
import resource
import sys
import threading
import time

from attack_harness import Attack, Healthy, descriptors, resident
from kvs_harness import *

ROUNDS = 2               # the first one shows what the server keeps of such an attack for good
COUNT, RATE = 300, 200   # requests in a measurement, and how many of them a second
ALONE = 10               # connections when nobody attacks: the healthy ones, the one that asks for the status, a new one
MIB = 1 << 20
SETTLED = 30.0           # seconds until the server has noticed that everybody is gone
SANITIZER = 288 * MIB    # what AddressSanitizer keeps of freed memory (256 MiB), and some
SPARE_FILES = 4          # descriptors that may have come for other reasons, a new segment for one
FILE_LIMIT = 4 * MIB
FEW_FILES = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"]


def sanitized(pid):
    return re.search(r"lib[at]san", pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="ascii", errors="replace"))


class UnderAttack(unittest.TestCase):
    def serve(self, *flags, **kw):
        self.server = Server("--history-memory", "1MiB", *flags, **kw)
        self.addCleanup(self.server.remove)
        self.pid = self.server.process.pid
        self.server.put("large", b"x" * MIB)
        self.healthy = Healthy(self.server.port)
        self.addCleanup(self.healthy.close)
        self.patient = self.server.connect()
        self.addCleanup(self.patient.close)

    def alone_again(self):
        """Once those who attacked are counted out."""
        end = time.monotonic() + SETTLED
        while self.patient.request("GET", "/v1/status").json()["connections"] > ALONE:
            self.assertLess(time.monotonic(), end, "connections that nobody has any more")

    def memory_at_most(self, most):
        """Resident bytes; what is free goes back to the system within seconds."""
        end = time.monotonic() + SETTLED
        while (now := resident(self.pid)) > most and time.monotonic() < end:
            threading.Event().wait(0.05)
        self.assertLessEqual(now, most)
        return now

    def round(self, name, meanwhile):
        alone = self.healthy.measure(COUNT, RATE)
        with Attack(name, self.server.port):
            attacked = self.healthy.measure(COUNT, RATE)
            peak = resident(self.pid)
            meanwhile()
        self.alone_again()
        print(f"{name}: {attacked['per_second'] / alone['per_second']:.2f} of the rate, p99 {alone['p99_ms']:.1f} -> "
              f"{attacked['p99_ms']:.1f} ms, memory up to {peak / MIB:.0f} MiB", file=sys.stderr)
        return alone, attacked

    def withstand(self, name, meanwhile=lambda: None):
        rounds = [self.round(name, meanwhile)]
        files = descriptors(self.pid)  # with the segments of what was written
        threading.Event().wait(1.5)  # free memory goes back once a second; what is left then is what stays
        kept = resident(self.pid)
        for unused in range(ROUNDS - 1):
            rounds.append(self.round(name, meanwhile))
        slack = 1.25 * kept + SANITIZER if sanitized(self.pid) else 1.05 * kept + 4 * MIB
        after = self.memory_at_most(slack)
        print(f"{name}: {kept / MIB:.1f} MiB after the first time, {after / MIB:.1f} after the last", file=sys.stderr)
        end = time.monotonic() + SETTLED  # some still come out of the backlog, closed already
        while (now := descriptors(self.pid)) > files + SPARE_FILES and time.monotonic() < end:
            threading.Event().wait(0.05)
        self.assertLessEqual(now, files + SPARE_FILES)
        return rounds

    def new_client_is_served(self):
        self.assertEqual(self.server.request("GET", "/v1/kv/healthy-0").status, 200)

    def end_well(self):
        self.healthy.close()
        self.patient.close()
        self.server.stop()


class Slow(UnderAttack):
    def test_heads_that_never_end(self):
        self.serve()
        self.withstand("slow-heads", self.new_client_is_served)
        self.end_well()

    def test_bodies_that_never_end(self):
        self.serve()
        self.withstand("slow-bodies", self.new_client_is_served)
        self.assertEqual(self.server.request("GET", "/v1/kv?prefix=slow").json()["items"], [])
        self.end_well()

    def test_answers_that_nobody_takes(self):
        self.serve()
        self.withstand("slow-readers", self.new_client_is_served)
        self.end_well()

    def test_watches_that_nobody_reads(self):
        self.serve()
        self.withstand("slow-watchers", self.new_client_is_served)
        self.assertEqual(self.patient.request("GET", "/v1/status").json()["watchers"], 0)
        self.end_well()


class Many(UnderAttack):
    def test_ten_thousand_that_only_sit_there(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # the server's, too
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.serve("--max-connections", "10100")
        self.withstand("idle", self.new_client_is_served)
        self.end_well()

    def test_ten_thousand_that_come_and_go(self):
        self.serve()
        self.withstand("churn", self.new_client_is_served)
        self.end_well()

    def test_more_than_there_are_descriptors(self):
        self.serve(wrapper=FEW_FILES)
        self.assertEqual(self.patient.request("GET", "/v1/status").json()["limits"]["max_connections"], 192)
        self.withstand("descriptors", self.new_client_is_refused)
        self.new_client_is_served()
        self.assertNotIn("cannot accept", self.server.stderr)  # there was always one left to say no with
        self.end_well()

    def new_client_is_refused(self):
        answer = self.server.request("GET", "/v1/kv/healthy-0")
        self.assertEqual((answer.status, answer.header("Retry-After")), (503, "1"))


class Floods(UnderAttack):
    def test_pipelines_without_end(self):
        self.serve()
        self.withstand("pipelines", self.new_client_is_served)
        self.end_well()

    def test_pings_without_end(self):
        self.serve()
        self.withstand("pings", self.new_client_is_served)
        self.end_well()


class NoRoom(UnderAttack):
    def test_no_memory_left(self):
        self.serve("--max-memory", "8MiB")
        for unused, attacked in self.withstand("grow", self.growth_is_refused):
            self.assertEqual(attacked["refused"], 0)  # who makes nothing larger is not concerned
        self.end_well()

    def growth_is_refused(self):
        answer = self.server.request("PUT", "/v1/kv/new", None, b"x" * MIB)
        self.assertEqual((answer.status, answer.json()["code"]), (507, "out_of_space"))

    def test_no_disk_left(self):
        self.serve()
        self.healthy.measure(COUNT, RATE)
        for unused in range(ROUNDS):
            self.limit_files(FILE_LIMIT)
            with Attack("grow", self.server.port):
                self.server.process.wait_line("no room for writes", count=unused + 1)
                attacked = self.healthy.measure(COUNT, RATE)
            self.limit_files(resource.RLIM_INFINITY)
            self.alone_again()
            self.assertGreater(attacked["refused"], 0)
            self.assertEqual(self.healthy.measure(COUNT, RATE)["refused"], 0)
        self.end_well()

    def limit_files(self, size):
        """A file that may not grow is to the server what a full disk is."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(watchdog=850)

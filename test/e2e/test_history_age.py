#!/usr/bin/env python3
"""History that leaves by its age (--history-age) or its size (--history-bytes), seen from outside."""
import time

from kvs_harness import *


class HistoryLimitsTest(ServerTest):
    def status(self):
        return self.ask("GET", "/v1/status").json()

    def until_oldest(self, wanted):
        """Asks until the history begins there; nothing is written meanwhile."""
        deadline = time.monotonic() + TIMEOUT
        with self.connect() as connection:
            while connection.request("GET", "/v1/status").json()["oldest_revision"] != wanted:
                self.assertLess(time.monotonic(), deadline)


class ByAge:
    def test_what_is_too_old_is_gone_without_another_write(self):
        self.assertEqual(self.status()["limits"]["history_age_ms"], 1000)
        live = self.watch()
        live.until("synced")
        quiet = self.watch("key=quiet")
        quiet.until("synced")
        first = self.put("k", "1")
        last = self.put("k", "2")
        self.assertEqual([live.next()["revision"] for _ in range(2)], [first, last])
        self.until_oldest(last)
        answer = self.ask("GET", "/v1/watch?on_gap=fail&since=%d" % first)
        problem = self.assert_problem(answer, 410, "compacted")
        self.assertEqual((problem["current_revision"], problem["oldest_revision"]), (last, last))
        problem = self.assert_problem(self.ask("GET", "/v1/kv/k?revision=%d" % first), 410, "compacted")
        self.assertEqual(problem["oldest_revision"], last)
        history = self.ask("GET", "/v1/history/k").json()
        self.assertEqual((history["items"], history["oldest_revision"]), ([], last))
        self.assertEqual(self.ask("GET", "/v1/kv/k").body, b"2")
        # Those who are there miss nothing.
        after = self.put("quiet", "3")
        self.assertEqual(live.next()["revision"], after)
        self.assertEqual(quiet.next()["revision"], after)


class OnDisk(ByAge, HistoryLimitsTest):
    flags = ("--history-age", "1s")


class InMemory(ByAge, HistoryLimitsTest):
    flags = ("--history-age", "1s", "--ephemeral", "--threads", "1")


class AfterRestart(unittest.TestCase):
    def test_what_was_too_old_before_a_restart_does_not_come_back_for_long(self):
        with Server("--history-age", "1s") as server:
            last = server.put("k", "1")
            server.stop()
            server.start()
            deadline = time.monotonic() + TIMEOUT
            while server.request("GET", "/v1/status").json()["oldest_revision"] != last:
                self.assertLess(time.monotonic(), deadline)
            self.assertEqual(server.request("GET", "/v1/kv/k").body, b"1")


class BySize(HistoryLimitsTest):
    flags = ("--fsync", "never", "--history-bytes", "64KiB", "--history-memory", "64KiB")

    def test_the_size_holds_at_every_write_and_not_only_when_a_segment_is_full(self):
        with self.connect() as connection:
            for _ in range(300):
                answer = connection.request("PUT", "/v1/kv/k", body=b"x" * 1000)
                status = connection.request("GET", "/v1/status").json()
                kept = answer.json()["revision"] - status["oldest_revision"]
                self.assertLessEqual(kept * 1000, (64 + 16) * 1024)
        self.assertGreaterEqual(kept, 4 * 14)  # four files of 16 KiB at least, with 14 changes in each


if __name__ == "__main__":
    main()

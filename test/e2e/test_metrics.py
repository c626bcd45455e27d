#!/usr/bin/env python3
"""/metrics: well-formed, every count rises by what was done and by nothing else, and no key or value is told."""
import os
import re
import shutil
import subprocess
import time

from kvs_harness import *
from kvs_metrics import BY_TLS, CONTRACT, ON_KAFKA, Scrape, contract_without
from kvs_streams import Stream

SECRET = "Zebra-3141"


class MetricsTest(ServerTest):
    def scrape(self, connection=None):
        answer = (connection or self.server).request("GET", "/metrics")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8")
        return Scrape(answer.body.decode("utf-8"))

    def rises(self, before, after, name, **labels):
        return after.value(name, **labels) - before.value(name, **labels)

    def until(self, condition, connection=None):
        """Asked until it is so: what ends a connection is done behind the answer."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            now = self.scrape(connection)
            if condition(now):
                return now
            self.assertLess(time.monotonic(), deadline, now.text)


class Form(MetricsTest):
    def test_every_family_has_a_type_a_help_and_at_most_one_meaning(self):
        scrape = self.scrape()
        self.assertEqual(set(scrape.types), set(scrape.helps))
        for name, kind in scrape.types.items():
            self.assertIn(kind, ("counter", "gauge", "histogram"), name)
            self.assertEqual(name.endswith("_total"), kind == "counter", name)
            self.assertRegex(name, "^(kvs|process)_")
            self.assertTrue(scrape.helps[name].endswith("."), name)

    def test_buckets_are_cumulative_and_end_at_the_count(self):
        self.put("k")
        scrape = self.scrape()
        histograms = [name for name, kind in scrape.types.items() if kind == "histogram"]
        self.assertGreaterEqual(len(histograms), 4)
        for name in histograms:
            for labels, count in scrape.samples.get(name + "_count", {}).items():
                buckets = [(dict(have)["le"], value) for have, value in scrape.samples[name + "_bucket"].items()
                           if tuple(label for label in have if label[0] != "le") == labels]
                bounds, counts = [float(bound) for bound, _ in buckets], [value for _, value in buckets]
                self.assertEqual(bounds, sorted(bounds), name)
                self.assertEqual(counts, sorted(counts), name)
                self.assertEqual((bounds[-1], counts[-1]), (float("inf"), count), name)
                self.assertIn(labels, scrape.samples[name + "_sum"], name)

    def test_promtool_has_nothing_to_say(self):
        if not shutil.which("promtool"):
            self.skipTest("needs promtool (Debian: prometheus): the text is NOT checked by Prometheus' own parser")
        self.put("k")
        text = self.ask("GET", "/metrics").body
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, b""))

    def test_HEAD_has_no_body(self):
        answer = self.ask("HEAD", "/metrics")
        self.assertEqual((answer.status, answer.body), (200, b""))

    def test_what_it_was_built_from_is_told(self):
        labels, = self.scrape().samples["kvs_build_info"]
        labels = dict(labels)
        self.assertEqual(set(labels), {"version", "commit", "boost", "librdkafka"})
        self.assertEqual(labels["version"], self.ask("GET", "/v1/status").json()["version"])
        for name in ("boost", "librdkafka"):
            self.assertRegex(labels[name], r"^\d+\.\d+\.\d+$")


class Contract(MetricsTest):
    def test_every_family_is_there_as_it_is_written_down(self):
        self.put("k")
        self.ask("GET", "/v1/kv/k")
        with self.server.watch() as watch:
            watch.until("synced")
            for number in range(64):  # how far a watcher is behind is sampled
                self.put("k")
        self.scrape()
        scrape = self.scrape()
        scrape.check(self, contract_without(ON_KAFKA, BY_TLS))

    def test_one_in_the_readme_is_one_that_there_is(self):
        with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
            named = set(re.findall(r"`(kvs_[a-z_]+)`", file.read()))
        self.assertLessEqual(named, set(CONTRACT))


class Rises(MetricsTest):
    """Each number goes up by what it counts, once for each."""

    flags = ("--threads", "1", "--history-bytes", "64KiB", "--fsync", "never")

    def risen(self, name, do, **labels):
        """By how much it rose while that was done."""
        before = self.scrape()
        do()
        return self.rises(before, self.scrape(), name, **labels)

    def test_operations_by_what_became_of_them(self):
        self.put("there")
        txn = '{"then":[{"op":"set","key":"t","value":"v"}]}'
        json_type = {"Content-Type": "application/json"}
        cases = (("get", "ok", "GET", "/v1/kv/there"), ("get", "nothing", "GET", "/v1/kv/none"),
                 ("list", "ok", "GET", "/v1/kv"), ("set", "ok", "PUT", "/v1/kv/there", None, "v"),
                 ("set", "refused", "PUT", "/v1/kv/there", {"If-None-Match": "*"}, "v"),
                 ("set", "reused", "PUT", "/v1/kv/there", {"Idempotency-Key": "one"}, "other"),
                 ("touch", "ok", "PATCH", "/v1/kv/there?ttl=none"), ("touch", "nothing", "PATCH", "/v1/kv/none?ttl=none"),
                 ("delete", "ok", "DELETE", "/v1/kv/there"), ("delete", "nothing", "DELETE", "/v1/kv/there"),
                 ("delete_range", "nothing", "DELETE", "/v1/kv?prefix=none"), ("txn", "ok", "POST", "/v1/txn", json_type, txn),
                 ("set", "ok", "POST", "/set", None, '{"Key":"k","Value":"v"}'),
                 ("get", "ok", "POST", "/get", None, '{"Key":"k"}'), ("list", "ok", "GET", "/getall"))
        self.ask("PUT", "/v1/kv/there", {"Idempotency-Key": "one"}, "v")
        for op, result, *request in cases:
            with self.subTest(op=op, result=result, request=request):
                name = "kvs_operations_total"
                before = self.scrape()
                answer = self.ask(*request)
                after = self.scrape()
                self.assertEqual(self.rises(before, after, name, op=op, result=result), 1, answer)
                self.assertEqual(self.rises(before, after, name), 1, answer)

    def test_writes_and_no_reads_go_to_the_bus_and_come_back(self):
        name = "kvs_bus_publish_duration_seconds_count"
        self.assertEqual(self.risen(name, lambda: self.put("k")), 1)
        self.assertEqual(self.risen(name, lambda: self.ask("GET", "/v1/kv/k")), 0)
        before = self.scrape()
        self.put("k")
        after = self.scrape()
        self.assertGreater(self.rises(before, after, "kvs_bus_publish_duration_seconds_sum"), 0)
        self.assertEqual(after.value("kvs_bus_publish_failures_total"), 0)

    def test_what_waits_is_in_flight_and_nothing_else(self):
        name = "kvs_http_requests_in_flight"
        revision = self.put("k")
        self.assertEqual(self.scrape().value(name), 0)
        with self.connect() as waits:
            waits.send(request_bytes("GET", f"/v1/kv/k?min_revision={revision + 1}&timeout=60s"))
            self.until(lambda now: now.value(name) == 1)
            self.put("k")
            self.assertEqual(waits.read_response().status, 200)
        self.until(lambda now: now.value(name) == 0)

    def test_a_snapshot_is_counted_when_it_was_written(self):
        name = "kvs_snapshot_duration_seconds"
        before = self.scrape()
        with self.connect() as connection:  # one is made every 64 MiB of journal
            for _ in range(65):
                self.assertIn(connection.request("PUT", "/v1/kv/large", None, b"x" * (1 << 20)).status, (200, 201))
        after = self.until(lambda now: self.rises(before, now, name + "_count") >= 1)
        self.assertGreater(self.rises(before, after, name + "_sum"), 0)

    def test_how_far_watchers_are_behind(self):
        name = "kvs_watch_lag_revisions"
        before = self.scrape()
        first = self.put("lag/0")
        for number in range(1, 20):
            self.put("lag/%d" % number)
        with self.server.watch("prefix=lag/&since=%d" % (first - 1)) as watch:
            self.assertEqual(len(watch.take(20)), 20)
            after = self.until(lambda now: self.rises(before, now, name + "_count") >= 1)
        self.assertEqual(self.rises(before, after, name + "_sum"), 20)
        self.assertEqual(self.rises(before, after, name + "_bucket", le="16"), 0)
        self.assertEqual(self.rises(before, after, name + "_bucket", le="64"), 1)

    def test_refused_connections(self):
        with Server("--ephemeral", "--max-connections", "2") as server, server.connect() as kept:
            scrape = lambda: Scrape(kept.request("GET", "/metrics").body.decode())
            until = time.monotonic() + 20
            while scrape().value("kvs_connections") > 1:  # the one that asked whether it is ready has not gone yet
                self.assertLess(time.monotonic(), until)
            with server.connect() as second:
                self.assertEqual(second.request("GET", "/livez").status, 200)
                before = scrape()
                with server.connect() as refused:
                    self.assertEqual(refused.read_response().status, 503)
                after = scrape()
                self.assertEqual(self.rises(before, after, "kvs_connections_refused_total", limit="all"), 1)
                self.assertEqual(self.rises(before, after, "kvs_connections_refused_total", limit="address"), 0)
                self.assertEqual(after.value("kvs_connections"), 2)

    def test_watches_that_name_a_place_and_how_they_end(self):
        name = "kvs_watch_resumes_total"
        revision = self.put("k")
        before = self.scrape()
        with self.server.watch(f"since={revision}&count=1") as watch:
            watch.until("synced")
            self.put("k")
            self.assertEqual(watch.next()["op"], "set")
            self.assertEqual(watch.closing()[0], 1000)
        after = self.until(lambda now: now.value("kvs_watchers") == 0)
        self.assertEqual(self.rises(before, after, name, result="complete"), 1)
        self.assertEqual(self.rises(before, after, name), 1)
        self.assertEqual(self.rises(before, after, "kvs_watch_disconnects_total", reason="count"), 1)


class Counts(MetricsTest):
    flags = ("--threads", "2")

    def test_requests_are_counted_by_route_method_and_code(self):
        before = self.scrape()
        for number in range(3):
            self.put("counted", "v%d" % number)
        self.ask("GET", "/v1/kv/counted")
        self.ask("GET", "/v1/kv/nothing-here")
        self.ask("GET", "/v1/no-such-route")
        after = self.scrape()
        item = {"route": "/v1/kv/{key}"}
        name = "kvs_http_requests_total"
        self.assertEqual(self.rises(before, after, name, method="PUT", code="201", **item), 1)
        self.assertEqual(self.rises(before, after, name, method="PUT", code="200", **item), 2)
        self.assertEqual(self.rises(before, after, name, method="GET", code="200", **item), 1)
        self.assertEqual(self.rises(before, after, name, method="GET", code="404", **item), 1)
        self.assertEqual(self.rises(before, after, name, method="GET", code="404", route="other"), 1)
        # Those six, and the scrape before; this one is counted when its answer begins, after it was written.
        self.assertEqual(self.rises(before, after, name), 7)
        self.assertEqual(self.rises(before, after, "kvs_http_request_duration_seconds_count", method="PUT", **item), 3)
        self.assertGreater(self.rises(before, after, "kvs_http_request_duration_seconds_sum", method="PUT", **item), 0)

    def test_the_store_is_what_the_status_says(self):
        before = self.scrape()
        revision = self.put("a-key-of-its-own", "x" * 1000)
        after = self.scrape()
        status = self.ask("GET", "/v1/status").json()
        self.assertEqual(after.value("kvs_revision"), revision)
        self.assertEqual(after.value("kvs_keys"), status["keys"])
        self.assertEqual(self.rises(before, after, "kvs_keys"), 1)
        self.assertGreaterEqual(self.rises(before, after, "kvs_store_bytes"), 1000)
        self.assertGreater(after.value("kvs_journal_bytes"), 0)  # segments: they grow in large steps
        self.assertEqual(after.value("kvs_oldest_revision"), status["oldest_revision"])
        self.assertEqual((after.value("kvs_ready"), after.value("kvs_bus_up")), (1, 1))
        self.assertEqual(self.rises(before, after, "kvs_commit_batch_size_sum"), 1)
        self.assertEqual(self.rises(before, after, "kvs_commit_duration_seconds_count"), 1)

    def test_watches_are_counted_by_how_they_are_received(self):
        before = self.scrape()
        with self.server.watch("key=watched") as watch:
            watch.until("synced")
            stream = Stream(self.server.address, "key=watched&since=0&count=1")
            during = self.until(lambda now: self.rises(before, now, "kvs_watchers") == 2)
            self.assertEqual(self.rises(before, during, "kvs_watchers", transport="websocket"), 1)
            self.assertEqual(self.rises(before, during, "kvs_watchers", transport="ndjson"), 1)
            self.put("not-watched")
            self.put("watched")
            watch.until("set")
            stream.rest()
            stream.close()
        name = "kvs_watch_events_sent_total"
        after = self.until(lambda now: now.value("kvs_watchers") == before.value("kvs_watchers"))
        self.assertEqual(self.rises(before, after, name, transport="websocket"), 1)
        self.assertEqual(self.rises(before, after, name, transport="ndjson"), 1)
        self.assertEqual(self.rises(before, after, "kvs_watch_disconnects_total", reason="count"), 1)
        self.assertEqual(self.rises(before, after, "kvs_watch_disconnects_total"), 2)
        self.assertEqual(self.rises(before, after, "kvs_watch_resumes_total", result="complete"), 1)

    def test_connections_are_those_that_are_open(self):
        with self.connect() as one, self.connect() as two:
            two.request("GET", "/livez")
            before = self.scrape(one)
            two.close()
            after = self.until(lambda now: now.value("kvs_connections") < before.value("kvs_connections"), one)
            self.assertEqual(self.rises(before, after, "kvs_connections"), -1)


class TheProcess(MetricsTest):
    def test_figures_are_those_of_the_system(self):
        scrape = self.scrape()
        pid = self.server.process.pid
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            status = dict(line.split(":\t", 1) for line in file if ":\t" in line)
        self.assertEqual(scrape.value("process_threads"), int(status["Threads"]))
        # Within what a scrape itself moves.
        self.assertAlmostEqual(scrape.value("process_resident_memory_bytes"), 1024 * int(status["VmRSS"].split()[0]),
                               delta=4 << 20)
        self.assertGreaterEqual(scrape.value("process_cpu_seconds_total"), 0)  # counted in hundredths
        self.assertAlmostEqual(scrape.value("process_open_fds"), len(os.listdir("/proc/%d/fd" % pid)), delta=4)
        disk = os.statvfs(self.server.data_dir)
        self.assertAlmostEqual(scrape.value("kvs_disk_free_bytes") / (disk.f_bavail * disk.f_frsize), 1, delta=0.5)

    def test_it_tells_of_no_restart_that_was_none(self):
        one, two = self.scrape(), self.scrape()
        self.assertEqual(one.value("process_start_time_seconds"), two.value("process_start_time_seconds"))

    def test_it_knows_its_age_where_the_rest_of_proc_is_hidden(self):
        # As ProcSubset=pid in the unit does.
        hide = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount --bind /dev/null /proc/stat && exec "$@"', "sh"]
        if subprocess.run(hide + ["true"], capture_output=True, check=False).returncode != 0:
            self.skipTest("needs namespaces of users and mounts")
        before = time.time()
        with Server("--ephemeral", wrapper=hide) as server:
            scrape = Scrape(server.request("GET", "/metrics").body.decode())
            # The kernel counts in hundredths.
            self.assertGreaterEqual(scrape.value("process_start_time_seconds"), before - 0.1)
            self.assertLessEqual(scrape.value("process_start_time_seconds"), time.time() + 0.1)
            self.assertNotIn("kvs_disk_free_bytes", scrape.types)


class Silence(MetricsTest):
    def test_no_key_value_or_path_is_told(self):
        revision = self.put(SECRET, SECRET)
        self.ask("GET", "/v1/kv/" + SECRET)
        self.ask("GET", "/" + SECRET)
        self.ask("GET", "/v1/history/" + SECRET)
        self.ask(SECRET.upper().replace("-", ""), "/v1/kv/x")
        self.ask("GET", "/v1/kv?prefix=" + SECRET, {"User-Agent": SECRET, "Kvs-Min-Revision": str(revision)})
        self.assertNotIn("zebra", self.scrape().text.lower())

    def test_paths_that_nobody_knows_are_one_series(self):
        self.ask("GET", "/none-such")
        before = self.scrape().value("kvs_http_requests_total", method="GET", route="other", code="404")
        self.ask("GET", "/v1/none-such")
        self.assertEqual(self.scrape().value("kvs_http_requests_total", method="GET", route="other", code="404"), before + 1)

    def test_the_number_of_series_does_not_grow_with_the_keys(self):
        self.put("first")
        self.scrape()
        before = self.scrape()
        for number in range(50):
            self.ask("GET", "/v1/kv/first")
            self.put("key-%d" % number)
        after = self.scrape()
        count = lambda scrape: sum(len(series) for series in scrape.samples.values())
        self.assertLessEqual(count(after) - count(before), 2 * 20)  # GET of a key is new, with its histogram


if __name__ == "__main__":
    main()

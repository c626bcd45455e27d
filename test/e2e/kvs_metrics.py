"""/metrics, parsed strictly, and what must be in it."""
import re

SAMPLE = re.compile(r'^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')

DURATIONS = (.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10)
SIZES = (1, 4, 16, 64, 256, 1024, 4096, 16384)

# Name -> type, labels, bounds of a histogram's buckets. Whoever changes a line changes what dashboards and alerts ask for.
CONTRACT = {
    "kvs_build_info": ("gauge", {"version", "commit", "boost", "librdkafka"}),
    "kvs_ready": ("gauge", set()),
    "kvs_keys": ("gauge", set()),
    "kvs_store_bytes": ("gauge", set()),
    "kvs_revision": ("gauge", set()),
    "kvs_oldest_revision": ("gauge", set()),
    "kvs_journal_bytes": ("gauge", set()),
    "kvs_disk_free_bytes": ("gauge", set()),
    "kvs_http_requests_total": ("counter", {"method", "route", "code"}),
    "kvs_http_request_duration_seconds": ("histogram", {"method", "route"}, DURATIONS),
    "kvs_http_requests_in_flight": ("gauge", set()),
    "kvs_connections": ("gauge", set()),
    "kvs_connections_refused_total": ("counter", {"limit"}),
    "kvs_operations_total": ("counter", {"op", "result"}),
    "kvs_watchers": ("gauge", {"transport"}),
    "kvs_watch_events_sent_total": ("counter", {"transport"}),
    "kvs_watch_lag_revisions": ("histogram", set(), SIZES),
    "kvs_watch_disconnects_total": ("counter", {"reason"}),
    "kvs_watch_resumes_total": ("counter", {"result"}),
    "kvs_commit_duration_seconds": ("histogram", set(), DURATIONS),
    "kvs_commit_batch_size": ("histogram", set(), SIZES),
    "kvs_snapshot_duration_seconds": ("histogram", set(), DURATIONS),
    "kvs_bus_up": ("gauge", set()),
    "kvs_bus_writes_refused": ("gauge", set()),
    "kvs_bus_publish_duration_seconds": ("histogram", set(), DURATIONS),
    "kvs_bus_publish_failures_total": ("counter", {"reason"}),
    "kvs_bus_lag_records": ("gauge", set()),
    "kvs_bus_ignored_records_total": ("counter", {"reason"}),
    "kvs_tls_certificate_expiry_timestamp_seconds": ("gauge", set()),
    "process_cpu_seconds_total": ("counter", set()),
    "process_resident_memory_bytes": ("gauge", set()),
    "process_virtual_memory_bytes": ("gauge", set()),
    "process_open_fds": ("gauge", set()),
    "process_max_fds": ("gauge", set()),
    "process_threads": ("gauge", set()),
    "process_start_time_seconds": ("gauge", set()),
}
ON_KAFKA = {"kvs_bus_lag_records", "kvs_bus_ignored_records_total"}
BY_TLS = {"kvs_tls_certificate_expiry_timestamp_seconds"}


def contract_without(*families):
    """What a server tells that has nothing to do with these."""
    left_out = set().union(*families)
    return {name: what for name, what in CONTRACT.items() if name not in left_out}


# All values of a label, which are there from the beginning, so that a rate has a zero to rise from.
TRANSPORTS = {"websocket", "sse", "ndjson", "poll", "legacy"}
WORDS = {
    ("kvs_watchers", "transport"): TRANSPORTS,
    ("kvs_watch_events_sent_total", "transport"): TRANSPORTS,
    ("kvs_watch_disconnects_total", "reason"): {"client", "count", "draining", "compacted", "slow", "protocol", "revoked",
                                                "failed"},
    ("kvs_watch_resumes_total", "result"): {"complete", "diff", "reset", "refused"},
    ("kvs_bus_publish_failures_total", "reason"): {"full", "away", "too_large", "failed", "unknown"},
    ("kvs_connections_refused_total", "limit"): {"all", "address"},
    ("kvs_bus_ignored_records_total", "reason"): {"malformed", "foreign", "other_log", "fenced", "repeated"},
}


class Scrape:
    """The text, parsed strictly: name -> {labels: value}, and each family's type."""

    def __init__(self, text):
        self.text, self.types, self.helps, self.samples = text, {}, {}, {}
        assert text.endswith("\n")
        for line in text.splitlines():
            if line.startswith("# "):
                _, what, name, rest = line.split(" ", 3)
                kept = {"TYPE": self.types, "HELP": self.helps}[what]
                assert name not in kept, line
                kept[name] = rest
                continue
            found = SAMPLE.match(line)
            assert found, line
            name, labels, value = found.groups()
            labels = self.labels(labels or "", line)
            assert self.family(name) in self.types, line
            assert labels not in self.samples.setdefault(name, {}), line
            self.samples[name][labels] = float(value)

    @staticmethod
    def labels(text, line):
        assert LABEL.sub("", text) == "", line
        return tuple(sorted(LABEL.findall(text)))

    def family(self, name):
        base = re.sub("_(bucket|sum|count)$", "", name)
        return base if self.types.get(base) == "histogram" else name

    def value(self, name, **labels):
        """The sum over the samples that have these labels."""
        wanted = set(labels.items())
        return sum(value for have, value in self.samples.get(name, {}).items() if wanted <= set(have))

    def check(self, test, contract):
        """The families are those of the contract, no more and no fewer, each with its type, labels, words and bounds."""
        test.assertEqual(set(self.types), set(contract))
        for name, (kind, labels, *bounds) in contract.items():
            test.assertEqual(self.types[name], kind, name)
            series = self.samples.get(name + "_count" if kind == "histogram" else name)
            test.assertTrue(series, name)
            for have in series:
                test.assertEqual({label for label, _ in have}, labels, name)
            if kind == "histogram":
                for have in series:
                    seen = [float(dict(bucket)["le"]) for bucket in self.samples[name + "_bucket"]
                            if tuple(pair for pair in bucket if pair[0] != "le") == have]
                    test.assertEqual(seen, [*bounds[0], float("inf")], name)
        for (name, label), words in WORDS.items():
            if name in contract:
                test.assertEqual({dict(have)[label] for have in self.samples[name]}, words, name)

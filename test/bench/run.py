#!/usr/bin/env python3
"""The benchmark: kvs beside nginx, Redis, NATS and etcd, each alone on one core, in turns, in one run; and on Kafka.

Prints a table with medians, ratios and goals as Markdown, and writes everything that was measured as JSON."""
import argparse
import json
import os
import pathlib
import resource
import sys
import tempfile

import attack_rows
import etcd_rows
import kafka_rows
import report
from load import Load
from rows import Bench, Scale
from servers import Cores, Etcd, Failed, Kvs, Nats, Nginx, Redis

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMOKE = Scale(keys=10_000, few_keys=100, listed_keys=5000, fanout=(10, 100), idle_watchers=100, other_watchers=200,
              latency_watchers=50, kafka_watchers=50, kafka_sets=20_000, attack_requests=100, attacks=("slow-heads",))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release", help="where kvs and kvs_load are")
    parser.add_argument("--rows", metavar="ROW,…", help="only rows whose name begins so")
    parser.add_argument("--without-kafka", action="store_true", help="leave out the rows with a Kafka broker")
    parser.add_argument("--rounds", type=int, default=5,
                        help="how often each side is measured (5; what takes long, 3 times or once; GETs and SETs in more, shorter turns)")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long it is measured in a round (2)")
    parser.add_argument("--smoke", action="store_true", help="everything once, tiny, in about ten seconds: does it run?")
    parser.add_argument("--peers", action="store_true", help="leave kvs out")
    parser.add_argument("--no-peers", action="store_true", help="kvs only")
    parser.add_argument("--list", action="store_true", help="name the rows")
    parser.add_argument("--directory", type=pathlib.Path, help="where the servers keep their data (beside the build)")
    parser.add_argument("--json", type=pathlib.Path, help="file for the results (bench.json in the build)")
    parser.add_argument("--profiles", type=pathlib.Path, help="directory for what perf records of kvs in each measurement")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.seconds = 1, 0.1
    return options


def raise_file_limit(wanted=65536):
    """Watchers that we may have at most: a connection is a file in the server and one in the generator."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (max(hard, wanted), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return limit - 1000
        except (ValueError, OSError):
            continue
    return soft - 1000


def wanted_sides(measurement, options):
    """Its sides that can be measured here."""
    present = {"nginx": Nginx.present(), "redis": Redis.present(), "nats": Nats.present(), "etcd": Etcd.present()}
    for side, measure in measurement.sides.items():
        ours = side not in present
        if (ours and not options.peers) or (not ours and present[side] and not options.no_peers):
            yield side, measure


def measure(measurement, load, options, complain):
    """Figures of each turn by side. The sides take turns, and who begins changes from one to the next."""
    sides = list(wanted_sides(measurement, options))
    load.share(options.seconds / measurement.turns)
    if sys.stderr.isatty():
        print(f"\r\033[K{measurement.name} …", end="", file=sys.stderr, flush=True)
    rounds = {side: [] for side, unused in sides}
    for number in range(min(options.rounds, measurement.at_most or options.rounds) * measurement.turns):
        for side, function in sides if number % 2 == 0 else reversed(sides):
            try:
                rounds[side].append(function())
            except (Failed, AssertionError, OSError) as error:
                complain(measurement.name, side, error)
    return rounds


def main():
    options = arguments()
    cores = Cores()
    Kvs.program = str(options.build / "kvs")
    if not (options.build / "kvs_load").exists():
        sys.exit(f"no kvs_load in {options.build}: `./dev bench` builds it, --build says where it is")
    scale = SMOKE if options.smoke else Scale()
    scale.other_watchers = min(scale.other_watchers, raise_file_limit())
    load = Load(cores, options.build / "kvs_load", options.seconds, options.profiles)
    failures = []

    def complain(name, side, error):
        print(f"{name}, {side}: {error}", file=sys.stderr)
        failures.append((name, side, str(error)))

    where = options.directory or options.build
    with tempfile.TemporaryDirectory(prefix="bench-", dir=where) as directory:
        bench = Bench(cores, load, scale, directory)
        kafka = kafka_rows.KafkaBench(bench)
        measurements = bench.all() + etcd_rows.EtcdBench(bench).all() + attack_rows.AttackBench(bench).all()
        if not options.without_kafka and kafka_rows.present():
            measurements += kafka.all()
        elif not options.without_kafka:
            print("bench: no Kafka broker here, so its rows are left out; test/kafka/kafka_fetch.py fetches one", file=sys.stderr)
        if options.rows:
            measurements = [m for m in measurements if any(m.name.startswith(name) for name in options.rows.split(","))]
        if options.list:
            print("\n".join(m.name for m in measurements))
            return 0
        syncs = [report.sync_us(directory)]
        try:
            results = [(one, measure(one, load, options, complain)) for one in measurements]
        finally:
            kafka.close()
        syncs.append(report.sync_us(directory))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    lines = report.lines(results)
    machine = report.machine(cores, Kvs.program, syncs)
    report.print_table(lines, machine, load, options)
    report.write_json(options.json or options.build / "bench.json", lines, results, machine, failures)
    return 1 if any(side.startswith("kvs") for unused, side, unused_error in failures) else 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())

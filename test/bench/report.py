"""The table and the JSON."""
import json
import math
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import tempfile
import time

from rows import TURNS


def medians(measurement, rounds, row):
    """The median of the row's figure for every side that gave one."""
    return {side: statistics.median(figures[row.figure] for figures in all_figures)
            for side, all_figures in rounds.items() if all_figures}


def verdict(ours, goal, values):
    """(the side compared with, ratio, whether the goal is reached), or None if there is nothing to compare."""
    others = {side: values[side] for side in goal.against if side in values}
    if ours is None or not others:
        return None
    best = (min if goal.at_most else max)(others, key=others.get)
    if others[best] <= 0:
        return None
    ratio = ours / others[best]
    return best, ratio, ratio <= goal.factor if goal.at_most else ratio >= goal.factor


def lines(results):
    """One dictionary for each line of the table."""
    table = []
    for measurement, rounds in results:
        for row in measurement.rows:
            values = medians(measurement, rounds, row)
            ours = values.get("kvs")
            goals = []
            for goal in row.goals:
                found = verdict(ours, goal, values)
                goals.append({"against": " or ".join(goal.against), "goal": goal.factor, "at_most": goal.at_most,
                              "ratio": found and found[1], "reached": found and found[2]})
            if row.limit is not None:
                goals.append({"against": None, "goal": row.limit, "at_most": True, "ratio": None,
                              "reached": None if ours is None else ours <= row.limit})
            table.append({"row": measurement.name, "figure": row.figure, "title": row.title, "unit": row.unit,
                          "medians": values, "goals": goals})
    return table


# Larger units, and from how many of the smaller one on they are used.
LARGER = {"/s": (1_000_000, "M/s"), "keys/s": (1_000_000, "M keys/s"), "B": (1024, "KiB"), "ms": (1000, "s"), "µs": (10_000, "ms")}
FACTORS = {"M/s": 1_000_000, "M keys/s": 1_000_000, "KiB": 1024, "s": 1000, "ms": 1000}
NAMES = {"redis": "Redis", "nats": "NATS"}


def quantity(value, unit):
    """With its unit, to three digits: what comes behind them differs from run to run anyway."""
    if value is None:
        return "–"
    if unit in LARGER and value >= LARGER[unit][0]:
        unit = LARGER[unit][1]
        value /= FACTORS[unit]
    if value == 0:
        return f"0 {unit}"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    rounded = round(value, 2 - math.floor(math.log10(abs(value))))
    return f"{rounded:,.{places}f} {unit}"


def goal_text(goal, unit):
    sign = "≤" if goal["at_most"] else "≥"
    return f"{sign} {quantity(goal['goal'], unit)}" if goal["against"] is None else f"{sign} {goal['goal']:.3g} ×"


def ratio_text(goal):
    text = "–" if goal["ratio"] is None else f"{goal['ratio']:.2f} ×"
    return f"**{text}**" if goal["reached"] is False and goal["against"] else text


def print_table(table, machine, load, options):
    print(f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; server on core {machine['server_core']}, "
          f"load on core {machine['load_core']}; {', '.join(machine['versions'])}; a sync of the disk took "
          f"{' and '.join(quantity(one, 'µs') for one in machine['sync_us'])} (before and after).")
    print(f"Medians of {options.rounds} rounds of {options.seconds:g} s (3 or 1 of what takes long; GETs and SETs in {TURNS} turns a "
          f"round); the load generator was busy for {load.busiest:.0%} of the time at most.\n")
    print("| work | kvs | others | ratio | goal |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for line in table:
        unit, values, goals = line["unit"], line["medians"], line["goals"]
        others = "; ".join(f"{NAMES.get(side, side)} {quantity(value, unit)}" for side, value in values.items() if side != "kvs")
        ratios = "; ".join(ratio_text(goal) for goal in goals if goal["against"])
        wanted = "; ".join(goal_text(goal, unit) for goal in goals)
        print(f"| {line['title']} | {quantity(values.get('kvs'), unit)} | {others} | {ratios} | {wanted} |")


def first_line(*command):
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode(errors="replace").splitlines()[0]


def version(name, *command):
    line = first_line(*command)
    found = line and re.search(r"\d+\.\d+\.\d+", line)
    return [f"{name} {found.group()}"] if found else []


def sync_us(directory, times=100, size=8192):
    """The median time that a small write into a prepared file takes until it is on the disk: durable rows depend on it."""
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        file.write(bytes(times * size))
        os.fsync(file.fileno())
        taken = []
        for number in range(times):
            os.pwrite(file.fileno(), b"x" * size, number * size)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e6


def machine(cores, kvs, syncs):
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return {"cpu": cpu.group(1) if cpu else platform.machine(), "cores": os.cpu_count(), "kernel": platform.release(),
            "server_core": cores.server, "load_core": cores.load, "sync_us": syncs,
            "versions": [*version("kvs", kvs, "version"), *version("nginx", "nginx", "-v"),
                         *version("Redis", "redis-server", "--version"), *version("NATS", "nats-server", "--version"),
                         *version("etcd", "etcd", "--version")]}


def write_json(path, table, results, this_machine, failures):
    runs = {measurement.name: rounds for measurement, rounds in results}
    failed = [{"row": name, "side": side, "error": error} for name, side, error in failures]
    everything = {"machine": this_machine, "table": table, "runs": runs, "failed": failed}
    path.write_text(json.dumps(everything, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

#!/usr/bin/env python3
"""Shows that the tests would notice: puts faults into a copy of the source, one at a time, and runs the test that is to fail.

    test/seeded/run.py                    all of them
    test/seeded/run.py fence-ignored ...  these
    test/seeded/run.py --list

A fault is a file NAME.patch: some lines of what is wrong, a line `build: TARGET...`, a line `check: COMMAND...` (run in the
build directory, KVS_BINARY set), and the change as `diff -u` gives it. The check passes on the copy as it is, and must fail
with the fault. A patch that no longer fits, or does not compile, is a failure of this program, not of the fault.
"""
import argparse
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TREE = ROOT / "build" / "seeded"  # the copy
BUILD = TREE / "build" / "quick"
CHECK_SECONDS = 600
TAIL = 25  # lines shown of what went wrong

# Warnings are errors as everywhere: a fault that the compiler finds says nothing about the tests.
CONFIGURE = ["cmake", "-S", TREE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g1",
             "-DKVS_WERROR=ON"]
# What the compiler is given depends on no absolute path: what any build with these flags has compiled is found again.
ENVIRONMENT = {**os.environ, "CCACHE_BASEDIR": str(TREE), "CCACHE_NOHASHDIR": "1", "KVS_BINARY": str(BUILD / "kvs"),
               "BOOST_TEST_COLOR_OUTPUT": "no"}


class Trouble(Exception):
    """Nothing can be said of the fault."""


class Fault:
    def __init__(self, path):
        self.name = path.stem
        self.patch = path.read_text(encoding="utf-8")
        head = self.patch.partition("\n--- ")[0]
        self.targets = self._line(head, "build").split()
        self.check = shlex.split(self._line(head, "check"))
        self.words = " ".join(head.partition("\nbuild:")[0].split())

    def _line(self, head, name):
        found = re.search(rf"^{name}: *(.+)$", head, re.MULTILINE)
        if not found:
            raise Trouble(f"{self.name}.patch has no line `{name}: ...`")
        return found.group(1)


def run(command, **kw):
    """(exit code, what it printed)"""
    ended = subprocess.run(list(map(str, command)), env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                           **kw)
    return ended.returncode, ended.stdout.decode("utf-8", "replace")


def must(what, command, **kw):
    code, printed = run(command, **kw)
    if code != 0:
        raise Trouble(f"{what}:\n" + "\n".join(printed.splitlines()[-TAIL:]))


def sources():
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            stdout=subprocess.PIPE, check=True).stdout
    return [pathlib.Path(os.fsdecode(name)) for name in listed.split(b"\0") if name and (ROOT / os.fsdecode(name)).is_file()]


def copy():
    """Makes the copy what the source is. Only what differs is written, so that only that is compiled."""
    wanted = set(sources())
    for name in wanted:
        data, place = (ROOT / name).read_bytes(), TREE / name
        if not place.is_file() or place.read_bytes() != data:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            place.chmod((ROOT / name).stat().st_mode & 0o777)
    for place in TREE.rglob("*"):
        name = place.relative_to(TREE)
        if place.is_file() and name.parts[0] != "build" and name.suffix != ".pyc" and name not in wanted:
            place.unlink()


def build(fault_or_targets, jobs):
    must("it does not compile", ["cmake", "--build", BUILD, f"-j{jobs}", "--target", *fault_or_targets])


def check(command):
    """(whether it passed, the line that says why not)"""
    try:
        code, printed = run(command, cwd=BUILD, timeout=CHECK_SECONDS)
    except subprocess.TimeoutExpired:
        return False, f"no end within {CHECK_SECONDS} s"
    said = re.findall(r"^.*(?:error: in|FAIL:|FAILED|AssertionError).*$", printed, re.MULTILINE) or printed.splitlines()[-1:]
    return code == 0, (said[0].strip() if said else f"exit code {code}")


def seed(fault):
    """Without fuzz: a patch whose surroundings have changed is to be looked at by somebody."""
    try:
        must(f"{fault.name}.patch does not fit any more; make it anew", ["patch", "-p1", "--fuzz=0", "--no-backup-if-mismatch"],
             cwd=TREE, input=fault.patch.encode())
    except Trouble:
        for rejected in TREE.rglob("*.rej"):
            rejected.unlink()
        raise


def judge(fault, jobs):
    """The line that the check failed with; "" if it did not."""
    try:
        seed(fault)
        build(fault.targets, jobs)
        passed, said = check(fault.check)
        return "" if passed else said
    finally:
        copy()


def main():
    parser = argparse.ArgumentParser(description="Faults put in on purpose, and the tests that find them.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these faults")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="compilers at once")
    arguments = parser.parse_args()
    faults = {path.stem: Fault(path) for path in sorted(HERE.glob("*.patch"))}
    unknown = set(arguments.names) - set(faults)
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    chosen = [faults[name] for name in arguments.names or faults]
    if arguments.list:
        for fault in chosen:
            print(f"{fault.name:26} {fault.words}")
        return 0

    copy()
    must("cannot configure", CONFIGURE)
    build(sorted({target for fault in chosen for target in fault.targets}), arguments.jobs)
    for command in sorted({tuple(fault.check) for fault in chosen}):
        passed, said = check(command)
        if not passed:
            raise Trouble(f"{shlex.join(command)} fails without any fault: {said}")
    missed = []
    for fault in chosen:
        began = time.monotonic()
        said = judge(fault, arguments.jobs)
        if not said:
            missed.append(fault.name)
        by = fault.check[-1].rpartition("=")[2]
        print(f"{fault.name:26} {'caught' if said else 'MISSED'} {time.monotonic() - began:4.0f} s  by {by}", flush=True)
        if said:
            print(f"{'':26} {said[-150:]}", flush=True)
    print(f"{len(chosen) - len(missed)} of {len(chosen)} faults were caught" + (f"; not {', '.join(missed)}" if missed else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        sys.exit(f"seeded: {trouble}")

"""Runs a program as a unit would: under its SystemCallFilter=, with its RestrictAddressFamilies= and UMask=.

    under_filter.py UNIT PROGRAM [ARGUMENT…]

Wants systemd-analyze, which knows the sets of calls, and python3-seccomp. What the unit does not allow fails with the
unit's SystemCallErrorNumber=, as there.
"""
import errno
import os
import socket
import subprocess
import sys

import seccomp


def settings(path):
    """name -> values in their order; an empty value forgets those before it."""
    found = {}
    for line in open(path, encoding="utf-8"):
        line = line.strip()
        if "=" in line and line[0] not in "#;[":
            name, value = line.split("=", 1)
            found[name] = found.get(name, []) + [value] if value else []
    return found


def members(name):
    """The calls of a set, and of the sets in it."""
    if not name.startswith("@"):
        return {name}
    done = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True,
                          check=True)
    calls = set()
    for line in done.stdout.splitlines()[1:]:
        word = line.strip()
        if word and not word.startswith("#"):
            calls |= members(word)
    return calls


def allowed(filters):
    """As systemd.exec(5) has it: lines in order, `~` takes away; @default is always there."""
    calls = members("@default")
    for line in filters:
        names = set().union(*(members(word) for word in line.lstrip("~").split()))
        calls = calls - names if line.startswith("~") else calls | names
    return calls


def main():
    unit = settings(sys.argv[1])
    code = getattr(errno, unit["SystemCallErrorNumber"][-1])
    rules = seccomp.SyscallFilter(defaction=seccomp.ERRNO(code))
    for call in sorted(allowed(unit["SystemCallFilter"])):
        try:
            number = seccomp.resolve_syscall(seccomp.Arch(), call)
        except (RuntimeError, ValueError):
            continue  # a call of other machines
        if number < 0 or call == "socket":
            continue
        rules.add_rule(seccomp.ALLOW, call)
    for family in unit["RestrictAddressFamilies"][-1].split():
        rules.add_rule(seccomp.ALLOW, "socket", seccomp.Arg(0, seccomp.EQ, getattr(socket, family)))
    os.umask(int(unit["UMask"][-1], 8))
    rules.load()
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()

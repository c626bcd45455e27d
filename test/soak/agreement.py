"""Whether instances tell the same of a write, and what its client was told."""
import json

from history import OK, TOUCH

# What a client was told, and what instances may remember of it then. A write that was never answered may be anything.
TOLD = {"ok": "applied", "refused": "refused", "failed": "not_applied"}


def disagreement(operation, verdicts):
    """In words; empty if all is well. `verdicts`: what each instance answers to /v1/requests/{id}. `unknown` agrees with
    everything, because an instance remembers what came by since it started; and that a write was never applied, only the
    one instance that had sent it knows."""
    known = [verdict for verdict in verdicts if verdict["outcome"] != "unknown"]
    if not known:
        return ""
    expected = TOLD.get(operation.outcome, known[0]["outcome"])
    if operation.kind == TOUCH and operation.outcome == OK and not operation.changed():
        expected = "refused"  # there was no such key
    agree = all(verdict == known[0] for verdict in known) and known[0]["outcome"] == expected
    if agree and operation.changed():
        agree = known[0]["revision"] == operation.revision
    return "" if agree else f"{operation}: {json.dumps(known)}"

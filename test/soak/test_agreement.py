#!/usr/bin/env python3
"""What the comparison of instances finds, beside what it must not find."""
import struct
import unittest

import snapshot_bytes
from agreement import disagreement
from history import DELETE, FAILED, OK, REFUSED, SET, UNKNOWN, Operation


def write(outcome, revision=0, kind=SET):
    return Operation(kind, "k", 1, 2, outcome, value="v", revision=revision, id="7")


def told(outcome, revision=None):
    return {"id": "7", "outcome": outcome, **({"revision": revision} if revision else {})}


class Verdicts(unittest.TestCase):
    def test_all_that_know_agree(self):
        for operation, verdict in [(write(OK, 5), told("applied", 5)), (write(OK, 0, DELETE), told("applied", 4)),
                                   (write(REFUSED), told("refused")), (write(FAILED), told("not_applied")),
                                   (write(UNKNOWN), told("applied", 5)), (write(UNKNOWN), told("not_applied"))]:
            with self.subTest(str(operation)):
                self.assertEqual(disagreement(operation, [told("unknown"), verdict, verdict]), "")

    def test_nobody_knows(self):
        self.assertEqual(disagreement(write(OK, 5), [told("unknown")] * 3), "")

    def test_instances_differ(self):
        for one, other in [(told("applied", 5), told("refused")), (told("applied", 5), told("applied", 6)),
                           (told("not_applied"), told("applied", 5)), (told("refused"), told("not_applied"))]:
            with self.subTest(f"{one} {other}"):
                self.assertTrue(disagreement(write(UNKNOWN), [one, other]))

    def test_the_client_was_told_otherwise(self):
        for operation, verdict in [(write(OK, 5), told("applied", 6)), (write(OK, 5), told("refused")),
                                   (write(REFUSED), told("applied", 5)), (write(FAILED), told("applied", 5)),
                                   (write(OK, 5), told("not_applied"))]:
            with self.subTest(str(operation)):
                self.assertTrue(disagreement(operation, [verdict]))


class Snapshots(unittest.TestCase):
    @staticmethod
    def snapshot(digest=9, place=4, bookmark=b"mine", keys=(b"a",)):
        blocks = [(1, bookmark), *((2, key) for key in keys), (0, struct.pack("<Q", len(keys)))]
        head = struct.pack("<8sIIQQqQQQ", b"kvs snap", 1, 0, 7, 3, 1000, digest, place, 0)
        return head + b"".join(struct.pack("<IIB", 0, len(data) + 1, kind) + data for kind, data in blocks)

    def difference(self, **other):
        return snapshot_bytes.difference(snapshot_bytes.parse(self.snapshot()), snapshot_bytes.parse(self.snapshot(**other)))

    def test_what_is_an_instances_own_does_not_count(self):
        self.assertEqual(self.difference(bookmark=b"another one"), "")

    def test_what_differs_is_named(self):
        self.assertEqual(self.difference(digest=8), "digest 9, 8")
        self.assertEqual(self.difference(place=5), "place 4, 5")
        self.assertEqual(self.difference(keys=(b"b",)), "the keys differ")

    def test_a_snapshot_that_is_cut_off_is_no_snapshot(self):
        with self.assertRaises(AssertionError):
            snapshot_bytes.parse(self.snapshot()[:-17])


if __name__ == "__main__":
    unittest.main()

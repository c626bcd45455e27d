#!/usr/bin/env python3
"""Every fault fits the source as it is. Whether it is caught is for ./dev seeded, which takes a while."""
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from run import HERE, ROOT, Fault  # noqa: E402


class Patches(unittest.TestCase):
    def test_every_patch_fits(self):
        """Without fuzz, as run.py puts it in."""
        patches = sorted(HERE.glob("*.patch"))
        self.assertTrue(patches)
        for path in patches:
            with self.subTest(fault=path.stem):
                fault = Fault(path)
                ended = subprocess.run(["patch", "-p1", "--fuzz=0", "--dry-run"], cwd=ROOT, input=fault.patch.encode(),
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                self.assertEqual(ended.returncode, 0, "it does not fit any more; make it anew:\n" + ended.stdout.decode())

    def test_every_fault_names_a_test_and_what_it_is(self):
        for path in HERE.glob("*.patch"):
            with self.subTest(fault=path.stem):
                fault = Fault(path)
                self.assertTrue(fault.targets and fault.check and fault.words)


if __name__ == "__main__":
    unittest.main()

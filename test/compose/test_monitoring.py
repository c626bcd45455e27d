#!/usr/bin/env python3
"""The alert rules and the dashboard: what they ask for is what the binary tells, and each alert fires when it should."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "e2e"))
from kvs_server import Server  # noqa: E402

RULES = ROOT / "compose" / "kvs.rules.yaml"
DASHBOARD = ROOT / "compose" / "grafana" / "dashboards" / "kvs.json"
SCENES = pathlib.Path(__file__).with_name("alerts_test.yaml")
NOT_OF_THIS_ONE = {"kvs_bus_lag_records", "kvs_tls_certificate_expiry_timestamp_seconds"}  # it has neither Kafka nor TLS
NOT_OURS = {"up"}  # Prometheus' own


def alerts():
    group, = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def panels():
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]


def names(expression):
    """The series an expression asks for."""
    bare = re.sub(r'"[^"]*"', "", expression)
    return set(re.findall(r"\b(?:kvs|process)_\w+\b|\bup\b", bare))


class AgainstTheBinary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with Server() as server:
            server.put("k", "v")
            text = server.request("GET", "/metrics").body.decode()
        cls.told = set(re.findall(r"^(\w+)(?=[{ ])", text, re.MULTILINE))

    def check(self, what, expression):
        with self.subTest(what=what):
            asked = names(expression)
            self.assertTrue(asked, expression)
            self.assertEqual(asked - self.told - NOT_OF_THIS_ONE - NOT_OURS, set())

    def test_alerts_ask_for_what_there_is(self):
        for alert in alerts():
            self.check(alert["alert"], alert["expr"])

    def test_panels_ask_for_what_there_is(self):
        for panel in panels():
            for target in panel["targets"]:
                self.check(panel["title"], target["expr"])


class Rules(unittest.TestCase):
    def test_every_alert_says_whom_what_and_what_to_do(self):
        for alert in alerts():
            with self.subTest(alert=alert["alert"]):
                self.assertIn(alert["labels"]["severity"], ("warning", "critical"))
                self.assertIn("{{ $labels.instance }}", alert["annotations"]["summary"])
                self.assertTrue(alert["annotations"]["description"].endswith((".", ".)")))

    def test_every_alert_has_its_scene(self):
        scenes = SCENES.read_text(encoding="utf-8")
        for alert in alerts():
            self.assertIn('alertname="%s"' % alert["alert"], scenes)

    def promtool(self, *arguments):
        if not shutil.which("promtool"):
            self.skipTest("needs promtool (Debian: prometheus): whether the ALERT RULES are valid and fire is NOT tested")
        done = subprocess.run(["promtool", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              cwd=SCENES.parent, check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode())

    def test_promtool_takes_them(self):
        self.promtool("check", "rules", RULES)
        self.promtool("check", "config", RULES.with_name("prometheus.yaml"))

    def test_they_fire_when_they_should_and_only_then(self):
        self.promtool("test", "rules", SCENES)


class Dashboard(unittest.TestCase):
    def test_panels_do_not_overlap(self):
        taken = set()
        for panel in panels():
            at = panel["gridPos"]
            fields = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(fields & taken, panel["title"])
            taken |= fields
            self.assertLessEqual(at["x"] + at["w"], 24)

    def test_expressions_are_valid(self):
        if not shutil.which("promtool"):
            self.skipTest("needs promtool (Debian: prometheus): the DASHBOARD's expressions are NOT checked")
        rules = [{"record": "x:%d:%s" % (panel["id"], target["refId"]), "expr": target["expr"]}
                 for panel in panels() for target in panel["targets"]]
        text = yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]})
        done = subprocess.run(["promtool", "check", "rules", "/dev/stdin"], input=text.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 0, done.stdout.decode())


if __name__ == "__main__":
    unittest.main(verbosity=int(os.environ.get("KVS_TEST_VERBOSITY", "1")))

"""Everything a test with the real binary needs, in one import: from kvs_harness import *

The binary is $KVS_BINARY, else build/dev/kvs. Nothing here sleeps: every wait is for a line, an answer, a byte or the
end of a process, and has a deadline. A watchdog ends a test program that hangs all the same, with the stack of every
thread.
"""
import faulthandler
import os
import sys
import unittest

from kvs_http import TIMEOUT, Connection, ConnectionEnded, Response, chunked, request_bytes
from kvs_server import BINARY, ROOT, STOP_TIMEOUT, Process, Server, environment, run
from kvs_websocket import (ACCEPT, BINARY as BINARY_FRAME, CLOSE, CONTINUATION, KEY, NAMES, PING, PONG, TEXT, UPGRADE,
                           Message, UpgradeRefused, Watch, WebSocket, frame)

__all__ = ["ACCEPT", "BINARY", "BINARY_FRAME", "CLOSE", "CONTINUATION", "Connection", "ConnectionEnded", "KEY",
           "Message", "NAMES", "PING", "PONG", "Process", "ROOT", "Response", "STOP_TIMEOUT", "Server", "ServerTest",
           "TEXT", "TIMEOUT", "UPGRADE", "UpgradeRefused", "Watch", "WebSocket", "chunked", "environment", "frame",
           "main", "request_bytes", "run", "unittest"]


class ServerTest(unittest.TestCase):
    """Tests that share one server per class; it must end well, too."""

    flags = ()
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.server = cls.start_server()
        cls.addClassCleanup(cls.server.remove)

    @classmethod
    def start_server(cls):
        return Server(*cls.flags)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def connect(self, **kw):
        connection = self.server.connect(**kw)
        self.addCleanup(connection.close)
        return connection

    def watch(self, query="", **kw):
        watch = self.server.watch(query, **kw)
        self.addCleanup(watch.close)
        return watch

    def ask(self, method, target, headers=None, body=None, **kw):
        return self.server.request(method, target, headers, body, **kw)

    def put(self, key, value="v", headers=None):
        return self.server.put(key, value, headers)

    def assert_problem(self, answer, status, code):
        """A problem+json answer with all its members (RFC 9457)."""
        kind = (answer.status, answer.header("Content-Type"))
        self.assertEqual(kind, (status, "application/problem+json"), repr(answer))
        problem = answer.json()
        self.assertEqual((problem.get("code"), problem.get("status")), (code, status), problem)
        self.assertEqual(problem.get("type"), "urn:kvs:problem:" + code)
        self.assertTrue(problem.get("title") and problem.get("detail"), problem)
        self.assertEqual(problem.get("request_id"), answer.header("Kvs-Request-Id"))
        self.assertTrue(problem["request_id"])
        return problem


def main(watchdog=550):
    """Runs the tests of the program that calls it."""
    if not os.access(BINARY, os.X_OK):
        sys.exit(f"no binary at {BINARY}: build it, or set KVS_BINARY")
    faulthandler.dump_traceback_later(watchdog, exit=True)
    unittest.main(verbosity=int(os.environ.get("KVS_TEST_VERBOSITY", "1")))

#!/usr/bin/env python3
"""What the server logs, read as programs read it: logfmt, JSON, the journal's form; and which requests are in it."""
import json
import os
import re
import shutil
import signal
import socket
import tempfile

from kvs_harness import *

PAIR = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)=("(?:[^"\\]|\\.)*"|[^\s"=]+)(?: |$)')
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def logfmt(line):
    """The pairs of a line; anything in it that is none is a mistake."""
    record, at = {}, 0
    while at < len(line):
        pair = PAIR.match(line, at)
        if not pair:
            raise ValueError(f"no pair at {at}: {line}")
        name, value = pair.groups()
        record[name] = json.loads(value) if value.startswith('"') else value
        at = pair.end()
    return record


class LogTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="kvs-logs-")
        self.addCleanup(shutil.rmtree, self.directory, True)

    def serve(self, *flags, **kw):
        server = Server(*flags, data_dir=os.path.join(self.directory, "data"), **kw)
        self.addCleanup(server.remove)
        return server

    def requests(self, server, parse=logfmt):
        """The records of requests, once the server has ended."""
        server.stop()
        records = [parse(line) for line in server.stderr.splitlines()]
        return [record for record in records if record["msg"] == "request" and record["route"] != "/readyz"]


class Formats(LogTest):
    def test_logfmt_is_what_a_pipe_gets(self):
        server = self.serve("--access-log")
        server.put("k", "v")
        server.stop()
        records = [logfmt(line) for line in server.stderr.splitlines()]
        for record in records:
            self.assertRegex(record["ts"], TIME)
            self.assertIn(record["level"], ("debug", "info", "warn", "error"))
        self.assertTrue({"listening", "ready", "request", "stopping", "stopped"} <= {one["msg"] for one in records})

    def test_json_is_one_object_a_line(self):
        server = self.serve("--access-log", "--log-format", "json")
        server.put("k", "value")
        server.stop()
        records = [json.loads(line) for line in server.stderr.splitlines()]
        for record in records:
            self.assertRegex(record["time"], TIME)
            self.assertTrue(record["msg"] and record["level"])
        put, = [record for record in records if record.get("method") == "PUT"]
        self.assertEqual(put["status"], 201)
        self.assertIsInstance(put["took_ms"], float)
        self.assertGreater(put["bytes"], 0)

    def test_the_journal_gets_levels_and_no_times(self):
        # As systemd does: stderr is a stream socket, and the variable says which.
        ours, theirs = socket.socketpair()
        about = os.fstat(theirs.fileno())
        stream = "%d:%d" % (about.st_dev, about.st_ino)
        text = "exec 2>&%d; exec \"$@\"" % theirs.fileno()
        process = Process(["sh", "-c", text, "sh", BINARY, "serve", "--ephemeral", "--listen", "127.0.0.1:0"],
                          {"JOURNAL_STREAM": stream}, pass_fds=[theirs.fileno()])
        self.addCleanup(lambda: process.running() and process.process.kill())
        theirs.close()
        with ours, ours.makefile(encoding="utf-8") as lines:
            seen = []
            for line in lines:
                seen.append(line.rstrip("\n"))
                if "msg=ready" in line:
                    process.signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 0)
        for line in seen:
            number, rest = re.fullmatch(r"<(\d)>(.*)", line).groups()
            record = logfmt(rest)
            self.assertNotIn("ts", record)
            self.assertEqual(number, {"debug": "7", "info": "6", "warn": "4", "error": "3"}[record["level"]])
        self.assertIn("4", [line[1] for line in seen], "--ephemeral is a warning")


class Requests(LogTest):
    def test_all_are_there_when_asked_for_without_keys(self):
        server = self.serve("--access-log")
        with server.connect() as connection:
            connection.request("PUT", "/v1/kv/secret-key", {"X-Request-Id": "mine-1"}, b"secret-value")
            connection.request("GET", "/v1/kv/secret-key")
            connection.request("GET", "/v1/kv/none-such")
            connection.request("POST", "/get", body=b'{"Key":"none-such"}')
            connection.request("GET", "/nowhere")
        records = self.requests(server)
        seen = [(one["method"], one["route"], one["status"], one["level"]) for one in records]
        self.assertEqual(seen, [("PUT", "/v1/kv/{key}", "201", "info"), ("GET", "/v1/kv/{key}", "200", "info"),
                                ("GET", "/v1/kv/{key}", "404", "info"), ("POST", "/get", "500", "info"),
                                ("GET", "other", "404", "info")])
        self.assertEqual(records[0]["request_id"], "mine-1")
        self.assertEqual(records[1]["bytes"], str(len("secret-value")))
        self.assertTrue(all(one["client"].startswith("127.0.0.1:") for one in records))
        self.assertNotRegex(server.stderr, "secret|none-such")

    def test_who_asked_to_wait_is_not_slow(self):
        server = self.serve("--access-log")
        self.assertEqual(server.request("GET", "/v1/watch?wait=1100ms").json(), [])
        self.assertEqual([(one["route"], one["status"], one["level"], float(one["took_ms"]) > 1000)
                          for one in self.requests(server)], [("/v1/watch", "200", "info", True)])

    def test_with_log_keys_the_path_is_there_but_no_value(self):
        server = self.serve("--access-log", "--log-keys")
        server.put("a%20b", "secret-value")
        put, = self.requests(server)
        self.assertEqual(put["path"], "/v1/kv/a%20b")
        self.assertNotIn("secret-value", server.stderr)

    def test_pipelined_writes_have_their_own_records(self):
        server = self.serve("--access-log")
        with server.connect() as connection:
            connection.send(b"".join(request_bytes("PUT", "/v1/kv/k", {"X-Request-Id": "id-%d" % n}, "v")
                                     for n in range(5)))
            for _ in range(5):
                self.assertIn(connection.read_response().status, (200, 201))
        self.assertEqual([one["request_id"] for one in self.requests(server)], ["id-%d" % n for n in range(5)])

    def test_without_it_only_what_failed_by_the_servers_fault_is_there(self):
        server = self.serve("--bus", "kafka", "--kafka-brokers", "127.0.0.1:1", "--instance", "one", wait="listening")
        self.assertEqual(server.request("GET", "/v1/kv/k", {"X-Request-Id": "early"}).status, 503)
        self.assertEqual(server.request("GET", "/nowhere").status, 404)
        server.process.wait_line("msg=request .*request_id=early")
        server.terminate()
        server.process.wait()
        records = [logfmt(line) for line in server.stderr.splitlines() if "msg=request" in line]
        self.assertEqual([(one["route"], one["status"], one["level"]) for one in records],
                         [("/v1/kv/{key}", "503", "warn")])

    def test_a_missing_key_by_the_legacy_route_is_no_fault(self):
        server = self.serve()
        self.assertEqual(server.request("POST", "/get", body=b'{"Key":"k"}').status, 500)
        self.assertEqual(self.requests(server), [])


class RequestIds(ServerTest):
    TRACE = "0af7651916cd43dd8448eb211c80319c"

    def id_for(self, **headers):
        return self.ask("GET", "/livez", {name.replace("_", "-"): value for name, value in headers.items()}
                        ).header("Kvs-Request-Id")

    def test_the_clients_own_is_given_back(self):
        self.assertEqual(self.id_for(X_Request_Id="abc"), "abc")
        self.assertEqual(self.id_for(Kvs_Request_Id="mine", X_Request_Id="abc"), "mine")
        self.assertEqual(self.id_for(traceparent=f"00-{self.TRACE}-b7ad6b7169203331-01"), self.TRACE)
        self.assertEqual(self.id_for(X_Request_Id="abc", traceparent=f"00-{self.TRACE}-b7ad6b7169203331-01"), "abc")

    def test_what_is_no_trace_is_not_taken_for_one(self):
        for text in ("", "00-" + "0" * 32 + "-b7ad6b7169203331-01", f"ff-{self.TRACE}-b7ad6b7169203331-01",
                     f"00-{self.TRACE.upper()}-b7ad6b7169203331-01", f"00-{self.TRACE}", self.TRACE):
            with self.subTest(text):
                self.assertRegex(self.id_for(traceparent=text), r"^[0-9a-z]{15}$")


if __name__ == "__main__":
    main()

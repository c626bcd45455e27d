#!/usr/bin/env python3
"""/metrics of an instance on a topic: what is counted there only, and what only a broker can make rise."""
import kafka_kcat
from kafka_commands import *
from kafka_harness import *
from kafka_records import Record
from kvs_metrics import BY_TLS, Scrape, contract_without


class Metrics(CommandTest):
    def setUp(self):
        self.addCleanup(self.restore)

    def scrape(self, server):
        answer = server.request("GET", "/metrics")
        self.assertEqual(answer.status, 200)
        return Scrape(answer.body.decode())

    def risen(self, before, after, name):
        """{labels' values: by how much}, of those that rose."""
        have = before.samples[name]
        return {tuple(value for _, value in labels): value - have[labels]
                for labels, value in after.samples[name].items() if value != have[labels]}

    def test_every_family_is_there_as_it_is_written_down(self):
        server = self.instance()
        server.put("k", "v")
        self.scrape(server)
        self.scrape(server).check(self, contract_without(BY_TLS))

    def test_records_that_are_left_out(self):
        server = self.instance("--kafka-foreign", "ignore")
        server.put("k", "v")
        before = self.scrape(server)
        kafka_kcat.produce(self.cluster, self.name(), b"city", b"Surat")
        self.cluster.write(self.name(), [Record(b"evil", b"evil", ((b"kvs", b"nonsense"),))])
        server.put("k", "v")  # behind them in the order
        after = self.scrape(server)
        self.assertEqual(self.risen(before, after, "kvs_bus_ignored_records_total"), {("foreign",): 1, ("malformed",): 1})
        self.assertEqual(after.value("kvs_bus_lag_records"), 0)

    def test_writes_that_do_not_get_into_the_order(self):
        server = self.instance()
        server.put("k", "v")
        before = self.scrape(server)
        self.cluster.brokers[1].pause()
        with server.connect(timeout=60) as connection:
            connection.send(request_bytes("PUT", "/v1/kv/k", None, "w"))
            wait_until(lambda: self.scrape(server).value("kvs_http_requests_in_flight") == 1, "it waits")
            wait_until(lambda: self.scrape(server).value("kvs_bus_up") == 0, "the bus is away")
            self.assertEqual(server.request("PUT", "/v1/kv/k", None, "x").status, 503)
            self.assertEqual(connection.read_response("PUT").status, 504)
        self.cluster.brokers[1].resume()
        wait_until(lambda: self.scrape(server).value("kvs_bus_up") == 1, "the bus is back")
        after = self.scrape(server)
        self.assertEqual(self.risen(before, after, "kvs_bus_publish_failures_total"), {("away",): 1, ("unknown",): 1})
        self.assertEqual(after.value("kvs_http_requests_in_flight"), 0)


if __name__ == "__main__":
    main()

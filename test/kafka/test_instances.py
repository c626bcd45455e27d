#!/usr/bin/env python3
"""Several instances over one topic: what one was told all know, and what the broker's absence changes for them."""
import json
import signal
import threading

from kafka_commands import *
from kafka_harness import *
from kvs_streams import Stream

REQUEST = 10.0  # seconds a server lets a write wait
AT_ONCE = 3.0   # what is answered at once, on a busy machine


def several(act, arguments):
    """act(argument) for each, all at the same time; their results."""
    results, start = [None] * len(arguments), threading.Barrier(len(arguments))

    def one(place, argument):
        start.wait()
        results[place] = act(argument)

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(arguments)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class InstanceTest(CommandTest):
    def setUp(self):
        self.addCleanup(self.restore)

    def instances(self, *names):
        started = [self.instance(name=name, wait="listening") for name in names]
        for one in started:
            one.wait_ready()
        return started

    def watch(self, server, query=""):
        watch = server.watch(query)
        self.addCleanup(watch.close)
        return watch

    def log_id(self, server):
        return server.request("GET", "/v1/status").json()["log_id"]

    def wait_up(self, *servers):
        for server in servers:
            wait_until(lambda one=server: one.request("GET", "/v1/status").json()["bus"]["up"], "the bus is up")

    def catch_up(self, *servers):
        """Until each has what was acknowledged anywhere; a bus that has just come back may go once more."""
        for server in servers:
            wait_until(lambda one=server: one.request("GET", "/v1/kv/-?linearizable=1").status in (200, 404),
                       "it reads what is newest")

    def assert_same_everywhere(self, *servers):
        self.catch_up(*servers)
        states = [server.state() for server in servers]
        for state in states[1:]:
            self.assertEqual(state, states[0])
        return states[0]

    @staticmethod
    def put_if_up(server, key):
        """Its revision; None if the bus is away."""
        return server.request("PUT", "/v1/kv/" + key, None, "v").json().get("revision")

    def outcome(self, server, name):
        return server.request("GET", "/v1/requests/" + name).json()


class Together(InstanceTest):
    def test_the_past_is_the_same_at_the_other(self):
        ada, bob = self.instances("ada", "bob")
        old = ada.put("k", "old")
        ada.put("other", "v")
        new = bob.put("k", "new")
        for server in (ada, bob):
            for revision, value in ((old, b"old"), (new, b"new")):
                answer = server.request("GET", f"/v1/kv/k?revision={revision}&timeout=60s")
                self.assertEqual((answer.status, answer.body, answer.revision), (200, value, revision))
        histories = [server.request("GET", f"/v1/history/k?min_revision={new}&timeout=60s").json() for server in (ada, bob)]
        self.assertEqual([item["value"] for item in histories[0]["items"]], ["new", "old"])
        self.assertEqual(histories[0]["items"], histories[1]["items"])

    def test_a_listing_goes_on_at_the_other_on_its_revision(self):
        ada, bob = self.instances("ada", "bob")
        names = ["k%d" % n for n in range(9)]
        for name in names:
            revision = ada.put(name, "old")
        servers, target, seen = [ada, bob], "/v1/kv?limit=2", []
        while target:
            answer = servers[0].request("GET", target)
            self.assertEqual((answer.status, answer.revision), (200, revision), answer)
            seen += answer.json()["items"]
            target = answer.json().get("next")
            servers.reverse()
            servers[0].put(names[len(seen) - 1], "new")
            servers[0].put(names[-1], "new")
        self.assertEqual([item["key"] for item in seen], names)
        self.assertEqual({item["value"] for item in seen}, {"old"})
        lines = bob.request("GET", f"/v1/kv?revision={revision}", {"Accept": "application/x-ndjson"}).body
        self.assertEqual([json.loads(line)["value"] for line in lines.splitlines()], ["old"] * 9)

    def test_a_write_at_one_is_read_at_the_others(self):
        ada, bob, cyd = self.instances("ada", "bob", "cyd")
        revision = ada.put("city", "Surat", {"Content-Type": "text/x-city"})
        for answer in (bob.request("GET", "/v1/kv/city?linearizable=1"),
                       cyd.request("GET", f"/v1/kv/city?min_revision={revision}@{self.log_id(ada)}")):
            self.assertEqual((answer.status, answer.body, answer.etag, answer.header("Content-Type")),
                             (200, b"Surat", f'"{revision}"', "text/x-city"))
        self.assertEqual({self.log_id(ada)}, {self.log_id(bob), self.log_id(cyd)})
        self.assert_same_everywhere(ada, bob, cyd)

    def test_a_condition_holds_whoever_wrote_last(self):
        ada, bob = self.instances("ada", "bob")
        first = ada.put("k", "1")
        second = bob.put("k", "2", {"If-Match": f'"{first}"'})
        refused = ada.request("PUT", "/v1/kv/k", {"If-Match": f'"{first}"'}, "3")
        self.assertEqual((refused.status, refused.json()["current_revision"]), (412, second))

    def test_every_instance_knows_the_others(self):
        servers = self.instances("ada", "bob", "cyd")
        self.catch_up(*servers)
        for server in servers:
            members = server.request("GET", "/v1/status").json()["bus"]["members"]
            self.assertEqual([one["name"] for one in members], ["ada", "bob", "cyd"])
            for one in members:
                self.assertEqual(set(one), {"name", "since", "snapshot", "heard"})
                self.assertRegex(one["heard"], r"^\d{4}-\d\d-\d\dT.*Z$")

    def test_a_watch_goes_on_at_another_instance(self):
        ada, bob = self.instances("ada", "bob")
        watch = self.watch(ada, "prefix=k/")
        self.assertEqual(watch.next()["op"], "synced")
        first = bob.put("k/1", "a")
        seen = watch.next()
        self.assertEqual((seen["op"], seen["key"], seen["revision"]), ("set", "k/1", first))
        watch.close()
        bob.put("other", "x")
        second = ada.put("k/2", "b")
        watch = self.watch(bob, f"prefix=k/&since={first}@{self.log_id(ada)}")
        third = ada.put("k/1", "c")  # bob may say that it is synced before, between or after the two
        events = [event for event in watch.until("set", third) if event["op"] != "synced"]
        self.assertEqual([(event["key"], event["revision"]) for event in events], [("k/2", second), ("k/1", third)])

    def stream(self, server, query, form, headers=None):
        stream = Stream(server.address, query, form, headers)
        self.addCleanup(stream.close)
        return stream

    def test_an_event_stream_goes_on_at_the_other_by_the_id_of_its_last_event(self):
        """As a browser does it: the same address again, and the header."""
        ada, bob = self.instances("ada", "bob")
        begun = ada.put("k/0", "0")
        stream = self.stream(ada, f"prefix=k/&since={begun}", "events")
        self.assertEqual(stream.next(), {"op": "synced", "revision": begun})
        first = bob.put("k/1", "a")
        self.assertEqual(stream.next()["revision"], first)
        position = stream.ids[-1]
        self.assertEqual(position, f"{first}@{self.log_id(bob)}")
        second = bob.put("k/2", "b")  # on its way, or sent and not read any more
        ada.kill()
        third = bob.put("k/1", "c")
        stream = self.stream(bob, f"prefix=k/&since={begun}", "events", {"Last-Event-ID": position})
        self.assertEqual(stream.response.revision, first)
        events = stream.until("synced", third)[:-1]
        self.assertEqual([(event["key"], event["value"], event["revision"]) for event in events],
                         [("k/2", "b", second), ("k/1", "c", third)])
        ada.start()
        again = self.stream(ada, "prefix=k/", "events", {"Last-Event-ID": position})
        self.assertEqual(again.until("synced", third)[:-1], events)

    def test_lines_and_polls_go_on_at_the_other_each_change_once(self):
        ada, bob = self.instances("ada", "bob")
        begun = ada.put("k/0", "0")
        self.catch_up(bob)
        revisions = []
        for number in range(6):  # each by another instance than the one that is asked
            revisions.append((ada, bob)[number % 2].put(f"k/{number}", str(number)))
            bob.put("other", str(number))
        for form in ("lines", "poll"):
            with self.subTest(form):
                since, seen = begun, []
                while len(seen) < len(revisions):
                    server = (bob, ada)[len(seen) % 2]
                    query = f"prefix=k/&since={since}@{self.log_id(server)}&min_revision={revisions[-1]}"
                    if form == "poll":
                        answer = server.request("GET", f"/v1/watch?{query}&wait=1m&count=1")
                        (event,), since = answer.json(), answer.revision
                    else:
                        event = self.stream(server, query, form).next()
                        since = event["revision"]
                    seen.append((event["key"], event["revision"]))
                    self.assertEqual(since, event["revision"])
                self.assertEqual(seen, [(f"k/{number}", revision) for number, revision in enumerate(revisions)])

    def test_a_position_of_another_log_is_refused(self):
        ada, = self.instances("ada")
        other = f"{int(self.log_id(ada), 16) ^ 1:016x}"
        with self.assertRaises(UpgradeRefused) as refused:
            ada.watch(f"since=1@{other}")
        self.assertEqual((refused.exception.response.status, refused.exception.response.json()["code"]), (410, "other_log"))

    def test_of_racing_conditional_writes_one_wins_everywhere(self):
        servers = self.instances("ada", "bob", "cyd")
        racers = [(place, server.connect()) for place, server in enumerate(servers * 2)]
        for _, connection in racers:
            self.addCleanup(connection.close)
        for race in range(25):
            def write(racer, number=race):
                place, connection = racer
                headers = {"If-None-Match": "*", "Kvs-Request-Id": f"{number}.{place}"}
                return connection.request("PUT", f"/v1/kv/race{number}", headers, f"{number}.{place}")

            answers = several(write, racers)
            won = [answer for answer in answers if answer.status == 201]
            self.assertEqual(sorted(answer.status for answer in answers), [201] + [412] * 5)
            self.assertEqual({answer.json()["current_revision"] for answer in answers if answer.status == 412},
                             {won[0].json()["revision"]})
        self.assert_same_everywhere(*servers)
        for race in range(25):
            for place, _ in racers:
                told = [self.outcome(server, f"{race}.{place}") for server in servers]
                self.assertEqual([told[0]] * 3, told)
                self.assertIn(told[0]["outcome"], ("applied", "refused"))

    def test_what_became_of_a_request_is_known_at_every_instance(self):
        ada, bob = self.instances("ada", "bob")
        created = ada.put("k", "1", {"Kvs-Request-Id": "created"})
        replaced = ada.put("k", "2", {"Kvs-Request-Id": "replaced"})
        ada.request("PUT", "/v1/kv/k", {"Kvs-Request-Id": "refused", "If-Match": f'"{created}"'}, "3")
        ada.request("DELETE", "/v1/kv/none", {"Kvs-Request-Id": "nothing"})
        self.catch_up(bob)
        for server in (ada, bob):
            self.assertEqual(self.outcome(server, "created"),
                             {"id": "created", "outcome": "applied", "revision": created, "status": 201})
            self.assertEqual(self.outcome(server, "replaced"),
                             {"id": "replaced", "outcome": "applied", "revision": replaced, "status": 200})
            told = self.outcome(server, "refused")
            self.assertEqual((told["outcome"], told["status"]), ("refused", 412))
            self.assertEqual(self.outcome(server, "nothing")["outcome"], "applied")
            self.assertEqual(self.outcome(server, "never-sent")["outcome"], "unknown")


class NamesTakenTwice(InstanceTest):
    TAKEN = ("another process has taken the instance name ada (its first record is at offset {}): each instance needs a name "
             "of its own (--instance); if that process was started by mistake, end it and start this one again")

    def test_the_older_one_ends_and_says_why(self):
        old, = self.instances("ada")
        revision = old.put("k", "1")
        new, = self.instances("ada")
        self.assertEqual(old.process.wait(), 1)
        self.assertIn(self.TAKEN.format(revision), old.stderr)  # a revision is an offset and one
        self.assertEqual(new.request("GET", f"/v1/kv/k?min_revision={revision}").body, b"1")
        new.put("k", "2")

    def test_what_a_zombie_is_asked_when_it_wakes_up_has_no_effect(self):
        zombie, bob = self.instances("ada", "bob")
        zombie.put("k", "1")
        connections = [zombie.connect() for _ in range(8)]
        zombie.process.signal(signal.SIGSTOP)
        for place, connection in enumerate(connections):
            self.addCleanup(connection.close)
            connection.send(request_bytes("PUT", f"/v1/kv/late{place}", None, "x"))
        new, = self.instances("ada")
        new.put("k", "2")
        zombie.process.signal(signal.SIGCONT)
        for connection in connections:
            try:
                self.assertIn(connection.read_response("PUT").status, (503, 504))
            except ConnectionEnded:
                pass
        self.assertEqual(zombie.process.wait(), 1)
        self.assertIn(self.TAKEN.partition(" (")[0], zombie.stderr)
        self.assertEqual([event["key"] for event in self.assert_same_everywhere(new, bob)], ["k"])


class Away(InstanceTest):
    """The broker is frozen, dead, or not there yet."""

    def setUp(self):
        super().setUp()
        self.broker = self.cluster.brokers[1]

    def freeze(self, *watches):
        """Until every watcher was told."""
        self.broker.pause()
        for watch in watches:
            self.assertRegex(watch.until("stale")[-1]["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def thaw(self, *watches):
        self.broker.resume()
        for watch in watches:
            watch.until("fresh")

    def test_reads_go_on_and_say_how_old_they_are(self):
        ada, bob = self.instances("ada", "bob")
        revision = ada.put("k", "1")
        watches = [self.watch(ada), self.watch(bob, f"since=0&min_revision={revision}")]
        fresh = ada.request("GET", "/v1/kv/k")
        self.assertIsNone(fresh.header("Kvs-Stale-Ms"))
        self.freeze(*watches)
        for server in (ada, bob):
            seen = [server.request("GET", "/v1/kv/k") for _ in range(2)]
            self.assertEqual([answer.body for answer in seen], [b"1", b"1"])
            ages = [int(answer.header("Kvs-Stale-Ms")) for answer in seen]
            self.assertEqual(ages, sorted(ages))
            self.assertEqual(server.request("GET", "/readyz").status, 200)
            self.assertRegex(server.request("GET", "/readyz?verbose").body.decode(), r"(?m)^\[\+\]bus ok, away for \d+ s")
            status = server.request("GET", "/v1/status").json()
            self.assertEqual((status["bus"]["up"], status["ready"]), (False, True))
            self.assertTrue(status["bus"]["detail"])
        self.thaw(*watches)
        self.assertIsNone(ada.request("GET", "/v1/kv/k").header("Kvs-Stale-Ms"))
        self.assertIn("[+]bus ok\n", ada.request("GET", "/readyz?verbose").body.decode())

    def test_writes_and_new_reads_are_refused_at_once(self):
        ada, = self.instances("ada")
        watch = self.watch(ada)
        ada.put("k", "1")
        self.freeze(watch)
        with ada.connect(timeout=AT_ONCE) as connection:
            refused = connection.request("PUT", "/v1/kv/k", None, "2")
            self.assertEqual((refused.status, refused.json()["code"]), (503, "bus_away"))
            self.assertEqual(refused.header("Retry-After"), "1")
            self.assertIn("nothing was written", refused.json()["detail"])
            refused = connection.request("GET", "/v1/kv/k?linearizable=1")
            self.assertEqual((refused.status, refused.json()["code"]), (503, "bus_away"))
        self.thaw(watch)
        self.assertEqual(ada.request("GET", "/v1/kv/k?linearizable=1").body, b"1")

    def test_a_write_the_broker_says_nothing_about_is_unknown_in_time_and_known_afterwards(self):
        ada, bob = self.instances("ada", "bob")
        watch = self.watch(bob)
        ada.put("k", "1")
        with ada.connect(timeout=REQUEST + AT_ONCE) as writer, ada.connect(timeout=5 + AT_ONCE) as reader:
            self.broker.pause()
            writer.send(request_bytes("PUT", "/v1/kv/k", {"Kvs-Request-Id": "lost"}, "2"))
            reader.send(request_bytes("GET", "/v1/kv/k?linearizable=1"))
            answer = reader.read_response()
            self.assertIn((answer.status, answer.json()["code"]), [(504, "not_caught_up"), (503, "bus_away")])
            answer = writer.read_response("PUT")
            self.assertEqual((answer.status, answer.json()["code"]), (504, "outcome_unknown"))
            self.assertEqual((answer.json()["current_revision"], answer.json()["oldest_revision"]),
                             (answer.revision, ada.request("GET", "/v1/status").json()["oldest_revision"]))
        self.thaw(watch)
        self.wait_up(ada)
        wait_until(lambda: self.outcome(ada, "lost")["outcome"] in ("applied", "not_applied"), "its outcome is known")
        state = self.assert_same_everywhere(ada, bob)
        expected = {"applied": "2", "not_applied": "1"}[self.outcome(ada, "lost")["outcome"]]
        self.assertEqual([event["value"] for event in state], [expected])

    def test_nothing_acknowledged_is_lost_with_the_broker_killed(self):
        ada, bob = self.instances("ada", "bob")
        watch = self.watch(bob)
        kept = {f"k{n}": ada.put(f"k{n}", "v") for n in range(20)}
        self.broker.kill()
        watch.until("stale")
        self.cluster.start()
        watch.until("fresh")
        self.wait_up(ada, bob)
        kept["after"] = wait_until(lambda: self.put_if_up(ada, "after"), "writes go on")
        state = self.assert_same_everywhere(ada, bob)
        self.assertEqual({event["key"]: event["revision"] for event in state}, kept)

    def test_without_a_broker_it_lives_and_waits(self):
        topic = self.topic()
        kept = self.instance(name="kept", topic=topic)
        kept.put("k", "1")
        kept.stop()
        self.broker.kill()
        new = self.instance(name="new", topic=topic, wait="listening")
        kept.start(wait="listening")
        for server in (new, kept):
            self.assertEqual(server.request("GET", "/livez").status, 200)
            answer = server.request("GET", "/readyz")
            self.assertEqual((answer.status, answer.header("Retry-After")), (503, "1"))
            answer = server.request("GET", "/v1/kv/k")
            self.assertEqual((answer.status, answer.json()["code"]), (503, "starting"))
            wait_until(lambda one=server: self.cluster.bootstrap in one.request("GET", "/readyz").body.decode(),
                       "it says whom it waits for")
        self.cluster.start()
        for server in (new, kept):
            server.wait_ready()
            self.assertEqual(server.request("GET", "/v1/kv/k").body, b"1")
        new.put("k", "2")

    def test_it_ends_in_time_while_the_broker_is_frozen(self):
        ada, bob = self.instances("ada", "bob")
        watch = self.watch(ada)
        ada.put("k", "1")
        self.freeze(watch)
        starting = self.instance(name="cyd", wait="listening")
        for server in (ada, bob, starting):
            server.terminate()
        self.assertEqual([server.process.wait(20) for server in (ada, bob)], [0, 0])
        self.assertEqual(starting.process.wait(20), 0)
        self.broker.resume()
        for server in (ada, bob):
            server.start()
        self.assertEqual([event["value"] for event in self.assert_same_everywhere(ada, bob)], ["1"])


class Restarts(InstanceTest):
    def fill(self, server, count=30):
        return [server.put(f"k{n:02d}", f"v{n}") for n in range(count)]

    def test_it_goes_on_from_its_own_data_and_not_from_the_beginning(self):
        """What it would have to read anew is deleted."""
        for end in (Server.stop, Server.kill):
            with self.subTest(end=end.__name__):
                name = "by-" + end.__name__
                topic = f"{self.name()}-{end.__name__}"
                self.cluster.create_topic(topic)
                ada = self.instance(name=name, topic=topic)
                newest = self.fill(ada)[-1]
                state = ada.state()
                end(ada)
                self.assertEqual(self.cluster.trim(topic, newest), newest)  # the offset after the newest change
                ada.start()
                self.assertEqual(ada.state(), state)
                self.assertGreater(ada.put("more", "v"), newest)
                ada.stop()

    def test_what_happened_meanwhile_is_read_from_the_topic(self):
        ada, bob = self.instances("ada", "bob")
        self.fill(ada)
        ada.kill()
        bob.put("k00", "meanwhile")
        bob.request("DELETE", "/v1/kv/k01")
        ada.start()
        self.assertEqual(ada.state(), bob.state())
        with ada.watch("since=0") as watch:  # its history has no gap
            events = watch.until("synced")[:-1]
        self.assertEqual([event["op"] for event in events], ["set"] * 31 + ["delete"])

    def test_a_new_instance_comes_in_by_a_snapshot(self):
        topic = self.topic()
        ada = self.instance(topic=topic)
        newest = self.fill(ada)[-1]
        self.cluster.trim(topic, newest)
        lost = self.instance(name="bob", topic=topic, wait="listening")
        self.assertEqual(lost.process.wait(), 1)
        self.assertRegex(lost.stderr, "has been deleted.*--bootstrap-from")
        bob = self.instance("--bootstrap-from", f"http://127.0.0.1:{ada.port}", name="bob", topic=topic, wait="")
        bob.process.wait_line("got a snapshot")
        bob.process.wait_line(r"\blistening\b", count=2)
        self.reattach(bob)
        self.assert_same_everywhere(ada, bob)
        self.assertGreater(bob.put("k00", "by bob"), newest)
        self.assert_same_everywhere(ada, bob)
        bob.stop()
        bob.start()
        self.assert_same_everywhere(ada, bob)

    def test_a_hundred_thousand_records_are_read_by_a_new_instance(self):
        """Sets and deletes of ours and of others; what comes of them is computed here, in the order of the topic."""
        ada, = self.instances("ada")
        expected = {}
        with ada.connect() as connection:
            for begin in range(0, 10_000, 100):  # pipelined
                keys = [f"ours/{n % 3_000}" for n in range(begin, begin + 100)]
                for n, key in enumerate(keys, begin):
                    connection.send(request_bytes("PUT", "/v1/kv/" + key, None, f"{n}"))
                for n, key in enumerate(keys, begin):
                    answer = connection.read_response("PUT")
                    self.assertIn(answer.status, (200, 201), answer)
                    expected[key] = f"{n}", answer.json()["revision"]
        for begin in range(0, 90_000, 1_000):
            records = [Record(b"theirs/%d" % (n % 20_000), None if n % 7 == 3 else b"%d" % n) for n in range(begin, begin + 1_000)]
            newest = self.cluster.write(self.name(), records)  # ada's own records of its digests stand between
            for n in range(begin, begin + 1_000):
                key = f"theirs/{n % 20_000}"
                expected.pop(key, None)
                if n % 7 != 3:
                    expected[key] = f"{n}", newest + n - begin + 1
        bob, = self.instances("bob")
        state = self.assert_same_everywhere(ada, bob)
        self.assertEqual({event["key"]: (event["value"], event["revision"]) for event in state}, expected)
        with bob.watch(f"since={newest}@{self.log_id(ada)}") as watch:
            events = watch.until("synced")[:-1]
        sets = [(int(event["value"]), event["revision"]) for event in events if event["op"] == "set"]
        self.assertEqual(sets, [(n, newest + n - 88_999) for n in range(89_000, 90_000) if n % 7 != 3])

    @staticmethod
    def reattach(server):
        """To the address it has since it came in by a snapshot."""
        port = server.process.wait_line(r"\blistening\b.*\burl=\"?http://[^ ]*:(\d+)", count=2).group(1)
        server.address = ("127.0.0.1", int(port))
        server.wait_ready()


class ThreeBrokers(InstanceTest):
    brokers = 3

    def test_the_leader_is_killed_and_nothing_acknowledged_is_lost(self):
        topic = self.topic()
        servers = [self.instance(name=name, topic=topic) for name in ("ada", "bob", "cyd")]
        kept, over = [{} for _ in servers], threading.Event()

        def write(place):
            n = 0
            while not over.is_set() or n < 20:
                answer = servers[place].request("PUT", f"/v1/kv/{place}.{n}", None, "v")
                if answer.status == 201:
                    kept[place][f"{place}.{n}"] = answer.json()["revision"]
                else:
                    self.assertIn(answer.status, (503, 504), answer)
                n += 1
            return n

        writers = [threading.Thread(target=write, args=(place,)) for place in range(len(servers))]
        for writer in writers:
            writer.start()
        try:
            for _ in range(2):
                self.cluster.leader(topic).kill()
                self.cluster.leader(topic)
                for server in servers:
                    wait_until(lambda one=server: self.put_if_up(one, "probe"), "writes go on")
                self.cluster.start()
                self.cluster.wait_in_sync(topic)
        finally:
            over.set()
            for writer in writers:
                writer.join()
        state = {event["key"]: event["revision"] for event in self.assert_same_everywhere(*servers)}
        for one in kept:
            self.assertGreater(len(one), 20)
            self.assertEqual({key: state.get(key) for key in one}, one)

    def test_the_leader_moves_and_nobody_notices(self):
        topic = self.topic()
        ada, bob = (self.instance(name=name, topic=topic) for name in ("ada", "bob"))
        watch = self.watch(bob)
        for number in (1, 2, 3):
            self.cluster.move_leader(topic, number)
            revision = wait_until(lambda: self.put_if_up(ada, "k"), "writes go on")
            seen = watch.until("set", revision)
            self.assertEqual(seen[-1]["revision"], revision)
        for server in (ada, bob):
            server.stop()


if __name__ == "__main__":
    main()

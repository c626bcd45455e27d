#!/usr/bin/env python3
"""The container files of compose/: every name in them has its counterpart, every flag is one of the program's.

Nothing is run but kvs itself and CMake; what the images do with it is not seen here.
"""
import functools
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "compose"
BINARY = os.environ.get("KVS_BINARY") or str(ROOT / "build" / "dev" / "kvs")
PROJECTS = {"compose.yaml": ["compose.yaml"], "three-brokers.yaml": ["compose.yaml", "three-brokers.yaml"]}
SERVICE = {"build", "command", "depends_on", "environment", "healthcheck", "image", "ports", "profiles", "restart",
           "stop_grace_period", "volumes"}


def load(name):
    """A YAML file, in which no key stands twice (PyYAML would take the last)."""

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node, deep=False):
            names = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
            twice = {name for name in names if names.count(name) > 1}
            assert not twice, f"twice in one mapping: {twice}, {node.start_mark}"
            return super().construct_mapping(node, deep)

    return yaml.load((HERE / name).read_text(encoding="utf-8"), Loader)


def merged(base, over):
    """As compose lays one file over another: mappings are merged, lists get longer, a command is replaced."""
    result = dict(base)
    for name, value in over.items():
        old = result.get(name)
        if name == "depends_on" and isinstance(old, list) and isinstance(value, dict):
            old = {service: {"condition": "service_started"} for service in old}
        if isinstance(old, dict) and isinstance(value, dict):
            result[name] = merged(old, value)
        elif isinstance(old, list) and name not in ("command", "test"):
            result[name] = old + value
        else:
            result[name] = value
    return result


@functools.lru_cache(maxsize=None)
def project(name):
    return functools.reduce(merged, (load(file) for file in PROJECTS[name]))


def kvs(*words):
    ended = subprocess.run([BINARY, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                           env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, timeout=60, check=False)
    return ended.returncode, ended.stdout.decode("utf-8")


@functools.lru_cache(maxsize=None)
def flags_of(command):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", kvs(command, "--help")[1]))


def listeners(text):
    """PLAINTEXT://kafka:9092,CONTROLLER://:9093 -> {"PLAINTEXT": ("kafka", 9092), "CONTROLLER": ("", 9093)}"""
    found = re.findall(r"(\w+)://([\w.-]*):(\d+)", text)
    assert len(found) == len(text.split(",")), text
    return {name: (host, int(port)) for name, host, port in found}


def broker(service):
    return service["image"].startswith("apache/kafka:")


def instance(service):
    return service["image"].startswith("kvs:")


def each(kind=lambda service: True):
    """A test for all services of this kind, of compose.yaml alone and with three-brokers.yaml on top."""

    def decorate(test):
        @functools.wraps(test)
        def run(self):
            found = [(file, *named) for file in PROJECTS for named in project(file)["services"].items() if kind(named[1])]
            self.assertGreaterEqual(len(found), len(PROJECTS))
            for file, name, service in found:
                with self.subTest(file=file, service=name):
                    test(self, project(file), name, service)

        return run

    return decorate


class Services(unittest.TestCase):
    @each()
    def test_every_service_has_an_image_and_nothing_misspelt(self, _whole, _name, service):
        self.assertLessEqual(set(service), SERVICE)
        self.assertRegex(service["image"], r"^[\w./-]+:[\w.-]+$")
        self.assertNotIn(service["image"].rpartition(":")[2], ("latest", "edge"))
        if "build" in service:
            context = HERE / service["build"]["context"]
            self.assertTrue((context / service["build"]["dockerfile"]).is_file())

    @each()
    def test_every_volume_is_there(self, whole, _name, service):
        for volume in service.get("volumes", ()):
            source, target = volume.split(":")[:2]
            self.assertTrue(target.startswith("/"), volume)
            if source.startswith("."):
                self.assertTrue((HERE / source).exists(), source)
                self.assertTrue(volume.endswith(":ro"), volume)
            else:
                self.assertIn(source, whole["volumes"])

    def test_every_named_volume_is_used_once(self):
        for file in PROJECTS:
            used = [v.split(":")[0] for s in project(file)["services"].values() for v in s.get("volumes", ()) if v[0] != "."]
            self.assertEqual(sorted(used), sorted(project(file)["volumes"]), file)

    @each(lambda service: "depends_on" in service)
    def test_every_dependency_is_there_and_can_be_waited_for(self, whole, _name, service):
        for name in service["depends_on"]:
            other = whole["services"][name]
            self.assertLessEqual(set(other.get("profiles", ())), set(service.get("profiles", ())))
            if isinstance(service["depends_on"], dict):
                condition = service["depends_on"][name]["condition"]
                self.assertIn(condition, ("service_started", "service_healthy"))
                self.assertTrue(condition == "service_started" or other.get("healthcheck"), name)

    def test_ports_are_published_on_loopback_only_and_once(self):
        for file in PROJECTS:
            ports = [port for service in project(file)["services"].values() for port in service.get("ports", ())]
            for port in ports:
                self.assertRegex(port, r"^127\.0\.0\.1:\d+:\d+$")
            self.assertEqual(len({port.split(":")[1] for port in ports}), len(ports), file)


class Health(unittest.TestCase):
    """Everything runs for ever, and says how it is."""

    # What each image has to ask itself with. The instances and brokers have programs of their own for it.
    CLIENTS = {"haproxy": "bash", "prom/prometheus": "wget", "grafana/grafana": "wget", "kafbat/kafka-ui": "wget"}

    @each()
    def test_every_service_is_asked_how_it_is(self, _whole, _name, service):
        self.assertLessEqual({"test", "interval", "timeout", "retries", "start_period"}, set(service["healthcheck"]))
        self.assertEqual(service["healthcheck"]["test"][0], "CMD")

    @each(lambda service: not broker(service) and not instance(service))
    def test_by_a_program_of_its_image_at_the_port_it_listens_on(self, _whole, _name, service):
        _, program, *words = service["healthcheck"]["test"]
        self.assertEqual(program, self.CLIENTS[service["image"].rpartition(":")[0]])
        port, = {port.rpartition(":")[2] for port in service["ports"]}
        self.assertRegex(words[-1], rf"127\.0\.0\.1[:/]{port}\b")

    def asked(self, answer):
        """The exit code of the proxy's check where this is what the proxy answers, and what was asked."""
        *_, script = project("compose.yaml")["services"]["proxy"]["healthcheck"]["test"]
        with socket.create_server(("127.0.0.1", 0)) as listener:
            script = script.replace("$$", "$").replace("/8080", f"/{listener.getsockname()[1]}")
            with subprocess.Popen(["bash", "-c", script], stdin=subprocess.DEVNULL) as process:
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as file:
                    head = b"".join(iter(file.readline, b"\r\n"))
                    connection.sendall(answer)
                return process.wait(timeout=60), head

    def test_the_proxy_is_well_when_it_leads_to_an_instance(self):
        code, head = self.asked(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual((code, head.split(b"\r\n")[:2]), (0, [b"GET /readyz HTTP/1.1", b"Host: localhost"]))
        self.assertNotEqual(self.asked(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")[0], 0)
        self.assertNotEqual(self.asked(b"")[0], 0)


class Brokers(unittest.TestCase):
    def names(self, whole):
        return {name for name, service in whole["services"].items() if broker(service)}

    @each(broker)
    def test_addresses_are_those_of_the_service(self, _whole, name, service):
        env = service["environment"]
        bound, advertised = listeners(env["KAFKA_LISTENERS"]), listeners(env["KAFKA_ADVERTISED_LISTENERS"])
        self.assertEqual(advertised["PLAINTEXT"], (name, bound["PLAINTEXT"][1]))
        self.assertEqual(advertised["HOST"][0], "127.0.0.1")  # where it is published; localhost may be ::1
        self.assertEqual(service["ports"], [f"127.0.0.1:{advertised['HOST'][1]}:{bound['HOST'][1]}"])
        protocols = dict(pair.split(":") for pair in env["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
        self.assertEqual(set(protocols), set(bound))
        self.assertIn(env["KAFKA_INTER_BROKER_LISTENER_NAME"], advertised)
        self.assertIn(env["KAFKA_CONTROLLER_LISTENER_NAMES"], bound)
        self.assertTrue(any(volume.endswith(":" + env["KAFKA_LOG_DIRS"]) for volume in service["volumes"]))

    @each(broker)
    def test_every_broker_knows_every_controller(self, whole, _name, service):
        voters = dict(voter.split("@") for voter in service["environment"]["KAFKA_CONTROLLER_QUORUM_VOTERS"].split(","))
        wanted = {str(whole["services"][name]["environment"]["KAFKA_NODE_ID"]): f"{name}:9093" for name in self.names(whole)}
        self.assertEqual(voters, wanted)
        self.assertEqual(listeners(service["environment"]["KAFKA_LISTENERS"])["CONTROLLER"], ("", 9093))

    @each(broker)
    def test_they_are_one_cluster_that_makes_no_topics_by_itself(self, whole, _name, service):
        env = {name: str(value) for name, value in service["environment"].items()}
        count = len(self.names(whole))
        self.assertEqual(env["CLUSTER_ID"], whole["services"]["kafka"]["environment"]["CLUSTER_ID"])
        self.assertRegex(env["CLUSTER_ID"], r"^[\w-]{21}[AQgw]$")  # 16 bytes
        self.assertEqual(env["KAFKA_AUTO_CREATE_TOPICS_ENABLE"], "false")
        self.assertEqual(env["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"], str(count))
        self.assertEqual(env["KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR"], str(count))

    def test_three_brokers_hold_every_record_and_acknowledge_with_two(self):
        whole = project("three-brokers.yaml")
        self.assertEqual(len(self.names(whole)), 3)
        for name in self.names(whole):
            env = whole["services"][name]["environment"]
            self.assertEqual((env["KAFKA_DEFAULT_REPLICATION_FACTOR"], env["KAFKA_MIN_INSYNC_REPLICAS"]), (3, 2))


def flags(service):
    """{"--flag": "value"} of the service's command; "" for a switch."""
    words = service["command"][1:] + ["--"]
    return {word: "" if value.startswith("--") else value for word, value in zip(words, words[1:]) if word.startswith("--")}


class Instances(unittest.TestCase):
    @each(instance)
    def test_every_flag_is_one_of_kvs_serve(self, _whole, _name, service):
        self.assertEqual(service["command"][0], "serve")
        self.assertEqual(sorted(set(flags(service)) - flags_of("serve")), [])

    @each(instance)
    def test_kvs_takes_the_flags_with_their_values(self, _whole, _name, service):
        with tempfile.TemporaryDirectory() as directory:
            code, said = kvs(*service["command"], "--data-dir", directory, "--check-config")
        self.assertEqual(code, 0, said)

    @each(instance)
    def test_health_is_asked_with_flags_that_exist(self, _whole, _name, service):
        kind, program, command, *words = service["healthcheck"]["test"]
        self.assertEqual((kind, program, command), ("CMD", "kvs", "health"))
        self.assertLessEqual(set(words), flags_of("health"))

    @each(instance)
    def test_they_speak_to_every_broker_and_to_each_other(self, whole, name, service):
        given, services = flags(service), whole["services"]
        brokers = {b for b, s in services.items() if broker(s)}
        self.assertEqual(set(given["--kafka-brokers"].split(",")), {f"{broker}:9092" for broker in brokers})
        self.assertEqual(set(service["depends_on"]), brokers)
        others = {f"http://{o}:23333" for o, s in services.items() if instance(s) and o != name}
        self.assertEqual({given["--bootstrap-from"]}, others)
        self.assertEqual(given["--listen"], "0.0.0.0:23333")

    def test_each_has_a_name_and_a_volume_of_its_own(self):
        for file in PROJECTS:
            found = [s for s in project(file)["services"].values() if instance(s)]
            self.assertEqual(len({flags(s)["--instance"] for s in found}), len(found))
            self.assertEqual(len({s["volumes"][0] for s in found}), len(found))


class Around(unittest.TestCase):
    """What stands beside the compose files."""

    def instances(self):
        return {f"{name}:23333" for name, service in project("compose.yaml")["services"].items() if instance(service)}

    def test_the_proxy_knows_the_instances(self):
        text = (HERE / "haproxy.cfg").read_text(encoding="utf-8")
        self.assertEqual(set(re.findall(r"^  server \w+ (\S+)$", text, re.MULTILINE)), self.instances())
        self.assertIn("bind :8080", text)
        self.assertEqual(project("compose.yaml")["services"]["proxy"]["ports"], ["127.0.0.1:23333:8080"])

    def test_prometheus_asks_the_instances(self):
        targets = {t for job in load("prometheus.yaml")["scrape_configs"] for c in job["static_configs"] for t in c["targets"]}
        self.assertEqual(targets, self.instances())

    def test_grafana_finds_its_source_and_its_dashboards(self):
        source, = load("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
        self.assertEqual(source["url"], "http://prometheus:9090")
        provider, = load("grafana/provisioning/dashboards/kvs.yaml")["providers"]
        mounts = project("compose.yaml")["services"]["grafana"]["volumes"]
        self.assertIn(f"./grafana/dashboards:{provider['options']['path']}:ro", mounts)
        self.assertEqual(source["type"], "prometheus")
        for file in (HERE / "grafana" / "dashboards").glob("*.json"):
            board = json.loads(file.read_text(encoding="utf-8"))
            # By its kind, so that the dashboard can be taken into any Grafana.
            self.assertEqual([(one["name"], one["type"], one["query"]) for one in board["templating"]["list"]],
                             [("source", "datasource", "prometheus")])
            for panel in board["panels"]:
                self.assertEqual(panel["datasource"]["uid"], "${source}")
                for target in panel["targets"]:
                    self.assertRegex(target["expr"], r"\bkvs_\w+")

    def test_prometheus_finds_its_rules(self):
        for file in load("prometheus.yaml")["rule_files"]:
            self.assertIn(f"./{file}:/etc/prometheus/{file}:ro", project("compose.yaml")["services"]["prometheus"]["volumes"])

    def test_the_ui_reads_from_the_brokers(self):
        for file in PROJECTS:
            services = project(file)["services"]
            named = services["kafka-ui"]["environment"]["KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS"].split(",")
            self.assertEqual(set(named), {f"{name}:9092" for name, s in services.items() if broker(s)})

    def test_the_readme_names_what_is_there(self):
        text = (HERE / "README.md").read_text(encoding="utf-8")
        services = project("three-brokers.yaml")["services"]
        published = {port.split(":")[1] for service in services.values() for port in service.get("ports", ())}
        self.assertEqual(set(re.findall(r"(?:(?<=localhost:)|(?<=127\.0\.0\.1:))\d+|(?<=`)\d{5}(?=`)", text)), published)
        self.assertLessEqual(set(re.findall(r"(?:kill|start|pause|unpause|rm -sf|exec) ([a-z0-9-]+)", text)), set(services))
        self.assertLessEqual(set(re.findall(r"-f ([\w-]+\.yaml)", text)), set(PROJECTS))


class Readme(unittest.TestCase):
    """The README's "Several instances" with the broker of compose/, started by the line it gives."""

    def setUp(self):
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        self.section = text.partition("\n## Several instances\n")[2].partition("\n## ")[0]
        (file, self.service), = re.findall(r"`docker compose -f (\S+) up -d (\S+)`", self.section)
        self.assertEqual((ROOT / file).parent, HERE)
        self.services = project(pathlib.Path(file).name)["services"]

    def published(self):
        return [port.rpartition(":")[0] for port in self.services[self.service]["ports"]]

    def test_the_line_starts_a_broker_and_nothing_else(self):
        self.assertTrue(broker(self.services[self.service]))
        self.assertNotIn("depends_on", self.services[self.service])

    def test_the_broker_is_where_the_commands_look_for_it(self):
        asked = set(re.findall(r"(?:--kafka-brokers|kcat -b) (\S+)", self.section))
        self.assertEqual(asked, set(self.published()))
        self.assertIn(f"on port {self.published()[0].rpartition(':')[2]},", self.section)
        advertised = listeners(self.services[self.service]["environment"]["KAFKA_ADVERTISED_LISTENERS"])
        self.assertEqual({"%s:%d" % advertised["HOST"]}, asked)

    def test_the_addresses_of_the_instances_are_free(self):
        listening = re.findall(r"--listen (\S+)", self.section)
        self.assertEqual(len(set(listening)), 2)
        self.assertFalse(set(listening) & set(self.published()))


def owner(path):
    """The Debian package of a library, wherever that put it; the path if there is none."""
    for name in (path, "/usr" + path, os.path.realpath(path)):
        found = subprocess.run(["dpkg-query", "-S", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               check=False).stdout
        if found:
            return found.decode().split(":")[0]
    return path


def steps(file):
    """The instructions of a container file, comments left out and long lines joined: [("COPY", "a b"), ...]."""
    text = re.sub(r"\\\n", " ", file.read_text(encoding="utf-8"))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line and not line.startswith("#")]


def copied(all_steps, directory):
    """Puts into the directory what the COPYs put into the working directory of the build, and nothing else."""
    for step, words in all_steps:
        *sources, target = words.split() if step == "COPY" else ("/",)
        if target.startswith("/") or "--from" in words:
            continue
        for source in sources:
            there = pathlib.Path(directory, target)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, there)
            else:
                there = there / pathlib.Path(source).name if target.endswith("/") else there
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, there)


def installed(test, directory, command):
    """[(source, target)] of what `cmake --install` would take, once the build in directory/build is configured by the command."""
    ended = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200, check=False)
    test.assertEqual(ended.returncode, 0, ended.stdout.decode())
    text = pathlib.Path(directory, "build", "cmake_install.cmake").read_text(encoding="utf-8")
    found = []
    for words in re.findall(r"file\(INSTALL DESTINATION (.*?)\)\n", text, re.DOTALL):
        target, options = re.match(r'"(.*?)" (.*)', words, re.DOTALL).groups()
        name = re.search(r'RENAME "(.*?)"', options)
        for source in re.findall(r'"(.*?)"', options.partition(" FILES ")[2]):
            at = target.replace("${CMAKE_INSTALL_PREFIX}", "/usr")
            found.append((source, f"{at}/{name.group(1) if name else os.path.basename(source)}"))
    test.assertIn("/usr/bin/kvs", [target for _, target in found])
    return found


def missing(pairs):
    """Of these, the sources that are not there, and which the build does not make itself."""
    return sorted(source for source, _ in pairs if "/build/" not in source and not os.path.exists(source))


class Package(unittest.TestCase):
    """packaging/Containerfile: everything that the package is made of is there to make it."""

    def setUp(self):
        found = tempfile.TemporaryDirectory()
        self.addCleanup(found.cleanup)
        self.directory = pathlib.Path(found.name)
        copied(steps(ROOT / "packaging" / "Containerfile"), self.directory)

    def named(self, *kinds):
        """Every line of packaging/debian/*.KIND."""
        files = [file for kind in kinds for file in (ROOT / "packaging" / "debian").glob("*." + kind)]
        self.assertTrue(files)
        return [line for file in files for line in file.read_text(encoding="utf-8").split()]

    def test_what_it_copies_has_every_document_and_example(self):
        made = {line.rpartition(">")[2].strip() for line in (ROOT / "packaging/debian/rules").read_text().splitlines()}
        self.assertEqual([name for name in self.named("docs", "examples")
                          if name not in made and not (self.directory / name).exists()], [])

    def test_what_it_copies_is_enough_to_install_what_the_packages_hold(self):
        rules = (ROOT / "packaging" / "debian" / "rules").read_text(encoding="utf-8").replace("\\\n", " ")
        options = [word for word in re.search(r"dh_auto_configure -- (.*)", rules).group(1).split() if "$(" not in word]
        found = installed(self, self.directory, ["cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_INSTALL_PREFIX=/usr",
                                                 "-DCMAKE_INSTALL_SYSCONFDIR=/etc", *options])
        self.assertEqual(missing(found), [])
        targets = [re.sub("^/usr/lib/systemd", "/lib/systemd", target) for _, target in found]
        for name in self.named("install"):
            self.assertTrue(any(target == "/" + name or target.startswith(f"/{name}/") for target in targets), name)


class Image(unittest.TestCase):
    """compose/Containerfile."""

    def setUp(self):
        self.steps = steps(HERE / "Containerfile")
        self.runs = " && ".join(words for step, words in self.steps if step == "RUN")

    def test_what_it_copies_is_enough_to_configure_and_to_install(self):
        with tempfile.TemporaryDirectory() as directory:
            copied(self.steps, directory)
            command = shlex.split(re.search(r"cmake -S [^&]*", self.runs).group().replace("/build", "build"))
            self.assertEqual(missing(installed(self, directory, command)), [])

    @unittest.skipUnless(shutil.which("dpkg-query"), "knows Debian's packages only")
    def test_it_installs_every_library_the_binary_needs(self):
        installed = set(re.findall(r"\blib[\w.+-]+", self.runs))
        head = subprocess.run(["readelf", "-d", BINARY], stdout=subprocess.PIPE, check=True).stdout.decode()
        named = set(re.findall(r"\(NEEDED\).*\[(.*)\]", head))
        text = subprocess.run(["ldd", BINARY], stdout=subprocess.PIPE, check=True).stdout.decode()
        for name, path in re.findall(r"(\S+) => (/\S+)", text):
            if name not in named:
                continue  # what a library needs comes with its package
            package = owner(path)
            # In every Debian image, or of the sanitizers.
            if package not in ("libc6", "libgcc-s1") and not re.match(r"lib(asan|ubsan|tsan)", package):
                self.assertIn(package, installed, path)

    def test_it_starts_the_program_as_nobody_in_particular(self):
        steps = dict(self.steps)
        self.assertEqual((steps["USER"], steps["ENTRYPOINT"], steps["VOLUME"]), ("kvs", '["kvs"]', "/var/lib/kvs"))
        self.assertEqual(steps["ENV"], "KVS_DATA_DIR=/var/lib/kvs")


if __name__ == "__main__":
    unittest.main(verbosity=int(os.environ.get("KVS_TEST_VERBOSITY", "1")))

#!/usr/bin/env python3
"""/openapi.json and /asyncapi.json: that they are well-formed, and that the server does what they say."""
import copy
import json
import os
import re
import sys

try:
    import jsonschema
except ImportError:  # Debian's package is for its own Python, and another one may be first in the path
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

from kvs_harness import *

# As published at its $id (OpenAPI Initiative, Apache License 2.0).
META = os.path.join(os.path.dirname(os.path.abspath(__file__)), "openapi-3.1.schema.json")
NAMES = {"{key}": "City", "{id}": "the-write", "{file}": "index.html"}
METHODS = ("get", "head", "post", "put", "patch", "delete")
JSON = {"Content-Type": "application/json"}
READ = ["min_revision", "linearizable", "timeout"]


def strict(value):
    """The same schemas, in which an object has no members but those that are named."""
    if isinstance(value, list):
        return [strict(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: strict(one) for name, one in value.items()}
    if made.get("type") == "object" and "additionalProperties" not in made and ("properties" in made or "$ref" in made):
        made["unevaluatedProperties"] = False
    return made


def target_of(path):
    for name, value in NAMES.items():
        path = path.replace(name, value)
    return path


class Documents(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.put("City", "Ahmedabad", {"Idempotency-Key": "the-write", "Content-Type": "text/plain"})
        cls.server.put("a/b", b"\xff\xfe")
        cls.answers = {name: cls.server.request("GET", f"/{name}.json") for name in ("openapi", "asyncapi")}
        cls.openapi = cls.answers["openapi"].json()
        cls.asyncapi = cls.answers["asyncapi"].json()

    def operations(self, under="/"):
        for path, item in self.openapi["paths"].items():
            if path.startswith(under):
                for method in METHODS:
                    if method in item:
                        yield path, method, item[method]

    def check(self, value, schema, document=None):
        """`value` is as the schema (a name, or itself) says, and has nothing that it does not name."""
        document = document or self.openapi
        components = {"schemas": strict(copy.deepcopy(document["components"]["schemas"]))}
        schema = {"$ref": "#/components/schemas/" + schema} if isinstance(schema, str) else strict(copy.deepcopy(schema))
        validator = jsonschema.Draft202012Validator({"allOf": [schema], "components": components})
        errors = [error.message for error in validator.iter_errors(value)]
        self.assertEqual(errors, [], value)

    def documented(self, path, method, answer):
        """The answer is one of those of the operation: status, media type, fields, and the JSON of the body."""
        operation = self.openapi["paths"][path][method]
        what = operation["responses"].get(str(answer.status), operation["responses"]["default"])
        if "$ref" in what:
            what = self.openapi["components"]["responses"][what["$ref"].rpartition("/")[2]]
        if str(answer.status) in operation["responses"] and answer.status < 400:
            for field in what["headers"]:
                if field not in ("Kvs-Stale-Ms", "Link", "Idempotency-Replayed", "Retry-After"):
                    self.assertIsNotNone(answer.header(field), (path, field, answer))
        if method == "head" or answer.status in (101, 304):
            self.assertNotIn("content", what)
            return
        media = answer.header("Content-Type").partition(";")[0]
        content = what["content"]
        self.assertTrue(media in content or "*/*" in content, (path, media, list(content)))
        schema = content.get(media, {}).get("schema")
        if schema and media in ("application/json", "application/problem+json", "text/plain"):
            self.check(answer.json(), schema)
        elif schema and media == "application/x-ndjson":
            lines = answer.body.splitlines()
            self.assertTrue(lines)
            for line in lines:
                self.check(json.loads(line), schema)

    def asked(self, path, method, target, headers=None, body=None, status=200):
        answer = self.ask(method.upper(), target, headers, body)
        self.assertEqual(answer.status, status, answer)
        self.documented(path, method, answer)
        return answer

    # The documents as documents

    def test_openapi_is_as_its_own_rules_want_it(self):
        with open(META, encoding="utf-8") as file:
            meta = json.load(file)
        validator = jsonschema.Draft202012Validator(meta)
        self.assertEqual([error.message for error in validator.iter_errors(self.openapi)], [])
        broken = copy.deepcopy(self.openapi)
        del broken["paths"]["/v1/kv/{key}"]["get"]["responses"]["200"]["description"]
        self.assertTrue(list(validator.iter_errors(broken)))

    def test_every_schema_in_them_is_one(self):
        for document in (self.openapi, self.asyncapi):
            for schema in document["components"]["schemas"].values():
                jsonschema.Draft202012Validator.check_schema(schema)
        for _, _, operation in self.operations():
            for parameter in operation.get("parameters", []):
                jsonschema.Draft202012Validator.check_schema(parameter["schema"])

    def test_operations_have_names_of_their_own(self):
        ids = [item[method]["operationId"] for item in self.openapi["paths"].values() for method in item if method != "parameters"]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertTrue(all(re.fullmatch(r"[a-zA-Z]+(_[a-z]+)?", one) for one in ids), ids)

    def test_path_parameters_are_those_of_the_path(self):
        for path, item in self.openapi["paths"].items():
            names = [one["name"] for one in item.get("parameters", []) if one["in"] == "path"]
            self.assertEqual(names, re.findall(r"\{(\w+)\}", path))

    def test_they_are_fetched_again_only_when_they_change(self):
        for name, answer in self.answers.items():
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.header("Content-Type"), "application/json")
            self.assertEqual(answer.header("Cache-Control"), "no-cache")
            self.assertRegex(answer.etag, r'^"[0-9a-f]{8}"$')
            again = self.ask("GET", f"/{name}.json", {"If-None-Match": answer.etag})
            self.assertEqual((again.status, again.body, again.etag), (304, b"", answer.etag))
            self.assertEqual(self.ask("GET", f"/{name}.json", {"If-None-Match": '"another"'}).body, answer.body)
            head = self.ask("HEAD", f"/{name}.json")
            self.assertEqual((head.header("Content-Length"), head.body), (str(len(answer.body)), b""))

    def test_they_are_of_this_version(self):
        version = self.ask("GET", "/v1/status").json()["version"]
        for document in (self.openapi, self.asyncapi):
            self.assertEqual(document["info"]["version"], version)
        self.assertEqual((self.openapi["openapi"], self.asyncapi["asyncapi"]), ("3.1.0", "3.0.0"))

    # What the server does

    def test_paths_take_the_methods_that_are_shown_and_no_others(self):
        for path, item in self.openapi["paths"].items():
            answer = self.ask("OPTIONS", target_of(path))
            allowed = answer.header("Allow").lower().split(", ")
            self.assertEqual((answer.status, set(allowed)), (204, set(item) - {"parameters"}), path)
            for method in set(METHODS) - set(item):
                refused = self.ask(method.upper(), target_of(path))
                self.assertEqual((refused.status, refused.header("Allow")), (405, answer.header("Allow")), (path, method))

    def test_every_get_is_answered_as_shown(self):
        fetched = 0
        for path, method, operation in self.operations():
            if method not in ("get", "head") or path == "/subscribe":
                continue
            body = '{"Key":"City","Value":"Ahmedabad"}' if "requestBody" in operation else None
            target = target_of(path) + ("?wait=1ms" if path == "/v1/watch" else "")
            status = next(iter(operation["responses"]))
            if path == "/v1/watch":
                self.assertEqual((status, self.watch().response.status), ("101", 101))
                status = 200
            self.asked(path, method, target, None, body, int(status))
            fetched += 1
        self.assertGreater(fetched, 30)

    def test_parameters_of_v1_are_those_that_the_server_takes(self):
        for path, method, operation in self.operations("/v1/"):
            answer = self.ask(method.upper(), target_of(path) + "?wwwwwwwwwwwwwwww=1", JSON if method == "post" else None, "{}")
            self.assertEqual(answer.status, 400, (path, method, answer))
            if method == "head":
                continue
            detail = self.assert_problem(answer, 400, "bad_parameter")["detail"]
            self.documented(path, method, answer)
            names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
            if path == "/v1/watch" and method == "post":
                self.assertEqual((names, "in its body" in detail), ([], True))
            elif names:
                self.assertEqual(detail.partition(": this route takes ")[2].split(", "), names, (path, method))
            else:
                self.assertTrue(detail.endswith(": this route takes none"), detail)

    def test_parameters_mean_what_their_types_say(self):
        """A value that is none of the type is refused, naming the parameter: so it is read, and as that type."""
        bad = {"boolean": "perhaps", "integer": "x", "Position": "x", "Duration": "30"}
        checked = set()
        for path, method, operation in self.operations("/v1/"):
            for parameter in operation.get("parameters", []):
                schema = parameter["schema"]
                kind = schema.get("type") or schema["$ref"].rpartition("/")[2]
                wrong = "nothing-such" if "enum" in schema else bad.get(kind)
                if method == "head" or wrong is None:
                    continue
                name = parameter["name"]
                if parameter["in"] == "query":
                    answer = self.ask(method.upper(), f"{target_of(path)}?{name}={wrong}")
                else:
                    answer = self.ask(method.upper(), target_of(path), {name: wrong, **(JSON if method == "post" else {})},
                                      "{}" if method == "post" else None)
                detail = self.assert_problem(answer, 400, "bad_parameter")["detail"]
                self.assertIn(name, detail, (path, method))
                checked.add((path, name))
        self.assertGreater(len(checked), 30)

    def test_a_required_parameter_is_missed(self):
        required = [(path, method, one["name"]) for path, method, operation in self.operations()
                    for one in operation.get("parameters", []) if one.get("required")]
        self.assertEqual(required, [("/v1/kv/{key}", "patch", "ttl")])
        self.assert_problem(self.ask("PATCH", "/v1/kv/City"), 400, "bad_parameter")

    def test_writes_are_answered_as_shown(self):
        item = "/v1/kv/{key}"
        self.asked(item, "put", "/v1/kv/w", None, "1", 201)
        self.asked(item, "put", "/v1/kv/w?ttl=1h", {"Idempotency-Key": "w1"}, "2")
        self.assertEqual(self.asked(item, "put", "/v1/kv/w?ttl=1h", {"Idempotency-Key": "w1"}, "2").header("Idempotency-Replayed"), "true")
        self.asked(item, "put", "/v1/kv/%FF", None, b"\xff", 201)
        self.asked(item, "patch", "/v1/kv/w?ttl=2h")
        self.asked(item, "get", "/v1/kv/w?record=1")
        etag = self.asked(item, "get", "/v1/kv/w").etag
        self.asked(item, "get", "/v1/kv/w", {"If-None-Match": etag}, None, 304)
        self.asked(item, "delete", "/v1/kv/w")
        self.asked(item, "delete", "/v1/kv/w")
        self.asked("/v1/kv", "delete", "/v1/kv?prefix=w")
        step = {"if": [{"key": "t", "absent": True}, {"key_base64": "dA==", "revision": 0}],
                "then": [{"op": "set", "key": "t", "value_base64": "/w==", "ttl": "1h", "content_type": "text/plain"},
                         {"op": "get", "key": "t"}, {"op": "delete", "key": "u"}, {"op": "get", "key": "u"}],
                "else": [{"op": "get", "key": "City"}]}
        self.check(step, "Transaction")
        for succeeded in (True, False):
            answer = self.asked("/v1/txn", "post", "/v1/txn", {**JSON, "Idempotency-Key": f"t{succeeded}"}, json.dumps(step))
            self.assertEqual(answer.json()["succeeded"], succeeded)
        self.asked("/v1/txn", "post", "/v1/txn", {**JSON, "Idempotency-Key": "tTrue"}, json.dumps(step))

    def test_lists_histories_and_outcomes_are_answered_as_shown(self):
        for query in ("", "?limit=1", "?keys_only=1", "?separator=/", "?revision=0"):
            self.asked("/v1/kv", "get", "/v1/kv" + query)
        for query in ("", "?separator=/"):
            self.asked("/v1/kv", "get", "/v1/kv" + query, {"Accept": "application/x-ndjson"})
        self.put("gone", "v")
        self.ask("DELETE", "/v1/kv/gone")
        for key in ("City", "gone", "a/b", "never"):
            self.asked("/v1/history/{key}", "get", "/v1/history/" + key)
        for name, outcome in (("the-write", "applied"), ("never", "unknown")):
            answer = self.asked("/v1/requests/{id}", "get", "/v1/requests/" + name)
            self.assertEqual(answer.json()["outcome"], outcome)

    def test_errors_are_answered_as_shown(self):
        item = "/v1/kv/{key}"
        self.asked(item, "get", "/v1/kv/none", None, None, 404)
        self.asked(item, "get", "/v1/kv/none?min_revision=999999999&timeout=1ms", None, None, 504)
        self.asked(item, "get", "/v1/kv/none?revision=999999999&timeout=1ms", None, None, 400)
        self.asked(item, "get", "/v1/kv/none?min_revision=1@" + "0" * 16, None, None, 410)
        self.asked(item, "get", "/v1/kv/", None, None, 400)
        self.asked(item, "get", "/v1/kv/" + "k" * 1025, None, None, 413)
        self.asked(item, "put", "/v1/kv/City", {"If-None-Match": "*"}, "v", 412)
        self.asked(item, "put", "/v1/kv/City", {"Content-Encoding": "gzip"}, "v", 415)
        self.asked(item, "put", "/v1/kv/City", {"Host": "elsewhere.example"}, "v", 421)
        self.asked(item, "put", "/v1/kv/City", {"Origin": "https://elsewhere.example"}, "v", 403)
        self.put("used", "v", {"Idempotency-Key": "used"})
        self.asked(item, "put", "/v1/kv/used", {"Idempotency-Key": "used"}, "other", 422)
        self.asked("/v1/txn", "post", "/v1/txn", None, "{}", 415)
        self.asked("/v1/txn", "post", "/v1/txn", JSON, "{", 400)
        self.asked("/v1/watch", "get", "/v1/watch", {"Accept": "text/html"}, None, 406)
        self.asked("/v1/requests/{id}", "get", "/v1/requests/%20", None, None, 400)
        answer = self.ask("POST", "/get", None, '{"Key":"none"}')
        self.assertEqual((answer.status, "500" in self.openapi["paths"]["/get"]["post"]["responses"]), (500, True))

    def test_a_watch_takes_in_its_body_what_is_shown(self):
        properties = self.openapi["components"]["schemas"]["WatchParameters"]["properties"]
        body = {"key": ["City", "b"], "prefix": "a", "key_base64": "/w==", "prefix_base64": ["/w=="], "since": 0, "count": 1,
                "ops": ["set"], "keys_only": True, "deliver": "latest", "on_gap": "reset", "prev": True, "wait": "1s",
                "min_revision": "1", "linearizable": False, "timeout": "5s", "initial": False}
        self.assertEqual(set(body) | {"progress"}, set(properties))  # with wait there is no progress
        self.check(body, "WatchParameters")
        self.asked("/v1/watch", "post", "/v1/watch", JSON, json.dumps(body))
        del body["wait"]
        self.asked("/v1/watch", "post", "/v1/watch", JSON, json.dumps({**body, "progress": "1s"}))
        self.asked("/v1/watch", "post", "/v1/watch", JSON, json.dumps({"other": 1}), 400)

    # The watch

    def test_asyncapi_is_whole(self):
        """What AsyncAPI 3.0 wants of the objects that are used (there is no validator of it in Debian)."""
        self.assertEqual(set(self.asyncapi), {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"})
        self.assertTrue({"title", "version"} <= set(self.asyncapi["info"]))
        for name, channel in self.asyncapi["channels"].items():
            self.assertIn(channel["address"], self.openapi["paths"])
            for message, reference in channel["messages"].items():
                self.assertEqual(reference, {"$ref": "#/components/messages/" + message})
                self.assertIn("payload", self.asyncapi["components"]["messages"][message])
            query = channel["bindings"]["ws"]["query"]
            shown = [one["name"] for one in self.openapi["paths"][channel["address"]]["get"]["parameters"] if one["in"] == "query"]
            self.assertEqual((query["type"], sorted(query["properties"])), ("object", sorted(shown)), name)
        for operation in self.asyncapi["operations"].values():
            self.assertIn(operation["action"], ("send", "receive"))
            channel = operation["channel"]["$ref"]
            self.assertIn(channel.rpartition("/")[2], self.asyncapi["channels"])
            for message in operation["messages"]:
                self.assertTrue(message["$ref"].startswith(channel + "/messages/"))
                self.assertIn(message["$ref"].rpartition("/")[2], self.asyncapi["channels"][channel.rpartition("/")[2]]["messages"])

    def test_both_show_the_same_schemas(self):
        both = {name: schema for name, schema in self.openapi["components"]["schemas"].items() if name != "Problem"}
        self.assertEqual(both, self.asyncapi["components"]["schemas"])

    def test_messages_of_a_watch_are_as_shown(self):
        seen = set()
        for query in ("initial=1&prev=1", "initial=1&keys_only=1&prev=1"):
            with self.server.watch(query) as watch:
                events = watch.until("synced")
                self.put("m/a", "1")
                self.put("m/a", b"\xff", {"Content-Type": "a/b"})
                self.put("m/b", "1")
                revision = self.ask("DELETE", "/v1/kv?prefix=m/").json()["revision"]
                events += watch.take(5)
                watch.send(1, '{"op":"progress"}')
                events += watch.until("progress", revision)
            self.check(events, "Events", self.asyncapi)
            seen |= {event["op"] for event in events}
            self.assertTrue(any("more" in event for event in events) and any("prev" in event for event in events))
        self.assertEqual(seen, {"set", "delete", "synced", "progress"})

    def test_messages_of_subscribe_are_as_shown(self):
        with self.server.websocket("/subscribe?deletes=1") as subscriber:
            self.put("legacy", "v")
            self.ask("DELETE", "/v1/kv/legacy")
            for _ in range(2):
                self.check(json.loads(subscriber.receive().payload), "LegacyChange", self.asyncapi)


if __name__ == "__main__":
    main()

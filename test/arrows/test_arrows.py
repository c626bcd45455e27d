#!/usr/bin/env python3
"""The arrows between the folders of kvs/: who may include whom, and which library may be seen where.

The tables here are the rule. The #includes of kvs/ and the link lists in CMakeLists.txt are checked against them.
"""
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# cmd -> net -> store -> bus -> kvs/*.hpp: a folder sees itself and those after it. "" is kvs/ itself.
ORDER = ["cmd", "net", "store", "bus", ""]
TARGETS = {"cmd": "kvs_cmd", "net": "kvs_net", "store": "kvs_store", "bus": "kvs_bus", "": "kvs_base"}

# Start of an #include: the folders that may have it, whether in headers too, and the CMake target it comes from
# (None: headers that every folder is compiled with).
LIBRARIES = {
    "boost/beast": (["net"], False, None),
    "boost/json": (["net", "cmd"], True, "Boost::json"),
    "boost/program_options": (["cmd"], True, "Boost::program_options"),
    "boost/url": (["net", "cmd"], True, "Boost::url"),
    "librdkafka/": (["bus"], False, "RdKafka::rdkafka"),
    "openssl/": (["net"], False, "OpenSSL::SSL"),
    "prometheus/": (["net"], False, "prometheus-cpp::core"),
}

CLASS = re.compile(r"(?:class|struct) ([\w:]+)[^;]*\{")
NAMESPACE = re.compile(r"namespace ?([\w:]*) \{")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
LINKS = re.compile(r"^kvs_folder\(([^)]*)\)", re.MULTILINE)


def folder_of(path):
    """kvs/net/http.hpp -> net; kvs/record.hpp -> the empty name; deeper or elsewhere -> None."""
    parts = path.split("/")
    if parts[0] != "kvs" or len(parts) not in (2, 3):
        return None
    folder = parts[1] if len(parts) == 3 else ""
    return folder if folder in ORDER else None


def wrong_includes(path, text):
    """What `text`, the file at `path`, includes against the rules; one sentence each."""
    folder = folder_of(path)
    if folder is None:
        return [f"{path}: a folder the table of arrows does not know"]
    found = []
    for quote, name in INCLUDE.findall(text):
        if quote == '"':
            target = folder_of(name)
            if target is None:
                found.append(f'{path}: "{name}" is not of the form "kvs/FOLDER/x.hpp"')
            elif ORDER.index(target) < ORDER.index(folder):
                found.append(f'{path}: kvs/{folder} must not look at "{name}"')
            continue
        for start, (folders, in_headers, _) in LIBRARIES.items():
            if not name.startswith(start):
                continue
            if folder not in folders:
                found.append(f"{path}: <{name}> belongs in kvs/{', kvs/'.join(folders)} only")
            elif path.endswith(".hpp") and not in_headers:
                found.append(f"{path}: <{name}> belongs in .cpp files only")
    return found


def classes(text):
    """The full names of the classes that other files of the program know, too."""
    inside = []
    for line in text.splitlines():
        if found := NAMESPACE.match(line):
            inside.append(found[1])
        elif line.startswith("}") and "namespace" in line:
            inside.pop()
        elif (found := CLASS.match(line)) and "" not in inside:
            yield "::".join([*inside, found[1]])


def named_twice(files):
    """(path, text) of each: one sentence for each class that two of them define. The linker takes either for both."""
    first, found = {}, []
    for path, text in files:
        for name in classes(text):
            if first.setdefault(name, path) != path:
                found.append(f"{path}: {name} is defined in {first[name]} already")
    return found


def wrong_links(cmake):
    """What CMakeLists.txt links against the rules; one sentence each."""
    found = []
    links = {}
    for call in LINKS.findall(cmake):
        name, directory, *linked = call.split()
        if name == "name":  # the definition of kvs_folder itself
            continue
        links[name] = linked
        folder = folder_of(f"{directory}/x.hpp")
        if folder is None or TARGETS[folder] != name:
            found.append(f"{name} is not the name for {directory}")
    for place, folder in enumerate(ORDER):
        name = TARGETS[folder]
        if name not in links:
            found.append(f"{name} is missing")
            continue
        following = [TARGETS[ORDER[place + 1]]] if folder else []
        ours = [library for library in links[name] if library in TARGETS.values()]
        if ours != following:
            found.append(f"{name} links {ours}, the arrows say {following}")
        allowed = {target for folders, _, target in LIBRARIES.values() if folder in folders}
        for library in links[name]:
            if library not in TARGETS.values() and library not in allowed:
                found.append(f"{name} must not link {library}")
    return found


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def sources():
    for directory, _, names in os.walk(os.path.join(ROOT, "kvs")):
        for name in names:
            if name.endswith((".cpp", ".hpp")):
                yield os.path.relpath(os.path.join(directory, name), ROOT).replace(os.sep, "/")


class Arrows(unittest.TestCase):
    def test_no_file_includes_against_the_arrows(self):
        paths = sorted(sources())
        self.assertTrue(paths)
        wrong = [sentence for path in paths for sentence in wrong_includes(path, read(path))]
        self.assertEqual(wrong, [], "\n".join(["", *wrong]))

    def test_no_two_classes_have_one_name(self):
        wrong = named_twice((path, read(path)) for path in sorted(sources()))
        self.assertEqual(wrong, [], "\n".join(["", *wrong]))

    def test_the_link_lists_are_the_arrows(self):
        wrong = wrong_links(read("CMakeLists.txt"))
        self.assertEqual(wrong, [], "\n".join(["", *wrong]))


class TheRulesThemselves(unittest.TestCase):
    """A check that cannot fail is none."""

    def refused(self, path, include):
        return bool(wrong_includes(path, f"#pragma once\n#include {include}\n"))

    def test_a_folder_sees_itself_and_those_after_it(self):
        self.assertFalse(self.refused("kvs/store/store.cpp", '"kvs/store/state.hpp"'))
        self.assertFalse(self.refused("kvs/store/store.cpp", '"kvs/bus/bus.hpp"'))
        self.assertFalse(self.refused("kvs/store/store.cpp", '"kvs/record.hpp"'))

    def test_no_folder_sees_those_before_it(self):
        self.assertTrue(self.refused("kvs/store/store.cpp", '"kvs/net/http.hpp"'))
        self.assertTrue(self.refused("kvs/bus/local_bus.cpp", '"kvs/store/state.hpp"'))
        self.assertTrue(self.refused("kvs/record.hpp", '"kvs/bus/bus.hpp"'))

    def test_relative_includes_and_unknown_folders_are_refused(self):
        self.assertTrue(self.refused("kvs/store/store.cpp", '"state.hpp"'))
        self.assertTrue(self.refused("kvs/misc/x.cpp", "<vector>"))

    def test_libraries_stay_where_they_belong(self):
        self.assertFalse(self.refused("kvs/net/websocket.cpp", "<boost/beast/websocket.hpp>"))
        self.assertTrue(self.refused("kvs/net/websocket.hpp", "<boost/beast/websocket.hpp>"))
        self.assertTrue(self.refused("kvs/cmd/get.cpp", "<boost/beast/core.hpp>"))
        self.assertTrue(self.refused("kvs/net/http.cpp", "<librdkafka/rdkafka.h>"))
        self.assertTrue(self.refused("kvs/net/http.cpp", "<boost/program_options.hpp>"))

    def test_a_name_given_twice_is_seen(self):
        one, hidden = "namespace kvs {\nclass A final : B {\n};\n}  // namespace kvs\n", "namespace {\nstruct A {\n"
        self.assertEqual(named_twice([("x", one), ("y", hidden), ("z", "struct B;\n" + one.replace("kvs", "kvs::tree"))]), [])
        self.assertTrue(named_twice([("x", one), ("y", one)]))

    def test_a_wrong_link_list_is_seen(self):
        right = read("CMakeLists.txt")
        self.assertTrue(wrong_links(right.replace("kvs_folder(kvs_bus kvs/bus kvs_base", "kvs_folder(kvs_bus kvs/bus kvs_net")))
        self.assertTrue(wrong_links(right.replace("kvs_folder(kvs_store kvs/store kvs_bus",
                                                  "kvs_folder(kvs_store kvs/store kvs_bus Boost::program_options")))


if __name__ == "__main__":
    unittest.main()

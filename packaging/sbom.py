#!/usr/bin/env python3
"""The bill of materials of a binary, as CycloneDX 1.5 JSON: what it is linked with, by Debian package.

    sbom.py BINARY VERSION >kvs.cdx.json

Made of what is installed where the binary was built. The same input gives the same bytes: the time is
$SOURCE_DATE_EPOCH, and nothing is random.
"""
import datetime
import json
import os
import re
import subprocess
import sys

# What is compiled in: headers only, or linked statically by --portable.
COMPILED_IN = ["libboost1.81-dev", "libboost-json1.81-dev", "libboost-program-options1.81-dev", "libboost-url1.81-dev"]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def libraries(binary):
    """The shared libraries it names itself; what these need is their packages' business."""
    needed = re.findall(r"\(NEEDED\)\s+Shared library: \[(.*)\]", output("readelf", "--dynamic", "--wide", binary))
    paths = dict(re.findall(r"^\s*(\S+) => (\S+)", output("ldd", binary), re.M))
    return [paths[name] for name in needed if name in paths]


def package_of(path):
    for candidate in (path, os.path.realpath(path), re.sub("^/usr", "", os.path.realpath(path))):
        done = subprocess.run(["dpkg-query", "--search", candidate], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    sys.exit(f"sbom: no package has {path}")


def component(package):
    fields = output("dpkg-query", "--show", "--showformat=${Version}\t${source:Package}\t${Architecture}", package)
    version, source, architecture = fields.split("\t")
    purl = f"pkg:deb/debian/{package}@{version}?arch={architecture}"
    return {"type": "library", "bom-ref": purl, "name": package, "version": version, "purl": purl,
            "properties": [{"name": "debian:source", "value": source}]}


def main():
    binary, version = sys.argv[1:]
    packages = sorted({package_of(path) for path in libraries(binary)} | set(COMPILED_IN))
    components = [component(package) for package in packages]
    made = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    itself = "pkg:generic/kvs@" + version
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"timestamp": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
                     "component": {"type": "application", "bom-ref": itself, "name": "kvs", "version": version,
                                   "purl": itself, "licenses": [{"license": {"id": "MIT"}}]}},
        "components": components,
        "dependencies": [{"ref": itself, "dependsOn": [one["bom-ref"] for one in components]}],
    }
    json.dump(document, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()

"""What /v1/snapshot gives, taken apart as far as two of them have to be the same (grammar: kvs/store/snapshot_format.cpp)."""
import struct
from typing import NamedTuple

_HEADER = struct.Struct("<8sIIQQqQQQ")
_BLOCK = struct.Struct("<IIB")
BOOKMARK = 1  # the kind of the block that is each instance's own
KINDS = {0: "the number of records", 2: "the keys", 3: "the tombstones", 4: "the answers"}


class Snapshot(NamedTuple):
    log_id: int
    revision: int
    time: int
    digest: int
    place: int
    forgotten: int
    blocks: dict  # kind -> the bytes of all its blocks


def parse(data):
    magic, _version, _crc, *head = _HEADER.unpack_from(data)
    assert magic == b"kvs snap", data[:40]
    blocks, at = {}, _HEADER.size
    while at < len(data):
        _crc, length, kind = _BLOCK.unpack_from(data, at)
        begin, at = at + _BLOCK.size, at + _BLOCK.size - 1 + length
        if kind != BOOKMARK:
            blocks[kind] = blocks.get(kind, b"") + data[begin:at]
    assert at == len(data) and 0 in blocks, "cut off"
    return Snapshot(*head, blocks)


def difference(one, other):
    """In words; empty if there is none."""
    for name in Snapshot._fields[:-1]:
        if getattr(one, name) != getattr(other, name):
            return f"{name} {getattr(one, name)}, {getattr(other, name)}"
    for kind, words in KINDS.items():
        if one.blocks.get(kind) != other.blocks.get(kind):
            return f"{words} differ"
    return ""

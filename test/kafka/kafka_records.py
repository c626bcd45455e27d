"""Record batches as bytes: what a test wants to write that no well-behaved client would, and exactly what stands in a log.

    batch   := base_offset:i64 length:i32 leader_epoch:i32 magic:i8(2) crc32c:u32 rest
    rest    := attributes:i16 last_offset_delta:i32 base_time:i64 max_time:i64
               producer_id:i64 producer_epoch:i16 base_sequence:i32 count:i32 record{count}
    record  := length:varint attributes:i8 time_delta:varint offset_delta:varint key value header_count:varint header*
    key, value, header's name and value := length:varint bytes, length -1 for NULL          varints are zigzag
"""
import struct
import zlib
from typing import NamedTuple, Optional

GZIP, COMPRESSION, LOG_APPEND_TIME, CONTROL = 0x01, 0x07, 0x08, 0x20  # bits of a batch's attributes

_HEAD = struct.Struct(">qiibI")
_REST = struct.Struct(">hiqqqhii")


class Record(NamedTuple):
    """One record. None is NULL, which is not the same as empty. Headers are (name, value) pairs in their order."""
    key: Optional[bytes]
    value: Optional[bytes]
    headers: tuple = ()
    offset: int = -1       # these two are given by the broker
    time: int = -1         # milliseconds

    def header(self, name):
        """The value of the only header of that name."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) == 1, f"{len(found)} headers {name!r}: {self.headers!r}"
        return found[0]


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ 0x82F63B78 if byte & 1 else byte >> 1
        table.append(byte)
    return table


_CRC = _table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _varint(number):
    number = number << 1 ^ number >> 63
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _bytes(data):
    return _varint(-1) if data is None else _varint(len(data)) + data


def encode(records, time=0):
    """One batch of these records, in order and without compression."""
    body = bytearray()
    for delta, record in enumerate(records):
        headers = b"".join(_bytes(name) + _bytes(value) for name, value in record.headers)
        text = b"".join([b"\0", _varint(0), _varint(delta), _bytes(record.key), _bytes(record.value),
                         _varint(len(record.headers)), headers])
        body += _varint(len(text)) + text
    rest = _REST.pack(0, len(records) - 1, time, time, -1, -1, -1, len(records)) + body
    return _HEAD.pack(0, len(rest) + _HEAD.size - 12, -1, 2, crc32c(rest)) + rest


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def varint(self):
        number = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number >> 1 ^ -(number & 1)

    def bytes(self):
        length = self.varint()
        if length < 0:
            return None
        self.at += length
        return bytes(self.data[self.at - length:self.at])


def _records(body, count, base_offset, base_time, append_time):
    reader = _Reader(body)
    for _ in range(count):
        reader.varint()
        reader.at += 1
        time, offset = base_time + reader.varint(), base_offset + reader.varint()
        key, value = reader.bytes(), reader.bytes()
        headers = tuple((reader.bytes(), reader.bytes()) for _ in range(reader.varint()))
        yield Record(key, value, headers, offset, time if append_time is None else append_time)


def decode(data):
    """(the records in these batches, the offset after the last of them or None); a cut-off last batch is left out.

    Control records (of Kafka's transactions) count for the offset only.
    """
    records, after, at = [], None, 0
    while at + _HEAD.size <= len(data):
        base, length, _, magic, crc = _HEAD.unpack_from(data, at)
        rest, at = data[at + _HEAD.size:at + 12 + length], at + 12 + length
        if at > len(data):
            break
        assert magic == 2 and crc32c(rest) == crc, f"damaged batch at offset {base}"
        attributes, last, base_time, max_time, _, _, _, count = _REST.unpack_from(rest)
        after = base + last + 1
        if attributes & CONTROL:
            continue
        body = rest[_REST.size:]
        if attributes & COMPRESSION == GZIP:
            body = zlib.decompress(body, wbits=31)
        elif attributes & COMPRESSION:
            raise AssertionError(f"the batch at offset {base} is compressed by something other than gzip: read it with kcat")
        records += _records(body, count, base, base_time, max_time if attributes & LOG_APPEND_TIME else None)
    return records, after

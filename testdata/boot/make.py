#!/usr/bin/env python3
"""
Makes record-v1.bin, or with the argument "failures" record-v1-failures.bin (with what was added to format 1 later), from
docs/formats/boot-record.md, without Meerkat's own code. The files are frozen: run this only to look.
"""
import hashlib
import struct
import sys
import uuid


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


record = bytearray(1024)


def put(offset, layout, *values):
    struct.pack_into("<" + layout, record, offset, *values)


def text(offset, value):
    encoded = value.encode()
    put(offset, f"B{len(encoded)}s", len(encoded), encoded)


def slot(offset, state, commits, size, digest_of, version, build):
    put(offset, "B", state)
    put(offset + 4, "I", commits)
    put(offset + 8, "q", size)
    put(offset + 24, "32s", hashlib.sha256(digest_of).digest())
    text(offset + 88, version)
    text(offset + 153, build)


put(0, "8sHHI", b"MKBOOT\r\n", 1, 1024, 2)
put(16, "QBBBBi", 0x0102030405060708, 1, 0, 3, 2, 604800)
put(32, "16s", uuid.UUID("0b6c5a3e-51f2-4f0e-9a7a-1f6d9f2b7c11").bytes_le)
slot(48, 3, 7, 0x1122334455, b"a", "1.0.0", "build-a")
slot(352, 2, 0, 0x5544332211, b"b", "1.1.0-ä", "build-b")
put(656, "HBB", 3, 1, 1)
put(664, "qqq", 11, 2100, 1772600767890)
text(688, "1.1.0")
text(753, "core dumped")



def mark(offset, of):
    put(offset, "13s", hashlib.sha256(of).digest()[:13])


if sys.argv[1:] == ["failures"]:
    mark(104, b"a")
    mark(408, b"b")
    put(660, "B", 4)
    put(954, "B", 5)
    for index, (bundle, count, lost, code) in enumerate([(b"c", 2, 7, 2), (b"d", 1, 0, 1), (b"e", 255, 255, 9), (b"f", 0, 3, 0xF1)]):
        mark(956 + 16 * index, bundle)
        put(969 + 16 * index, "BBB", count, lost, code)
put(1020, "I", crc32c(record[:1020]))
sys.stdout.buffer.write(record)

"""What really stands in an offline run of Weights & Biases.

A .wandb file is 7 bytes of header, then LevelDB's log format: blocks of 32 KiB, in them pieces of
4 bytes checksum, 2 length, 1 kind (1 whole, 2 first, 3 middle, 4 last), each record a protobuf.
"""

import json
import struct
import time

from wandb.proto.wandb_internal_pb2 import Record

BLOCK, HEADER, WHOLE, FIRST, LAST = 32_768, 7, 1, 2, 4


def records(folder, kind):
    """All records of one kind, such as "history" or "metric", of the finished run in the folder.

    A process of wandb's writes the file, and may do so for a moment after finish() has come back.
    """
    (file,) = folder.glob("*.wandb")
    until = time.monotonic() + 30
    while True:
        parsed = [Record.FromString(content) for content in _contents(file.read_bytes())]
        if any(r.WhichOneof("record_type") == "exit" for r in parsed):
            return [getattr(r, kind) for r in parsed if r.WhichOneof("record_type") == kind]
        if time.monotonic() > until:
            raise AssertionError(f"{file} has no end")
        time.sleep(0.02)


def rows(folder):
    """The history: a dict for each time that something was logged, without wandb's own times."""
    found = []
    for record in records(folder, "history"):
        row = {}
        for item in record.item:
            name = item.key or ".".join(item.nested_key)
            row[name] = json.loads(item.value_json)
        found.append({k: v for k, v in row.items() if k not in ("_timestamp", "_runtime")})
    return found


def updates(folder, kind):
    """What "config" or "summary" came to in the end."""
    begun = [record.config.update for record in records(folder, "run") if kind == "config"]
    parts = begun + [record.update for record in records(folder, kind)]
    return {u.key: json.loads(u.value_json) for part in parts for u in part if u.key}


def _contents(data):
    place, content = HEADER, b""
    while place + HEADER <= len(data):
        left = BLOCK - place % BLOCK
        if left < HEADER:
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + HEADER])
        piece = data[place + HEADER : place + HEADER + length]
        if len(piece) < length:
            return  # it is being written
        content = piece if kind in (WHOLE, FIRST) else content + piece
        if kind in (WHOLE, LAST):
            yield content
        place += HEADER + length

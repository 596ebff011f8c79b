#!/usr/bin/env python3
"""packed_peek.py: a reader of the packed layout of schemas/redis-keys.md in Python, written from that page and from nothing
else. What a writer needs as well comes from the example of one, schemas/clients/loader.py.

    packed_peek.py SOCKET PREFIX KEY-HEX RECIPIENT...   prints for each recipient (kind:canonical, or a phone number)
                                                        `miss`, or its record as JSON

Imported by redis_keys_examples.py. It knows no more of the program than a loader or reader in another language would.
"""
import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas", "clients"))
# pylint: disable=unused-import,wrong-import-position # those who import this one use them
from loader import (CHANNELS, REASSIGNED, ROLES, STATUSES, bucket_key, bucket_number, encode_body, encode_bucket,  # noqa: E402,F401
                    hash_tag, loan_tag, pseudonym, record_of, tenant_tag)

def decode_bucket(value):
    """Into {suffix: body}; raises ValueError where it is not well formed."""
    if value[:1] != b"\x01":
        raise ValueError("version")
    records, at, last = {}, 1, b""
    while at < len(value):
        suffix, at = value[at:at + 8], at + 8
        length, shift = 0, 0
        while True:
            byte, at = value[at], at + 1
            length, shift = length | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                break
        if len(suffix) < 8 or suffix <= last or at + length > len(value) or length == 0:
            raise ValueError("record")
        records[suffix], at, last = value[at:at + length], at + length, suffix
    return records


def decode_body(body):
    at = 1

    def take(n):
        nonlocal at
        if at + n > len(body):
            raise ValueError("truncated")
        at += n
        return body[at - n:at]

    flags = body[0]
    record = {"reassigned": REASSIGNED[flags & 3], "opted_out": [], "parties": []}
    count = flags >> 3
    if count == 31:
        count = int.from_bytes(take(2), "big")
    if flags & 3 == 3:
        record["reassigned_at"] = int.from_bytes(take(6), "big")
    if flags & 4:
        bitmap = take(1)[0]
        record["opted_out"] = [c for i, c in enumerate(CHANNELS) if bitmap >> i & 1]
        for _ in range(take(1)[0] if bitmap & 0x80 else 0):
            record["opted_out"].append(take(take(1)[0]).decode())
    for _ in range(count):
        flags = take(1)[0]
        party = {"role": ROLES[flags & 3], "status": STATUSES[flags >> 2 & 7], "tenant_tag": take(6).hex()}
        if flags & 0x40:
            party["loan_tag"] = take(8).hex()
        if flags & 0x20:
            party["closed_at"] = int.from_bytes(take(6), "big")
        record["parties"].append(party)
    if at != len(body):
        raise ValueError("bytes left over")
    return record


def redis_get(path, key):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n" % (len(key.encode()), key.encode()))
        reply = s.makefile("rb")
        length = int(reply.readline()[1:])
        return None if length < 0 else reply.read(length)


def main():
    path, prefix, key = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])
    for recipient in sys.argv[4:]:
        kind, _, canonical = recipient.rpartition(":")
        who = pseudonym(key, kind or "phone", canonical)
        epoch = json.loads(redis_get(path, prefix + ":{00}:epoch"))
        epoch = json.loads(redis_get(path, "%s:{%02x}:epoch" % (prefix, hash_tag(who, epoch["tags"]))))
        bucket = redis_get(path, bucket_key(prefix, who, epoch))
        if bucket is None:
            print("no bucket")
            continue
        body = decode_bucket(bucket).get(who[8:])
        print("miss" if body is None else json.dumps(decode_body(body), sort_keys=True))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""packed_peek.py: the packed layout of schemas/redis-keys.md in Python, written from that page and from nothing else.

    packed_peek.py SOCKET PREFIX KEY-HEX RECIPIENT...   prints for each recipient (kind:canonical, or a phone number)
                                                        `miss`, or its record as JSON

Imported by redis_keys_examples.py. It knows no more of the program than a loader or reader in another language would.
"""
import hashlib
import hmac
import json
import socket
import sys

ROLES = ["borrower", "co_borrower", "guarantor", "contact"]
STATUSES = ["active", "overdue", "closed", "written_off", "sold"]
CHANNELS = ["sms", "voice", "wechat", "email", "push", "whatsapp", "rcs"]
REASSIGNED = ["no_data", "no", "yes", "yes"]


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def pseudonym(key, kind, canonical):
    return mac(key, kind + ":" + canonical)[:16]


def tenant_tag(key, tenant_id):
    return mac(key, "tenant:" + (tenant_id if tenant_id is not None else "default"))[:6]


def loan_tag(key, loan_id):
    return mac(key, "loan:" + loan_id)[:8]


def bucket_number(pseudonym_bytes, bucket_bits):
    return int.from_bytes(pseudonym_bytes[:4], "big") >> (32 - bucket_bits)


def hash_tag(pseudonym_bytes, tags):
    return pseudonym_bytes[0] >> 2 if tags == 64 else 0


def bucket_key(prefix, pseudonym_bytes, epoch):
    return "%s:{%02x}:%d:%x" % (prefix, hash_tag(pseudonym_bytes, epoch["tags"]), epoch["generation"],
                                bucket_number(pseudonym_bytes, epoch["bucket_bits"]))


def leb128(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode_party(key, party):
    dated, has_loan = "closed_at" in party, "loan_id" in party
    out = bytes([ROLES.index(party["role"]) | STATUSES.index(party["status"]) << 2 | dated << 5 | has_loan << 6])
    out += tenant_tag(key, party.get("tenant_id"))
    out += loan_tag(key, party["loan_id"]) if has_loan else b""
    return out + (party["closed_at"].to_bytes(6, "big") if dated else b"")


def encode_body(key, record):
    """A record as {"reassigned", "reassigned_at" (ms), "opted_out", "parties": [{..., "closed_at" (ms)}]}."""
    reassigned = REASSIGNED.index(record.get("reassigned", "no_data"))
    dated = reassigned == 2 and "reassigned_at" in record
    parties, opted_out = record.get("parties", []), record.get("opted_out", [])
    out = bytes([(3 if dated else reassigned) | bool(opted_out) << 2 | min(len(parties), 31) << 3])
    if len(parties) >= 31:
        out += len(parties).to_bytes(2, "big")
    if dated:
        out += record["reassigned_at"].to_bytes(6, "big")
    if opted_out:
        others = [c.encode() for c in opted_out if c not in CHANNELS]
        out += bytes([sum(1 << CHANNELS.index(c) for c in opted_out if c in CHANNELS) | bool(others) << 7])
        if others:
            out += bytes([len(others)]) + b"".join(bytes([len(c)]) + c for c in others)
    return out + b"".join(encode_party(key, p) for p in parties)


def encode_bucket(records):
    """Of {suffix: body}."""
    return b"\x01" + b"".join(s + leb128(len(b)) + b for s, b in sorted(records.items()))


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

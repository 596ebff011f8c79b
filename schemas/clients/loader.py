"""loader.py: a full load of relationship data into Redis, by redis-keys.md alone. Python 3 and its standard library.

    python3 loader.py --redis unix:/run/redis/redis.sock --key-file KEY --key-id k1 --watermark 2026-11-22T02:00:00Z people.ndjson

For who loads from another language: hashes, bytes, locks and the flip are all here, in the order of redis-keys.md. One server,
one hash tag. It is simpler than `wrongnumber load` in one thing: it keeps deltas and `wrongnumber sync` out while it works (exit
status 75 when one of them is at work), so that there is no journal to move. All records are kept in memory.

Lines are those of relationship.schema.json; phone numbers must be E.164 already (+8613800138000), which libphonenumber makes of
any spelling. A later line of a recipient replaces the earlier one.
"""

import argparse
import datetime
import hashlib
import hmac
import json
import secrets
import socket
import sys
import time

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


# --- Redis: one connection, one command at a time -----------------------------------------------------------------------


class Redis:
    def __init__(self, address):
        if address.startswith("unix:"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(address.removeprefix("unix:"))
        else:
            host, _, port = address.rpartition(":")
            self.socket = socket.create_connection((host.strip("[]"), int(port)))
        self.replies = self.socket.makefile("rb")

    def __call__(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        return self.reply()

    def reply(self):
        line = self.replies.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis has closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"$":
            return None if rest == b"-1" else self.replies.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest


# --- the load, step by step as in "Writing" of redis-keys.md ------------------------------------------------------------

LOCK_MS = 60_000
RENEW = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0"
RELEASE = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"
# KEYS: both locks, next, journal, epoch. ARGV: token, watermark.
BEGIN = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return redis.error_reply('WNLOCK the lock is lost')
end
local ok, epoch = pcall(cjson.decode, redis.call('GET', KEYS[5]) or '')
if ok and type(epoch) == 'table' and (tonumber(epoch.source_watermark) or 0) > tonumber(ARGV[2]) then
  return redis.error_reply('WNOLDER the data in force are later')
end
return redis.call('DEL', KEYS[3], KEYS[4])
"""
# KEYS: both locks, epoch. ARGV: token, generation, the epoch's text. Checks and sets in one step: the flip.
FLIP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return redis.error_reply('WNLOCK the lock is lost')
end
local ok, epoch = pcall(cjson.decode, redis.call('GET', KEYS[3]) or '')
if ok and type(epoch) == 'table' and (tonumber(epoch.generation) or 0) >= tonumber(ARGV[2]) then
  return redis.error_reply('WNEPOCH the generation in force is not older')
end
redis.call('SET', KEYS[3], ARGV[3])
return 1
"""


class Busy(Exception):
    """Somebody else writes."""


class Load:
    def __init__(self, redis, prefix, key, key_id):
        self.redis, self.prefix, self.key, self.key_id = redis, prefix, key, key_id
        self.token, self.locked, self.renewed_at = secrets.token_hex(16), [], 0.0

    def name(self, what):
        return "%s:{00}:%s" % (self.prefix, what)

    def lock(self):
        for what in ("lock", "delta"):
            if self.redis("SET", self.name(what), self.token, "NX", "PX", LOCK_MS) is None:
                raise Busy("%s is taken: another load, a delta or sync is at work" % self.name(what))
            self.locked.append(self.name(what))
        self.renewed_at = time.monotonic()

    def keep_locks(self):
        if time.monotonic() - self.renewed_at > 10:
            for lock in self.locked:
                if not self.redis("EVAL", RENEW, 1, lock, self.token, LOCK_MS):
                    raise Busy(lock + " is lost")
            self.renewed_at = time.monotonic()

    def unlock(self):
        for lock in self.locked:
            self.redis("EVAL", RELEASE, 1, lock, self.token)

    def remove(self, member):
        """The buckets of a generation `G:bucket_bits:tags`, then the member that says that they may be there."""
        generation, bits, tags = (int(part) for part in member.split(b":"))
        for first in range(0, 1 << bits, 1000):
            self.keep_locks()
            numbers = range(first, min(first + 1000, 1 << bits))
            tag_of = lambda b: b >> (bits - 6) if tags == 64 else 0  # noqa: E731
            self.redis("UNLINK", *("%s:{%02x}:%d:%x" % (self.prefix, tag_of(b), generation, b) for b in numbers))
        self.redis("SREM", self.name("loading"), member)

    def run(self, records, bucket_bits, watermark_ms, valid_for_ms):
        """records: {pseudonym: body}. Returns the generation."""
        old = json.loads(self.redis("GET", self.name("epoch")) or "null")
        loading = self.redis("SMEMBERS", self.name("loading"))
        in_force = b"%d:%d:%d" % (old["generation"], old["bucket_bits"], old["tags"]) if old else None
        generations = [int(member.split(b":")[0]) for member in loading] + ([old["generation"]] if old else [])
        generation = max(generations) + 1 if generations else int(time.time())
        for member in loading:
            if member != in_force:
                self.remove(member)  # what an unfinished load has left
        ours = b"%d:%d:1" % (generation, bucket_bits)
        self.redis("SADD", self.name("loading"), ours, *([in_force] if in_force else []))
        keys = [self.name(what) for what in ("lock", "delta", "next", "journal", "epoch")]
        self.redis("EVAL", BEGIN, 5, *keys, self.token, watermark_ms)

        buckets = {}
        for who, body in records.items():
            buckets.setdefault(bucket_number(who, bucket_bits), {})[who[8:]] = body
        for first in range(0, 1 << bucket_bits, 500):  # every bucket, the empty ones too
            self.keep_locks()
            words = ["MSET"]
            for number in range(first, min(first + 500, 1 << bucket_bits)):
                words += ["%s:{00}:%d:%x" % (self.prefix, generation, number), encode_bucket(buckets.get(number, {}))]
            self.redis(*words)

        epoch = {"layout": "packed1", "generation": generation, "key_id": self.key_id, "bucket_bits": bucket_bits,
                 "bucket_count": 1 << bucket_bits, "tags": 1, "record_count": len(records), "source_watermark": watermark_ms,
                 "valid_for_ms": valid_for_ms, "heartbeat_ms": 0}  # fmt: skip
        self.redis("EVAL", FLIP, 3, keys[0], keys[1], keys[4], self.token, generation, json.dumps(epoch, separators=(",", ":")))
        if in_force:
            self.remove(in_force)
        self.redis("SREM", self.name("loading"), ours)
        return generation


def id_of(value):
    """Ids are text; an integer is taken by value."""
    return str(int(value)) if isinstance(value, (int, float)) else value


def milliseconds(text):
    if len(text) == 10:
        text += "T00:00:00Z"  # a date alone is midnight UTC
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def record_of(line):
    """A loader line as encode_body wants it. What is null is not there."""
    line = {name: value for name, value in line.items() if value is not None}
    parties = []
    for party in line.get("parties", []):
        party = {"role": "borrower", "status": "active", **{name: value for name, value in party.items() if value is not None}}
        party.update({name: id_of(party[name]) for name in ("tenant_id", "loan_id") if name in party})
        if "closed_at" in party:
            party["closed_at"] = milliseconds(party["closed_at"])
        parties.append(party)
    record = {**line, "parties": parties}
    if "reassigned_at" in record:
        record["reassigned_at"] = milliseconds(record["reassigned_at"])
    return record


def read_key(path):
    with open(path, "rb") as file:
        raw = file.read().removesuffix(b"\n")
    return bytes.fromhex(raw.decode()) if len(raw) == 64 else raw


def main():
    parser = argparse.ArgumentParser(description="Loads relationship data into Redis.")
    parser.add_argument("--redis", required=True, help="unix:PATH or HOST:PORT")
    parser.add_argument("--prefix", default="wn")
    parser.add_argument("--key-file", required=True)
    parser.add_argument("--key-id", default="k1")
    parser.add_argument("--watermark", required=True, help="all that the source knew by then is in the file")
    parser.add_argument("--valid-for", type=int, default=26, metavar="HOURS")
    parser.add_argument("--bucket-bits", type=int, help="2 to the power of it is the number of buckets")
    parser.add_argument("lines")
    options = parser.parse_args()
    key, records = read_key(options.key_file), {}
    with open(options.lines, encoding="utf-8") as file:
        for text in file:
            line = json.loads(text)
            who = pseudonym(key, line.get("kind") or "phone", line["recipient"])
            records[who] = encode_body(key, record_of(line))
            if line.get("deleted"):
                del records[who]
    bits = options.bucket_bits or max(1, (len(records) // 20).bit_length())  # ten to twenty records a bucket
    load = Load(Redis(options.redis), options.prefix, key, options.key_id)
    try:
        load.lock()
        generation = load.run(records, bits, milliseconds(options.watermark), options.valid_for * 3_600_000)
    except Busy as why:
        print(why, file=sys.stderr)
        return 75
    finally:
        load.unlock()
    print(json.dumps({"generation": generation, "records": len(records), "bucket_bits": bits}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

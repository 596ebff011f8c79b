#!/usr/bin/env python3
"""audit_oracle.py: the audit log's format as ARCHITECTURE.md tells it, checked by other code than ours.

  audit_oracle.py check KEY_FILE DIR            every line: hash, content, chain; prints the number of lines
  audit_oracle.py match KEY_FILE DIR TOPIC...   also that each record of the topics (kcat -J envelopes) stands in the log, as
                                                it was sent, at the place that its header wn.audit names
  audit_oracle.py flip FILE OFFSET              changes one bit, and prints which line that is
"""
import glob
import hashlib
import hmac
import json
import sys


def lines_of(folder):
    for path in sorted(glob.glob(f"{folder}/audit-*.ndjson")):
        with open(path, "rb") as file:
            for line in file.read().split(b"\n")[:-1]:
                yield path, line


def check(key_file, folder):
    key = bytes.fromhex(open(key_file, encoding="ascii").read().strip())
    previous, seq, records = "0" * 64, 0, {}
    for path, line in lines_of(folder):
        head, rest = line.split(b',"mac":"', 1)
        record = json.loads(line)
        seq += 1
        content = rest[64 + len(b'","record":'):-1]
        wanted = hmac.new(key, head, hashlib.sha256).hexdigest()
        if (record["seq"], record["prev"], record["mac"]) != (seq, previous, wanted):
            sys.exit(f"{path}: record {seq} is not as it should be")
        if content != b"null" and hashlib.sha256(content).hexdigest() != record["sha256"]:
            sys.exit(f"{path}: record {seq} has another content")
        previous = wanted
        records[f"{seq}:{wanted}"] = content
    return records


def match(records, topics):
    sent, named = 0, set()
    for topic in topics:
        with open(topic, encoding="utf-8") as envelopes:
            for envelope in map(json.loads, envelopes):
                headers = dict(zip(envelope["headers"][::2], envelope["headers"][1::2]))
                place = headers["wn.audit"].split(":", 1)[1]
                if records.get(place) != envelope["payload"].encode():
                    sys.exit(f"{topic}: offset {envelope['offset']} is not in the log at {headers['wn.audit']}")
                named.add(place)
                sent += 1
    return sent


def flip(path, offset):
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        data[offset] ^= 1
        file.seek(0)
        file.write(data)
    print(data[:offset].count(b"\n") + 1)


if __name__ == "__main__":
    if sys.argv[1] == "flip":
        flip(sys.argv[2], int(sys.argv[3]))
    else:
        found = check(sys.argv[2], sys.argv[3])
        print(match(found, sys.argv[4:]) if sys.argv[1] == "match" else len(found))

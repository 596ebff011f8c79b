#!/usr/bin/env python3
"""redis_keys_examples.py DOCUMENT [BUILD]: recomputes every worked example of schemas/redis-keys.md from its loader lines
with packed_peek.py (hashlib and hmac). With BUILD it also lets `wrongnumber load` load those lines into a private
redis-server and compares what stands there with the page. Prints `ok NAME` / `not ok NAME`."""
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
import time

import packed_peek as peek

failures = 0


def expect(name, got, expected):
    global failures
    if got == expected:
        print("ok " + name)
    else:
        print("  got:      %s\n  expected: %s\nnot ok %s" % (got, expected, name))
        failures += 1


def blocks(text, kind):
    return re.findall(r"^```%s\n(.*?)^```$" % kind, text, re.S | re.M)


def values_of(text):
    """Every `name = value` of the page's `values` blocks."""
    values = {}
    for block in blocks(text, "values"):
        for row in block.splitlines():
            name, _, value = row.partition(" = ")
            values[name.strip()] = value.strip()
    return values


def recompute(key, lines, epoch):
    """The same names and values from nothing but the lines."""
    values, buckets = {}, {b: {} for b in range(epoch["bucket_count"])}
    for line in lines:
        who = peek.pseudonym(key, line.get("kind", "phone"), line["recipient"])
        body = peek.encode_body(key, peek.record_of(line))
        values["pseudonym " + line["recipient"]] = who.hex()
        values["body " + line["recipient"]] = body.hex()
        buckets[peek.bucket_number(who, epoch["bucket_bits"])][who[8:]] = body
        for party in line.get("parties", []):
            tenant = party.get("tenant_id", "default")
            values["tenant tag " + tenant] = peek.tenant_tag(key, tenant).hex()
            if "loan_id" in party:
                values["loan tag " + party["loan_id"]] = peek.loan_tag(key, party["loan_id"]).hex()
    for number, records in buckets.items():
        values["wn:{00}:%d:%x" % (epoch["generation"], number)] = peek.encode_bucket(records).hex()
    first = peek.pseudonym(key, "phone", lines[0]["recipient"])
    for bits, tags in (17, 1), (17, 64), (32, 64):
        other = {"bucket_bits": bits, "tags": tags, "generation": epoch["generation"]}
        values["bucket_bits %d, tags %d" % (bits, tags)] = peek.bucket_key("wn", first, other)
    return values


def check_program(build, key, block, epoch, values):
    with tempfile.TemporaryDirectory() as folder:
        sock = os.path.join(folder, "redis.sock")
        for name, text in (
                ("key", key.hex() + "\n"), ("lines", block),
                ("config", "redis:\n  address: unix:%s\npseudonym:\n  key_id: k1\n  key_file: %s/key\n" % (sock, folder))):
            with open(os.open(os.path.join(folder, name), os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
        server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", sock, "--save", "", "--appendonly", "no",
                                   "--dir", folder], stdout=subprocess.DEVNULL)
        try:
            for _ in range(1000):
                if os.path.exists(sock):
                    break
                time.sleep(0.01)
            watermark = datetime.datetime.fromtimestamp(epoch["source_watermark"] / 1000, datetime.timezone.utc)
            command = [os.path.join(build, "wrongnumber"), "load", "-c", folder + "/config", "--bucket-bits",
                       str(epoch["bucket_bits"]), "--watermark", watermark.strftime("%Y-%m-%dT%H:%M:%SZ"), folder + "/lines"]
            done = subprocess.run(command, capture_output=True, check=False)
            expect("wrongnumber loads the page's lines", (done.returncode, done.stderr), (0, b""))
            generation = json.loads(done.stdout)["generation"]
            for name, value in values.items():
                match = re.fullmatch(r"wn:\{00\}:\d+:(\w+)", name)
                if match:
                    stored = peek.redis_get(sock, "wn:{00}:%d:%s" % (generation, match.group(1)))
                    expect("wrongnumber writes " + name, stored and stored.hex(), value)
            text = json.dumps({**epoch, "generation": generation}, separators=(",", ":"))
            expect("wrongnumber writes the epoch", peek.redis_get(sock, "wn:{00}:epoch").decode(), text)
        finally:
            server.terminate()
            server.wait()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    values = values_of(text)
    key = bytes.fromhex(values.pop("key"))
    block = blocks(text, "ndjson")[0]
    lines = [json.loads(line) for line in block.splitlines()]
    epoch_text = blocks(text, "epoch")[0].strip()
    epoch = json.loads(epoch_text)
    expect("the page's epoch has no white space", json.dumps(epoch, separators=(",", ":")), epoch_text)
    expect("the page's epoch counts its lines", epoch["record_count"], len(lines))
    computed = recompute(key, lines, epoch)
    expect("the page has every value", sorted(values), sorted(computed))
    for name in values:
        expect(name, values[name], computed.get(name))
    if len(sys.argv) > 2:
        check_program(sys.argv[2], key, block, epoch, values)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""redis_deltas.py BUILD [--long] [--seed N]: full loads and deltas at full rate beside each other, either killed with -9 at
random; afterwards every recipient is as the source has it, and on the way nobody ever went back to an older record.

The source is a dictionary here. A delta tells what it changed, in order, again until it is told as loaded (or older than
what is in force: then a full load has it); a full load tells all of it. Every one has a watermark later than those before.
Prints `ok NAME` / `not ok NAME`.
"""
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "flow"))
import packed_peek  # noqa: E402

KEY = bytes(range(32))
BUCKET_BITS = 16
OLDER, LOCKED = 65, 75


def number(i):
    return "+86139%08d" % i


def mget(path, keys):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        words = [b"MGET"] + [key.encode() for key in keys]
        s.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        reply = s.makefile("rb")
        values = []
        for _ in range(int(reply.readline()[1:])):
            length = int(reply.readline()[1:])
            values.append(None if length < 0 else reply.read(length + 2)[:-2])
        return values


class Source:
    def __init__(self, people, seed):
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.people = people
        self.records = {i: 0 for i in range(people)}  # recipient → the step that changed it last
        self.steps = 0
        self.base = int(time.time() * 1000) - 10000000

    def next_step(self):
        self.steps += 1
        at = self.base + self.steps
        return "%s.%03dZ" % (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)), at % 1000)

    def line(self, i):
        step = self.records.get(i)
        if step is None:
            return json.dumps({"recipient": number(i), "deleted": True}) + "\n"
        return json.dumps({"recipient": number(i), "parties": [{"tenant_id": "t", "loan_id": "v%d" % step}]}) + "\n"

    def delta(self, path, size):
        with self.lock, open(path, "w") as f:
            watermark = self.next_step()
            for i in self.random.sample(range(self.people + self.people // 10), size):
                if self.random.random() < 0.1:
                    self.records.pop(i, None)
                else:
                    self.records[i] = self.steps
                f.write(self.line(i))
            return watermark

    def full(self, path):
        with self.lock, open(path, "w") as f:
            watermark = self.next_step()
            for i in list(self.records):
                f.write(self.line(i))
            return watermark


class Stress:
    def __init__(self, build, people, delta_size, seed):
        self.build, self.delta_size = build, delta_size
        self.work = tempfile.mkdtemp(prefix="redis-deltas.")
        self.socket = os.path.join(self.work, "redis.sock")
        self.source = Source(people, seed)
        self.random = random.Random(seed + 1)
        self.kill_random = {"delta": random.Random(seed + 2), "full": random.Random(seed + 3)}
        self.seconds = {"delta": 0.1, "full": 1.5}  # that the last one took which was not killed
        self.is_over = False
        self.counts = {"deltas": 0, "deltas killed": 0, "deltas again": 0, "loads": 0, "loads killed": 0, "loads too old": 0,
                       "deltas beside a load": 0, "sweeps": 0}
        self.went_back = []
        self.trouble = []
        self.seen = {}
        self.is_loading = False
        self.suffixes = {packed_peek.pseudonym(KEY, "phone", number(i))[8:]: i for i in range(people + people // 10)}
        self.tags = {}

    def start(self):
        with open(os.path.join(self.work, "key"), "w") as f:
            f.write(KEY.hex())
        os.chmod(os.path.join(self.work, "key"), 0o600)
        with open(os.path.join(self.work, "c.yaml"), "w") as f:
            f.write("redis:\n  address: unix:%s\npseudonym:\n  key_file: %s/key\n" % (self.socket, self.work))
        self.server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "",
                                        "--appendonly", "no", "--dir", self.work], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL)
        while self.redis("PING") != "PONG":
            time.sleep(0.02)
        path = os.path.join(self.work, "first")
        assert self.load(path, self.source.full(path), "full", False) == 0

    def end(self):
        self.server.kill()
        self.server.wait()
        if os.environ.get("KEEP"):
            print("kept", self.work)
        else:
            shutil.rmtree(self.work, ignore_errors=True)

    def redis(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        return done.stdout.strip()

    def load(self, path, watermark, kind, may_kill):
        """Runs a load; its exit status, None when it was killed."""
        # So many buckets that writing them takes a while.
        begun = time.monotonic()
        options = ["--delta"] if kind == "delta" else ["--bucket-bits", str(BUCKET_BITS)]
        with open(os.path.join(self.work, kind + ".err"), "w") as err:
            loader = subprocess.Popen([os.path.join(self.build, "wrongnumber"), "load", "-c",
                                       os.path.join(self.work, "c.yaml"), *options, "--watermark", watermark, path],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        dice = self.kill_random[kind]
        if may_kill and dice.random() < 0.3:
            time.sleep(dice.uniform(0.005, self.seconds[kind]))
            if loader.poll() is None:
                loader.kill()
                loader.wait()
                # Its minute is over.
                self.redis("DEL", "wn:{00}:delta" if kind == "delta" else "wn:{00}:lock")
                return None
        status = loader.wait()
        self.seconds[kind] = time.monotonic() - begun
        return status

    def fail(self, kind, status):
        with open(os.path.join(self.work, kind + ".err")) as err:
            self.trouble.append("%s: %s: %s" % (kind, status, err.read()[:300]))
        self.is_over = True

    def run_deltas(self):
        path = os.path.join(self.work, "delta")
        while not self.is_over:
            watermark = self.source.delta(path, self.delta_size)
            while not self.trouble:
                was_loading = self.is_loading
                status = self.load(path, watermark, "delta", not self.is_over)
                if status in (0, OLDER):
                    self.counts["deltas"] += 1
                    self.counts["deltas beside a load"] += was_loading and self.is_loading and status == 0
                    break
                self.counts["deltas killed" if status is None else "deltas again"] += 1
                if status not in (None, LOCKED):
                    self.fail("delta", status)

    def run_loads(self):
        path = os.path.join(self.work, "full")
        while not self.is_over:
            watermark = self.source.full(path)
            self.is_loading = True
            status = self.load(path, watermark, "full", True)
            self.is_loading = False
            self.counts[{None: "loads killed", OLDER: "loads too old"}.get(status, "loads")] += 1
            if status not in (0, None, OLDER):
                self.fail("full", status)

    # --- what is in Redis ---

    def step_of(self, body):
        tag = body[-8:]
        while tag not in self.tags and len(self.tags) <= self.source.steps:
            step = len(self.tags)
            self.tags[packed_peek.loan_tag(KEY, "v%d" % step)] = step
        return self.tags[tag]

    def sweep(self):
        """All recipients of the generation in force; None when it was not all of one."""
        text = self.redis("GET", "wn:{00}:epoch")
        epoch = json.loads(text)
        found = {}
        for first in range(0, epoch["bucket_count"], 512):
            for bucket in mget(self.socket, ["wn:{00}:%d:%x" % (epoch["generation"], b) for b in
                                             range(first, min(first + 512, epoch["bucket_count"]))]):
                if bucket is None:
                    return None
                for suffix, body in packed_peek.decode_bucket(bucket).items():
                    found[self.suffixes[suffix]] = self.step_of(body)
        again = json.loads(self.redis("GET", "wn:{00}:epoch"))
        return (epoch, found) if again["generation"] == epoch["generation"] else None

    def run_sweeps(self):
        while not self.is_over:
            swept = self.sweep()
            if swept is None:
                continue
            self.counts["sweeps"] += 1
            for i, step in swept[1].items():
                if step < self.seen.get(i, -1):
                    self.went_back.append((i, self.seen[i], step))
                self.seen[i] = step

    def has_seen_all(self):
        return all(self.counts[kind] > 2 for kind in ("loads", "loads killed", "deltas killed", "deltas beside a load"))

    def play(self, seconds):
        threads = [threading.Thread(target=run) for run in (self.run_deltas, self.run_loads, self.run_sweeps)]
        for thread in threads:
            thread.start()
        end = time.time() + seconds
        while not self.is_over and (time.time() < end or not self.has_seen_all()) and time.time() < end + 60:
            time.sleep(0.1)
        self.is_over = True
        for thread in threads:
            thread.join()


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 64
    is_long = "--long" in sys.argv
    seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else random.randrange(1 << 30)
    print("seed %d" % seed)
    stress = Stress(sys.argv[1], *((200000, 2000) if is_long else (5000, 500)), seed)
    failures = 0

    def check(name, is_good, detail=""):
        nonlocal failures
        print("%s %s%s" % ("ok" if is_good else "not ok", name, "" if is_good else ": %s" % (detail,)))
        failures += not is_good

    try:
        stress.start()
        stress.play(180 if is_long else 15)
        check("no load and no delta failed", not stress.trouble, stress.trouble)
        check("loads came into force beside deltas, and either were killed", stress.has_seen_all(), stress.counts)
        swept = stress.sweep()
        check("the data in force are whole", swept is not None)
        found = swept[1] if swept else {}
        want = stress.source.records
        lost = [(number(i), want.get(i), found.get(i)) for i in set(want) | set(found) if want.get(i) != found.get(i)]
        check("every recipient is as the source has it", not lost, "%d of %d differ, such as %s" % (
            len(lost), len(want), lost[:5]))
        check("nobody went back to an older record", not stress.went_back, stress.went_back[:5])
        print("  " + ", ".join("%s %d" % pair for pair in stress.counts.items()) + ", recipients %d" % len(want))
    finally:
        stress.end()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

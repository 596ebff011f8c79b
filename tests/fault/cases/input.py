"""Faults 10, 11 and 13: what comes in is broken, doubled, out of order, or all in one place."""

import json
import subprocess

from play import Case
from world import Feed

BOTH = ("sandbox", "kafka")


def poison(random, line):
    """A message spoilt in one of many ways; the oracle says what must come of it."""
    event = json.loads(line)
    kind = random.randrange(16)
    if kind == 0:
        return line[:random.randrange(1, len(line))]
    if kind == 1:
        return line + b" x"
    if kind == 2:
        return line.replace(b'"', b"\xff", 1)
    if kind == 3:
        return b'{"a": ' + b"[" * 200 + b"]" * 200 + b", " + line[1:]
    if kind == 4:
        return b'{"message_id": "twice", ' + line[1:]
    if kind == 5:
        return b"\x00\x00\x00\x00\x01\x02\x06foo"
    if kind == 6:
        return bytes(random.randrange(1, 256) for _ in range(40)).replace(b"\n", b"-").replace(b"\0", b"-")
    if kind == 7:
        return b'{"padding": "' + b"x" * (1100 * 1024) + b'", ' + line[1:]
    if kind == 8:
        del event[random.choice(["message_id", "recipient", "occurred_at"])]
    elif kind == 9:
        event[random.choice(["message_id", "recipient", "tenant_id"])] = ["a list"]
    elif kind == 10:
        event["occurred_at"] = random.choice([0, 2**63, -1, "0000-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "soon"])
    elif kind == 11:
        event["campaign_id"] = 1.5
    elif kind == 12:
        event["campaign_id"] = "a\0b"
    elif kind == 13:
        event["template_id"] = "x" * 300
    elif kind == 14:
        return random.choice([b"[]", b"1", b"null", b'"text"', b"{}", b"  ", b"{"])
    else:
        event["occurred_at"] = True
    return json.dumps(event).encode()


def spoilt(it, plant):
    """The lines of the input with a share of them spoilt, written to a file; big ones are few."""
    path, spoils, big = it.world.path("spoilt"), 0, 0
    with open(plant.data.events, "rb") as file, open(path, "wb") as out:
        for line in file:
            if it.random.random() < 0.01:
                bad = poison(it.random, line.rstrip(b"\n"))
                big += len(bad) > 1 << 20
                if len(bad) <= 1 << 20 or big <= 3:
                    spoils += 1
                    out.write(bad + b"\n")
            out.write(line)
    it.figures["spoilt"] = spoils
    return path


def begin(it, name, messages, **more):
    plant = it.plant(name, messages, **more)
    return plant, plant.start("judge"), plant.start("detect")


def end(it, plant, judge, detect, title):
    it.figures["s until lag 0"] = round(plant.await_settled(180, judge, detect), 1)
    plant.stop(judge)
    it.judge(plant, title, detect, patience=90)


def poisoned(it):
    """One message in a hundred cannot be read, and some are null or empty."""
    plant, judge, detect = begin(it, "poisoned", 500_000 if it.is_long and it.kind == "kafka" else 60_000)
    path = spoilt(it, plant)
    feed = Feed(it.world, plant.topic("outbound"), path, 10, ["-X", "message.max.bytes=4000000"])
    for _ in range(20):
        subprocess.run(it.world.kcat("-P", "-t", plant.topic("outbound"), "-K:", "-Z", "-X", "topic.partitioner=random"),
                       input=b"key:\n", check=True, stderr=subprocess.DEVNULL)
    feed.finish(120)
    end(it, plant, judge, detect, "poison")


def disordered(it):
    """A tenth of the messages come twice, all are shuffled within a minute, some are late, some of another year."""
    plant, judge, detect = begin(it, "disordered", 60_000, options=["--disorder", "--duplicates", "0.1"])
    path, held = it.world.path("disordered"), []
    with open(plant.data.events, "rb") as file, open(path, "wb") as out:
        for line in file:
            if it.random.random() < 0.01:
                event = json.loads(line)
                event["message_id"] += "-odd"
                event["occurred_at"] = it.random.choice(["2036-01-01T00:00:00Z", "2001-01-01T00:00:00Z", 0, 2**63, 1e300,
                                                         "2026-06-30T23:59:60Z"])
                out.write(json.dumps(event).encode() + b"\n")
            held.append(line)
            if len(held) > 2000:
                out.write(held.pop(it.random.randrange(len(held))))
        it.random.shuffle(held)
        out.writelines(held)
    feed = Feed(it.world, plant.topic("outbound"), path, 10)
    feed.finish(120)
    end(it, plant, judge, detect, "disorder")


def skewed(it):
    """Nearly all is in one partition, and some partitions never have a message."""
    plant, judge, detect = begin(it, "skewed", 40_000)
    most, rest = it.world.path("most"), it.world.path("rest")
    with open(plant.data.events, "rb") as file, open(most, "wb") as a, open(rest, "wb") as b:
        for line in file:
            (b if it.random.random() < 0.01 else a).write(line)
    feeds = [Feed(it.world, plant.topic("outbound"), most, 10, ["-p", "0"]),
             Feed(it.world, plant.topic("outbound"), rest, 10, ["-p", "5"])]
    for feed in feeds:
        feed.finish(120)
    end(it, plant, judge, detect, "skew")


CASES = [
    Case("poisoned", BOTH, True, "10: one message in a hundred cannot be read", poisoned),
    Case("disordered", BOTH, False, "11: duplicates, disorder, late messages and odd times", disordered),
    Case("skewed", BOTH, False, "13: 99 % in one partition, six partitions silent", skewed),
]

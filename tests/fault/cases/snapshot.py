"""Fault 20: snapshots of another version, and damaged ones."""

import subprocess

from accounts import fields, one, read_frames
from play import Case
from world import Feed, wait_until

MANIFEST, STATE_SHA256, DETECTOR_VERSION = 2, 7, 8


def records(it, plant):
    """Key and value of each live record of the state topic, by partition and offset."""
    keys = {}
    for envelope in it.world.fetch(plant.topic("detector-state")):
        keys[envelope["partition"], envelope["offset"]] = envelope["key"]
    it.world.fetch_raw(plant.topic("detector-state"), it.world.path("snapshots"))
    live = {}
    for partition, offset, value in read_frames(it.world.path("snapshots")):
        if (partition, offset) in keys:  # else it came in between
            live[partition, keys[partition, offset]] = value
    return {at: value for at, value in live.items() if value}


def overwrite(it, plant, change):
    """Writes change(manifest's fields, its bytes) in the place of each manifest; returns how many."""
    count = 0
    for (partition, key), value in records(it, plant).items():
        found = fields(value)
        if MANIFEST not in found:
            continue
        changed = change(fields(found[MANIFEST][0]), value)
        path = it.world.path("record")
        with open(path, "wb") as file:
            file.write(changed)
        subprocess.run(it.world.kcat("-P", "-t", plant.topic("detector-state"), "-p", str(partition), "-k", key, path),
                       check=True, stderr=subprocess.DEVNULL)
        count += 1
    return count


def other_version(manifest, value):
    version = one(manifest, DETECTOR_VERSION)
    return value.replace(version, b"x" * len(version))


def damaged(manifest, value):
    return value.replace(one(manifest, STATE_SHA256), bytes(32))


def versions(it):
    plant = it.plant("versions", 40_000)
    feed = Feed(it.world, plant.topic("outbound"), plant.data.events, 25)
    judge = plant.start("judge")
    wait_until("the judge has partitions", 60, lambda: judge.said("judge: partition"))
    for name, change in (("another version", other_version), ("a wrong digest", damaged)):
        detect = plant.start("detect")
        wait_until("snapshots are taken", 60, lambda: len(records(it, plant)) >= 8)
        plant.kill(detect)
        it.figures[f"manifests of {name}"] = overwrite(it, plant, change)
        detect = plant.start("detect")
        wait_until("the detect half has partitions", 60, lambda d=detect: d.said("folding from offset"))
        it.say(not detect.said("by a snapshot"), f"snapshots: those of {name} are not read, the log is folded instead")
        plant.stop(detect)
    detect = plant.start("detect")
    feed.finish(60)
    it.figures["s until lag 0"] = round(plant.await_settled(120, judge, detect), 1)
    plant.stop(judge)
    it.judge(plant, "snapshots", detect, patience=90)


CASES = [Case("versions", ("sandbox", "kafka"), False, "20: snapshots of another version, and damaged ones", versions)]

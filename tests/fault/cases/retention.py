"""Fault 14: the log loses its beginning before it was read."""

import json
import os
import subprocess

from play import Case
from world import DEV_KAFKA, Feed, Trouble, wait_until


def delete_records(it, topic, partition, offset):
    """As retention would: the log then begins at that offset."""
    path = it.world.path("delete.json")
    with open(path, "w", encoding="ascii") as file:
        json.dump({"version": 1, "partitions": [{"topic": topic, "partition": partition, "offset": offset}]}, file)
    done = subprocess.run([DEV_KAFKA, "console", "org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server",
                           it.world.bootstrap, "--offset-json-file", path], capture_output=True, check=False,
                          env={**os.environ})
    if done.returncode != 0 or b"low_watermark" not in done.stdout:
        raise Trouble(f"DeleteRecords: {done.stdout.decode()[-300:]} {done.stderr.decode()[-300:]}")


def retention(it):
    """Messages go before they were read: that is told, and everything else is judged."""
    plant = it.plant("retention", 60_000, partitions=4)
    lines = open(plant.data.events, "rb").readlines()
    halves = [it.world.path("first"), it.world.path("second")]
    for path, part in zip(halves, (lines[:30_000], lines[30_000:])):
        with open(path, "wb") as file:
            file.writelines(part)
    judge, detect = plant.start("judge"), plant.start("detect")
    Feed(it.world, plant.topic("outbound"), halves[0], 5).finish(60)
    plant.await_settled(60, judge, detect)
    plant.stop(judge)
    Feed(it.world, plant.topic("outbound"), halves[1], 0).finish(60)
    end = {p: it.world.ends_of(plant.topic("outbound"), p) for p in range(4)}
    lost = {0: end[0] - 100, 1: end[1] // 4096 * 4096}
    for partition, offset in lost.items():
        delete_records(it, plant.topic("outbound"), partition, offset)
    judge = plant.start("judge")
    wait_until("all that is left is judged", 90,
               lambda: plant.settled() >= sum(end.values()) - sum(lost[p] for p in lost) + 7000)
    for partition in lost:
        it.say(judge.said(f"partition {partition} of {plant.topic('outbound')}: the log begins at offset"),
               f"retention: what partition {partition} has lost is told")
    it.say(judge.is_running() and detect.is_running(), "retention: the processor goes on")
    wait_until("the gap is told", 60, lambda: detect.said("were not counted"))
    it.say(True, "retention: the detect half tells of messages that were not counted")
    plant.stop(judge)
    plant.stop(detect)
    it.say(not plant.ended_badly, "retention: no process ends but by us", plant.ended_badly)


CASES = [Case("retention", ("kafka",), False, "14: messages are deleted before they were read", retention)]

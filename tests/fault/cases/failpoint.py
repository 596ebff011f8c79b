"""Fault 3: death at named moments, between two steps of which neither undoes the other (common/failpoint.h)."""

import signal
import subprocess
import threading

from play import Case
from world import Feed, Trouble, wait_until

# name, which half, how often at most it comes by before the death, what brings it about
POINTS = [
    ("judge.was_assigned", "judge", 3, None),
    ("judge.read_a_batch", "judge", 40, None),
    ("judge.produced_a_batch", "judge", 40, None),
    ("judge.produced_a_closing_frame", "judge", 4, None),
    ("commits.all_is_acknowledged", "judge", 4, None),
    ("commits.sent_a_commit", "judge", 4, None),
    ("outlet.is_told_to_drain", "judge", 1, "term"),
    ("commits.flushed", "judge", 1, "term"),
    ("half.was_revoked", "judge", 1, "term"),
    ("outlet.gave_up_a_producer", "judge", 1, "fatal"),
    ("outlet.has_a_new_producer", "judge", 1, "fatal"),
    ("detect.was_assigned", "detect", 4, None),
    ("snapshots.before_the_search", "detect", 4, None),
    ("detect.restored", "detect", 4, None),
    ("detect.folded_a_batch", "detect", 60, None),
    ("snapshots.took_one", "detect", 8, None),
    ("snapshot.sent_a_part", "detect", 8, None),
    ("snapshot.parts_are_acknowledged", "detect", 8, None),
    ("snapshot.sent_a_manifest", "detect", 8, None),
    ("snapshot.manifest_is_acknowledged", "detect", 8, None),
    ("snapshot.sent_tombstones", "detect", 8, None),
    ("commits.flushed", "detect", 1, "term"),
]
ASSIGNED = {"judge": "judge: partition", "detect": "folding from offset"}
PRODUCE, OUT_OF_ORDER = 0, 45


class Deaths(threading.Thread):
    """One life for each point of one half."""

    def __init__(self, it, plant, part, points):
        super().__init__(daemon=True)
        self.it, self.plant, self.part, self.points = it, plant, part, points
        self.nth = [it.random.randint(1, most) for _, _, most, _ in points]
        self.config = part
        if it.kind == "kafka":
            self.config = f"{part}-static"
            plant.config(self.config, part, f"failpoints-{part}")
        self.missed, self.trouble, self.life = [], None, None

    def run(self):
        try:
            for (name, _, _, how), nth in zip(self.points, self.nth):
                self.die_at(name, nth, how)
            self.life = self.plant.start(self.part, self.config)
        except (Trouble, OSError, subprocess.SubprocessError) as error:
            self.trouble = error

    def is_gone(self, life, how):
        if how == "fatal" and life.is_running():
            # An idempotent producer that is told so gives up for good.
            self.it.world.inject("err", PRODUCE, 1, OUT_OF_ORDER)
        return not life.is_running()

    def die_at(self, name, nth, how):
        life = self.plant.start(self.part, self.config, env={"WN_FAILPOINT": f"{name}:{nth}"})
        if how is not None:
            wait_until(f"{self.part} has partitions", 60,
                       lambda: life.said(ASSIGNED[self.part]) or not life.is_running())
        if how == "term":
            life.signal(signal.SIGTERM)
        try:
            wait_until(name, 45, lambda: self.is_gone(life, how), every=0.2)
        except Trouble:
            pass
        if life.is_running() or life.child.returncode != -signal.SIGKILL:
            self.missed.append(f"{name}:{nth} was not come by; {self.part}'s status is {life.child.returncode}")
        life.kill()
        self.plant.note(life)


def once(it, number):
    """Each point once, in some order, while messages come in."""
    points = [point for point in POINTS if it.kind == "sandbox" or point[3] != "fatal"]
    it.random.shuffle(points)
    # Few partitions, so that chunks end while somebody waits for that.
    plant = it.plant(f"failpoints{number}", 100_000, properties={"linger.ms": "20"}, partitions=3)
    feed = Feed(it.world, plant.topic("outbound"), plant.data.events, 120)
    deaths = [Deaths(it, plant, part, [p for p in points if p[1] == part]) for part in ("judge", "detect")]
    for each in deaths:
        each.start()
    for each in deaths:
        each.join()
        if each.trouble:
            raise each.trouble
    feed.finish(120, early=True)
    missed = [text for each in deaths for text in each.missed]
    it.say(not missed, "failpoints: each is come by", missed)
    it.figures["deaths"] = len(points) - len(missed)
    judge, detect = (each.life for each in deaths)
    it.figures["s until lag 0"] = round(plant.await_settled(120, judge, detect), 1)
    plant.stop(judge)
    it.judge(plant, "failpoints", detect, patience=60)


def failpoints(it):
    for number in range(20 if it.is_long else 1):
        once(it, number)
        for process in list(it.world.children):
            if it.kind == "sandbox" and process.is_running():
                process.kill()


CASES = [Case("failpoints", ("sandbox", "kafka"), True, "3: death at named moments", failpoints)]

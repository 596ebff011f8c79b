"""Faults 1 and 2: kill -9 of either half, and of both, at random moments."""

import threading
import time

from play import Case
from world import Feed, Trouble, wait_until

BOTH = ("sandbox", "kafka")


class Killer(threading.Thread):
    """Starts one kind of process and kills it again and again."""

    def __init__(self, it, plant, part, kills, assigned, static=None):
        super().__init__(daemon=True)
        self.plant, self.part, self.kills, self.assigned = plant, part, kills, assigned
        self.config = part
        if static:
            self.config = f"{part}-static"
            plant.config(self.config, part if part != "all" else "judge, detect", static)
        # The random numbers are drawn here: threads share none.
        self.waits = [it.random.uniform(0.05, 2.0) for _ in range(kills)]
        self.blind = [it.random.random() < 0.25 for _ in range(kills)]
        self.done = 0
        self.life = None
        self.trouble = None

    def run(self):
        try:
            for wait, is_blind in zip(self.waits, self.blind):
                self.life = self.plant.start(self.part, self.config)
                if not is_blind:
                    # A life that never has a partition would test nothing.
                    self.await_work()
                self.life_goes_on(wait)
                self.plant.kill(self.life)
                self.done += 1
            self.life = self.plant.start(self.part, self.config)
        except (Trouble, OSError) as error:
            self.trouble = error

    def await_work(self):
        try:
            wait_until(f"{self.part} has partitions", 60,
                       lambda: self.life.said(self.assigned) or not self.life.is_running())
        except Trouble as error:
            raise Trouble(f"{error}: {self.life.log}") from error

    def life_goes_on(self, seconds):
        """The one place where time itself is the fault: the moment of death."""
        time.sleep(seconds)


def kills(it, name, messages, feed_seconds, judge_kills, detect_kills, is_static):
    # What is on its way is what a death may lose: it stays there for a while, else next to none would fall into it.
    plant = it.plant(name, messages, properties={"linger.ms": "150"})
    feed = Feed(it.world, plant.topic("outbound"), plant.data.events, feed_seconds)
    killers = [Killer(it, plant, "judge", judge_kills, "judge: partition", f"{name}-1" if is_static else None),
               Killer(it, plant, "detect", detect_kills, "folding from offset", f"{name}-2" if is_static else None)]
    for killer in killers:
        killer.start()
    for killer in killers:
        killer.join()
    judge, detect = (killer.life for killer in killers)
    trouble = [killer.trouble for killer in killers if killer.trouble]
    if trouble:
        raise trouble[0]
    feed.finish(feed_seconds + 120)
    it.figures["kills of judge"], it.figures["kills of detect"] = (killer.done for killer in killers)
    it.figures["s until lag 0"] = round(plant.await_settled(120 if not it.is_long else 900, judge, detect), 1)
    plant.stop(judge)
    it.judge(plant, "kill -9", detect, patience=120)


def short_kills(it):
    is_static = it.kind == "kafka"
    if it.is_long:
        kills(it, "kills", 1_000_000, 600, 200, 200, is_static)
    else:
        kills(it, "kills", 60_000, 20, 10, 10, is_static)


def kill_whole(it):
    """Both halves in one process."""
    plant = it.plant("whole", 300_000 if it.is_long else 20_000)
    count = 100 if it.is_long else 4
    feed = Feed(it.world, plant.topic("outbound"), plant.data.events, 300 if it.is_long else 10)
    killer = Killer(it, plant, "all", count, "folding from offset", "whole-1" if it.kind == "kafka" else None)
    killer.run()
    if killer.trouble:
        raise killer.trouble
    feed.finish(600)
    it.figures["kills"] = killer.done
    it.figures["s until lag 0"] = round(plant.await_settled(600, killer.life), 1)
    # Told to end, it drains; what the detect half had not folded by then, a life of its own folds.
    plant.stop(killer.life)
    it.judge(plant, "kill -9 of both halves", plant.start("detect"), patience=120)


def drains(it):
    """SIGTERM at random moments under load: it ends well, in time, and the next life goes on."""
    plant = it.plant("drains", 100_000, properties={"linger.ms": "50"})
    feed = Feed(it.world, plant.topic("outbound"), plant.data.events, 25)
    slowest = 0
    for _ in range(60 if it.is_long else 8):
        life = plant.start("all")
        wait_until("it has partitions", 60, lambda: life.said("judge: partition") or not life.is_running())
        time.sleep(it.random.uniform(0, 0.3))
        begin = time.monotonic()
        plant.stop(life)
        slowest = max(slowest, time.monotonic() - begin)
    life = plant.start("all")
    feed.finish(60)
    it.figures["s of the slowest drain"] = round(slowest, 1)
    it.say(slowest < 25, "SIGTERM: a drain takes less than 25 s")
    it.figures["s until lag 0"] = round(plant.await_settled(120, life), 1)
    plant.stop(life)
    it.judge(plant, "SIGTERM", plant.start("detect"), patience=60)


CASES = [
    Case("kills", BOTH, True, "1, 2: kill -9 of the judge half and of the detect half, each in a process of its own", short_kills),
    Case("drains", BOTH, True, "SIGTERM under load: it drains within 25 s and ends well", drains),
    Case("kills-whole", BOTH, False, "1, 2: kill -9 of both halves in one process", kill_whole),
]

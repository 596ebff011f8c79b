"""Faults 4 and 5: members that are thought dead and are not, and members that come and go."""

import signal
import time

from play import Case
from world import Feed, wait_until

BOTH = ("sandbox", "kafka")
ASSIGNED = {"judge": "judge: partition", "detect": "folding from offset"}


def zombies(it):
    """A member is stopped for longer than its session, its partitions move, and it goes on."""
    # With one partition each, the other member takes over what the zombie has in hand.
    plant = it.plant("zombies", 400_000 if it.is_long else 60_000, properties={"linger.ms": "100"}, partitions=4)
    feed = Feed(it.world, plant.topic("outbound"), plant.data.events, 400 if it.is_long else 40)
    members = {part: [plant.start(part), plant.start(part, part)] for part in ("judge", "detect")}
    for part, pair in members.items():
        wait_until(f"a {part} has partitions", 60, lambda p=part, m=pair: any(each.said(ASSIGNED[p]) for each in m))
    slept = 10 if it.kind == "sandbox" else 12
    rounds = 12 if it.is_long else 1
    for number in range(rounds):
        for part in ("judge", "detect"):
            members[part][number % 2].signal(signal.SIGSTOP)
        time.sleep(slept)  # the fault itself: longer than the session
        for part in ("judge", "detect"):
            members[part][number % 2].signal(signal.SIGCONT)
        time.sleep(3 if it.is_long else 1)
    feed.finish(600)
    everyone = [each for pair in members.values() for each in pair]
    alive = [each for each in everyone if each.is_running()]
    it.figures["zombies"] = 2 * rounds
    it.figures["zombies that ended"] = len(everyone) - len(alive)
    it.figures["s until lag 0"] = round(plant.await_settled(120, *alive), 1)
    for judge in members["judge"]:
        plant.stop(judge)
    for detect in members["detect"][1:]:
        plant.stop(detect)
    it.judge(plant, "zombies", members["detect"][0], patience=90)


def storm(it):
    """A member joins or leaves every two seconds, by SIGTERM or by kill -9."""
    seconds = 300 if it.is_long else 24
    plant = it.plant("storm", 300_000 if it.is_long else 40_000, properties={"linger.ms": "20"})
    feed = Feed(it.world, plant.topic("outbound"), plant.data.events, seconds)
    members, begin, changes, window, stalls = [], time.monotonic(), 0, (0, 0), 0
    while time.monotonic() - begin < seconds:
        if len(members) < 2 or (len(members) < 4 and it.random.random() < 0.5):
            members.append(plant.start("all"))
        else:
            member = members.pop(it.random.randrange(len(members)))
            (plant.kill if it.random.random() < 0.5 else plant.stop)(member)
        changes += 1
        time.sleep(2)
        if time.monotonic() - begin - window[0] > 30:
            written = plant.written()
            stalls += written == window[1]
            window = (time.monotonic() - begin, written)
    feed.finish(120)
    it.figures["changes"], it.figures["windows of 30 s without output"] = changes, stalls
    it.figures["s until lag 0"] = round(plant.await_settled(120, *members), 1)
    for member in members:
        plant.stop(member)
    it.judge(plant, "storm", plant.start("detect"), patience=90)


CASES = [
    # Both take more than a minute, mostly of waiting for a group: long form.
    Case("zombies", BOTH, False, "4: SIGSTOP for longer than the session, partitions move, SIGCONT; both halves", zombies),
    Case("storm", BOTH, False, "5: members join and leave every 2 s", storm),
]

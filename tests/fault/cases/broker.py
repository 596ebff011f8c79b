"""Fault 6: a broker that is down, moves, errs or is slow."""

import time

from play import Case
from world import Feed, wait_until

# ApiKey: codes that a broker may give and that pass again; -195 is a connection that is cut.
ERRORS = {
    0: [6, 7, 19, -195],        # Produce: not the leader, timed out, too few replicas
    1: [6, 3, -195],            # Fetch
    2: [6, 7],                  # ListOffsets
    8: [14, 15, 16, 27],        # OffsetCommit: loading, no coordinator, not the coordinator, rebalancing
    9: [14, 16],                # OffsetFetch
    10: [15],                   # FindCoordinator
    11: [14, 16, 25],           # JoinGroup: unknown member
    12: [16, 27, 25],           # Heartbeat
    14: [16, 27],               # SyncGroup
    22: [14, 16],               # InitProducerId
}
JOIN_GROUP = 11
BROKERS = 3
BUSY_SHARE_MAX = 0.5


def begin(it, name, messages, seconds, brokers=BROKERS, linger_ms=5):
    plant = it.plant(name, messages, brokers=brokers)
    feed = Feed(it.world, plant.topic("outbound"), plant.data.events, seconds,
                ["-X", "message.timeout.ms=60000", "-X", f"linger.ms={linger_ms}"])
    judge, detect = plant.start("judge"), plant.start("detect")
    wait_until("the judge has partitions", 60, lambda: judge.said("judge: partition"))
    wait_until("the detect half has partitions", 60, lambda: detect.said("folding from offset"))
    return plant, feed, judge, detect


def end(it, plant, feed, judge, detect, title):
    feed.finish(180)
    it.figures["s until lag 0"] = round(plant.await_settled(120, judge, detect), 1)
    plant.stop(judge)
    it.judge(plant, title, detect, patience=90)


def down(it):
    """One broker after the other, then all of them."""
    length = 60 if it.is_long else 6
    plant, feed, judge, detect = begin(it, "down", 60_000, 4 * length)
    for brokers in ([1], [2], list(range(1, BROKERS + 1))):
        before = [process.cpu_seconds() for process in (judge, detect)]
        for number in brokers:
            it.world.inject("down", number)
        time.sleep(length)
        share = max(p.cpu_seconds() - b for p, b in zip((judge, detect), before)) / length
        for number in brokers:
            it.world.inject("up", number)
        if len(brokers) == BROKERS:
            it.figures["share of a core while all are down"] = round(share, 2)
            it.say(share < BUSY_SHARE_MAX, "broker down: nobody is busy waiting")
        time.sleep(2)
    end(it, plant, feed, judge, detect, "broker down")


def moves(it):
    """The leader of some partition moves every half second."""
    seconds = 120 if it.is_long else 12
    plant, feed, judge, detect = begin(it, "moves", 60_000, seconds)
    begun, count = time.monotonic(), 0
    partitions = {"outbound": plant.outbound_partitions, "tallies": 4, "verdicts": plant.output_partitions,
                  "alerts": plant.output_partitions, "commands": plant.output_partitions}
    while time.monotonic() - begun < seconds:
        role = it.random.choice(list(partitions))
        it.world.inject("leader", plant.topic(role), it.random.randrange(partitions[role]), it.random.randint(1, BROKERS))
        count += 1
        time.sleep(0.5)
    it.figures["leader moves"] = count
    end(it, plant, feed, judge, detect, "leader moves")


def errors(it):
    """Errors on every kind of request."""
    seconds = 120 if it.is_long else 15
    plant, feed, judge, detect = begin(it, "errors", 60_000, seconds, brokers=1)
    begun, count = time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        key = it.random.choice(list(ERRORS))
        it.world.inject("err", key, 1, it.random.choice(ERRORS[key]))
        count += 1
        time.sleep(0.05)
    for key in ERRORS:  # those of requests that nobody has made since would meet us
        it.world.inject("calm", key)
    it.figures["errors"] = count
    end(it, plant, feed, judge, detect, "broker errors")


def unanswered(it):
    """A JoinGroup that is answered much too late: a new client is tried, long before librdkafka gives up on that one."""
    plant = it.plant("unanswered", 20_000, stall_timeout="10s")
    feed = Feed(it.world, plant.topic("outbound"), plant.data.events, 20)
    judge = plant.start("judge")
    wait_until("the judge has partitions", 60, lambda: judge.said("judge: partition"))
    it.world.inject("late", 1, JOIN_GROUP, 240_000)
    detect = plant.start("detect")
    begun = time.monotonic()
    wait_until("the detect half starts over", 60, lambda: detect.said("no place in the group; starting over"))
    wait_until("the detect half has partitions", 60, lambda: detect.said("folding from offset"))
    it.figures["s until it has partitions"] = round(time.monotonic() - begun, 1)
    end(it, plant, feed, judge, detect, "JoinGroup unanswered")


def slow(it):
    """Every answer takes half a second."""
    # The sandbox answers a fetch with one batch a partition: these had better be large.
    plant, feed, judge, detect = begin(it, "slow", 30_000, 60 if it.is_long else 15, brokers=1, linger_ms=1500)
    it.world.inject("rtt", 1, 500)
    feed.finish(180)
    it.figures["s until lag 0 at 500 ms a request"] = round(plant.await_settled(240, judge, detect), 1)
    it.world.inject("rtt", 1, 0)
    end(it, plant, feed, judge, detect, "broker slow")


def restarts(it):
    """A real Kafka under load, killed and shut down in turn."""
    plant = it.plant("restarts", 300_000 if it.is_long else 60_000)
    feed = Feed(it.world, plant.topic("outbound"), plant.data.events, 240 if it.is_long else 40,
                ["-X", "message.timeout.ms=120000"])
    judge, detect = plant.start("judge"), plant.start("detect")
    wait_until("the judge has partitions", 60, lambda: judge.said("judge: partition"))
    count = 8 if it.is_long else 2
    for number in range(count):
        time.sleep(it.random.uniform(1, 6))
        it.world.kafka("stop" if number % 2 else "kill")
        time.sleep(it.random.uniform(0, 3))
        it.world.kafka("start")
        wait_until("Kafka answers again", 60, lambda: plant.sent() > 0)
    it.figures["broker restarts"] = count
    end(it, plant, feed, judge, detect, "broker restarted")


CASES = [
    Case("down", ("sandbox",), True, "6: one broker down, another, all of them", down),
    Case("moves", ("sandbox",), False, "6: partitions change their leader", moves),
    Case("errors", ("sandbox",), True, "6: errors on every kind of request", errors),
    Case("unanswered", ("sandbox",), True, "6: a JoinGroup without an answer", unanswered),
    Case("slow", ("sandbox",), False, "6: half a second for every answer", slow),
    Case("restarts", ("kafka",), False, "6: the broker is killed and shut down under load", restarts),
]

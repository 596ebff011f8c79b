"""Fault 19: hours of work. WN_SOAK_SECONDS says how many seconds (default six hours)."""

import os
import time

from play import Case
from world import Feed, wait_until

RATE = 500           # messages a second; the oracle does not look at them: they would not fit into its memory
SAMPLE_SECONDS = 5
SLOPE_KIB_MAX = 1024  # an hour
NOISE_KIB = 2048      # what a short soak may show for a slope that is none


def sample(process):
    """Resident KiB and open files of a process."""
    with open(f"/proc/{process.child.pid}/statm", encoding="ascii") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    return resident, len(os.listdir(f"/proc/{process.child.pid}/fd"))


def slope(points):
    """KiB an hour, by least squares over (seconds, KiB)."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return 3600 * sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def soak(it):
    seconds = int(os.environ.get("WN_SOAK_SECONDS", "21600"))
    plant = it.plant("soak", RATE * 600)
    life = plant.start("all")
    wait_until("it has partitions", 60, lambda: life.said("judge: partition") and life.said("folding from offset"))
    begin, feed, samples = time.monotonic(), None, []
    while time.monotonic() - begin < seconds:
        if feed is None or not feed.is_alive():
            feed = Feed(it.world, plant.topic("outbound"), plant.data.events, 600)  # the same day again and again
        time.sleep(SAMPLE_SECONDS)
        samples.append((time.monotonic() - begin, *sample(life)))
    feed.finish(60, early=True)
    sent = plant.sent()
    wait_until("lag 0", 120, lambda: plant.written() >= sent)
    settled = samples[len(samples) // 3:]  # behind the time in which tables grow
    rise = slope([(at, kib) for at, kib, _ in settled])
    files = [count for _, _, count in settled]
    it.figures.update({"s": seconds, "messages": sent, "KiB an hour": round(rise), "MiB in the end": settled[-1][1] // 1024,
                       "open files": f"{min(files)} to {max(files)}"})
    it.say(rise < SLOPE_KIB_MAX or settled[-1][1] - settled[0][1] < NOISE_KIB, "soak: memory does not grow")
    it.say(max(files) - min(files) <= 4, "soak: no open file is left behind")
    plant.stop(life)
    it.say(not plant.ended_badly, "soak: it drains in the end", plant.ended_badly)
    it.check_logs(plant, "soak")


CASES = [Case("soak", ("kafka",), False, "19: hours at 500 messages a second; WN_SOAK_SECONDS", soak)]

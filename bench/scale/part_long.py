"""Memory over a long run: resident memory by the minute at a steady rate, and what a message costs meanwhile."""

import threading
import time

from part_live import PARTITIONS, SANDBOX_UNREAD, row_of, standalone
from stand import load_average, resident_bytes

MESSAGES_MAX = 3_000_000  # what a day has, so that the driver's own memory stays small
INCIDENTS_MAX = 64  # as many as generate plants
FORMS = {"smoke": (0.05, 500), "quick": (0.5, 2000), "whole": (10, 5000)}  # minutes, messages a second


def run(stand, form):
    minutes, rate = FORMS[form]
    if stand.minutes:
        minutes = stand.minutes
        rate = min(rate, MESSAGES_MAX // (minutes * 60))
    seconds = max(3, round(minutes * 60))
    day = stand.make_day(rate * seconds, min(INCIDENTS_MAX, max(1, round(minutes * 2))))
    stand.start_broker()
    partitions = PARTITIONS[stand.broker]
    redis = standalone(stand, day)
    members = stand.start_processors("long", redis["lines"], partitions)
    process, port = members[0]
    samples, is_over = [], threading.Event()
    begun = time.monotonic()

    def watch():
        while not is_over.is_set() and process.poll() is None:
            samples.append([round(time.monotonic() - begun, 1), resident_bytes(process.pid)])
            is_over.wait(min(60, seconds / 10) / 6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    options = ["--pid", process.pid, "--floors", "off", "--warmup", min(30, seconds // 3)]
    options += ["--unread", SANDBOX_UNREAD] if stand.broker == "sandbox" else []
    try:
        told = stand.live(stand.work / f"long.{port}.yaml", day, rate, *options)
    finally:
        is_over.set()
        watcher.join()
    scopes = stand.metrics(port) or {}
    width = min(60, seconds / 10)
    rows = []
    for number in range(int(samples[-1][0] / width) + 1):
        of_it = [bytes_ for at, bytes_ in samples if number * width <= at < (number + 1) * width]
        if of_it:
            rows.append({"second": round(number * width), "least": min(of_it), "most": max(of_it)})
    return {
        "broker": stand.broker,
        "rate": rate,
        "run_seconds": seconds,
        "rows": rows,
        "scopes": sum(value for name, value in scopes.items() if name.split("{")[0] == "wrongnumber_scopes"),
        "live": row_of(told),
        "load_average": load_average(),
    }

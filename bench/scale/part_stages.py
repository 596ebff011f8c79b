"""The stages of the first half over memory, and the whole of both halves offline (`replay`)."""

import json

from stand import RUNS, figure, load_average

# Messages through the stages, through the replay, and how often the latter.
FORMS = {"smoke": (2000, 2000, 1), "quick": (50_000, 100_000, 3), "whole": (200_000, 500_000, RUNS)}


def run(stand, form):
    judged, messages, runs = FORMS[form]
    day = stand.make_day(messages, max(1, messages // 50_000))
    text = stand.call(stand.build / "bench_judge", "--day", day, "--messages", judged, "--json")
    stages = [json.loads(line) for line in text.splitlines()]
    rates = []
    for number in range(runs):
        out = stand.work / f"replay.{number}"
        stand.call(
            stand.bench, "replay", "--events", day / "events.ndjson", "--relationships", day / "relationships.ndjson",
            "--out", out,
        )  # fmt: skip
        summary = json.loads((out / "summary.json").read_text("utf-8"))
        rates.append(summary["messages"] / summary["cpu_seconds"])
    return {
        "messages": judged,
        "replayed": messages,
        "runs": runs,
        "stages": stages,
        "replay_per_cpu_second": [round(value) for value in figure(rates)],
        "load_average": load_average(),
    }

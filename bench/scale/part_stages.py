"""The stages of the first half over memory, and the whole of both halves offline (`replay`)."""

import json
import shutil

from stand import RUNS, figure, load_average, ratios

# Messages through the stages, through the replay, and how often the latter.
FORMS = {"smoke": (2000, 2000, 1), "quick": (50_000, 100_000, 3), "whole": (200_000, 500_000, RUNS)}

# Each message a line and a frame, as it is without being asked; then what costs less, up to frames of some messages, as live.
REPLAYS = ["", "--verdicts flagged", "--verdicts flagged --frame 60"]


def run(stand, form):
    judged, messages, runs = FORMS[form]
    day = stand.make_day(messages, max(1, messages // 50_000))
    text = stand.call(stand.build / "bench_judge", "--day", day, "--messages", judged, "--json")
    stages = [json.loads(line) for line in text.splitlines()]
    rates = {options: [] for options in REPLAYS}
    for number in range(runs):
        for options, of_it in rates.items():
            out = stand.work / f"replay.{number}.{len(options)}"
            stand.call(
                stand.bench, "replay", "--events", day / "events.ndjson", "--relationships", day / "relationships.ndjson",
                *options.split(), "--out", out,
            )  # fmt: skip
            summary = json.loads((out / "summary.json").read_text("utf-8"))
            of_it.append(summary["messages"] / summary["cpu_seconds"])
            shutil.rmtree(out)
    replays = [
        {
            "options": options,
            "per_cpu_second": [round(value) for value in figure(of_it)],
            "to_first": [round(value, 3) for value in ratios(of_it, rates[""])],
        }
        for options, of_it in rates.items()
    ]
    return {
        "messages": judged,
        "replayed": messages,
        "runs": runs,
        "stages": stages,
        "replays": replays,
        "load_average": load_average(),
    }

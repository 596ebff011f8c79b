"""How many scopes are watched: what fold, detect and decide cost a message and a scope takes, and what campaigns cost
the first half. bench_detect keeps all sizes at once and runs them in turn; bench_judge has a day for each size."""

import json

from stand import RUNS, figure, load_average, ratios

FORMS = {
    "smoke": {"scopes": "10,1000", "messages": 2000, "campaigns": [10], "judged": 2000, "runs": 2},
    "quick": {"scopes": "10,1000,100000", "messages": 100_000, "campaigns": [10, 1000], "judged": 50_000, "runs": 3},
    "whole": {
        "scopes": "10,1000,100000,1000000",
        "messages": 100_000,
        "campaigns": [10, 1000, 20_000],
        "judged": 100_000,
        "runs": RUNS,
    },
}


def detect_rows(stand, plan):
    text = stand.call(
        stand.build / "bench_detect", "--scopes", plan["scopes"], "--rate", 5000, "--frame", 1000,
        "--messages", plan["messages"], "--json",
    )  # fmt: skip
    rows = [json.loads(line) for line in text.splitlines()]
    for row in rows:
        row["whole_to_least"] = [round(v, 3) for v in ratios(row["whole_ns_runs"], rows[0]["whole_ns_runs"])]
    return rows


def judge_rows(stand, plan):
    """The first half over memory, with more and more campaigns in the same number of messages."""
    days, found = [], []
    for campaigns in plan["campaigns"]:
        days.append(stand.work / f"campaigns.{campaigns}")
        stand.call(
            stand.bench, "generate", "--seed", 3, "--messages", plan["judged"], "--tenants", 4,
            "--campaigns", campaigns, "--out", days[-1],
        )  # fmt: skip
        found.append([])
    for _ in range(plan["runs"]):
        for day, runs in zip(days, found):
            text = stand.call(
                stand.build / "bench_judge", "--day", day, "--messages", plan["judged"], "--runs", 1, "--json"
            )
            rows = [json.loads(line) for line in text.splitlines()]
            runs.append({row["stage"]: row["ns"][0] for row in rows})
    told = []
    for campaigns, runs in zip(plan["campaigns"], found):
        row = {"campaigns": campaigns}
        for stage in ("tally", "frame", "whole"):
            row[f"{stage}_ns"] = [round(v, 1) for v in figure([run[stage] for run in runs])]
        base = [run["whole"] for run in found[0]]
        row["whole_to_least"] = [round(v, 3) for v in ratios([run["whole"] for run in runs], base)]
        told.append(row)
    return told


def run(stand, form):
    plan = FORMS[form]
    return {
        "runs": plan["runs"],
        "detect": detect_rows(stand, plan),
        "judge": judge_rows(stand, plan),
        "load_average": load_average(),
    }

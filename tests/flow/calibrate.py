#!/usr/bin/env python3
"""calibrate.py BENCH TABLES: the detector, run by `calibrate`, against the tables of the detection research (§4).

Means of 10,000 runs within 3 % (4 % at p1 = 5 %, whose tables have a standard error of 0.7 % themselves and few but long
runs), p95 within one misdirected message, and every figure at p1 = 100 % exactly, with and without the clump guard.
"""
import json
import subprocess
import sys

RATES = ["0.8", "0.5", "0.3", "0.2", "0.1", "0.05"]
BASELINES = ["0.05", "0.1", "0.2", "0.5", "1", "2"]


def run(bench, p0_percent, budget, rates, *more):
    p0 = f"{float(p0_percent) / 100:.6g}"
    command = [bench, "calibrate", "--p0", p0, "--p1", ",".join(rates), "--budget", budget, *more]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def check_means(bench, row, wrong):
    budget, p0, k, *cells = row
    for got, cell, rate in zip(run(bench, p0, budget, ["1", *RATES]), [None, *cells], ["1", *RATES]):
        where = f"A={budget} p0={p0}% p1={rate}"
        if cell is None:
            if (got["mean_misdirected"], got["p95_misdirected"]) != (float(k), int(k)):
                wrong.append(f"{where}: {got['mean_misdirected']} misdirected, the table says {k}")
            continue
        mean, p95, messages = cell.split("/")
        tolerance = 0.04 if rate == "0.05" else 0.03
        for name, expected in (("mean_misdirected", float(mean)), ("mean_messages", float(messages))):
            # The tables' own last digit counts too.
            slack = tolerance * expected + (0.005 if name == "mean_misdirected" else 0.05)
            if abs(got[name] - expected) > slack:
                wrong.append(f"{where}: {name} {got[name]}, the table says {expected}")
        if abs(got["p95_misdirected"] - int(p95)) > max(1, 0.04 * int(p95)):
            wrong.append(f"{where}: p95 {got['p95_misdirected']}, the table says {p95}")


def check_guard(bench, row, wrong):
    _, budget, rho, *counts = row
    for p0, k in zip(BASELINES, counts):
        got = run(bench, p0, budget, ["1"], "--guard", rho, "--runs", "3")[0]["mean_misdirected"]
        if got != float(k):
            wrong.append(f"A={budget} p0={p0}% rho={rho}: {got} misdirected, the table says {k}")


def main():
    bench, tables = sys.argv[1:]
    wrong, rows = [], 0
    with open(tables, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                continue
            rows += 1
            row = line.split()
            (check_guard if row[0] == "guard" else check_means)(bench, row, wrong)
    print(f"{rows} rows, {len(wrong)} figures off")
    print("\n".join(wrong))
    return 1 if wrong or rows == 0 else 0


sys.exit(main())

#!/usr/bin/env python3
"""Writes the detector's constants: processor/detect/tables.inc in micro-nats, streams.inc in milli-nats.

    processor/detect/generate_tables.py > processor/detect/tables.inc
    processor/detect/generate_tables.py streams > processor/detect/streams.inc
    processor/detect/generate_tables.py decay > processor/detect/decay.inc
    processor/detect/generate_tables.py shadow > processor/decide/shadow.inc

Formulas: reference detection.md §3.1, restated in detect/tables.h, detect/streams.h and decide/shadow.h. Decimal arithmetic with 60
digits, so that the roundings (up for what speaks against an alarm, down for what speaks for it) are exact.
"""
import sys
from decimal import Decimal as D, getcontext, ROUND_CEILING, ROUND_FLOOR

getcontext().prec = 60
LEVELS = 31
NAT6 = D(1000000)
RHO = D("0.05")
ACUTE = [None, D("0.13"), D("0.35"), D("0.95")]  # the first is max(5 %, 3 p0)
WEIGHTS = [D("0.18"), D("0.18"), D("0.20"), D("0.44"), D(1)]  # the last is the leak node
BUDGETS = [D(a) for a in ("1e4 4e4 1e5 4e5 1e6 1.1e6 2e6 4e6 8e6 1e7 1.1e7 4e7 1e8 1.1e8 2e8 2.2e8 4e8 8e8 1e9 1.1e9 4e9 1e10").split()]
NAT3 = D(1000)
STREAM_LEVELS = [D(r) / 1000 for r in (1, 2, 5, 10, 20, 50, 100, 200)]
STREAM_WEIGHT = D("0.5")  # each of a stream's two nodes
SHADOW_BASES = [D("0.005")] + [D("0.0002") * (D(2) ** (D(level) / 4)) for level in range(23, 31)]
SHADOW_PERCENTS = range(5, 51)
CANARY_BUDGETS = [[D(a), 4 * D(a)] for a in ("1e4", "1e5", "1e6", "2e6", "1e7")]
STREAM_BUDGETS = [D(10) ** 6, D(10) ** 7]


def down(x):
    return int(x.to_integral_value(ROUND_FLOOR))


def up(x):
    return int(x.to_integral_value(ROUND_CEILING))


def baseline(level):
    return D("0.0002") * (D(2) ** (D(level) / 4))


def nodes(p0):
    return [max(D("0.05"), 3 * p0)] + ACUTE[1:] + [3 * p0]


def rows(name, kind, values):
    print(f"static const {kind} {name}[LEVEL_COUNT][NODE_COUNT] = {{")
    for row in values:
        print("        {" + ", ".join(str(v) for v in row) + "},")
    print("};")


def stream_nodes(p0):
    return [max(D("0.3"), 3 * p0), D("0.95")]


def stream_rows(name, values):
    print(f"static const uint16_t {name}[STREAM_LEVEL_COUNT][STREAM_NODE_COUNT] = {{")
    for row in values:
        print("        {" + ", ".join(str(v) for v in row) + "},")
    print("};")


def streams():
    print("// Written by generate_tables.py streams; do not edit.")
    print("static const uint32_t level_millionths[STREAM_LEVEL_COUNT] = {")
    for p0 in STREAM_LEVELS:
        print(f"        {up(p0 * 10**6)},")
    print("};")
    stream_rows("hit_up", [[down(NAT3 * (q / p0).ln()) for q in stream_nodes(p0)] for p0 in STREAM_LEVELS])
    stream_rows("miss_down",
                [[up(-NAT3 * ((1 - q) / (1 - p0)).ln()) for q in stream_nodes(p0)] for p0 in STREAM_LEVELS])
    print("static const uint16_t stream_thresholds[2] = {")
    print("        " + ", ".join(str(up(NAT3 * (budget / STREAM_WEIGHT).ln())) for budget in STREAM_BUDGETS) + ",")
    print("};")


def decay():
    print("// Written by generate_tables.py decay; do not edit.")
    print("static const uint32_t left_q31[DECAY_STEPS] = {")
    for step in range(60):
        print(f"        {down(D(2) ** 31 * D(2) ** (-D(step) / 60))},")
    print("};")


def numbers(name, size, values):
    print(f"static const int64_t {name}[{size}] = {{")
    for v in values:
        print(f"        {v},")
    print("};")


def canary_rows(name, values):
    print(f"static const int64_t {name}[SHADOW_BASE_COUNT][CANARY_NODES] = {{")
    for row in values:
        print("        {" + ", ".join(str(v) for v in row) + "},")
    print("};")


def shadow():
    print("// Written by generate_tables.py shadow; do not edit.")
    bases = SHADOW_BASES
    percents = [D(q) / 100 for q in SHADOW_PERCENTS]
    numbers("base_millionths", "SHADOW_BASE_COUNT", [up(p0 * 10**6) for p0 in bases])
    numbers("base_good", "SHADOW_BASE_COUNT", [up(-NAT6 * (1 - p0).ln()) for p0 in bases])
    numbers("base_bad", "SHADOW_BASE_COUNT", [down(NAT6 * p0.ln()) for p0 in bases])
    numbers("bad_good", "SHADOW_PERCENTS", [down(-NAT6 * (1 - q).ln()) for q in percents])
    numbers("bad_bad", "SHADOW_PERCENTS", [up(NAT6 * q.ln()) for q in percents])
    print(f"static const int64_t shadow_threshold = {up(NAT6 * D(10000).ln())};")
    canary_rows("canary_up", [[down(NAT6 * (q / p0).ln()) for q in nodes(p0)[:4]] for p0 in bases])
    canary_rows("canary_down", [[up(-NAT6 * ((1 - q) / (1 - p0)).ln()) for q in nodes(p0)[:4]] for p0 in bases])
    print("static const int64_t canary_thresholds[CANARY_BUDGETS][2][CANARY_NODES] = {")
    for pair in CANARY_BUDGETS:
        print("        {" + ", ".join(
            "{" + ", ".join(str(up(NAT6 * (a / w).ln())) for w in WEIGHTS[:4]) + "}" for a in pair) + "},")
    print("};")


def main():
    if sys.argv[1:] == ["shadow"]:
        shadow()
        return
    if sys.argv[1:] == ["decay"]:
        decay()
        return
    if sys.argv[1:] == ["streams"]:
        streams()
        return
    levels = [baseline(level) for level in range(LEVELS)]
    print("// Written by generate_tables.py; do not edit.")
    print("static const int64_t baseline_ppb[LEVEL_COUNT] = {")
    for p0 in levels:
        print(f"        {up(p0 * 10**9)},")
    print("};")
    rows("step_up", "int64_t", [[down(NAT6 * (q / p0).ln()) for q in nodes(p0)] for p0 in levels])
    rows("step_up_guarded", "int64_t",
         [[down(NAT6 * (q / max(p0, RHO)).ln()) if q > max(p0, RHO) else 0 for q in nodes(p0)] for p0 in levels])
    rows("step_down", "int64_t",
         [[up(-NAT6 * ((1 - q) / (1 - p0)).ln()) for q in nodes(p0)] for p0 in levels])
    print("static const int64_t thresholds[BUDGET_COUNT][NODE_COUNT] = {")
    for budget in BUDGETS:
        print("        {" + ", ".join(str(up(NAT6 * (budget / w).ln())) for w in WEIGHTS) + "},")
    print("};")
    print("static const int64_t budget_messages[BUDGET_COUNT] = {")
    for budget in BUDGETS:
        print(f"        {int(budget)},")
    print("};")


main()

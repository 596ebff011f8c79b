"""late_clearance.py make DIR: writes recorded tally logs in which a campaign goes wrong and is held, and all of its
misdirected messages turn out to be clear 5 s later.

never.ndjson    without the late clearances
cleared.ndjson  with them
noisy.ndjson    with them twice, before their entries, with wrong tags, and a minute too late for others

late_clearance.py check DIR: looks at what replays of them left in DIR/never and DIR/cleared, and at
DIR/decoded, which is what `decode` says of cleared.ndjson.

Written by hand from schemas/tally_frame.proto, so that nothing of the program's own codec is in it.
"""
import base64
import json
import pathlib
import sys

START_MS = 1763769600000
FRAME = 10  # messages
HEALTHY = 30  # frames, before and behind the misdirected ones
WRONG = 6
NO_RECORD = 1 << 0


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def text(field, value):
    value = value if isinstance(value, bytes) else value.encode()
    return varint(field << 3 | 2) + varint(len(value)) + value


def tag(offset):
    return (offset * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "little")


def head(at_ms):
    return number(1, 1) + text(2, "in") + number(7, at_ms)


def tally_frame(index, at_ms, misdirected_before, is_wrong):
    first, end = index * FRAME, (index + 1) * FRAME
    misdirected = misdirected_before + (FRAME if is_wrong else 0)
    leaf = text(1, "t") + text(2, "c") + text(5, "v") + number(7, end) + number(8, misdirected)
    leaf += text(11, varint(misdirected)) + number(12, end - 1) + number(13, int(is_wrong)) + number(15, at_ms)
    entries = b""
    for offset in range(first, end) if is_wrong else ():
        follows = is_wrong and (offset > first or misdirected_before > 0)
        entry = number(1, offset) + text(3, tag(offset)) + number(4, NO_RECORD) + number(5, 31 if follows else 0)
        entries += text(13, entry + number(7, at_ms) + text(8, f"m{offset}"))
    return head(at_ms) + number(6, end) + text(12, leaf) + entries, misdirected


def late_frame(offsets, at_ms, wrong_tag=False):
    rows = [number(1, offset) + text(2, tag(offset + wrong_tag)) for offset in offsets]
    return head(at_ms) + b"".join(text(16, row) for row in rows)


def envelope(offset, value):
    payload = base64.b64encode(value).decode()
    return json.dumps({"topic": "tallies", "partition": 0, "offset": offset, "payload_base64": payload}) + "\n"


def logs():
    """Lines of the three logs: (log names, offset in the tally partition, value)."""
    misdirected, at_ms, place = 0, START_MS, 0
    for index in range(2 * HEALTHY + WRONG):
        is_wrong = HEALTHY <= index < HEALTHY + WRONG
        if is_wrong:
            yield ("noisy",), place - 1, late_frame(range(index * FRAME, (index + 1) * FRAME), at_ms)
        value, misdirected = tally_frame(index, at_ms, misdirected, is_wrong)
        yield ("never", "cleared", "noisy"), place, value
        place += 10
        at_ms += 100
        if index == HEALTHY + WRONG:
            wrong = range(HEALTHY * FRAME, (HEALTHY + WRONG) * FRAME)
            for half in (wrong[:25], wrong[25:]):
                at_ms += 2500
                yield ("noisy",), place - 2, late_frame(half, at_ms, wrong_tag=True)
                yield ("cleared", "noisy"), place, late_frame(half, at_ms)
                yield ("noisy",), place + 1, late_frame(half, at_ms)
                place += 10
    yield ("noisy",), place, late_frame([2, 5, 10**9], at_ms + 60000)


def make(folder):
    files = {name: (folder / f"{name}.ndjson").open("w") for name in ("never", "cleared", "noisy")}
    for names, offset, value in logs():
        for name in names:
            files[name].write(envelope(offset, value))


def rows(path):
    return [json.loads(line) for line in path.open()]


def check(folder):
    # but for what is told of the hold's end, which has the impact of then
    never, cleared = (
        [row for row in rows(folder / name / "alerts.ndjson") if "release" not in row] for name in ("never", "cleared")
    )
    holds = rows(folder / "cleared" / "quarantine-commands.ndjson")
    last = cleared[-1]
    late = [row["frame"]["late"] for row in rows(folder / "decoded") if "late" in row["frame"]]
    expected = {
        "nothing that was told before is told otherwise": cleared[:-1] == never,
        "without late records nothing is cleared": not any("cleared_late" in row["impact"] for row in never),
        "one hold, of the campaign": [(row["action"], row["target"]["id"]) for row in holds] == [("hold", "c")],
        "an update says that nothing is left": (last["type"], last["tier"]) == ("incident.updated", "quarantine")
        and last["impact"] == {"escaped": 0, "held": 0, "distinct_recipients": 0, "cleared_late": WRONG * FRAME},
        "the data were late": last["cause"]["likely"] == "feed_lag" and last["reasons"]["no_record"] == 0,
        "decode shows the rows": [len(row) for row in late] == [25, 35] and late[0][0]["offset"] == HEALTHY * FRAME,
    }
    for what, holds_true in expected.items():
        if not holds_true:
            print(f"not so: {what}")
    return all(expected.values())


def main():
    folder = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "make":
        make(folder)
    elif not check(folder):
        sys.exit(1)


main()

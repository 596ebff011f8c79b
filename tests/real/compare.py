#!/usr/bin/env python3
"""The integration suite's second opinion: reads what came out of the topics and holds it against replay's files,
the labels and the schemas. It shares no code with the product: frames are read from their wire format by hand.

Each verb prints what is wrong and exits 1, or prints nothing and exits 0.
"""

import base64
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from protobuf_fields import fields  # noqa: E402

CONNECT = "__connect.errors."


def records(path):
    """The values of a file of NDJSON or of `kcat -J` envelopes, with their envelope (or None)."""
    stream = sys.stdin.buffer if path == "-" else open(path, "rb")
    with stream:
        for line in stream:
            if not line.strip():
                continue
            found = json.loads(line.decode("utf-8", "replace"))
            if "payload" in found and "offset" in found:
                yield found["payload"], found
            else:
                yield line.decode("utf-8", "replace"), None


def values(path):
    """The JSON values, tombstones left out."""
    for text, _ in records(path):
        if text:
            yield json.loads(text)


def headers(envelope):
    flat = envelope.get("headers") or []
    return dict(zip(flat[0::2], flat[1::2]))


def origin(envelope):
    """What a dead letter was before: its topic, partition and offset."""
    found = headers(envelope)
    return tuple(found.get(CONNECT + name) for name in ("topic", "partition", "offset"))


def show(what, names, limit=5):
    """Prints the first few of a list of faults; returns the exit status."""
    names = list(names)
    for name in names[:limit]:
        print(f"{what}: {name}")
    if len(names) > limit:
        print(f"{what}: and {len(names) - limit} more")
    return 1 if names else 0


def verb_count(_):
    """count < ENVELOPES: how many different messages have a verdict or a dead letter."""
    seen = set()
    for text, envelope in records("-"):
        found = headers(envelope)
        if found.get("wn.reason") == "offsets_lost":
            continue  # stands for messages that nobody has read
        seen.add(origin(envelope) if CONNECT + "offset" in found else json.loads(text)["message_id"])
    print(len(seen))
    return 0


def one_each(path, key):
    """By key, with the faults: two records of one key that are not equal but for `source`."""
    found, faults = {}, []
    for value in values(path):
        value.pop("source", None)
        name = value[key]
        if name in found and found[name] != value:
            faults.append(f"{name}: {found[name]} and {value}")
        found[name] = value
    return found, faults


def verb_verdicts(args):
    """verdicts REPLAY LIVE: the same verdicts, but for `source`."""
    expected, _ = one_each(args[0], "message_id")
    got, faults = one_each(args[1], "message_id")
    status = show("two verdicts for one message", faults)
    status |= show("no verdict", (name for name in expected if name not in got))
    status |= show("a verdict for an unknown message", (name for name in got if name not in expected))
    status |= show("another verdict", (f"{expected[name]} but live {got[name]}"
                                       for name in expected if name in got and got[name] != expected[name]))
    return status | show("nothing to compare", [] if expected else [args[0]])


def verb_once(args):
    """once KEY LIVE: no two records of one KEY, even equal ones; holds of single messages left out."""
    counts = {}
    for value in values(args[1]):
        if value.get("target", {}).get("kind") != "message":
            counts[value[args[0]]] = counts.get(value[args[0]], 0) + 1
    return (show("more than once", (f"{name} ({count})" for name, count in counts.items() if count > 1))
            | show("nothing to compare", [] if counts else [args[1]]))


def verb_labels(args):
    """labels LABELS VERDICTS: flagged are exactly the messages that the labels expect to be."""
    flagged = {v["message_id"] for v in values(args[1]) if v["verdict"] == "misdirected"}
    expected = {v["message_id"] for v in values(args[0]) if v["expected"] == "misdirected"}
    return (show("not flagged", sorted(expected - flagged)) | show("flagged wrongly", sorted(flagged - expected))
            | show("no label is misdirected", [] if expected else [args[0]]))


def message_holds(path):
    return {v["command_id"]: (v["action"], v["target"]["id"]) for v in values(path)
            if v["target"]["kind"] == "message" and v["action"] == "hold"}


def verb_holds(args):
    """holds REPLAY LIVE: the same message-level holds under the same command ids."""
    expected, got = message_holds(args[0]), message_holds(args[1])
    status = show("no hold", (expected[name] for name in expected if name not in got))
    status |= show("a hold too many", (got[name] for name in got if name not in expected))
    return status | show("nothing to compare", [] if expected else [args[0]])


def verb_incident(args):
    """incident SCENARIO ALERTS COMMANDS: each planted incident was opened once, and its scope is held."""
    with open(args[0], encoding="utf-8") as file:
        planted = json.load(file)["incidents"]
    opened = {}
    for alert in values(args[1]):
        if alert["type"] == "incident.opened":
            scope = alert["scope"]
            opened.setdefault((scope["kind"], scope["id"], scope["tenant_id"]), set()).add(alert["incident_id"])
    held = {(v["target"]["kind"], v["target"]["id"], v["target"]["tenant_id"]) for v in values(args[2])
            if v["action"] == "hold"}
    scopes = [tuple(i["scope"][name] for name in ("kind", "id", "tenant_id")) for i in planted]
    status = show("no incident was opened for", (s for s in scopes if s not in opened))
    status |= show("more than one incident for", (s for s in scopes if len(opened.get(s, [])) > 1))
    status |= show("not held", (s for s in scopes if s not in held))
    return status | show("no incident is planted in", [] if scopes else [args[0]])


# --- frames ----------------------------------------------------------------------------------------------------------


def frames(path):
    """Partition, offset and value of each record of a file written by `kcat -f '%p %o %S\\n%s'`."""
    with open(path, "rb") as file:
        while True:
            line = file.readline()
            if not line:
                return
            partition, offset, size = map(int, line.split())
            yield partition, offset, file.read(size)


def verb_split(args):
    """split FRAMES DIRECTORY LIMIT: one file a frame, for protoc."""
    for index, (_, _, value) in enumerate(frames(args[0])):
        if index >= int(args[2]):
            break
        with open(os.path.join(args[1], f"{index}.frame"), "wb") as file:
            file.write(value)
    return 0


def verb_tallies(args):
    """tallies FRAMES TOPIC: prints the frames as `kcat -J` envelopes, for replay --tallies."""
    for partition, offset, value in frames(args[0]):
        print(json.dumps({"topic": args[1], "partition": partition, "offset": offset, "key": None, "payload": None,
                          "payload_base64": base64.b64encode(value).decode()}))
    return 0


def scope_records(path):
    """The records of the detect half as text: alerts, and commands for scopes wider than a message."""
    return {json.dumps(v, sort_keys=True) for v in values(path) if v.get("target", {}).get("kind") != "message"}


def verb_same(args):
    """same EXPECTED LIVE: the same alerts, or the same scope commands, to the byte of every field."""
    expected, got = scope_records(args[0]), scope_records(args[1])
    return (show("missing", sorted(expected - got)) | show("too many", sorted(got - expected))
            | show("nothing to compare", [] if expected else [args[0]]))


def verb_frames(args):
    """frames FRAMES VERDICTS: the last absolute counts of every chunk and leaf add up to the verdicts."""
    leaves = {}
    for _, _, value in frames(args[0]):
        frame = fields(value)
        key = (frame.get(2, [b""])[0], frame.get(3, [0])[0], frame.get(4, [0])[0])
        for raw in frame.get(12, []):
            leaf = fields(raw)
            name = tuple(leaf.get(number, [b""])[0] for number in range(1, 7))
            leaves[key + name] = [leaf.get(number, [0])[0] for number in (7, 8, 9, 10)]
    judged, misdirected, unknown, exempt = (sum(column) for column in zip(*leaves.values())) if leaves else (0,) * 4
    verdicts = {v["message_id"]: v["verdict"] for v in values(args[1])}
    counts = {word: sum(1 for v in verdicts.values() if v == word) for word in
              ("clear", "misdirected", "unknown", "exempt")}
    expected = {"judged": counts["clear"] + counts["misdirected"], "misdirected": counts["misdirected"],
                "unknown": counts["unknown"], "exempt": counts["exempt"]}
    got = {"judged": judged, "misdirected": misdirected, "unknown": unknown, "exempt": exempt}
    return show("counts", [] if got == expected else [f"frames say {got}, verdicts {expected}"])


# --- dead letters, trouble ------------------------------------------------------------------------------------


def verb_values(args):
    """values FILE: prints the values, one a line, tombstones left out."""
    for value in values(args[0]):
        print(json.dumps(value, ensure_ascii=False))
    return 0


def verb_reasons(args):
    """reasons DEAD_LETTERS REASON...: one dead letter for each of the reasons, and no other."""
    got = sorted({(origin(envelope), headers(envelope).get("wn.reason")) for _, envelope in records(args[0])})
    got, expected = sorted(str(reason) for _, reason in got), sorted(args[1:])
    return show("reasons", [] if got == expected else [f"got {got}, expected {expected}"])


def verb_state_held(args):
    """state-held STATE: prints the keys of what is held by the last record of each key."""
    last = {envelope["key"]: text for text, envelope in records(args[0])}
    print("\n".join(sorted(key for key, text in last.items() if text)))
    return 0


def verb_scope_holds(args):
    """scope-holds COMMANDS KEYS: prints how many different hold commands there are of the keys in that file."""
    with open(args[1], encoding="utf-8") as file:
        keys = set(file.read().split("\n"))
    holds = {json.loads(text)["command_id"] for text, envelope in records(args[0])
             if envelope["key"] in keys and json.loads(text)["action"] == "hold"}
    print(len(holds))
    return 0


def verb_gap(args):
    """gap DEAD_LETTERS TOPIC: prints how many offsets of that topic are told as lost; 1 when none are told."""
    gaps = {(origin(envelope), headers(envelope)["wn.to_offset"]) for _, envelope in records(args[0])
            if headers(envelope).get("wn.reason") == "offsets_lost"}
    gaps = [(int(end) - int(at[2])) for at, end in gaps if at[0] == args[1]]
    print(sum(max(gap, 0) for gap in gaps))
    return 0 if gaps else 1


def verb_pick(args):
    """pick LABELS EVENTS VERDICT COUNT PREFIX: prints so many events of that expected verdict, renamed PREFIX0, PREFIX1, …"""
    chosen = {v["message_id"] for v in values(args[0]) if v["expected"] == args[2]}
    count = 0
    for event in values(args[1]):
        if event["message_id"] in chosen and count < int(args[3]):
            event["message_id"] = f"{args[4]}{count}"
            print(json.dumps(event, ensure_ascii=False))
            count += 1
    if count != int(args[3]):
        print(f"only {count} {args[2]} in {args[1]}", file=sys.stderr)  # what is on stdout is sent
        return 1
    return 0


def verb_only(args):
    """only VERDICTS PREFIX VERDICT[:REASON]: every message whose id begins so has that verdict (and reason); some has."""
    want, _, reason = args[2].partition(":")
    faults, count = [], 0
    for value in values(args[0]):
        if value["message_id"].startswith(args[1]):
            count += 1
            if value["verdict"] != want or (reason and reason not in value["reasons"]):
                faults.append(f"{value['message_id']} is {value['verdict']} {value['reasons']}, not {args[2]}")
    return show("verdict", faults) | show("no verdict for", [] if count else [args[1]])


def verb_never(args):
    """never VERDICTS PREFIX VERDICT: no message whose id begins so has that verdict."""
    return show("verdict", (v["message_id"] for v in values(args[0])
                            if v["message_id"].startswith(args[1]) and v["verdict"] == args[2]))


def verb_probe(args):
    """probe VERDICTS PREFIX VERDICT: prints the id of the first probe (PREFIX<number>) with that verdict."""
    numbers = [int(v["message_id"][len(args[1]):]) for v in values(args[0])
               if v["message_id"].startswith(args[1]) and v["verdict"] == args[2]]
    if numbers:
        print(min(numbers))
    return 0 if numbers else 1


def verb_complaints(args):
    """complaints FRAMES COUNT: of decoded frames, applied as the fold does, COUNT complaints, each once."""
    reached = {}
    applied = {}
    with open(args[0], encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            frame = record["frame"]
            source = (frame["source_topic"], frame["source_partition"])
            key = (record["partition"], *source)
            begin = reached.get(key, 0)
            for complaint in frame.get("complaints", []):
                if complaint["offset"] >= begin:
                    at = (*source, complaint["offset"])
                    applied[at] = applied.get(at, 0) + 1
            reached[key] = max(begin, frame["to_offset"])
    status = show("applied more than once", (at for at, times in applied.items() if times > 1))
    wanted = int(args[1])
    return status | show("complaints applied", [f"{len(applied)} of {wanted}"] if len(applied) != wanted else [])


def verb_held(args):
    """held COMMANDS PREFIX COUNT: so many messages whose id begins so are held."""
    held = {v["target"]["id"] for v in values(args[0]) if v["action"] == "hold"}
    count = sum(1 for name in held if name.startswith(args[1]))
    return show("held", [f"{count} of {args[2]}"] if count != int(args[2]) else [])


def verb_released(args):
    """released COMMANDS PREFIX FROM TO: of the messages whose id begins so those with numbers FROM to TO were released
    after they were held, and no other."""
    commands = {}
    for value in values(args[0]):
        if value["target"]["id"].startswith(args[1]):
            commands.setdefault(value["target"]["id"], set()).add(
                (value["sequence"], value["action"], value["command_id"]))
    got = {name for name, of in commands.items() if any(action == "release" for _, action, _ in of)}
    expected = {f"{args[1]}{number}" for number in range(int(args[2]), int(args[3]) + 1)}
    status = show("not released", sorted(expected - got)) | show("released wrongly", sorted(got - expected))
    return status | show("not one hold and one release", (
        f"{name}: {sorted(commands[name])}" for name in sorted(got)
        if [of[:2] for of in sorted(commands[name])] != [(0, "hold"), (1, "release")]))


def verb_late(args):
    """late FRAMES COUNT: so many misdirected messages are taken back, by rows behind the frame with their entry."""
    entries, taken_back, faults = {}, set(), []
    for partition, _, value in sorted(frames(args[0]), key=lambda found: found[:2]):
        frame = fields(value)
        source = (partition, frame.get(2, [b""])[0], frame.get(3, [0])[0])
        for raw in frame.get(13, []):
            entry = fields(raw)
            entries[source + (entry.get(1, [0])[0],)] = entry[3][0]
        for raw in frame.get(16, []):
            late = fields(raw)
            name = source + (late.get(1, [0])[0],)
            taken_back.add(name)
            if entries.get(name) != late[2][0]:
                faults.append(f"{name}: {entries.get(name)} and {late[2][0]}")
    status = show("no entry before", faults)
    return status | show("taken back", [f"{len(taken_back)} of {args[1]}"] if len(taken_back) != int(args[1]) else [])


def main():
    verb = globals().get("verb_" + (sys.argv[1].replace("-", "_") if len(sys.argv) > 1 else ""))
    if verb is None:
        print(__doc__, file=sys.stderr)
        return 64
    return verb(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())

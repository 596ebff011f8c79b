"""story_checks.py: holds what a replay wrote against the story, and against what is true of every replay."""

import base64
import collections
import datetime
import difflib
import json
import re
import urllib.parse

import story_control

DAY_MS = 24 * 3600 * 1000
FILES = ("verdicts", "alerts", "quarantine-commands", "quarantine-state", "dead-letter")


def read_run(directory):
    """The records of each file."""
    return {
        name: [json.loads(line) for line in (directory / f"{name}.ndjson").read_bytes().splitlines()]
        for name in FILES
    }


def ms_of(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1000)


def differ(title, expected, found):
    if expected == found:
        return []
    body = difflib.unified_diff(expected, found, "the story", "the program", "", "", 1, lineterm="")
    return [f"{title}:"] + [f"  {line}" for line in body if not line.startswith("@@")]


def target_key(kind, scope):
    parts = [scope["tenant_id"], kind, scope["id"]] + ([scope["channel"]] if "channel" in scope else [])
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def letters_of_messages(run):
    return [letter for letter in run["dead-letter"] if not story_control.is_of_controls(letter)]


def headers_of(record):
    pairs = record["headers"]
    return dict(zip(pairs[::2], pairs[1::2]))


# --- fate: each line ends as one verdict or one dead letter, in order ----------------------------


def fates(run):
    """(offset, words) of each verdict and dead letter."""
    for verdict in run["verdicts"]:
        words = [verdict["verdict"]] + ([",".join(verdict["reasons"])] if verdict["reasons"] else [])
        yield verdict["source"]["offset"], " ".join(words)
    for letter in letters_of_messages(run):
        headers = headers_of(letter)
        yield int(headers["__connect.errors.offset"]), f"dead {headers['wn.reason']}"


def check_fates(story, run):
    found = collections.defaultdict(list)
    for offset, words in fates(run):
        found[offset].append(words)
    labels = {offset: message.label for offset, message in enumerate(story.messages)}
    expected = [
        f"{m.label} => " + " ".join([m.verdict] + ([",".join(m.reasons)] if m.reasons else []))
        for m in story.messages
    ]
    actual = [
        f"{labels.get(offset, offset)} => " + " and ".join(found.get(offset, ["nothing"]))
        for offset in sorted(set(labels) | set(found))
    ]
    trouble = differ("verdicts and dead letters", expected, actual)
    offsets = [verdict["source"]["offset"] for verdict in run["verdicts"]]
    if offsets != sorted(offsets):
        trouble.append("the verdicts are not in the order of the messages")
    return trouble


# --- message holds: one for each misdirected verdict, and no other, unless the story says so -----------


def log_times(story, occurred):
    """Of each message: the running maximum of its envelope's time or else its own, at most a day's step (design §5)."""
    now = None
    for offset, message in enumerate(story.messages):
        line = parse_or_none(message.line)
        ts = line.get("ts") if isinstance(line, dict) and "payload" in line else None
        at = ts if ts is not None else occurred.get(offset)
        if now is None:
            now = at
        elif at is not None and at > now:
            now += min(at - now, DAY_MS)
        yield now


def times_by_label(story):
    """The log time of each message that has one, by the story alone."""
    occurred = {n: ms_of(m.occurred_at) for n, m in enumerate(story.messages) if is_time(m.occurred_at)}
    return {m.label: at for m, at in zip(story.messages, log_times(story, occurred)) if at is not None}


def is_time(text):
    return text is not None and re.fullmatch(r"\d{4}-.*Z", text) is not None


def parse_or_none(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


def is_by_judge(command):
    """The judge's own commands about a message have the sequences 0 and 1; what people say of one is above."""
    return command["target"]["kind"] == "message" and command["sequence"] < 2


def is_of_one(command):
    """Of one message or recipient, and so in no quarantine state."""
    return command["target"]["kind"] in ("message", "recipient")


def check_message_holds(story, run, hold_ms, mode):
    occurred = {v["source"]["offset"]: ms_of(v["occurred_at"]) for v in run["verdicts"]}
    times = list(log_times(story, occurred))
    modes = {offset: m.held or (mode if m.verdict == "misdirected" else "no") for offset, m in enumerate(story.messages)}
    expected = [
        f"{v['tenant_id'] or 'default'} {v['message_id']} {','.join(v['reasons'])} at {times[v['source']['offset']]}"
        f" {modes[v['source']['offset']]} of {v['recipient_pseudonym']}"
        for v in run["verdicts"]
        if modes[v["source"]["offset"]] != "no"
    ]
    holds = [c for c in run["quarantine-commands"] if is_by_judge(c)]
    found = [
        f"{c['target']['tenant_id']} {c['target']['id']} {c['reason']} at {ms_of(c['issued_at'])} {c['mode']}"
        f" of {c['message'].get('recipient_pseudonym')}"
        for c in holds
    ]
    trouble = differ("holds of messages (tenant, id, reasons, log time, mode, recipient)", expected, found)
    ids = {}
    for c in holds:
        fixed = (c["action"], c["tier"], c["sequence"], c["incident_id"])
        if fixed != ("hold", "quarantine", 0, None):
            trouble.append(f"the hold of {c['target']['id']} is {fixed}")
        if "control_id" not in c and "message_hold" not in story.config and ms_of(c["expires_at"]) - ms_of(c["issued_at"]) != hold_ms:
            trouble.append(f"the hold of {c['target']['id']} does not last {hold_ms} ms")
        target = (c["target"]["tenant_id"], c["target"]["id"])
        if ids.setdefault(c["command_id"], target) != target:
            trouble.append(f"{target} and {ids[c['command_id']]} have one command_id")
    if len(ids) != len(set(ids.values())):
        trouble.append("a message that came twice has two command ids")
    return trouble


# --- alerts and commands of scopes ---------------------------------------------------------------


def cause_label(story, alert):
    """The label of the message that an alert was raised by: that of its sample, or of the only message of its time."""
    if alert["samples"]:
        labels = {message_id_of(message): message.label for message in story.messages}
        return labels.get(alert["samples"][0], alert["samples"][0])
    found = [c.label for c in story.controls if c.at_ms == ms_of(alert["occurred_at"])]
    if len(found) != 1 and alert["type"] not in ("incident.opened", "incident.escalated"):
        return "-"
    found = found or [m.label for m in story.messages if m.occurred_at == alert["occurred_at"]]
    return found[0] if len(found) == 1 else "-"


def message_id_of(message):
    record = parse_or_none(message.line)
    if isinstance(record, dict) and "payload" in record:
        record = parse_or_none(record["payload"])
    return record.get("message_id", message.label) if isinstance(record, dict) else message.label


def alert_detail(alert, name):
    evidence = alert["evidence"]
    if name == "cause":
        return alert["cause"]["likely"]
    if name == "causes":
        return ",".join(row["cause"] for row in alert["cause"]["ranked"])
    if name == "contributors":
        return ",".join(f"{c['scope']['kind']}/{c['scope']['id']}:{c['misdirected']}" for c in alert["contributors"])
    if name == "reasons":
        return ",".join(f"{reason}:{n}" for reason, n in alert["reasons"].items() if n > 0)
    if name in ("escaped", "held"):
        return str(alert["impact"][name])
    if name in alert.get("drill_result", {}):
        return str(alert["drill_result"][name])
    if name == "release":
        return alert["release"]["state"] if "release" in alert else "-"
    if evidence is None:
        return "-"
    if name == "since":
        return evidence["change_point"]["message_id"] if evidence["change_point"] else "-"
    if name == "from":
        return target_key(evidence["scope"]["kind"], evidence["scope"])
    if name == "at":
        return alert["occurred_at"]
    if name in ("unacknowledged", "unconfirmed"):
        return "yes" if alert.get(name) else "no"
    if name == "acknowledged":
        return alert[name]["operator"] if name in alert else "-"
    return str(evidence[name])


def details_of(line):
    """The name=value words at the end of an expected line."""
    return [word.split("=", 1)[0] for word in line.split() if "=" in word]


def describe_alert(story, alert, details):
    e = alert["evidence"]
    words = [cause_label(story, alert), alert["type"].removeprefix("incident."), alert["tier"] or "",
             target_key(alert["scope"]["kind"], alert["scope"])]  # fmt: skip
    if e is not None and e["change_point"] is not None:
        words.append(f"{e['misdirected']} of {e['judged']}")
    return " ".join(words + [f"{name}={alert_detail(alert, name)}" for name in details])


def check_alerts(story, run, frame):
    expected = story.alerts[frame]
    found = []
    told = [alert for alert in run["alerts"] if alert["type"] != "control.outcome"]
    for at, alert in enumerate(told):
        details = details_of(expected[at]) if at < len(expected) else []
        found.append(describe_alert(story, alert, details))
    return differ("alerts", expected, found)


def command_label(story, command, raised, frame):
    """The label of the message behind a command: that of the alert told with it, or, of a scope that joins an incident
    in silence, and of a hold on its way to the release, that of its frame."""
    target = target_key(command["target"]["kind"], command["target"])
    is_told_with_alert = "control_id" not in command  # and only the first of its kind is
    alert = raised.pop((command["incident_id"], command["tier"], target), None) if is_told_with_alert else None
    if alert is not None:
        return cause_label(story, alert)
    if frame != 1:
        return "-"
    labels = story_control.frame_labels(story, list(times_by_label(story).values())) if story.controls else None
    frame_number = command["sequence"] - 2 * is_of_one(command)
    return (labels or [message.label for message in story.messages])[frame_number]


def check_scope_commands(story, run, frame):
    raised = {
        (a["incident_id"], a["tier"], target_key(a["scope"]["kind"], a["scope"])): a
        for a in run["alerts"]
        if a["type"] in ("incident.opened", "incident.escalated")
    }
    expected, found = story.commands[frame], []
    scope_commands = [c for c in run["quarantine-commands"] if not is_by_judge(c)]
    for at, command in enumerate(scope_commands):
        details = details_of(expected[at]) if at < len(expected) else []
        words = [command_label(story, command, raised, frame), command["action"], command["tier"],
                 target_key(command["target"]["kind"], command["target"])]  # fmt: skip
        found.append(" ".join(words + [f"{name}={command[name]}" for name in details]))
    return differ("commands", expected, found)


def check_state(story, run):
    """The compacted topic says what the commands said, under the key of the target; a tombstone ends a hold, and its
    incident."""
    expected = [
        f"{target_key(c['target']['kind'], c['target'])} {c['command_id']} {c['sequence']} {c['expires_at']} {c['mode']}"
        for c in run["quarantine-commands"]
        if not is_of_one(c) and c["action"] == "hold"
    ]
    found, held, lifted = [], set(), []
    for record in run["quarantine-state"]:
        key, value = record["key"], record["value"]
        if value is None:
            lifted.append(key if key in held else f"{key}, which was not held")
            held.discard(key)
            continue
        held.add(key)
        found.append(f"{key} {value['command_id']} {value['sequence']} {value['expires_at']} {value['mode']}")
        names = ("tenant_id", "kind", "id", "channel")
        target = [value["target"][name] for name in names if name in value["target"]]
        if [urllib.parse.unquote(part) for part in key.split("/")] != target:
            found.append(f"{key}: does not read back as {target}")
    return differ("quarantine state", expected, found) + differ("lifted", expected_lifts(story, run), sorted(lifted))


def expected_lifts(story, run):
    """A hold is lifted when it is released, or has run out by log time, once for each incident."""
    occurred = {v["source"]["offset"]: ms_of(v["occurred_at"]) for v in run["verdicts"]}
    times = list(log_times(story, occurred))
    now = max((times[offset] for offset in occurred), default=0)
    until, released = {}, []
    for c in run["quarantine-commands"]:
        key = target_key(c["target"]["kind"], c["target"])
        if is_of_one(c):
            continue
        if c["action"] == "release":
            released.append(key)
            until.pop((c["incident_id"], key), None)
        else:
            until[c["incident_id"], key] = ms_of(c["expires_at"])
    return sorted(released + [key for (_, key), expires_at in until.items() if expires_at <= now])


def check_incidents(run):
    """An incident is opened once, its tier only rises, it is updated once a tenfold growth, for each other scope that it
    was opened with and for want of an answer, and nothing comes behind its close; its holds name it; no two records have one id."""
    trouble, tiers, told, scopes = [], {}, {}, set()
    order = ["notice", "alert", "quarantine", "stop", "closed"]
    for alert in run["alerts"]:
        if alert["type"].startswith(("cache.", "control.", "drill.")):
            continue  # no incident of anybody's
        incident, kind, tier = alert["incident_id"], alert["type"].removeprefix("incident."), alert["tier"]
        words = f"{incident} {kind} {tier} {target_key(alert['scope']['kind'], alert['scope'])}"
        if kind == "released" and incident not in tiers:
            continue  # the end of a person's hold that belongs to no incident
        if (kind == "opened") != (incident not in tiers):
            trouble.append(f"{words}: is opened twice, or not at all")
        before = tiers.get(incident)
        if kind == "escalated" and before is not None and order.index(tier) <= order.index(before):
            trouble.append(f"{words}: was {before}")
        if kind in ("updated", "closed") and tier != before:
            trouble.append(f"{words}: was {before}")
        impact = alert.get("impact")
        if impact is not None and "release" not in alert:  # what is told of a hold's end is no growth
            misdirected = impact["escaped"] + impact["held"]
            is_known = (incident, target_key(alert["scope"]["kind"], alert["scope"])) in scopes
            is_growth = kind == "updated" and "unacknowledged" not in alert
            if is_growth and is_known and misdirected < 10 * max(told.get(incident, 0), 1):
                trouble.append(f"{words}: {misdirected} are not ten times {told.get(incident, 0)}")
            told[incident] = misdirected
        scopes.add((incident, target_key(alert["scope"]["kind"], alert["scope"])))
        tiers[incident] = "closed" if kind == "closed" else tier
    strangers = {c["incident_id"] for c in run["quarantine-commands"]} - set(tiers) - {None}
    trouble += [f"{incident}: a command names it, and no alert" for incident in strangers]
    ids = [record["alert_id"] for record in run["alerts"]]
    return trouble + (["two alerts have one id"] if len(ids) != len(set(ids)) else [])


def check_drills(run):
    """What is about a drill says so, and nothing else does: by the tenant of its scope, target or message."""
    places = {"verdicts": None, "alerts": "scope", "quarantine-commands": "target"}
    trouble = []
    for name, place in places.items():
        for record in run[name]:
            scope = record[place] if place else record
            if record.get("drill", False) is not (scope["tenant_id"] == "wn-drill"):
                trouble.append(f"{name}: drill is {record.get('drill')} of {scope['tenant_id']}")
    for record in run["quarantine-state"]:
        value = record["value"]
        if value is not None and value.get("drill", False) is not (value["target"]["tenant_id"] == "wn-drill"):
            trouble.append(f"quarantine state: drill is {value.get('drill')} of {record['key']}")
    return trouble


# --- dead letters: the original, whole -----------------------------------------------------------


def original_of(message):
    """(value, key, timestamp, headers) as they came."""
    line = parse_or_none(message.line)
    is_envelope = isinstance(line, dict) and {"topic", "partition", "offset"} <= line.keys()
    payloads = [name for name in ("payload", "payload_base64") if is_envelope and name in line]
    if len(payloads) != 1:
        return message.line, None, None, []
    value = line[payloads[0]]
    if payloads[0] == "payload_base64":
        value = base64.b64decode(value)
    elif isinstance(value, str):
        value = value.encode()
    elif value is not None:  # JSON that is no text; the story writes it as json.dumps does
        value = re.search(rb'"payload":(.*)}$', message.line)[1]
    return value, line.get("key"), line.get("ts"), line.get("headers", [])


def check_dead_letters(story, run):
    trouble = []
    for letter in letters_of_messages(run):
        message = story.messages[int(headers_of(letter)["__connect.errors.offset"])]
        value, key, ts, headers = original_of(message)
        if "payload_base64" in letter:
            kept = base64.b64decode(letter["payload_base64"])
        else:
            kept = letter["payload"].encode() if letter["payload"] is not None else None
        cut = int(headers_of(letter).get("wn.truncated", 0))
        whole = kept == value or (cut == len(value or b"") and value.startswith(kept) and len(kept) == 65536)
        if not whole:
            trouble.append(f"{message.label}: the dead letter's value is not the original")
        if (letter["key"], letter.get("ts")) != (key, ts):
            trouble.append(f"{message.label}: key or timestamp of the dead letter is not the original")
        if letter["headers"][: len(headers)] != headers:
            trouble.append(f"{message.label}: the dead letter does not begin with the original headers")
    return trouble


# --- and the rest --------------------------------------------------------------------------------


def check_recipients(story, run):
    pseudonyms = {story.messages[v["source"]["offset"]].label: v["recipient_pseudonym"] for v in run["verdicts"]}
    return [
        f"{m.label}: is not taken for the recipient of {m.same_as}"
        for m in story.messages
        if m.same_as is not None and pseudonyms.get(m.label) != pseudonyms.get(m.same_as)
    ]


def check_summary(run, summary):
    counts = collections.Counter(v["verdict"] for v in run["verdicts"])
    expected = {
        "messages": len(run["verdicts"]) + len(letters_of_messages(run)),
        "verdicts": {name: counts[name] for name in ("clear", "misdirected", "unknown", "exempt")},
        "dead_letters": len(letters_of_messages(run)),
        "alerts": len(run["alerts"]),
        "scope_commands": sum(not is_by_judge(c) for c in run["quarantine-commands"]),
    }
    return [
        f"summary.json: {name} is {summary[name]}, and should be {value}"
        for name, value in expected.items()
        if summary[name] != value
    ]


def check_numbers_hidden(story, texts):
    """No recipient's number stands in what is published; dead letters keep the original, which is their purpose."""
    numbers = set()
    told = [c.record["scope"]["id"] for c in story.controls
            if isinstance(c.record, dict) and c.record.get("scope", {}).get("kind") == "recipient"]  # fmt: skip
    for message in story.messages + told:
        record = {"recipient": message} if isinstance(message, str) else parse_or_none(message.line)
        number = record.get("recipient") if isinstance(record, dict) else None
        if isinstance(number, str) and len(number) > 8:
            numbers.add(number.lstrip("+"))
    return [
        f"a recipient's number stands in {name}"
        for name, text in texts.items()
        if name != "dead-letter" and any(number in text for number in numbers)
    ]


"""Holds what was written to the topics against the oracle and the offline fold. Each check gives a list of faults.

Everything that was written is looked at, also what was written twice: of one offset all verdicts must be the same bytes,
every tally frame must be true by itself, and two records of one id must say the same.
"""

import base64
import collections
import json
import os
import subprocess
import sys

from oracle import CHUNK_BITS, REASONS, read_time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from protobuf_fields import fields, varint  # noqa: E402

HEADER = "__connect.errors."
COUNTED = ["judged", "misdirected", "unknown", "exempt"]


def headers(envelope):
    flat = envelope.get("headers") or []
    return dict(zip(flat[0::2], flat[1::2]))


# --- protobuf by hand --------------------------------------------------------------------------------------------------


def one(found, number, default=0):
    return found.get(number, [default])[0]


def packed(found, number):
    """A repeated uint32, packed or not."""
    values = []
    for value in found.get(number, []):
        if isinstance(value, int):
            values.append(value)
            continue
        at = 0
        while at < len(value):
            each, at = varint(value, at)
            values.append(each)
    return values


def read_frames(path):
    """Partition, offset and value of each record of a file from World.fetch_raw; a null value has no bytes."""
    with open(path, "rb") as file:
        while line := file.readline():
            partition, offset, size = map(int, line.split())
            yield partition, offset, file.read(max(size, 0))


def leaf_of(found):
    return tuple(one(found, number, b"").decode() for number in range(1, 7))


class Accounts:
    """The topics of a plant, read once and held against what they must say."""

    def __init__(self, plant, oracle):
        self.plant, self.world, self.oracle = plant, plant.world, oracle
        self.expected = {}   # by partition and offset of the outbound topic
        self.figures = {}

    def path(self, name):
        return self.world.path(f"{self.plant.name}.{name}")

    def read_input(self):
        """What each offset of the outbound topic must come to. The topic is read as bytes, as it stands."""
        self.world.fetch_raw(self.plant.topic("outbound"), self.path("outbound"))
        following, faults, leaves, reason_lists = {}, [], {}, {}
        for partition, offset, value in read_frames(self.path("outbound")):
            if offset != following.get(partition, 0):
                faults.append(f"outbound {partition}: offset {following.get(partition, 0)} is not in the log any more")
            following[partition] = offset + 1
            answer = self.oracle.answer(value)
            if "leaf" in answer:  # of a million messages there are few leaves
                answer["leaf"] = leaves.setdefault(answer["leaf"], answer["leaf"])
                answer["tenant_id"] = answer["tenant_id"] and sys.intern(answer["tenant_id"])
                answer["reasons"] = reason_lists.setdefault(tuple(answer["reasons"]), answer["reasons"])
            self.expected[partition, offset] = answer
        self.figures["messages"] = len(self.expected)
        return faults if self.expected else ["the outbound topic is empty"]

    def whole(self, role, faults):
        """All records of a topic, one after the other; none of them may have been lost to retention."""
        following = {}
        for envelope in self.world.fetch(self.plant.topic(role)):
            partition = envelope["partition"]
            if envelope["offset"] != following.get(partition, 0):
                faults.append(f"{role} {partition}: offset {following.get(partition, 0)} is not there to be read")
            following[partition] = envelope["offset"] + 1
            yield envelope

    # --- verdicts, dead letters, holds ----------------------------------------------------------------------------

    def check_verdicts(self):
        faults, digests, repeated, policies = [], {}, 0, set()
        for envelope in self.whole("verdicts", faults):
            text = envelope["payload"]
            verdict = json.loads(text)
            at = verdict["source"]["partition"], verdict["source"]["offset"]
            digest = hash(text)
            if at in digests:
                repeated += 1
                if digests[at] != digest:
                    faults.append(f"another verdict for {at}: {text}")
                continue
            digests[at] = digest
            policies.add(verdict["policy_version"])
            faults += self.check_verdict(at, verdict)
        faults += [f"no verdict for {at}: {expected['message_id']}" for at, expected in self.expected.items()
                   if "dead_letter" not in expected and at not in digests]
        if len(policies) > 1:
            faults.append(f"policy versions {policies}")
        self.figures["verdicts repeated"] = repeated
        return faults

    def check_verdict(self, at, verdict):
        expected = self.expected.get(at)
        if expected is None or "dead_letter" in expected:
            return [f"a verdict for {at}, which is {expected}"]
        got = {name: verdict[name] for name in ("message_id", "tenant_id", "verdict", "reasons", "recipient_pseudonym")}
        got["occurred_at"] = read_time(verdict["occurred_at"])
        wrong = [name for name, value in got.items() if value != expected[name]]
        return [f"{at}: {', '.join(f'{n} {got[n]}, not {expected[n]}' for n in wrong)}"] if wrong else []

    def check_dead_letters(self):
        faults, reasons = [], {}
        for envelope in self.whole("dead-letter", faults):
            told = headers(envelope)
            at = int(told[HEADER + "partition"]), int(told[HEADER + "offset"])
            reason = told.get("wn.reason")
            if reasons.setdefault(at, reason) != reason:
                faults.append(f"two reasons for {at}: {reasons[at]} and {reason}")
        expected = {at: e["dead_letter"] for at, e in self.expected.items() if "dead_letter" in e}
        faults += [f"{at}: no dead letter for {reason}" for at, reason in expected.items() if at not in reasons]
        faults += [f"{at}: a dead letter for {reason}, not {expected.get(at)}" for at, reason in reasons.items()
                   if expected.get(at) != reason]
        self.figures["dead letters"] = len(reasons)
        return faults

    def check_holds(self):
        """A hold for each misdirected message, under one id, and none for another."""
        faults, by_id, ids = [], {}, {}
        for envelope in self.whole("commands", faults):
            command = json.loads(envelope["payload"])
            if command["target"]["kind"] != "message":
                continue
            name = command["command_id"]
            # The clock of whoever judged it; said again by another at another time.
            for field in ("issued_at", "expires_at"):
                command.pop(field)
            if by_id.setdefault(name, command) != command:
                faults.append(f"two commands {name}: {by_id[name]} and {command}")
            target = command["target"]["tenant_id"], command["target"]["id"], command["action"]
            if ids.setdefault(target, name) != name:
                faults.append(f"two ids for {target}: {ids[target]} and {name}")
        expected = {(e["tenant_id"] or "default", e["message_id"], "hold") for e in self.expected.values()
                    if e.get("verdict") == "misdirected"}
        faults += [f"not held: {each}" for each in sorted(expected - set(ids))]
        faults += [f"a command too many: {each}" for each in sorted(set(ids) - expected)]
        self.figures["message holds"] = len(ids)
        return faults

    # --- tally frames -----------------------------------------------------------------------------------------------

    def read_tallies(self):
        self.world.fetch_raw(self.plant.topic("tallies"), self.path("frames"))

    def check_frames(self):
        """Every frame that was ever written is true; the last ones of each chunk count everything once."""
        faults, following, chunks, entries = [], {}, collections.defaultdict(list), collections.defaultdict(set)
        homes = collections.defaultdict(set)
        for partition, offset, value in read_frames(self.path("frames")):
            if offset != following.get(partition, 0):
                faults.append(f"tallies {partition}: offset {following.get(partition, 0)} is not there to be read")
            following[partition] = offset + 1
            frame = fields(value)
            source, chunk, first, to = (one(frame, number) for number in (3, 4, 5, 6))
            if one(frame, 2, b"").decode() != self.plant.topic("outbound"):
                continue
            if first != chunk << CHUNK_BITS:
                faults.append(f"tallies {partition} at {offset}: begins at {first} in chunk {chunk}: a gap")
            leaves = [fields(each) for each in frame.get(12, [])]
            for leaf in leaves:
                homes[leaf_of(leaf)[0]].add(partition)
                chunks[source, chunk].append((to, leaf_of(leaf), [one(leaf, n) for n in (7, 8, 9, 10)] + packed(leaf, 11)))
            for each in frame.get(13, []):
                entry = fields(each)
                entries[source].add((one(entry, 1), leaf_of(leaves[one(entry, 2)])[0]))
        faults += [f"{tenant} is in tally partitions {sorted(at)}" for tenant, at in homes.items() if len(at) > 1]
        self.figures["frames"] = sum(following.values())
        return faults + self.check_counts(chunks) + self.check_entries(entries)

    def check_counts(self, chunks):
        faults, events = [], collections.defaultdict(list)
        for (partition, offset), expected in sorted(self.expected.items()):
            events[partition, offset >> CHUNK_BITS].append((offset, expected))
        for at, messages in sorted(events.items()):
            frames = sorted(chunks.get(at, []), key=lambda each: each[0])
            counts, told, last = {}, 0, {}
            for to, leaf, said in frames:
                while told < len(messages) and messages[told][0] < to:
                    self.count(counts, messages[told][1])
                    told += 1
                truth = counts.get(leaf, [])
                if trimmed(said) != trimmed(truth):
                    faults.append(f"source {at[0]} chunk {at[1]} up to {to}: {leaf} is {said}, not {truth}")
                last[leaf] = said
            for _, expected in messages[told:]:
                self.count(counts, expected)
            faults += [f"source {at[0]} chunk {at[1]} in the end: {leaf} is {last.get(leaf)}, not {truth}"
                       for leaf, truth in counts.items() if trimmed(last.get(leaf, [])) != trimmed(truth)]
        return faults + [f"frames of source {at[0]} chunk {at[1]}, which has no messages" for at in chunks if at not in events]

    @staticmethod
    def count(counts, expected):
        if "dead_letter" in expected:
            return
        of = counts.setdefault(expected["leaf"], [0] * (len(COUNTED) + len(REASONS)))
        verdict = expected["verdict"]
        of[COUNTED.index("judged")] += verdict in ("clear", "misdirected")
        if verdict != "clear":
            of[COUNTED.index(verdict)] += 1
        for reason in expected["reasons"]:
            of[len(COUNTED) + REASONS.index(reason)] += 1

    def check_entries(self, entries):
        expected = collections.defaultdict(set)
        for (partition, offset), each in self.expected.items():
            if each.get("verdict") == "misdirected":
                expected[partition].add((offset, each["leaf"][0]))
        faults = []
        for source in sorted(set(expected) | set(entries)):
            faults += [f"source {source}: no entry for {each}" for each in sorted(expected[source] - entries[source])]
            faults += [f"source {source}: an entry too many, {each}" for each in sorted(entries[source] - expected[source])]
        return faults

    # --- alerts and scope commands --------------------------------------------------------------------------------------

    def refold(self):
        """Alerts and scope commands as the offline fold of the written log has them: texts by id."""
        out = self.path("refold")
        with open(self.path("tallies.ndjson"), "w", encoding="ascii") as file:
            for partition, offset, value in read_frames(self.path("frames")):
                file.write(json.dumps({"topic": self.plant.topic("tallies"), "partition": partition, "offset": offset,
                                       "key": None, "payload": None,
                                       "payload_base64": base64.b64encode(value).decode()}) + "\n")
        subprocess.run([self.world.bench, "replay", "--tallies", self.path("tallies.ndjson"), "-c",
                        self.plant.config_path("all"), "--out", out], check=True, capture_output=True)
        texts = {}
        for name, key in (("alerts", "alert_id"), ("quarantine-commands", "command_id")):
            with open(os.path.join(out, name + ".ndjson"), encoding="utf-8") as file:
                for line in file:
                    record = json.loads(line)
                    texts[name, record[key]] = line.rstrip("\n")
        return texts

    def live(self):
        texts, faults, repeated = {}, [], 0
        for role, name, key in (("alerts", "alerts", "alert_id"), ("commands", "quarantine-commands", "command_id")):
            for envelope in self.whole(role, faults):
                record = json.loads(envelope["payload"])
                if role == "commands" and record["target"]["kind"] == "message":
                    continue
                at, text = (name, record[key]), envelope["payload"]
                repeated += at in texts
                if texts.setdefault(at, text) != text:
                    faults.append(f"two records of {at}: {texts[at]} and {text}")
        self.figures["alerts"] = sum(name == "alerts" for name, _ in texts)
        self.figures["scope commands"] = len(texts) - self.figures["alerts"]
        self.figures["alerts repeated"] = repeated
        return texts, faults

    def check_fold(self):
        """What the detect half told equals, byte for byte, the offline fold of the log that was written."""
        expected = self.refold()
        got, faults = self.live()
        faults += [f"not told: {expected[at]}" for at in expected if at not in got]
        faults += [f"told too much: {got[at]}" for at in got if at not in expected]
        faults += [f"told otherwise: {got[at]}, not {expected[at]}" for at in got if expected.get(at, got[at]) != got[at]]
        return faults if expected else faults + ["the log makes no alert: nothing is compared"]

    def is_told(self):
        self.read_tallies()
        return not self.check_fold()

    def check_incidents(self):
        """No planted incident was opened twice, and each is held, be it by a wider scope of its tenant. (At thousands of
        messages a second the whole incident may be in one frame, and then a vendor may speak before its campaign.)"""
        faults, opened, held = [], collections.defaultdict(set), collections.defaultdict(set)
        for envelope in self.whole("alerts", faults):
            alert = json.loads(envelope["payload"])
            if alert["type"] == "incident.opened":
                opened[tuple(alert["scope"][n] for n in ("kind", "id", "tenant_id"))].add(alert["incident_id"])
        for envelope in self.whole("commands", faults):
            target = json.loads(envelope["payload"])["target"]
            if target["kind"] != "message":
                held[target["tenant_id"]].add((target["kind"], target["id"]))
        for incident in self.plant.data.incidents:
            scope = tuple(incident["scope"][n] for n in ("kind", "id", "tenant_id"))
            if len(opened[scope]) > 1:
                faults.append(f"more than one incident of {scope}: {sorted(opened[scope])}")
            if not held[scope[2]]:
                faults.append(f"nothing is held of {scope[2]}, whose {scope[:2]} went wrong; opened are {sorted(opened)}")
        self.figures["incidents"] = sum(map(len, opened.values()))
        return faults

    def check_all(self):
        """(name, faults) of each check, in order."""
        yield "the whole input is there", self.read_input()
        yield "one true verdict for each message", self.check_verdicts()
        yield "one dead letter for each message that cannot be read", self.check_dead_letters()
        yield "one hold for each misdirected message, and no other", self.check_holds()
        self.read_tallies()
        yield "every tally frame is true, and everything is counted once", self.check_frames()
        yield "alerts and scope commands equal the fold of the log", self.check_fold()
        yield "each planted incident is one incident, and held", self.check_incidents()


def trimmed(counts):
    """Without zeros at the end."""
    counts = list(counts)
    while counts and counts[-1] == 0:
        counts.pop()
    return counts

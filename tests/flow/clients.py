#!/usr/bin/env python3
"""clients.py BUILD_DIR WORK_DIR: the example programs of schemas/clients on what wrongnumber really writes.

The sender obeys recorded commands of a hold, its canaries and its release, which come twice, in another order, from the command
topic or from the quarantine state, to a sender that is killed now and then. The loader fills a private redis-server, in which
`wrongnumber explain` then finds people. The alerts become lines, once each. Prints `ok NAME` / `not ok NAME`.
"""
import http.server
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import types
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = HERE.parent.parent / "schemas" / "clients"
sys.dont_write_bytecode = True
sys.path[:0] = [str(CLIENTS), str(HERE)]
import alert_lines  # noqa: E402 pylint: disable=wrong-import-position
import run_story  # noqa: E402 pylint: disable=wrong-import-position
import sender as example  # noqa: E402 pylint: disable=wrong-import-position
import story as stories  # noqa: E402 pylint: disable=wrong-import-position
import story_control as control  # noqa: E402 pylint: disable=wrong-import-position

COMMANDS, STATE = "collections.quarantine-commands.v1", "collections.quarantine-state.v1"
DAY = 24 * 3600
failures = 0


def case(name, function, *arguments):
    global failures  # pylint: disable=global-statement
    try:
        function(*arguments)
        print("ok clients." + name, flush=True)
    except Exception as wrong:  # pylint: disable=broad-except
        print(f"  {type(wrong).__name__}: {wrong}\nnot ok clients.{name}", flush=True)
        failures += 1


def need(truth, *what):
    if not truth:
        raise AssertionError(*what)


# --- what wrongnumber writes, recorded by a replay ----------------------------------------------------------------------


class Recorded:
    """The story of a canary: its messages, and the records of both topics as kcat shows them."""

    def __init__(self, build, work):
        runner = run_story.Runner(build, work / "nobody.sock", work)
        story = stories.read_story(HERE / "release_canary.case", control.read_control)
        folder = work / story.name
        runner.write_input(story, folder)
        out = runner.replay(folder, ("--relationships", str(folder / "relationships.ndjson")), 1, 1)
        self.events = [json.loads(message.line) for message in story.messages]
        self.commands = [json.loads(line) for line in (out / "quarantine-commands.ndjson").open(encoding="utf-8")]
        self.alerts = [json.loads(line) for line in (out / "alerts.ndjson").open(encoding="utf-8")]
        self.lines = []
        for command in self.commands:
            self.lines.append(envelope(COMMANDS, command))
        scopes = [command for command in self.commands if command["target"]["kind"] != "message"]
        for record, command in zip((out / "quarantine-state.ndjson").open(encoding="utf-8"), scopes):
            record = json.loads(record)
            headers = [] if record["value"] else ["wn.sequence", str(command["sequence"])]
            self.lines.append(envelope(STATE, record["value"], record["key"], headers))
        need(len(scopes) == 5 and self.lines[-1].find('"payload": null') > 0, "the story has changed")
        self.held_for_good = {command["target"]["id"] for command in self.commands} & {e["message_id"] for e in self.events}
        self.now = example.seconds(self.commands[0]["issued_at"])


def envelope(topic, record, key="", headers=()):
    payload = None if record is None else json.dumps(record)
    return json.dumps({"topic": topic, "key": key, "headers": list(headers), "payload": payload})


# --- the sender ---------------------------------------------------------------------------------------------------------


class Killed(Exception):
    pass


class Store:
    """A sender's connection that may be cut off before every statement that writes."""

    def __init__(self, db, may_kill):
        self.db, self.may_kill, self.executescript = db, may_kill, db.executescript

    def close(self):
        """What was not committed is gone, whoever still looks at a row of it."""
        self.db.rollback()
        self.db.close()

    def execute(self, statement, *arguments):
        if not statement.startswith("SELECT"):
            self.may_kill()
        return self.db.execute(statement, *arguments)

    def executemany(self, statement, arguments):
        self.may_kill()
        return self.db.executemany(statement, arguments)


def now_and_then(numbers):
    """Kills at one of fifty places."""

    def may_kill():
        if numbers.random() < 0.02:
            raise Killed

    return may_kill


def at_place(wanted):
    """Kills once, at the place of that number; .passed tells how many there were."""

    def may_kill():
        may_kill.passed += 1
        if may_kill.passed == wanted:
            raise Killed

    may_kill.passed = 0
    return may_kill


class Judge(example.Gateway):
    """A gateway that knows what must not be sent, from the lines that were delivered, by rules of its own; and kills its sender."""

    def __init__(self, may_kill=lambda: None):  # pylint: disable=super-init-not-called
        self.ids, self.newest, self.since, self.may_kill = [], {}, {}, may_kill

    def delivered(self, line):
        record = json.loads(line)
        payload = json.loads(record["payload"]) if record["payload"] else None
        if payload is None:
            tenant, kind, name = record["key"].split("/")
            key, sequence, kept = (tenant, kind, name), int(record["headers"][1]), False
        else:
            target = payload["target"]
            key = (target["tenant_id"], target["kind"], target["id"])
            sequence = payload["sequence"]
            kept = payload.get("action", "hold") == "hold" and payload.get("canary", {}).get("limit", 0)
        if sequence > self.newest.get(key, (-1,))[0]:
            self.newest[key], self.since[key] = (sequence, kept), 0

    def send(self, event):
        message_id = event["message_id"]
        need(message_id not in self.ids, "sent twice", message_id)
        for kind, name in ("message", message_id), ("campaign", event["campaign_id"]):
            key = ("acme", kind, name)
            limit = self.newest.get(key, (0, False))[1]
            if limit is not False:
                need(self.since[key] < limit, "sent while held", message_id)
                self.since[key] += 1
        self.may_kill()
        self.ids.append(message_id)
        self.may_kill()


class Stage:
    """A sender and whoever starts it again, with the store in memory that outlives it."""

    def __init__(self, folder, recorded, gateway, gate=False):
        self.folder, self.gateway, self.gate, self.published = folder, gateway, gate, []
        self.now = recorded.now
        folder.mkdir()
        self.start()

    def start(self):
        while True:
            opened = []

            def connect(path, **options):
                opened.append(Store(sqlite3.connect(path, **options), self.gateway.may_kill))  # pylint: disable=cell-var-from-loop
                opened[0].db.execute("PRAGMA synchronous = OFF")
                return opened[0]

            try:
                with unittest.mock.patch.object(example, "sqlite3", types.SimpleNamespace(connect=connect)):
                    self.sender = example.Sender(str(self.folder / "store"), self.gateway, self.publish, self.gate, lambda: self.now)
                return
            except Killed:
                opened[0].close()

    def publish(self, event):
        self.gateway.may_kill()
        self.published.append(event)
        self.gateway.may_kill()

    def take(self, line):
        """Until it is done, as who reads a topic from what was committed last."""
        while True:
            try:
                example.take_line(self.sender, line, "queue")
                return
            except Killed:
                self.sender.db.close()
                self.start()


def any_order(work, recorded, seed):
    """Two records out of three come twice or thrice, and late or early; in the end all have come, in any order."""
    numbers = random.Random(seed)
    gateway = Judge(now_and_then(numbers))
    stage = Stage(work / f"order-{seed}", recorded, gateway)
    events = recorded.events[:207]
    lines = [("queue", envelope("queue", event)) for event in events]
    records = [("record", line) for line in recorded.lines if numbers.random() < 0.66]
    for each in records + numbers.sample([("record", line) for line in recorded.lines], len(recorded.lines)):
        lines.insert(numbers.randrange(len(lines) // 3, len(lines) + 1) if numbers.random() < 0.5 else len(lines), each)
    # What is misdirected is held one by one, and that comes before a sender that waits for verdicts would have sent it.
    first = [line for line in lines if line[0] == "record" and '\\"kind\\": \\"message\\"' in line[1]]
    for kind, line in first + lines:
        if kind == "record":
            gateway.delivered(line)
        stage.take(line)
        if numbers.random() < 0.02:
            stage.take(line)
        if numbers.random() < 0.01:
            stage.sender.db.close()
            stage.start()
    expected = {event["message_id"] for event in events} - recorded.held_for_good
    need(set(gateway.ids) == expected, "lost", sorted(expected - set(gateway.ids))[:5], "too many", set(gateway.ids) - expected)
    need({event["message_id"] for event in stage.published} >= expected, "not published")


def in_order(work, recorded):
    """Kept in order; a canary's are published again, and no more of them go than it says; the release sends the rest, once."""
    stage = Stage(work / "in-order", recorded, Judge())
    held = [line for line in recorded.lines if '\\"kind\\": \\"campaign\\"' in line and COMMANDS in line]
    orders = [event for event in recorded.events if event["message_id"].startswith("good")][:300]
    counts = []
    for at, line in enumerate(held):
        stage.gateway.delivered(line)
        stage.take(line)
        if at == 0:
            for event in orders:
                stage.take(envelope("queue", event))
        counts.append(len(stage.gateway.ids))
    need(counts == [0, 20, 220, 300, 300], counts)
    need(stage.gateway.ids == [event["message_id"] for event in orders], "in another order")
    need(len(stage.published) == 300 + 300, len(stage.published))


def from_the_state(work, recorded):
    """Who starts anew, and has read none of the commands, knows from the state topic what is held; a tombstone ends it."""
    states = [line for line in recorded.lines if STATE in line]
    for read, sent in (states[:1], 0), (states[1:2], 20), (states, 40), ([states[-1], states[0]], 40):
        stage = Stage(work / f"state-{sent}-{len(read)}", recorded, Judge())
        for line in read:
            stage.take(line)
        for event in recorded.events[7:47]:
            stage.take(envelope("queue", event))
        need(len(stage.gateway.ids) == sent, len(stage.gateway.ids), sent)


def runs_out(work, recorded):
    """A campaign's hold that has run out lets its messages go; a stranger's message goes by no hold's end but the hour's."""
    stage = Stage(work / "runs-out", recorded, Judge())
    own = [c for c in recorded.commands if c["target"]["kind"] == "message"][:2]
    hour = {**own[1], "reason": "outside_hours"}
    campaign = next(c for c in recorded.commands if c["target"]["kind"] == "campaign")
    for command in own[0], hour, campaign:
        stage.take(envelope(COMMANDS, command))
    for event in recorded.events[:9]:
        stage.take(envelope("queue", event))
    need(stage.gateway.ids == [], "sent while held")
    stage.now += 2 * DAY
    stage.sender.go_on()
    ids = [event["message_id"] for event in recorded.events[:9]]
    need(stage.gateway.ids == ids[1:], stage.gateway.ids)
    need(stage.sender.db.execute("SELECT message_id FROM messages WHERE state = 'expired'").fetchall() == [(ids[0],)], "expired")
    stage.take(envelope(COMMANDS, {**own[0], "sequence": 2, "action": "release", "expires_at": None, "operator": "ann"}))
    need(stage.gateway.ids == ids[1:] + ids[:1], "not by a person's release")


def recipient(work, recorded):
    """A release of a recipient sends what is his, whichever comes first, once; what is blocked or newer stays, and so does a scope's."""
    own = [c for c in recorded.commands if c["target"]["kind"] == "message"][:7]
    campaign = next(c for c in recorded.commands if c["target"]["kind"] == "campaign")
    word = {**own[0], "target": {**own[0]["target"], "kind": "recipient", "id": "k1:his"}, "action": "release", "sequence": 2,
            "operator": "ann", "reason": "an appeal"}  # fmt: skip
    at = lambda after: example.datetime.datetime.fromtimestamp(recorded.now + after, example.datetime.timezone.utc).isoformat()
    word["expires_at"] = at(3600)
    his = [{**c, "message": {**c["message"], "recipient_pseudonym": "k1:his"}} for c in own]
    need(all(len(c["message"]["recipient_pseudonym"].split(":")[1]) == 22 for c in own), "no pseudonym", own[0])
    his[1]["reason"] += ",blocked"
    his[2]["issued_at"] = at(3600)
    his[3]["message"]["recipient_pseudonym"] = "k1:hers"
    by_person = {**own[4], "sequence": 3, "operator": "ann", "message": {}}
    orders = [envelope("queue", event) for event in recorded.events[:7]]
    lines = [envelope(COMMANDS, record) for record in (*his, by_person)]
    for name, given in ("first", lines + orders + [envelope(COMMANDS, word)]), ("last", [envelope(COMMANDS, word)] + lines + orders):
        for gated in False, True:
            stage = Stage(work / f"recipient-{name}-{gated}", recorded, Judge(), gate=gated)
            for line in given:
                stage.take(line)
                stage.take(line)
            need(stage.gateway.ids == ["bad1", "bad6", "bad7"], name, gated, stage.gateway.ids)
            need(len({event["message_id"] for event in stage.published}) == 7, stage.published)
    # In a held batch: his message stays with it, and goes by a release that says at once; so does one that only its verdict calls his.
    healthy = recorded.events[7]
    for said, sent in ({}, []), ({"at_once": True}, ["bad1", healthy["message_id"]]):
        stage = Stage(work / f"recipient-{len(said)}", recorded, Judge())
        for line in [envelope(COMMANDS, campaign), lines[0], orders[0], envelope("queue", healthy),
                     envelope("verdicts", {"message_id": healthy["message_id"], "verdict": "clear", "reasons": [],
                                           "recipient_pseudonym": "k1:his"}), envelope(COMMANDS, {**word, **said})]:  # fmt: skip
            stage.take(line)
        need(stage.gateway.ids == sent, said, stage.gateway.ids)
    # A person thinks better of it: what was not sent yet is held again, and a hold of him keeps what is known to be his.
    stage = Stage(work / "recipient-again", recorded, Judge())
    for record in campaign, his[0], word, {**word, "action": "hold", "sequence": 3}:
        stage.take(envelope(COMMANDS, record))
    stage.take(orders[0])
    stage.take(envelope(COMMANDS, {**campaign, "action": "release", "sequence": campaign["sequence"] + 9, "expires_at": None}))
    need(stage.gateway.ids == [], stage.gateway.ids)
    stage.now += 2 * DAY  # set aside when its hold has run out, until somebody releases him once more
    stage.sender.go_on()
    need(stage.gateway.ids == [], stage.gateway.ids)
    stage.take(envelope(COMMANDS, {**word, "sequence": 4, "expires_at": at(3 * DAY)}))
    need(stage.gateway.ids == ["bad1"], stage.gateway.ids)


def gate(work, recorded):
    """Nothing goes before its verdict; misdirected goes by its release; what has a reason leaves its hold a moment to come."""
    stage = Stage(work / "gate", recorded, Judge(), gate=True)
    verdicts = [("clear", []), ("misdirected", ["no_record"]), ("unknown", ["cache_stale"]), ("clear", ["outside_hours"])]
    events = recorded.events[:5]
    for event in events:
        stage.take(envelope("queue", event))
    need(stage.gateway.ids == [], "before its verdict")
    for event, (verdict, reasons) in zip(events, verdicts):
        stage.take(envelope("verdicts", {"message_id": event["message_id"], "verdict": verdict, "reasons": reasons}))
    need(stage.gateway.ids == ["bad1"], stage.gateway.ids)
    own = [c for c in recorded.commands if c["target"]["kind"] == "message"]
    stage.take(envelope(COMMANDS, {**own[3], "reason": "outside_hours"}))
    stage.now += 1.5
    stage.sender.go_on()
    need(stage.gateway.ids == ["bad1", "bad3"], stage.gateway.ids)
    stage.take(envelope(COMMANDS, {**own[1], "sequence": 1, "action": "release", "expires_at": None}))
    need(stage.gateway.ids == ["bad1", "bad3", "bad2"], stage.gateway.ids)
    stage.take(envelope("verdicts", {"message_id": "bad5", "verdict": "misdirected", "reasons": ["no_record", "outside_hours"]}))
    stage.take(envelope(COMMANDS, {**own[4], "reason": "no_record,outside_hours"}))
    ends = example.datetime.datetime.fromtimestamp(stage.now + 3600, example.datetime.timezone.utc).isoformat()
    stage.take(envelope(COMMANDS, {**own[4], "sequence": 1, "reason": "outside_hours", "expires_at": ends}))
    need(len(stage.gateway.ids) == 3, "before its hour")
    stage.now += 3601
    stage.sender.go_on()
    need(stage.gateway.ids == ["bad1", "bad3", "bad2", "bad5"], stage.gateway.ids)
    stage.take(envelope("queue", {**events[0], "message_id": "drill", "tenant_id": "wn-drill"}))
    need(len(stage.published) == 5, "a drill's was published")


def gate_and_canary(work, recorded):
    """Under a canary a message waits for a verdict of its own; the next step counts anew what has had none."""
    stage = Stage(work / "gate-canary", recorded, Judge(), gate=True)
    held = [line for line in recorded.lines if '\\"kind\\": \\"campaign\\"' in line and COMMANDS in line]
    orders = recorded.events[7:57]
    sure = lambda event: envelope("verdicts", {"message_id": event["message_id"], "verdict": "clear", "reasons": []})
    stage.take(held[0])
    for event in orders:
        stage.take(envelope("queue", event))
        stage.take(sure(event))
    stage.take(held[1])
    need(len(stage.published) == 70 and stage.gateway.ids == [], "20 are judged again")
    for event in orders[:15]:
        stage.take(sure(event))
    need(len(stage.gateway.ids) == 15, len(stage.gateway.ids))
    stage.take(held[2])
    need(len(stage.published) == 105 and len(stage.gateway.ids) == 15, "the other 35 are")
    for event in orders:
        stage.take(sure(event))
    need(stage.gateway.ids == [event["message_id"] for event in orders], "in another order")


def killed_once(folder, recorded, may_kill):
    """In gate mode a stranger's message whose record comes late, and a campaign whose first canary gets no verdicts in time."""
    stage = Stage(folder, recorded, Judge(may_kill), gate=True)
    held = [line for line in recorded.lines if '\\"kind\\": \\"campaign\\"' in line and COMMANDS in line]
    own = next(c for c in recorded.commands if c["target"]["id"] == "bad1")

    def verdicts(word, *reasons):
        for event in stage.published[:]:
            stage.take(envelope("verdicts", {"message_id": event["message_id"], "verdict": word, "reasons": reasons}))
        stage.published.clear()

    stage.take(envelope("queue", recorded.events[0]))
    verdicts("misdirected", "no_record")
    stage.take(envelope(COMMANDS, own))
    stage.take(envelope(COMMANDS, {**own, "sequence": 1, "action": "release", "expires_at": None, "reason": "late_record"}))
    stage.take(held[0])
    for event in recorded.events[7:10]:
        stage.take(envelope("queue", event))
    verdicts("clear")
    need(stage.gateway.ids == ["bad1"], "the record that came late", stage.gateway.ids)
    for canary in held[1:3]:
        stage.take(canary)
        need({event["message_id"] for event in stage.published} == {event["message_id"] for event in recorded.events[7:10]},
             "judged again", stage.published)  # fmt: skip
        if canary is held[1]:
            stage.published.clear()
    verdicts("clear")
    need(stage.gateway.ids == [recorded.events[at]["message_id"] for at in (0, 7, 8, 9)], stage.gateway.ids)


def killed_anywhere(work, recorded):
    """Between any two things it does: nothing is lost by it."""
    may_kill = at_place(0)
    killed_once(work / "killed-0", recorded, may_kill)
    places = may_kill.passed
    need(places > 50, places)
    for place in range(1, places + 1):
        try:
            killed_once(work / f"killed-{place}", recorded, at_place(place))
        except AssertionError as wrong:
            raise AssertionError(f"killed at {place} of {places}", *wrong.args) from wrong


def as_a_program(work, recorded):
    """The script itself, killed at any point with kill -9, and given everything from the beginning again."""
    folder = work / "program"
    folder.mkdir()
    events = recorded.events[7:107]
    campaign = [line for line in recorded.lines if '\\"kind\\": \\"campaign\\"' in line]
    lines = [envelope("my.queue", event) for event in events[:40]] + campaign[:1]
    lines += [envelope("my.queue", event) for event in events[40:]] + campaign[1:]
    command = [sys.executable, "-B", str(CLIENTS / "sender.py"), "--store", str(folder / "store"), "--gateway", str(folder / "sent")]
    numbers, sent = random.Random(5), folder / "sent"
    for wanted in 10, 45, 90, None:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            reader = threading.Thread(target=process.stdout.read)
            reader.start()
            try:
                for line in lines:
                    process.stdin.write(line + "\n")
                    process.stdin.flush()
                    if wanted and sent.exists() and sent.read_text("utf-8").count("\n") >= wanted:
                        time.sleep(numbers.random() * 0.005)
                        process.send_signal(signal.SIGKILL)
                        break
                process.stdin.close()
            except BrokenPipeError:
                pass
            code = process.wait(60)
            reader.join()
            need(wanted or code == 0, code)
    ids = [json.loads(line)["message_id"] for line in sent.open(encoding="utf-8")]
    need(len(ids) == len(set(ids)), "sent twice")
    need(set(ids) == {event["message_id"] for event in events}, "lost", len(ids))


# --- the loader ---------------------------------------------------------------------------------------------------------

PEOPLE = [
    {"recipient": "+8613800138000", "parties": [{"tenant_id": "acme", "loan_id": "L-1", "status": "overdue"}], "reassigned": "no"},
    {"recipient": "+8613912345678", "parties": [{"tenant_id": "acme", "loan_id": 2, "status": "closed", "closed_at": "2020-11-20"}]},
    {"recipient": "+8613700000000", "kind": None, "parties": [{"tenant_id": "acme", "loan_id": None}], "opted_out": None},
    {"recipient": "+8613700000000", "deleted": True},
]  # fmt: skip
EXPECTED = {"+8613800138000": "clear", "+8613912345678": "misdirected", "+8613700000000": "misdirected"}


class Loading:
    def __init__(self, build, work):
        self.build, self.folder = build, work / "loader"
        self.folder.mkdir()
        self.socket = self.folder / "redis.sock"
        (self.folder / "key").write_text("0f" * 32 + "\n", "utf-8")
        (self.folder / "key").chmod(0o600)
        (self.folder / "people").write_text("".join(json.dumps(line) + "\n" for line in PEOPLE), "utf-8")
        (self.folder / "config").write_text(
            f"redis: {{address: 'unix:{self.socket}'}}\npseudonym: {{key_id: k1, key_file: '{self.folder}/key'}}\n", "utf-8")
        self.server = subprocess.Popen(  # pylint: disable=consider-using-with
            ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no",
             "--dir", str(self.folder)], stdout=subprocess.DEVNULL)  # fmt: skip
        deadline = time.monotonic() + 20
        while not self.socket.exists() and time.monotonic() < deadline:
            time.sleep(0.01)

    def redis(self, *words):
        done = subprocess.run(["redis-cli", "-s", str(self.socket), "--raw", *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def load(self, watermark):
        return subprocess.run([sys.executable, "-B", str(CLIENTS / "loader.py"), "--redis", f"unix:{self.socket}", "--key-file",
                               str(self.folder / "key"), "--watermark", watermark, str(self.folder / "people")],
                              capture_output=True, text=True, check=False)  # fmt: skip

    def explains(self):
        for recipient, verdict in EXPECTED.items():
            event = {"message_id": "m", "recipient": recipient, "tenant_id": "acme", "occurred_at": "2026-11-22T08:00:00Z"}
            done = subprocess.run([str(self.build / "wrongnumber"), "explain", "-c", str(self.folder / "config")],
                                  input=json.dumps(event), capture_output=True, text=True, check=False)  # fmt: skip
            need(f'"verdict":"{verdict}"' in done.stdout.replace('": "', '":"'), recipient, verdict, done.stdout[:400], done.stderr[:400])


def loads(loading):
    """Its data are believed and found, twice over, beside the program's own loads; nothing is left of generations before."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    for turn in range(2):
        done = loading.load(now)
        need(done.returncode == 0, done.stderr)
        loading.explains()
        buckets = 1 << json.loads(done.stdout)["bucket_bits"]
        need(int(loading.redis("DBSIZE")) == buckets + 1, turn, loading.redis("KEYS", "*"))
    program = [str(loading.build / "wrongnumber"), "load", "-c", str(loading.folder / "config")]
    for arguments in [], ["--delta"]:
        done = subprocess.run([*program, *arguments, str(loading.folder / "people")], capture_output=True, text=True, check=False)
        need(done.returncode == 0, done.stderr)
        loading.explains()


def gives_way(loading):
    """Older data, a lock of somebody else, an unfinished load: refused, or cleaned up."""
    epoch = loading.redis("GET", "wn:{00}:epoch")
    need(loading.load("2020-01-01T00:00:00Z").returncode != 0 and loading.redis("GET", "wn:{00}:epoch") == epoch, "older data")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    for lock in "lock", "delta":
        loading.redis("SET", "wn:{00}:" + lock, "somebody")
        need(loading.load(now).returncode == 75, lock)
        need(loading.redis("GET", "wn:{00}:" + lock) == "somebody" and loading.redis("GET", "wn:{00}:epoch") == epoch, lock)
        loading.redis("DEL", "wn:{00}:" + lock)
    generation = json.loads(loading.redis("GET", "wn:{00}:epoch"))["generation"] + 7
    loading.redis("SADD", "wn:{00}:loading", f"{generation}:2:1")
    loading.redis("SET", "wn:{00}:%d:3" % generation, "left behind")
    done = loading.load(now)
    need(done.returncode == 0 and json.loads(done.stdout)["generation"] > generation, done.stdout, done.stderr)
    need(loading.redis("EXISTS", "wn:{00}:%d:3" % generation, "wn:{00}:loading") == "0", "left behind")


# --- alerts -------------------------------------------------------------------------------------------------------------


def lines_of_alerts(work, recorded):
    """Each alert once, over a restart and a webhook that fails at first; every example record can be told."""
    told, answers = [], [500, 200]

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # pylint: disable=invalid-name
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = answers.pop(0) if answers else 200
            if status == 200:
                told.append(body["content"]["text"])
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass

    lines = "".join(envelope("collections.alerts.v1", alert) + "\n" for alert in recorded.alerts)
    with http.server.HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for _ in range(2):
            done = subprocess.run([sys.executable, "-B", str(CLIENTS / "alert_lines.py"), "--seen", str(work / "seen"), "--shape", "feishu",
                                   "--webhook", f"http://127.0.0.1:{server.server_port}/"], input=lines + lines,
                                  capture_output=True, text=True, env={**os.environ, "no_proxy": "*"}, check=False)  # fmt: skip
            need(done.returncode == 0, done.stderr)
        server.shutdown()
        thread.join()
    kinds = [line.split()[0] for line in told]
    need(kinds == ["incident.escalated"] * 2 + ["incident.updated"] * 4 + ["incident.released", "incident.closed"], kinds)
    need("campaign autumn of acme: 7 of 7 messages to people who owe nothing, likely" in told[1], told[1])
    for path in (HERE.parent.parent / "schemas" / "examples" / "good" / "alert").iterdir():
        line = alert_lines.line_of(json.loads(path.read_text("utf-8")), 0)
        need(line is None or "\n" not in line, path.name)


def main():
    build, work = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    recorded = Recorded(build, work)
    case("sender: in order", in_order, work, recorded)
    case("sender: twice, late, killed", lambda: [any_order(work, recorded, seed) for seed in range(12)])
    case("sender: from the state topic", from_the_state, work, recorded)
    case("sender: holds that run out", runs_out, work, recorded)
    case("sender: a recipient", recipient, work, recorded)
    case("sender: gate", gate, work, recorded)
    case("sender: gate and canary", gate_and_canary, work, recorded)
    case("sender: killed between any two steps", killed_anywhere, work, recorded)
    case("sender: the program, killed with -9", as_a_program, work, recorded)
    loading = Loading(build, work)
    try:
        case("loader: explain finds what it wrote", loads, loading)
        case("loader: gives way", gives_way, loading)
    finally:
        loading.server.terminate()
        loading.server.wait()
    case("alerts: each once", lines_of_alerts, work, recorded)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())

"""sender.py: a sending side that obeys wrongnumber's commands. Python 3 and its standard library; `integration.md` explains it.

    kcat -b BROKER -G sender -X auto.offset.reset=earliest -J -u my.queue collections.quarantine-commands.v1 collections.verdicts.v1 |
        python3 sender.py --store sender.db --gateway sent.ndjson --queue my.queue [--gate] |
        kcat -b BROKER -P -t collections.outbound.v1

Reads `kcat -J` lines: messages to be sent, from the topic --queue, each an event as schemas/outbound-message.schema.json has it;
commands; the quarantine state; with --gate the verdicts (`verdicts: all`). Writes the events for wrongnumber to its output. What
it sends it gives to a Gateway, here a file. Everything may be read twice, and it may be killed at any point: what it knows
stands in the store, and is written before what follows from it is done.
"""

import argparse
import collections
import datetime
import json
import os
import select
import sqlite3
import sys
import time
import urllib.parse

STORE = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS holds (tenant TEXT, kind TEXT, id TEXT, channel TEXT,
        sequence INTEGER, until REAL, room INTEGER, then_sent INTEGER, is_release INTEGER, at_once INTEGER,
        issued REAL, recipient TEXT, PRIMARY KEY (tenant, kind, id, channel));
    CREATE INDEX IF NOT EXISTS whose ON holds (recipient) WHERE recipient IS NOT NULL;
    CREATE TABLE IF NOT EXISTS messages (place INTEGER PRIMARY KEY, message_id TEXT UNIQUE, event TEXT,
        state TEXT DEFAULT 'kept', not_before REAL, recipient TEXT);
    CREATE INDEX IF NOT EXISTS kept ON messages (state) WHERE state != 'sent';
"""
# Of a message: kept (may not go yet), retried (published again under a canary, waits for its verdict), given (to the gateway,
# which has not confirmed it), sent, expired (its own hold ran out: a person releases it).
# `recipient` of a hold: whose message it is, where a release of him releases it; of a message: as its verdict says.
Hold = collections.namedtuple("Hold", "rowid sequence until room then_sent is_release at_once issued recipient")
SCOPES = ("campaign", "template", "sender", "vendor", "tenant")
SETTLE_SECONDS = 1.0  # a verdict with reasons may be a moment ahead of the command that holds its message
NEVER = float("inf")


class Gateway:
    """Where messages leave the house; here a file. What a gateway must be able to say is whether it has had an id before."""

    def __init__(self, path):
        self.file = open(path, "a+", encoding="utf-8", buffering=1)
        self.file.seek(0)
        self.ids = {json.loads(line)["message_id"] for line in self.file}

    def has(self, message_id):
        return message_id in self.ids

    def send(self, event):
        self.ids.add(event["message_id"])
        self.file.write(json.dumps(event, ensure_ascii=False) + "\n")


class Sender:
    """publish(event) gives an event to wrongnumber; clock() is seconds since 1970."""

    def __init__(self, store, gateway, publish, gate=False, clock=time.time):
        self.gateway, self.publish, self.gate, self.clock = gateway, publish, gate, clock
        self.db = sqlite3.connect(store, isolation_level=None)
        self.db.executescript(STORE)
        # Killed between giving a message and noting that it was sent: the gateway knows.
        for place, message_id in self.db.execute("SELECT place, message_id FROM messages WHERE state = 'given'").fetchall():
            self.put(place, "sent" if gateway.has(message_id) else "kept")
        self.go_on()

    def put(self, place, state):
        self.db.execute("UPDATE messages SET state = ? WHERE place = ?", (state, place))

    # --- what comes in -------------------------------------------------------------------------------------------------

    def take_order(self, event):
        """A message to be sent. It is judged, held or not; one that is known already is published again, which is harmless."""
        if event.get("tenant_id") == "wn-drill":
            return
        # In gate mode a message waits for its verdict, else it goes unless something holds it.
        self.db.execute("INSERT OR IGNORE INTO messages (message_id, event, not_before) VALUES (?, ?, ?)",
                        (event["message_id"], json.dumps(event), NEVER if self.gate else 0))  # fmt: skip
        self.publish(event)
        self.go_on(event["message_id"], is_published=True)

    def take_command(self, command):
        """A record of the command topic, or of the quarantine state: both say the same thing under the same sequence."""
        target, reasons = command["target"], set(command["reason"].split(","))
        until = seconds(command["expires_at"]) if command["expires_at"] else 0
        # A message that is held because of the hour goes when its hour has come; no other goes by its own hold's end.
        then_sent = target["kind"] != "message" or reasons <= {"outside_hours", "too_often"}
        # What is on a block list, or a person has said of the message itself, goes before what is said of its recipient.
        yields = command["sequence"] < 2 and "blocked" not in reasons
        recipient = command.get("message", {}).get("recipient_pseudonym") if yields else None
        self.set_hold(target, Hold(None, command["sequence"], until, command.get("canary", {}).get("limit"), then_sent,
                                   command.get("action", "hold") == "release", command.get("at_once", False),
                                   seconds(command["issued_at"]), recipient))  # fmt: skip

    def take_lifted(self, key, sequence):
        """A tombstone of the quarantine state: `key` is tenant/kind/id[/channel], the sequence is its header wn.sequence."""
        tenant, kind, name, *channel = [urllib.parse.unquote(part) for part in key.split("/")]
        target = {"tenant_id": tenant, "kind": kind, "id": name, "channel": channel[0] if channel else ""}
        self.set_hold(target, Hold(None, sequence, 0, None, True, True, False, 0, None))

    def set_hold(self, target, hold):
        key = (target["tenant_id"], target["kind"], target["id"], target.get("channel", ""))
        is_message = target["kind"] == "message"
        self.db.execute("BEGIN")  # What follows from a record comes once: the same one again changes nothing.
        changed = self.db.execute(
            "INSERT INTO holds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET sequence = excluded.sequence,"
            " until = excluded.until, room = excluded.room, then_sent = excluded.then_sent, is_release = excluded.is_release,"
            " at_once = excluded.at_once, issued = excluded.issued, recipient = excluded.recipient"
            " WHERE excluded.sequence > sequence", (*key, *hold[1:])).rowcount  # fmt: skip
        if changed and target["kind"] == "recipient":
            # What is his, and was set aside when its hold ran out, may go by his release (holds_on).
            self.db.execute("UPDATE messages SET state = 'kept' WHERE state = 'expired' AND message_id IN (SELECT id FROM holds"
                            " WHERE recipient = ? AND tenant = ? AND kind = 'message')", (target["id"], target["tenant_id"]))  # fmt: skip
        elif changed and not is_message:
            # What a canary had let go to be judged again, and was not sent, counts from the new command on.
            self.db.execute("UPDATE messages SET state = 'kept' WHERE state = 'retried'")
        elif changed and (hold.is_release or hold.then_sent):
            # Released, by a late record or a person, or held for the hour only: the verdict is void.
            self.db.execute("UPDATE messages SET not_before = min(not_before, ?), state = iif(state = 'expired', 'kept', state)"
                            " WHERE message_id = ?", (0 if hold.is_release else hold.until, target["id"]))  # fmt: skip
        self.db.execute("COMMIT")
        if changed:  # else older than what is known, or the same once more
            self.go_on(target["id"] if is_message else None)

    def take_verdict(self, verdict):
        """Gate mode: misdirected goes as its hold says (set_hold); what is sure goes now, what has a reason in a moment."""
        if verdict.get("recipient_pseudonym"):
            self.db.execute("UPDATE messages SET recipient = ? WHERE message_id = ?",
                            (verdict["recipient_pseudonym"], verdict["message_id"]))  # fmt: skip
        if not self.gate or verdict["verdict"] == "misdirected" and not {"overridden", "released"} & set(verdict["reasons"]):
            return
        sure = verdict["verdict"] == "exempt" or not verdict["reasons"]
        self.db.execute("UPDATE messages SET not_before = min(not_before, ?) WHERE message_id = ?",
                        (0 if sure else self.clock() + SETTLE_SECONDS, verdict["message_id"]))  # fmt: skip
        self.go_on(verdict["message_id"])

    # --- what goes out -------------------------------------------------------------------------------------------------

    def said_of(self, event, kind, name):
        """The newest that is said of something of the message's tenant: of it, and of its channel."""
        rows = self.db.execute(f"SELECT rowid, {', '.join(Hold._fields[1:])} FROM holds WHERE tenant = ? AND kind = ? AND id = ?"
                               " AND channel IN ('', ?)", (event.get("tenant_id") or "default", kind, name,
                                                           event.get("channel") or ""))  # fmt: skip
        return [Hold(*row) for row in rows]

    def holds_on(self, event, recipient):
        """Every hold that a message meets, its own first; and whether it would have one, had a person not released its recipient."""
        own = next(iter(self.said_of(event, "message", event["message_id"])), None)
        his = next(iter(self.said_of(event, "recipient", recipient or own and own.recipient)), None)
        is_persons = own is not None and own.sequence >= 2  # of the message itself: before what is said of its recipient
        is_released = bool(own and his and his.is_release and own.recipient and own.issued < his.until)
        holds = [own] if own and not own.is_release and not is_released else []
        if his and not his.is_release and not is_persons:
            holds.append(his)
        word = own if is_persons else his
        if word and word.is_release and word.at_once and (word is own or self.clock() < his.until):
            return holds, is_released  # also out of scopes that are held
        names = [(kind, event.get(kind + "_id")) for kind in SCOPES[:-1]] + [("tenant", event.get("tenant_id") or "default")]
        holds += [hold for kind, name in names for hold in self.said_of(event, kind, name) if not hold.is_release]
        return holds, is_released

    def go_on(self, message_id=None, is_published=False):
        """Sends what may go: one message, or all that are kept, oldest first."""
        rows = self.db.execute("SELECT place, event, state, not_before, recipient FROM messages WHERE state IN ('kept', 'retried')"
                               " AND (?1 IS NULL OR message_id = ?1) ORDER BY place", (message_id,)).fetchall()  # fmt: skip
        for place, text, state, not_before, recipient in rows:
            self.try_to_send(place, json.loads(text), state, not_before, recipient, is_published)

    def try_to_send(self, place, event, state, not_before, recipient, is_published):
        now, canaries = self.clock(), []
        holds, is_released = self.holds_on(event, recipient)
        for hold in holds:
            if hold.until <= now and not hold.then_sent:
                self.put(place, "expired")
                return
            if hold.until > now and hold.room is None:
                return
            if hold.until > now:
                canaries.append((hold.rowid, hold.room))
        not_before = 0 if is_released else not_before
        if canaries and state == "kept":
            if any(room <= 0 for _, room in canaries):
                return
            # The event again, so that it is judged by the data of now; in gate mode it goes when that verdict is there.
            self.db.execute("BEGIN")
            self.db.executemany("UPDATE holds SET room = room - 1 WHERE rowid = ?", [(rowid,) for rowid, _ in canaries])
            self.db.execute("UPDATE messages SET state = 'retried', not_before = ? WHERE place = ?",
                            (NEVER if self.gate else 0, place))  # fmt: skip
            if not is_published:
                self.publish(event)  # before it is noted: rather twice than never
            self.db.execute("COMMIT")
            not_before = NEVER if self.gate and not is_released else 0
        if now < not_before:
            return
        self.put(place, "given")
        self.gateway.send(event)
        self.put(place, "sent")


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def take_line(sender, line, queue):
    """One `kcat -J` line, told apart by what is in it."""
    envelope = json.loads(line)
    headers = dict(zip(envelope.get("headers", [])[::2], envelope.get("headers", [])[1::2]))
    payload = envelope.get("payload")
    if payload is None:
        sender.take_lifted(envelope["key"], int(headers["wn.sequence"]))
        return
    record = json.loads(payload)
    if envelope["topic"] == queue:
        sender.take_order(record)
    elif "target" in record:
        sender.take_command(record)
    elif "verdict" in record:
        sender.take_verdict(record)


def lines_of(descriptor):
    """Lines as they come; None after each second and each time that nothing more is there for now."""
    rest = b""
    while True:
        if not select.select([descriptor], [], [], 1.0)[0]:
            yield None
            continue
        piece = os.read(descriptor, 1 << 16)
        if not piece:
            return
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole


def print_padded(event):
    """In whole blocks of 1 KiB: so kcat -P reads, and what ends within one would wait for the next message to come."""
    text = json.dumps(event)
    print(text + " " * (-(len(text) + 1) % 1024), flush=True)


def main():
    parser = argparse.ArgumentParser(description="A sender that obeys wrongnumber's commands.")
    parser.add_argument("--store", required=True)
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--queue", default="my.queue")
    parser.add_argument("--gate", action="store_true", help="send nothing before its verdict")
    options = parser.parse_args()
    sender = Sender(options.store, Gateway(options.gateway), print_padded, options.gate)
    for line in lines_of(sys.stdin.fileno()):
        if line is None:
            sender.go_on()  # holds that have run out
        elif line:
            take_line(sender, line, options.queue)


if __name__ == "__main__":
    main()

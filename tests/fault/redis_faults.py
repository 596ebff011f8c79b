#!/usr/bin/env python3
"""redis_faults.py BUILD [--long] [NAME...]: faults of the cache under a stream of messages that all go to somebody who owes
(but for one in 400, which goes to nobody, to see that misses are believed). Whatever is done to Redis, none of the
healthy may ever be misdirected and no scope held; `cache.suspect` is told within 2 s of the fault, and within 5 s of the
repair `cache.recovered`, a healthy message is clear again and a miss is believed again. Prints `ok NAME` / `not ok NAME`
and a table. Without --long the short form: six faults that stand for the others.

Those times are the processor's. What the machine takes for a message's whole way just before the fault ("delay s" in the
table: next to nothing on one that has nothing else to do) is added to each.
"""
import json
import os
import signal
import subprocess
import sys
import time

import redis_stage
from redis_stage import wait_until

SUSPECT_SECONDS = 2.0
NORMAL_SECONDS = 5.0
SILENCE_SECONDS = 2.0  # between verdicts: the poll loop is alive
SETTLE_SECONDS = 1.5
PLAYS_PER_STAGE = 6  # the sandbox keeps all, and slows down with it

TOLD, UNTOLD, EITHER = "told", "untold", "either"  # whether cache.suspect is to come


class Play:
    def __init__(self, name, fault, repair, suspect=TOLD, hold=3.0, short=False, unknowns=None):
        self.name, self.fault, self.repair, self.suspect, self.hold, self.short = name, fault, repair, suspect, hold, short
        self.unknowns = unknowns  # whether any message may be unknown; None = as it comes


# --- what is done to the data ---


def epoch(redis):
    return json.loads(redis.call("GET", "wn:{00}:epoch"))


def buckets(redis):
    return [line for line in redis.call("--scan", "--pattern", "wn:{00}:[0-9]*:*").split("\n") if line]


def delete_half(stage):
    for i in range(0, len(names := buckets(stage.redis)[::2]), 500):
        stage.redis.call("UNLINK", *names[i:i + 500])


def restart_empty(stage):
    stage.redis.kill()
    stage.redis.start()


def half_load(stage):
    """A load that is killed in the middle: what is in force stays in force."""
    generation = epoch(stage.redis)["generation"]
    before = int(stage.redis.call("DBSIZE"))
    at = "2099-01-01T00:00:00Z"
    loader = subprocess.Popen([os.path.join(stage.build, "wrongnumber"), "load", "-c", stage.path("load.yaml"),
                               "--bucket-bits", "18", "--watermark", at, stage.path("people")],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(10, lambda: int(stage.redis.call("DBSIZE")) > before + 20000)
    loader.kill()
    loader.wait()
    if epoch(stage.redis)["generation"] != generation:
        raise SystemExit("the load was over before it was killed")
    stage.redis.call("DEL", "wn:{00}:lock")


def evict(stage):
    """An allkeys policy at the ceiling of memory, and somebody else's keys that push ours out."""
    stage.redis.call("CONFIG", "SET", "maxmemory-policy", "allkeys-random")
    used = int(next(line for line in stage.redis.call("INFO", "memory").splitlines()
                    if line.startswith("used_memory:")).split(":")[1])
    stage.redis.call("CONFIG", "SET", "maxmemory", str(used))
    stage.redis.call("EVAL", "for i=1,4000 do redis.call('SET','other:'..i,string.rep('x',400)) end", "0")


def end_eviction(stage):
    stage.redis.call("CONFIG", "SET", "maxmemory", "0")
    stage.redis.call("CONFIG", "SET", "maxmemory-policy", "noeviction")
    stage.redis.call("FLUSHALL")
    stage.load()


def to_empty_replica(stage):
    """A replica that had nothing yet became the master."""
    master = stage.another_redis("empty-master")
    stage.fault_begins()
    stage.tell_proxy("to %d" % master.port)


def to_replica(stage):
    """A replica that is in step, but no master."""
    replica = stage.another_redis("replica", "--replicaof", "127.0.0.1", str(stage.redis.port))
    wait_until(10, lambda: "master_link_status:up" in replica.call("INFO", "replication"))
    stage.fault_begins()
    stage.tell_proxy("to %d" % replica.port)


def to_stale_master(stage):
    """A master that has last week's data: half of the people are not in it."""
    old = stage.another_redis("stale")
    with open(stage.path("people")) as people, open(stage.path("half"), "w") as half:
        half.writelines(line for i, line in enumerate(people) if i % 2)
    newest = stage.watermark
    stage.watermark = newest - 3600 * 1000
    config = stage.path("load.yaml")
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stage.watermark // 1000))
    with open(config) as f, open(stage.path("other.yaml"), "w") as other:
        other.write(f.read().replace("127.0.0.1:%d" % stage.redis.port, "127.0.0.1:%d" % old.port))
    subprocess.run([os.path.join(stage.build, "wrongnumber"), "load", "-c", stage.path("other.yaml"), "--watermark", at,
                    stage.path("half")], check=True, capture_output=True)
    generation = epoch(stage.redis)["generation"]
    text = old.call("GET", "wn:{00}:epoch").replace(str(epoch(old)["generation"]), str(generation))
    # As a copy of the same database would be: the same generation, older.
    old.call("EVAL", "local g='%d' for _,k in ipairs(redis.call('KEYS','wn:{00}:[0-9]*')) do "
             "redis.call('RENAME',k,(k:gsub('{00}:%%d+:','{00}:'..g..':'))) end" % generation, "0")
    old.call("SET", "wn:{00}:epoch", text)
    stage.watermark = newest
    stage.fault_begins()
    stage.tell_proxy("to %d" % old.port)


def back_home(stage):
    stage.tell_proxy("to %d" % stage.redis.port)


def demote(stage):
    """Whoever watches over it makes it a replica of an empty master; its data go with that."""
    master = stage.another_redis("new-master")
    stage.fault_begins()
    stage.redis.call("REPLICAOF", "127.0.0.1", str(master.port))


def promote(stage):
    stage.redis.call("REPLICAOF", "NO", "ONE")
    stage.load()


def want_password(stage):
    stage.redis.call("CONFIG", "SET", "requirepass", "secret")
    stage.redis.password = "secret"
    stage.redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


def want_no_password(stage):
    stage.redis.call("CONFIG", "SET", "requirepass", "")
    stage.redis.password = None


def swap(stage):
    stage.redis.call("SWAPDB", "0", "7")


def sleepy(stage):
    """The server does nothing for 200 ms, time and again."""
    for _ in range(8):
        stage.redis.call("DEBUG", "SLEEP", "0.2")


def reload(stage):
    stage.redis.call("DEBUG", "RELOAD")


def slow_reload(stage):
    """Loading takes a while, and who asks is told LOADING."""
    stage.redis.call("CONFIG", "SET", "key-load-delay", "500")
    stage.redis.call("CONFIG", "SET", "loading-process-events-interval-bytes", "1024")
    subprocess.Popen(["redis-cli", "-p", str(stage.redis.port), "DEBUG", "RELOAD"], stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)


def load_is_over(stage):
    stage.redis.call("CONFIG", "SET", "key-load-delay", "0")
    wait_until(30, lambda: "loading:0" in stage.redis.call("INFO", "persistence"))


def command(*words):
    return lambda stage: stage.redis.call(*words)


def proxy(order):
    return lambda stage: stage.tell_proxy(order)


def signal_redis(number):
    return lambda stage: stage.redis.process.send_signal(number)


def load(stage):
    stage.load()


def nothing(_):
    pass


PLAYS = [
    Play("FLUSHALL", command("FLUSHALL"), load, short=True),
    Play("the epoch alone is deleted", command("DEL", "wn:{00}:epoch"), load),
    Play("half of the buckets are deleted", delete_half, load, short=True),
    Play("one bucket is deleted", lambda s: s.redis.call("DEL", buckets(s.redis)[0]), load),
    Play("restart with nothing", restart_empty, load),
    Play("SWAPDB with an empty database", swap, swap, short=True),
    Play("a load killed in the middle", half_load, nothing, suspect=UNTOLD, unknowns=False),
    Play("eviction", evict, end_eviction, short=True),
    Play("SIGSTOP", signal_redis(signal.SIGSTOP), signal_redis(signal.SIGCONT), hold=5.0, short=True),
    Play("a connection that swallows all", proxy("hole"), proxy("pass"), hold=5.0),
    Play("200 ms late", proxy("slow 200"), proxy("pass")),
    Play("a server that sleeps 200 ms at a time", sleepy, nothing, suspect=EITHER, hold=0),
    Play("one byte a second", proxy("drip 1"), proxy("pass"), hold=5.0),
    Play("resets in the middle of answers", proxy("reset"), proxy("pass")),
    Play("answers that are garbage", proxy("garbage"), proxy("pass")),
    Play("failover to an empty master", to_empty_replica, back_home, short=True),
    Play("failover to a replica", to_replica, back_home),
    Play("failover to older data", to_stale_master, back_home),
    Play("made a replica of an empty master", demote, promote),
    Play("DEBUG RELOAD", reload, nothing, suspect=EITHER, hold=0),
    Play("LOADING", slow_reload, load_is_over),
    Play("NOAUTH", want_password, want_no_password),
]

# --- one play ---


class Failures:
    def __init__(self):
        self.count = 0

    def check(self, name, is_good, detail=""):
        print("%s %s%s" % ("ok" if is_good else "not ok", name, "" if is_good or not detail else ": " + detail), flush=True)
        self.count += not is_good


def seconds(t):
    return "-" if t is None else "%.2f" % t


def perform(stage, play, failures):
    begun = [time.time()]
    stage.fault_begins = lambda: begun.__setitem__(0, time.time())
    stage.fault_begins()
    play.fault(stage)
    delay = stage.delay(begun[0])
    wait_until(play.hold, lambda: False)
    if play.suspect == TOLD:
        wait_until(SUSPECT_SECONDS + delay, lambda: stage.first_alert("cache.suspect", begun[0]))
    play.repair(stage)
    repaired = time.time()
    suspect = stage.first_alert("cache.suspect", begun[0])
    if suspect:
        wait_until(2 * NORMAL_SECONDS, lambda: stage.first_alert("cache.recovered", repaired))
    wait_until(2 * NORMAL_SECONDS, lambda: stage.known_after(repaired))
    wait_until(SETTLE_SECONDS, lambda: False)
    suspect = stage.first_alert("cache.suspect", begun[0])
    recovered = stage.first_alert("cache.recovered", repaired)
    told = suspect[0] - begun[0] if suspect else None
    cause = suspect[1]["cause"]["likely"] if suspect else "-"
    normal = recovered[0] - repaired if recovered else None
    known = stage.known_after(repaired)
    known = known - repaired if known else None
    silence = stage.longest_silence(begun[0], time.time())
    counts = stage.counts(begun[0], repaired)
    wrong = stage.misdirected_healthy()

    name = play.name
    failures.check(name + ": no healthy message is misdirected", not wrong, str(wrong[:5]))
    failures.check(name + ": no scope is held", not stage.scope_commands, json.dumps(stage.scope_commands[:1]))
    if play.suspect == TOLD:
        failures.check(name + ": cache.suspect within %g s" % SUSPECT_SECONDS, told is not None and told <= SUSPECT_SECONDS + delay,
                       "after %s s" % seconds(told))
    elif play.suspect == UNTOLD:
        failures.check(name + ": nobody suspects the cache", told is None, "after %s s" % seconds(told))
    if suspect:
        failures.check(name + ": cache.recovered within %g s" % NORMAL_SECONDS,
                       normal is not None and normal <= NORMAL_SECONDS + delay, "after %s s" % seconds(normal))
    failures.check(name + ": all is known again within %g s" % NORMAL_SECONDS, known is not None and known <= NORMAL_SECONDS + delay,
                   "after %s s" % seconds(known))
    failures.check(name + ": verdicts keep coming", silence <= SILENCE_SECONDS + delay, "%.2f s without one" % silence)
    if play.unknowns is False:
        failures.check(name + ": nobody is unknown", not counts.get("unknown"), str(counts))
    failures.check(name + ": the processor lives", stage.is_alive())
    return (name, len(wrong), seconds(delay), seconds(told), cause, seconds(normal), seconds(known), "%.2f" % silence,
            "%d/%d" % (counts.get("unknown", 0), sum(counts.values())))


def perform_all(build, plays, failures):
    stage = redis_stage.Stage(build)
    try:
        stage.start()
        rows = [perform(stage, play, failures) for play in plays]
        stage.stop_stream()
        failures.check("every message has a verdict", wait_until(10, lambda: not stage.missing()), str(len(stage.missing())))
        failures.check("told to end, it ends with 0", stage.end() == 0)
        return rows
    finally:
        stage.end()
        stage.clean()


def main():
    words = [word for word in sys.argv[2:] if not word.startswith("--")]
    plays = [play for play in PLAYS if (play.name in words if words else play.short or "--long" in sys.argv)]
    if len(sys.argv) < 2 or not plays:
        print(__doc__, file=sys.stderr)
        return 64
    failures, rows = Failures(), []
    for i in range(0, len(plays), PLAYS_PER_STAGE):
        rows += perform_all(sys.argv[1], plays[i:i + PLAYS_PER_STAGE], failures)
    head = ("fault", "misdirected", "delay s", "suspect s", "cause", "recovered s", "known s", "silence s", "unknown/sent")
    widths = [max(len(str(row[i])) for row in [head] + rows) for i in range(len(head))]
    for row in [head] + rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    return 1 if failures.count else 0


if __name__ == "__main__":
    sys.exit(main())

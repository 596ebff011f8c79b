"""One case from its stage to its verdict."""

import collections
import os
import subprocess
import traceback

from accounts import Accounts
from oracle import Oracle
from plant import Plant
from world import Data, Trouble, World, tail

BROKEN = ["AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:", "assertion"]
LOST = ["the log begins at offset", "it is another log"]
PEAK_MIB_MAX = 768

Stage = collections.namedtuple("Stage", "kind build work seed is_long")
Case = collections.namedtuple("Case", "name where is_short text play")


class Play:
    """What a case has in hand while it is played."""

    def __init__(self, stage, world):
        self.stage, self.world, self.random = stage, world, world.random
        self.is_long, self.kind = stage.is_long, stage.kind
        self.failures = 0
        self.figures = {}

    def say(self, is_good, name, details=()):
        details = [str(each)[:600] for each in details]
        for each in details[:5]:
            print(f"  {each}")
        if len(details) > 5:
            print(f"  and {len(details) - 5} more")
        print(f"{'ok' if is_good else 'not ok'} {name}", flush=True)
        self.failures += not is_good

    def plant(self, name, messages, incident="wrong_list:at=40%,size=400", options=(), **more):
        """Redis, broker, data and topics for so many messages."""
        self.world.start_redis()
        incidents = ["--incident", incident] if incident else []
        data = Data(self.world, messages, [*incidents, *options])
        if self.kind == "kafka":
            self.world.start_broker(None)
        return Plant(self.world, name, data, **more)

    def judge(self, plant, title, detect=None, patience=60):
        """Waits for the detect half, ends it, and holds the topics against the oracle."""
        accounts = Accounts(plant, Oracle(plant.data.relationships))
        if detect is not None:
            try:
                self.figures["s until all is told"] = round(plant.await_folded(patience, accounts), 1)
            except Trouble as trouble:
                print(f"  {trouble}; {tail(detect.log)}")
            plant.stop(detect)
        for name, faults in accounts.check_all():
            self.say(not faults, f"{title}: {name}", faults)
        self.say(not plant.ended_badly, f"{title}: no process ends but by us", plant.ended_badly)
        self.check_logs(plant, title)
        peak = max(plant.peak_kib.values(), default=0) // 1024
        self.figures["peak MiB"] = peak
        self.say(peak <= PEAK_MIB_MAX, f"{title}: memory stays below {PEAK_MIB_MAX} MiB")
        self.figures.update(accounts.figures)

    def check_logs(self, plant, title, lost_is_wrong=True):
        wrong = []
        for name in sorted(os.listdir(self.world.work)):
            if name.startswith(plant.name + ".") and name.endswith(".log"):
                with open(self.world.path(name), encoding="utf-8", errors="replace") as file:
                    wrong += [f"{name}: {line.strip()}" for line in file
                              if any(word in line for word in BROKEN) or (lost_is_wrong and any(text in line for text in LOST))]
        self.say(not wrong, f"{title}: no assertion, no sanitizer, no offset lost", wrong)


def play(case, stage):
    """Plays a case and prints what came of it; returns the number of failures."""
    processor = "wrongnumber-failpoints" if "failpoint" in case.name else "wrongnumber"
    with World(stage.kind, stage.build, stage.work, f"{stage.seed} {case.name}", processor) as world:
        it = Play(stage, world)
        try:
            case.play(it)
        except (Trouble, OSError, KeyError, ValueError, subprocess.SubprocessError) as error:
            traceback.print_exc()
            it.say(False, f"{case.name}: is played to its end", [error])
        if it.figures:
            print(f"   {case.name}: " + ", ".join(f"{name} {value}" for name, value in it.figures.items()))
        return it.failures

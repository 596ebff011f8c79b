"""A processor at work on a world: its configuration, its halves, and how far it has come."""

import json
import os
import time

from world import Trouble, tail, wait_until

# A busy machine is not to make a verdict unknown: these faults are not the cache's.
CONFIG = """
roles: [{roles}]
kafka:
  bootstrap: "{bootstrap}"
  group: "{name}"
  instance_id: {instance_id}
  stall_timeout: {stall_timeout}
  properties:
    session.timeout.ms: "{session_ms}"
    heartbeat.interval.ms: "{heartbeat_ms}"
{properties}
redis:
  address: "unix:{socket}"
  deadline: 10s
verdicts: all
policy:
  mode: enforce
snapshot_interval: 200ms
batch:
  messages: {batch}
topics:
  outbound: "{name}.outbound"
  control: "{name}.control"
  tallies: "{name}.tallies"
  detector_state: "{name}.detector-state"
  alerts: "{name}.alerts"
  commands: "{name}.commands"
  state: "{name}.state"
  dead_letter: "{name}.dead-letter"
  verdicts: "{name}.verdicts"
  relationships: "{name}.relationships"
  outbound_partitions: {outbound_partitions}
  output_partitions: {output_partitions}
  tally_partitions: 4
{more}
"""


class Plant:
    """Topics, configuration and processes of one case."""

    def __init__(self, world, name, data, session_ms=None, batch=200, more="", properties=None, brokers=1, partitions=8,
                 stall_timeout="60s"):
        self.world, self.name, self.data = world, name, data
        self.outbound_partitions = partitions
        self.lives = 0
        self.ended_badly = []
        self.peak_kib = {}
        sandbox = world.kind == "sandbox"
        self.output_partitions = 16 if sandbox else 4
        # A real broker takes no less than 6 s. The sandbox waits 3 s for more members of a group that was empty: with a
        # session of 3 s it may throw a member out that it is about to answer, and never answers that one's JoinGroup.
        session_ms = session_ms or (4000 if sandbox else 6000)
        self.fields = {"name": name, "bootstrap": world.bootstrap or "127.0.0.1:1", "socket": world.path("redis.sock"),
                       "session_ms": session_ms, "heartbeat_ms": 200 if sandbox else 500, "batch": batch, "more": more,
                       "stall_timeout": stall_timeout,
                       "outbound_partitions": self.outbound_partitions, "output_partitions": self.output_partitions,
                       "properties": ""}
        self.properties = properties or {}
        self.config("all", "judge, detect")
        if sandbox:
            world.start_broker(self.config_path("all"), brokers)
        elif world.bootstrap is None:
            world.start_broker(None)
        self.fields["bootstrap"] = world.bootstrap
        for part, roles in (("all", "judge, detect"), ("judge", "judge"), ("detect", "detect")):
            self.config(part, roles)
        if not sandbox:
            world.call(world.processor, "topics", "--create", "-c", self.config_path("all"))
        world.call(world.processor, "load", "-c", self.config_path("all"), data.relationships)

    def config_path(self, part):
        return self.world.path(f"{self.name}.{part}.yaml")

    def config(self, part, roles, instance_id="null"):
        """Writes the configuration of one kind of process; returns its path. With an instance id it is a static member:
        a real broker then gives a new life its partitions at once, without waiting for the end of the old one's session."""
        lines = [f'    {key}: "{value}"' for key, value in self.properties.items()]
        with open(self.config_path(part), "w", encoding="utf-8") as file:
            file.write(CONFIG.format(**{**self.fields, "roles": roles, "instance_id": instance_id, "properties": "\n".join(lines)}))
        return self.config_path(part)

    def topic(self, role):
        return f"{self.name}.{role}"

    def start(self, part, config=None, env=None):
        """A life of `judge`, `detect` or `all`; `config` where it is not the one of that name."""
        self.lives += 1
        return self.world.start(f"{self.name}.{part}",
                                [self.world.processor, "run", "-c", self.config_path(config or part)],
                                env={**os.environ, **(env or {})})

    def note(self, process):
        """Keeps what is to be known of a process at its end."""
        peak = max(self.peak_kib.get(process.name, 0), process.peak_kib)
        self.peak_kib[process.name] = peak
        if process in self.world.children and not process.is_running():
            self.world.children.remove(process)

    def kill(self, process):
        if not process.is_running():
            self.ended_badly.append(f"{process.name} ended by itself, status {process.child.returncode}: "
                                    f"{tail(process.log, 4)}")
        process.kill()
        self.note(process)

    def stop(self, process):
        status = process.stop()
        self.note(process)
        if status != 0:
            self.ended_badly.append(f"{process.name} ended with status {status}: {tail(process.log, 4)}")

    # --- how far it has come --------------------------------------------------------------------------------------

    def settled(self):
        """How many offsets of the outbound topic have a verdict or a dead letter."""
        seen = set()
        for envelope in self.world.fetch(self.topic("verdicts")):
            source = json.loads(envelope["payload"])["source"]
            seen.add((source["partition"], source["offset"]))
        for envelope in self.world.fetch(self.topic("dead-letter")):
            flat = envelope.get("headers") or []
            headers = dict(zip(flat[0::2], flat[1::2]))
            seen.add((int(headers["__connect.errors.partition"]), int(headers["__connect.errors.offset"])))
        return len(seen)

    def sent(self):
        return self.world.ends(self.topic("outbound"), self.outbound_partitions)

    def written(self):
        return (self.world.ends(self.topic("verdicts"), self.output_partitions)
                + self.world.ends(self.topic("dead-letter"), self.output_partitions))

    def await_settled(self, seconds, *needed):
        """Waits until each offset has an answer; tells how long it took."""
        begin, total = time.monotonic(), self.sent()
        while True:
            count = 0
            if self.written() >= total:
                count = self.settled()
                if count >= total:
                    return time.monotonic() - begin
            for process in needed:
                if not process.is_running():
                    raise Trouble(f"{process.name} has ended, status {process.child.returncode}: {tail(process.log)}")
            if time.monotonic() - begin > seconds:
                # What is missing is told by those who hold the topics against the oracle.
                print(f"  {self.written()} answers, to {count} of {total} offsets, within {seconds} s")
                return seconds
            time.sleep(0.5)

    def await_folded(self, seconds, accounts):
        """Waits until the detect half has told all that follows from the tally log."""
        return wait_until("the detect half tells what the log says", seconds, accounts.is_told, every=1)

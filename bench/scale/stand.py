"""What a measurement stands on: private servers, the processor, and what processes cost.

Everything binds to 127.0.0.1 or a Unix socket in a scratch folder and ends with the stand; nothing is ended but what
was started here. CPU time is of whole processes, from /proc, and therefore good on a machine that does other work too.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNS = 7  # of an odd number the median is one of them; least to most of seven hold it with 98.4 %


class Failed(Exception):
    """A measurement that cannot be made; its text says why."""


# --- figures --------------------------------------------------------------------------------------


def figure(values):
    """Median with the least and the greatest."""
    ordered = sorted(values)
    return [ordered[len(ordered) // 2], ordered[0], ordered[-1]]


def ratios(values, base):
    """Run by run, since runs that follow one another have the same neighbours."""
    return figure([value / other for value, other in zip(values, base)])


def load_average():
    return round(os.getloadavg()[0], 2)


# --- processes ------------------------------------------------------------------------------------


def cpu_ns(pid):
    """CPU time of all threads that a process has had, user and system."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    fields = text[text.rindex(")") + 2 :].split()
    ticks = int(fields[11]) + int(fields[12])
    coarse = ticks * (1_000_000_000 // os.sysconf("SC_CLK_TCK"))
    # To the nanosecond where no thread has ended: then the two agree but for rounding.
    fine = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        fine += int((thread / "schedstat").read_text("ascii").split()[0])
    return fine if abs(fine - coarse) < 50_000_000 else coarse


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text("utf-8", "replace").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise Failed(f"process {pid} has no memory any more")


def free_port(above=0):
    """A port that is free, and the one so far above it too (the bus of a cluster's node)."""
    for port in range(21011, 52000, 7):
        held = []
        try:
            for number in {port, port + above}:
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", number))
            return port
        except OSError:
            continue
        finally:
            for each in held:
                each.close()
    raise Failed("no port is free")


def wait_until(seconds, what, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds} s in vain: {what}")
        time.sleep(0.05)


class Stand:
    """A scratch folder and what was started in it."""

    def __init__(self, build, broker="auto", keep=False):
        self.build = pathlib.Path(build).resolve()
        self.processor = self.build / "wrongnumber"
        self.bench = self.build / "wrongnumber-bench"
        for program in (self.processor, self.bench):
            if not os.access(program, os.X_OK):
                raise Failed(f"{program} is not there: build it, or name another folder with --build")
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="scale."))
        self.keep = keep
        self.started = []
        self.kafka = None
        self.broker = broker
        self.broker_pid = None
        self.bootstrap = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            self.end(process)
        if self.kafka:
            subprocess.run([self.kafka, "kill", "--dir", self.work / "kafka"], check=False)
        if not self.keep:
            shutil.rmtree(self.work, ignore_errors=True)

    def start(self, name, command, **options):
        log = open(self.work / f"{name}.log", "ab")
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options
        )
        log.close()
        self.started.append(process)
        return process

    def end(self, process, seconds=20):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self.started:
            self.started.remove(process)

    def call(self, *command, **options):
        """Standard output of a program that must succeed."""
        done = subprocess.run(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **options
        )
        if done.returncode != 0:
            tail = done.stderr.decode("utf-8", "replace").strip()[-600:]
            raise Failed(f"{' '.join(str(part) for part in command)}: exit {done.returncode}: {tail}")
        return done.stdout.decode("utf-8")

    # --- Redis ------------------------------------------------------------------------------------

    def start_redis(self, name="redis", port=0, *options):
        """A server of its own: its process and its Unix socket."""
        folder = self.work / name
        folder.mkdir(exist_ok=True)
        path = folder / "redis.sock"
        process = self.start(
            name,
            ["redis-server", "--port", port, "--bind", "127.0.0.1", "--unixsocket", path, "--dir", folder]
            + ["--save", "", "--appendonly", "no", *options],
        )
        wait_until(20, f"{name} to answer", lambda: self.ask(path, "PING") == "PONG")
        return process, path

    def ask(self, path, *words):
        done = subprocess.run(["redis-cli", "-s", str(path), *words], capture_output=True, check=False)
        return done.stdout.decode("utf-8", "replace").strip()

    def redis_info(self, path):
        fields = (line.split(":", 1) for line in self.ask(path, "INFO").splitlines() if ":" in line)
        return {name: value.strip() for name, value in fields}

    # --- Kafka ------------------------------------------------------------------------------------

    def start_broker(self):
        """A real Apache Kafka where one can be had, else the built-in one; `broker` says which."""
        dev_kafka = ROOT / "deploy/dev-kafka"
        if self.broker in ("auto", "kafka"):
            is_there = subprocess.run([dev_kafka, "available"], capture_output=True, check=False).returncode == 0
            if self.broker == "kafka" and not is_there:
                raise Failed("deploy/dev-kafka has no Kafka here")
            self.broker = "kafka" if is_there else "sandbox"
        if self.broker == "kafka":
            self.kafka = dev_kafka
            self.call(dev_kafka, "start", "--dir", self.work / "kafka")
            self.bootstrap = (self.work / "kafka/bootstrap").read_text("ascii").strip()
            self.broker_pid = int((self.work / "kafka/pid").read_text("ascii"))
        else:
            file = self.work / "bootstrap"
            self.broker_pid = self.start("sandbox", [self.bench, "sandbox", "--bootstrap-file", file]).pid
            wait_until(20, "the sandbox", lambda: file.exists() and file.read_text("ascii").strip())
            self.bootstrap = file.read_text("ascii").strip()

    # --- the processor ----------------------------------------------------------------------------

    def write_config(self, name, redis, partitions, ops_port=0, more=""):
        """A configuration with topics and groups of its own; `redis` is its redis: part as lines."""
        roles = "control tallies detector_state alerts commands state control_state dead_letter verdicts complaints"
        topics = "".join(f'  {role}: "{name}.{role.replace("_", "-")}"\n' for role in roles.split())
        path = self.work / f"{name}.{ops_port}.yaml"
        path.write_text(
            f'kafka:\n  bootstrap: "{self.bootstrap}"\n  group: "{name}"\n'
            + "  properties:\n    session.timeout.ms: \"6000\"\n    heartbeat.interval.ms: \"500\"\n"
            + f"redis:\n{redis}"
            + "verdicts: flagged\npolicy:\n  mode: enforce\n  hold_cap: 1000\n"
            + f'topics:\n  outbound: "{name}.in"\n  outbound_partitions: {partitions}\n{topics}'
            + (f'ops:\n  listen: "127.0.0.1:{ops_port}"\n' if ops_port else "")
            + more,
            "utf-8",
        )
        return path

    def make_topics(self, config, partitions):
        if self.broker == "kafka":
            self.call(self.processor, "topics", "--create", "-c", config)
            return
        # The built-in broker makes a topic when it is asked for, with 4 partitions.
        if partitions != 4:
            raise Failed("the built-in broker has 4 partitions a topic here")
        names = [line.split('"')[1] for line in config.read_text("utf-8").splitlines() if line.startswith("  ") and '"' in line]
        for topic in (name for name in names if "." in name and ":" not in name):
            self.call("kcat", "-b", self.bootstrap, "-L", "-t", topic)

    def start_processors(self, name, redis, partitions, count=1, more=""):
        """So many members of one group, which have their partitions when this returns: [(process, ops port)]."""
        members = []
        for number in range(count):
            port = free_port()
            config = self.write_config(name, redis, partitions, port, more)
            if number == 0:
                self.make_topics(config, partitions)
            members.append((self.start(f"{name}.{number}", [self.processor, "run", "-c", config]), port))
            wait_until(20, f"{name}.{number} to listen", lambda port=port: self.metrics(port) is not None)
        wait_until(90, f"{name} to have its partitions", lambda: self.have_partitions(members, partitions))
        return members

    def have_partitions(self, members, partitions):
        for process, _ in members:
            if process.poll() is not None:
                raise Failed(f"a processor has ended: {self.work}")
        shares = [self.metrics(port) or {} for _, port in members]
        start = 'wrongnumber_kafka_assigned_partitions{half="'
        judge, detect = (
            [sum(n for name, n in share.items() if name.startswith(f'{start}{half}"')) for share in shares]
            for half in ("judge", "detect")
        )
        return sum(judge) == partitions and sum(detect) == 4 and (len(members) > partitions or min(judge) > 0)

    def metrics(self, port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
                lines = answer.read().decode("utf-8").splitlines()
        except OSError:
            return None
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    # --- days and live ----------------------------------------------------------------------------

    def make_day(self, messages, incidents, customers=None, tenants=8, campaigns=400):
        """A day of `generate`, with so many wrong batches of 400 messages spread over it."""
        day = self.work / f"day.{messages}.{incidents}"
        if not day.exists():
            planted = []
            for number in range(incidents):
                kind = ("wrong_list", "closed_loans")[number % 2]
                planted += ["--incident", f"{kind}:at={(number + 1) * 100 // (incidents + 1)}%,size=400"]
            self.call(
                self.bench, "generate", "--seed", 11, "--messages", messages, "--tenants", tenants,
                "--campaigns", campaigns, "--customers", customers or messages // 2, *planted, "--out", day,
            )  # fmt: skip
        return day

    def live(self, config, day, rate, *options):
        """What `wrongnumber-bench live` says of it."""
        out = self.work / "live.json"
        command = [self.bench, "live", "-c", config, "--day", day, "--rate", rate, "--out", out, *options]
        if self.broker_pid:
            command += ["--broker-pid", self.broker_pid]
        self.call(*command)
        return json.loads(out.read_text("utf-8"))

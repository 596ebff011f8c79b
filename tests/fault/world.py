"""What a fault is played on: a broker, a Redis, the processor's halves in processes of their own, and topics.

Nothing here waits for the sake of time: every wait is for a condition, with a deadline. Only processes that were started
here are ended, each by its own id.
"""

import json
import os
import random
import re
import signal
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DEV_KAFKA = os.path.join(ROOT, "deploy", "dev-kafka")
OUTPUTS = ["alerts", "commands", "state", "dead-letter", "verdicts"]
TICKS = os.sysconf("SC_CLK_TCK")


class Trouble(Exception):
    """The test cannot go on."""


def wait_until(what, seconds, condition, every=0.05):
    """Waits until condition() is true; returns how long it took. Raises Trouble after so many seconds."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > seconds:
            raise Trouble(f"{what}: not within {seconds} s")
        time.sleep(every)
    return time.monotonic() - begin


def tail(path, lines=15):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except OSError:
        return ""


class Process:
    """A child. Its stderr goes on in one log through all its lives."""

    def __init__(self, name, command, log, stdin=subprocess.DEVNULL, env=None):
        self.name, self.log = name, log
        with open(log, "ab") as out:
            self.log_begin = out.tell()
            self.child = subprocess.Popen(command, stdin=stdin, stdout=out, stderr=out, env=env, cwd=os.path.dirname(log))
        self.peak_kib = 0

    def is_running(self):
        return self.child.poll() is None

    def measure(self):
        """Keeps the greatest resident size seen, in KiB."""
        try:
            with open(f"/proc/{self.child.pid}/status", encoding="ascii", errors="replace") as file:
                found = re.search(r"VmHWM:\s+(\d+)", file.read())
        except OSError:
            found = None
        self.peak_kib = max(self.peak_kib, int(found[1]) if found else 0)
        return self.peak_kib

    def cpu_seconds(self):
        with open(f"/proc/{self.child.pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        """kill -9, and waits for its end."""
        if self.is_running():
            self.measure()
            self.signal(signal.SIGKILL)
        return self.child.wait()

    def stop(self, seconds=40):
        """Tells it to end and returns its exit status; None when it had to be killed."""
        if self.is_running():
            self.measure()
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                return self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                return None
        return self.child.returncode

    def said(self, text):
        """Whether this life has written a line with that text in it."""
        try:
            with open(self.log, "rb") as file:
                file.seek(self.log_begin)
                return text.encode() in file.read()
        except OSError:
            return False


class World:
    """One broker and one Redis, and whatever is started beside them. Use with `with`."""

    def __init__(self, kind, build, work, seed, processor="wrongnumber"):
        self.kind, self.build, self.work = kind, build, work
        self.random = random.Random(seed)
        self.processor = os.path.join(build, processor)
        self.bench = os.path.join(build, "wrongnumber-bench")
        self.children = []
        self.bootstrap = None
        self.broker_process = None
        self.lock = threading.Lock()
        os.makedirs(work, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.children:
            if process.is_running():
                process.signal(signal.SIGCONT)
                process.kill()
        if self.kind == "kafka" and self.bootstrap:
            subprocess.run([DEV_KAFKA, "kill", "--dir", self.path("kafka")], check=False, stderr=subprocess.DEVNULL)

    def path(self, *names):
        return os.path.join(self.work, *names)

    def start(self, name, command, **more):
        process = Process(name, command, self.path(name + ".log"), **more)
        self.children.append(process)
        return process

    def call(self, *command, **more):
        """Runs a command to its end; raises Trouble when it fails."""
        done = subprocess.run(command, capture_output=True, check=False, **more)
        if done.returncode != 0:
            raise Trouble(f"{os.path.basename(command[0])} {command[1]}: status {done.returncode}: "
                          f"{done.stderr.decode(errors='replace')[-600:]}")
        return done.stdout

    # --- Redis ----------------------------------------------------------------------------------------------------

    def start_redis(self):
        self.redis = self.start("redis", ["redis-server", "--port", "0", "--unixsocket", self.path("redis.sock"),
                                          "--save", "", "--appendonly", "no", "--dir", self.work])
        wait_until("Redis answers", 20, self.redis_answers)

    def redis_answers(self):
        done = subprocess.run(["redis-cli", "-s", self.path("redis.sock"), "PING"], capture_output=True, check=False)
        return b"PONG" in done.stdout

    # --- the broker -------------------------------------------------------------------------------------------------

    def start_broker(self, config, brokers=1):
        """The sandbox of this world, or the real Kafka; with the topics of a configuration."""
        if self.kind == "sandbox":
            file = self.path("bootstrap")
            if os.path.exists(file):
                os.remove(file)
            self.broker_process = self.start(
                "sandbox", [self.bench, "sandbox", "-c", config, "--bootstrap-file", file, "--brokers", str(brokers)],
                stdin=subprocess.PIPE)
            wait_until("the sandbox starts", 20, lambda: os.path.exists(file))
        else:
            file = self.path("kafka", "bootstrap")
            os.makedirs(self.path("kafka"), exist_ok=True)
            self.kafka("start")
        with open(file, encoding="ascii") as text:
            self.bootstrap = text.read().strip()
        return self.bootstrap

    def kafka(self, verb):
        """start, stop or kill of the real one."""
        with open(self.path("dev-kafka.log"), "ab") as log:
            if subprocess.run([DEV_KAFKA, verb, "--dir", self.path("kafka")], stdout=log, stderr=log,
                              stdin=subprocess.DEVNULL, check=False).returncode != 0:
                raise Trouble(f"dev-kafka {verb}: {tail(self.path('dev-kafka.log'))}")

    def inject(self, *words):
        """A line to the sandbox: `down 1`, `err 0 3 6`, ..."""
        with self.lock:
            self.broker_process.child.stdin.write((" ".join(map(str, words)) + "\n").encode())
            self.broker_process.child.stdin.flush()

    # --- kcat -------------------------------------------------------------------------------------------------------

    def kcat(self, *arguments):
        return ["kcat", "-b", self.bootstrap, "-X", "fetch.wait.max.ms=10", "-X", "log_level=3", *arguments]

    def fetch(self, topic):
        """All that a topic has now: `kcat -J` envelopes, one after the other. Bytes that are no UTF-8 are replaced."""
        reached = {}
        for attempt in range(8):
            with subprocess.Popen(self.kcat("-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J", "-u"),
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
                for line in child.stdout:
                    envelope = json.loads(line.decode("utf-8", "replace"))
                    # After an error it is read again; what was given before is not given again.
                    if envelope["offset"] > reached.get(envelope["partition"], -1):
                        reached[envelope["partition"]] = envelope["offset"]
                        yield envelope
            if child.returncode == 0:
                return
            time.sleep(0.5 + attempt)
        raise Trouble(f"cannot read {topic}")

    def fetch_raw(self, topic, path):
        """The same as `partition offset size`, a line feed and the value's bytes, into a file."""
        for attempt in range(8):
            with open(path, "wb") as out:
                done = subprocess.run(self.kcat("-C", "-t", topic, "-o", "beginning", "-e", "-q", "-u", "-f", "%p %o %S\\n%s"),
                                      stdout=out, stderr=subprocess.DEVNULL, check=False)
            if done.returncode == 0:
                return
            time.sleep(1 + attempt)
        raise Trouble(f"cannot read {topic}")

    def ends(self, topic, partitions):
        """The number of records that a topic has had."""
        asked = [word for p in range(partitions) for word in ("-t", f"{topic}:{p}:-1")]
        done = subprocess.run(self.kcat("-Q", *asked), capture_output=True, check=False)
        return sum(int(line.rsplit(b" ", 1)[1]) for line in done.stdout.splitlines() if b"offset" in line)

    def ends_of(self, topic, partition):
        done = subprocess.run(self.kcat("-Q", "-t", f"{topic}:{partition}:-1"), capture_output=True, check=True)
        return int(done.stdout.split()[-1])


class Data:
    """Generated messages and the relationship data that they are about."""

    def __init__(self, world, messages, options=()):
        self.directory = world.path("data")
        world.call(world.bench, "generate", "--seed", str(world.random.randrange(1 << 31)), "--messages", str(messages),
                   "--tenants", "5", "--campaigns", "60", *options, "--out", self.directory)
        self.events = os.path.join(self.directory, "events.ndjson")
        self.relationships = os.path.join(self.directory, "relationships.ndjson")
        with open(os.path.join(self.directory, "scenario.json"), encoding="utf-8") as file:
            self.incidents = json.load(file)["incidents"]


class Feed(threading.Thread):
    """Produces lines of a file to a topic at an even rate, in a kcat of its own. Should that give up, as it does when a
    broker refuses what it sends, another one goes on: what is in the topic in the end is the input, whatever that is."""

    STEP = 0.02
    LINES_MAX = 20000

    def __init__(self, world, topic, path, seconds, options=()):
        super().__init__(daemon=True)
        self.command = world.kcat("-P", "-E", "-t", topic, "-X", "topic.partitioner=random", "-X",
                                  "sticky.partitioning.linger.ms=0", "-z", "lz4", *options)
        self.path, self.seconds = path, seconds
        with open(path, "rb") as file:
            self.lines = sum(1 for _ in file)
        self.halted = False
        self.trouble = None
        self.open()
        world.children.append(self)
        self.start()

    def open(self):
        self.child = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)

    # As a Process, for the world's end.
    def is_running(self):
        return self.child.poll() is None

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        self.halted = True
        self.child.kill()
        return self.child.wait()

    def run(self):
        begin, sent = time.monotonic(), 0
        with open(self.path, "rb") as file:
            while not self.halted and sent < self.lines:
                due = self.lines * (time.monotonic() - begin + self.STEP) / self.seconds if self.seconds else self.lines
                part = [file.readline() for _ in range(min(int(due) - sent, self.lines - sent, self.LINES_MAX))]
                sent += len(part)
                self.send(b"".join(part))
                time.sleep(self.STEP)
        try:
            self.child.stdin.close()
        except BrokenPipeError:
            pass

    def send(self, lines):
        try:
            self.child.stdin.write(lines)
            self.child.stdin.flush()
        except BrokenPipeError:
            if not self.halted:
                self.child.wait()
                self.open()

    def finish(self, seconds, early=False):
        """Waits until all is in the topic; with `early`, no more is sent."""
        self.halted = self.halted or early
        self.join(seconds)
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise Trouble("the feed does not end") from error

#!/usr/bin/env python3
"""run_story.py BUILD_DIR REDIS_SOCKET WORK_DIR STORY...: runs stories (see README.md) and says what came of each.

Exit status: 0 all are as they must be, 1 one is not, 64 wrong use.
"""

import concurrent.futures
import contextlib
import io
import json
import pathlib
import re
import subprocess
import sys

import story as stories
import story_checks as checks
import story_control as control

HERE = pathlib.Path(__file__).resolve().parent
BATCHES = (1, 7, 1000)
RESTARTED = 7  # in batches of that many, the detect half is saved and restored behind every frame
HOLD_MS = 24 * 3600 * 1000
sys.path.insert(0, str(HERE.parent / "schemas"))


class Runner:
    def __init__(self, build, socket, work):
        self.build, self.socket, self.work = build, socket, work

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise stories.StoryError(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr.strip()}")
        return done

    def redis(self, *command):
        return self.run("redis-cli", "-s", self.socket, "--raw", *command).stdout

    def write_input(self, story, folder):
        folder.mkdir()
        (folder / "relationships.ndjson").write_text("".join(f"{line}\n" for line in story.people), "utf-8")
        (folder / "events.ndjson").write_bytes(b"".join(m.line + b"\n" for m in story.messages))
        if story.controls:
            control.place(story, checks.times_by_label)
            control.write(story, folder / "controls.ndjson")
        socket = folder / "nobody.sock" if story.cache == "unreachable" else self.socket
        redis = f"redis:\n  address: unix:{socket}\n  prefix: {story.name}\n"
        (folder / "config.yaml").write_text(story.config + redis, "utf-8")
        return str(socket)

    def fill_redis(self, story, folder):
        if story.cache in ("empty", "unreachable"):
            return
        old = ["--watermark", "2020-01-01T00:00:00Z", "--valid-for", "1h"] if story.cache == "stale" else []
        self.run(self.build / "wrongnumber", "load", "-c", folder / "config.yaml", "--allow-empty", *old,
                 folder / "relationships.ndjson")  # fmt: skip
        if story.cache == "without-buckets":
            keys = self.redis("KEYS", f"{story.name}:*").split()
            self.redis("DEL", *(key for key in keys if not key.endswith(":epoch")))

    @staticmethod
    def controls(folder):
        path = folder / "controls.ndjson"
        return ("--control", path) if path.exists() else ()

    def replay(self, folder, source, batch, frame):
        out = folder / f"{source[0].strip('-')}-batch-{batch}-frame-{frame}"
        self.run(self.build / "wrongnumber-bench", "replay", "-c", folder / "config.yaml",
                 "--events", folder / "events.ndjson", *source, "--out", out,
                 "--batch", str(batch), "--frame", str(frame), *self.controls(folder),
                 *(("--restart", "1") if batch == RESTARTED else ()))  # fmt: skip
        return out

    def replay_all(self, story, folder, socket, frame):
        """Every way to the same bytes. Returns the folder of the first, and what is not the same."""
        sources = [("--redis", f"unix:{socket}")]
        if story.cache == "loaded":
            sources.insert(0, ("--relationships", str(folder / "relationships.ndjson")))
        outs = [self.replay(folder, source, batch, frame) for source in sources for batch in BATCHES]
        trouble = [
            f"{name}.ndjson of {out.name} is not that of {outs[0].name}"
            for out in outs[1:]
            for name in checks.FILES
            if (out / f"{name}.ndjson").read_bytes() != (outs[0] / f"{name}.ndjson").read_bytes()
        ]
        return outs[0], trouble

    def check(self, story, out, frame):
        run = checks.read_run(out)
        mode = "monitor" if re.search(r"(?m)^ *mode: monitor", story.config) else "enforce"
        texts = {name: (out / f"{name}.ndjson").read_text("utf-8") for name in checks.FILES}
        return [
            *checks.check_fates(story, run),
            *checks.check_recipients(story, run),
            *checks.check_alerts(story, run, frame),
            *checks.check_scope_commands(story, run, frame),
            *checks.check_message_holds(story, run, HOLD_MS, mode),
            *checks.check_state(story, run),
            *checks.check_incidents(run),
            *checks.check_drills(run),
            *checks.check_dead_letters(story, run),
            *control.check(story, run),
            *checks.check_summary(run, json.loads((out / "summary.json").read_text("utf-8"))),
            *checks.check_numbers_hidden(story, texts),
        ]

    def tell(self, path):
        """Runs one story. Returns what is wrong with it, [] when nothing is, and the folders whose records are left."""
        outs = []
        try:
            story = stories.read_story(path, control.read_control)
            folder = self.work / story.name
            socket = self.write_input(story, folder)
            self.fill_redis(story, folder)
            trouble = []
            for frame in sorted(story.alerts.keys() | story.commands.keys()):
                story.alerts.setdefault(frame, [])
                story.commands.setdefault(frame, [])
                out, differences = self.replay_all(story, folder, socket, frame)
                outs.append(out)
                found = differences + self.check(story, out, frame)
                trouble += [f"--frame {frame}: {line}" if frame > 1 else line for line in found]
            return trouble, outs
        except (stories.StoryError, KeyError, TypeError, ValueError, OSError, subprocess.TimeoutExpired) as wrong:
            return [f"{type(wrong).__name__}: {wrong}"], outs


def check_schemas(outs):
    """Every record is valid under its schema; `validate.py --run` in this process. On the main thread only: what
    validate.py tells is swallowed."""
    import validate  # pylint: disable=import-outside-toplevel # wants python3-jsonschema

    trouble = []
    with contextlib.redirect_stdout(io.StringIO()):
        for out in outs:
            validate.check_run(out, trouble.append)
    return trouble


def main(arguments):
    if len(arguments) < 4:
        print(__doc__, file=sys.stderr)
        return 64
    build, socket, work, *paths = (pathlib.Path(argument).resolve() for argument in arguments)
    runner = Runner(build, socket, work)
    failed = False
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, (trouble, outs) in zip(paths, pool.map(runner.tell, paths)):
            trouble = trouble + check_schemas(outs)
            for line in trouble:
                print(f"  {line}")
            print(f"{'not ok' if trouble else 'ok'} flow.{path.stem}", flush=True)
            failed |= bool(trouble)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Tickets one after another through `ticketsmith serve`, for some minutes: see run."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/deployed"))

from processes import TICKETSMITH, Processes, eventually, free_port, only, say
from world import World, labelled, shop

AT_ONCE = 4
# Of these a second, the fastest machine needs fewer.
TICKETS_A_MINUTE = 120
# How long one ticket may take on a busy machine.
TICKET_LIMIT = 300
# What the second half of a run may need above the first: caches and pools fill up, and allocators keep some of what was freed.
GROWTH = {"resident KiB": (1.25, 16 * 1024), "threads": (1.0, 8), "open files": (1.0, 16)}


def world_of(minutes):
    """The demo's shop with enough copies of its first ticket, and services that take a thousand calls a second."""
    keys = [f"SHOP-{1000 + number}" for number in range(max(AT_ONCE, int(minutes * TICKETS_A_MINUTE)))]
    document = shop(keys)
    for plugin in document["configuration"]["plugins"].values():
        plugin["rate_limit"] = "1000/s"
    return document, keys


def measure(process):
    """What `serve` needs now, by Linux's account."""
    folder = Path("/proc") / str(process.pid)
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    return {
        "resident KiB": int(status["VmRSS"].split()[0]),
        "threads": int(status["Threads"]),
        "open files": len(list((folder / "fd").iterdir())),
    }


class Serve:
    def __init__(self, folder, processes):
        self.folder, self.data = folder, folder / ".ticketsmith"
        self.address = f"http://127.0.0.1:{free_port()}"
        place = ["--config", folder / "ticketsmith.yaml", "--data", self.data]
        command = [TICKETSMITH, "serve", *place, "--listen", self.address.removeprefix("http://")]
        self.process = processes.start("serve", command, cwd=folder)
        eventually("serve announces itself", 60, lambda: (self.data / "running.json").exists())

    def execution(self, name):
        command = [TICKETSMITH, "status", name, "--json", "--data", self.data]
        ran = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True)
        return json.loads(ran.stdout)


def run_tickets(world, serve, keys, minutes):
    """Starts tickets until the time is over, waits for all of them, and gives their number and the measurements."""
    until = time.monotonic() + minutes * 60
    waiting, at_work, done, measured = list(reversed(keys)), {}, 0, []
    while at_work or (waiting and time.monotonic() < until):
        while waiting and len(at_work) < AT_ONCE and time.monotonic() < until:
            key = waiting.pop()
            status, body = world.deliver(labelled(key), serve.address)
            assert status == 200, (key, status, body)
            at_work[only(body["results"])["execution"]] = (key, time.monotonic())
        for name, (key, since) in list(at_work.items()):
            execution = serve.execution(name)
            if execution["ended_at"]:
                assert execution["outcome"] == "succeeded", execution
                del at_work[name]
                done += 1
            else:
                assert time.monotonic() - since < TICKET_LIMIT, f"{key} takes too long: {execution}"
        assert serve.process.poll() is None, f"serve ended with {serve.process.returncode}"
        measured.append(measure(serve.process))
        time.sleep(0.25)
    return done, measured


def judge_growth(measured):
    """The medians of the second and the last quarter; the first quarter is warming up."""
    quarter = len(measured) // 4
    for what, (times, more) in GROWTH.items():
        early = median(one[what] for one in measured[quarter : 2 * quarter])
        late = median(one[what] for one in measured[-quarter:])
        say(f"{what}: {early:.0f}, at the end {late:.0f}")
        assert late <= early * times + more, f"{what} grew from {early:.0f} to {late:.0f}"


def soak(minutes, folder, processes):
    document, keys = world_of(minutes)
    # A world's replies are for some runs; here each is given as often as a ticket asks for it.
    for reply in document["claude"]["replies"]:
        reply["times"] = len(keys)
    world = World(processes, "world", folder / "world", document)
    serve = Serve(folder / "world", processes)
    done, measured = run_tickets(world, serve, keys, minutes)
    say(f"{done} tickets became pull requests")
    assert done >= AT_ONCE, "too few to say anything"
    judge_growth(measured)
    opened = [pull["head"]["ref"] for pull in world.repository()["pull_requests"]]
    for key in keys[:done]:
        assert opened.count(f"feature/{key}") == 1, f"{key} has {opened.count(f'feature/{key}')} pull requests"
    violations = world.violations()
    assert violations == [], violations


def main():
    minutes = float(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="ticketsmith-soak-") as folder:
        folder = Path(folder)
        processes = Processes(folder)
        try:
            soak(minutes, folder, processes)
        except BaseException:
            processes.show(sys.stderr)
            raise
        finally:
            processes.stop()


main()

"""Tickets one after another through `ticketsmith serve`, for some minutes: see run."""

import json
import os
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
# No more begin: the world keeps every request, more than a megabyte for each ticket.
TICKETS_A_MINUTE = 30
# How long one ticket may take on a busy machine.
TICKET_LIMIT = 300
# What the second half of a run may need above the first: caches and pools fill up, and allocators keep some of what was freed.
GROWTH = {"resident KiB": (1.25, 16 * 1024), "threads": (1.0, 8), "open files": (1.0, 16)}
# From so many minutes on, warming up is over after the first quarter; what then grows from quarter to quarter will not end.
LONG = 20
# What the folder may need above what its tickets needed before: files are written in large pieces, and cleared from time to time.
FOLDER_GROWTH = (1.5, 64 * 1024)


def world_of(minutes):
    """The demo's shop with enough copies of its first ticket, and services that take a thousand calls a second."""
    keys = [f"SHOP-{1000 + number}" for number in range(AT_ONCE + int(minutes * TICKETS_A_MINUTE) + 1)]
    document = shop(keys)
    for plugin in document["configuration"]["plugins"].values():
        plugin["rate_limit"] = "1000/s"
    # GitHub's own 5,000 requests an hour are those of two hundred tickets.
    document["github"]["rate_limit"] = 3600 * 1000
    return document, keys


def size_of(folder):
    """The KiB of its files; what is removed while they are counted is gone."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except FileNotFoundError:
                pass
    return total // 1024


def measure(serve, done):
    """What `serve` needs now, by Linux's account, and how many tickets are done."""
    folder = Path("/proc") / str(serve.process.pid)
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    return {
        "resident KiB": int(status["VmRSS"].split()[0]),
        "threads": int(status["Threads"]),
        "open files": len(list((folder / "fd").iterdir())),
        "folder KiB": size_of(serve.data),
        "tickets": done,
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
    began = time.monotonic()
    waiting, at_work, done, measured = list(reversed(keys)), {}, 0, []
    while True:
        passed = (time.monotonic() - began) / 60
        may_begin = AT_ONCE + passed * TICKETS_A_MINUTE if passed < minutes else 0
        while len(at_work) < AT_ONCE and len(keys) - len(waiting) < may_begin:
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
        measured.append(measure(serve, done))
        if passed >= minutes and not at_work:
            return done, measured
        time.sleep(0.25)


def judge_growth(measured, minutes):
    """The last quarter beside the second; the first is warming up. What grows in both the third and the last of a long run is a leak, too."""
    length = len(measured) // 4
    quarters = [measured[number * length : (number + 1) * length] for number in range(4)]
    for what, (times, more) in GROWTH.items():
        medians = [median(one[what] for one in quarter) for quarter in quarters]
        say(f"{what}: {', '.join(f'{of_quarter:.0f}' for of_quarter in medians)} in its quarters")
        assert medians[3] <= medians[1] * times + more, f"{what} grew from {medians[1]:.0f} to {medians[3]:.0f}"
        steadily = min(medians[2] - medians[1], medians[3] - medians[2])
        assert minutes < LONG or steadily <= more, f"{what} grew by {steadily:.0f} and more in each quarter after the second"
    grown = [{what: quarter[-1][what] - quarter[0][what] for what in ("folder KiB", "tickets")} for quarter in quarters]
    say(f"folder: {', '.join('{folder KiB} KiB for {tickets} tickets'.format(**of_quarter) for of_quarter in grown)}")
    times, more = FOLDER_GROWTH
    expected = grown[1]["folder KiB"] / max(grown[1]["tickets"], 1) * grown[3]["tickets"]
    assert grown[3]["folder KiB"] <= max(expected, 0) * times + more, f"the folder grows faster and faster: {grown}"


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
    judge_growth(measured, minutes)
    for key in keys[:done]:
        opened = world.pull_requests_at_github(f"feature/{key}")
        assert len(opened) == 1, f"{key} has {len(opened)} pull requests"
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

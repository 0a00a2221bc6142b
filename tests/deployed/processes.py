"""Processes that end with the test, and asking them over HTTP."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILT = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
TICKETSMITH = BUILT / "debug" / "ticketsmith"
STARTED = time.monotonic()


def say(text):
    print(f"{time.monotonic() - STARTED:6.1f} s  {text}", flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def request(url, data=None, headers=None, seconds=60):
    """The status and body of an answer that comes within so many seconds, whatever the status."""
    asked = urllib.request.Request(url, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(asked, timeout=seconds) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def request_json(url, value=None, seconds=60):
    """The JSON of an answer that must be a good one, within so many seconds; with a value, that is posted."""
    data = None if value is None else json.dumps(value).encode()
    status, body = request(url, data, {"content-type": "application/json"}, seconds)
    assert 200 <= status < 300, (url, status, body)
    return json.loads(body) if body else None


def answers(url):
    try:
        return request(url)[0] == 200
    except OSError:
        return False


def eventually(what, seconds, look):
    """Looks again until there is something, or fails."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what}: not within {seconds} s")


def only(items):
    [item] = items
    return item


class Processes:
    """What was started here, stopped in reverse order. Each writes `<name>.log` in the folder."""

    def __init__(self, folder):
        self.folder, self.started = folder, []

    def start(self, name, command, **options):
        log = open(self.folder / f"{name}.log", "w")
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True, **options)
        self.started.append(process)
        return process

    def stop(self):
        for process in reversed(self.started):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)

    def show(self, stream):
        """What each said last."""
        for log in sorted(self.folder.glob("*.log")):
            print(f"-- the end of {log.name}", log.read_text()[-6000:], sep="\n", file=stream)

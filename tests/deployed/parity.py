"""The same delivery to the same world, once deployed and once to `ticketsmith serve`: the same records, and the same requests to
the services. What cannot be equal is made so first: times, ids, digests, addresses, and the names that carry them."""

import base64
import gzip
import json
import re
import shutil
import sqlite3
from collections import Counter

from processes import TICKETSMITH, answers, eventually, free_port, only
from stage import PREFIX
from world import World, labelled, shop

# The configuration names the secrets of the place it is for, and the references its addresses; how fast providers were called is a matter of
# moments, as is how many steps a frame of the feed tells of. Sums of costs are in shards chosen by names of executions, and each place has its
# own ways in. The audit tells of what was put in force, which each place does in its own way.
PLACES_OWN = (
    "AUDIT#", "DOCUMENT#configuration", "DOCUMENT#references", "PROVIDER#", "FEED#", "SPEND#", "IDENTITY#",
    "TOKEN#INSTALLATION",
)
PATTERNS = [
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", "<time>"),
    (r"\b1[789]\d{8}(\d{6}|\.\d{6})?\b", "<time>"),
    (r"\b(\d+h \d+m|\d+m \d+s|[\d.]+ s)\b", "<duration>"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<id>"),
    (r"\b(req|msg|toolu)_[0-9A-Za-z]{16,}", "<id>"),
    # An agent's requests tell of commits and addresses, whose names have other lengths in each place.
    (r'"(amount|committed|spent|priced|\w+_tokens)": "\d+"', r'"\1": "<count>"'),
    (r"\$\d+\.\d{4}\b", "<cost>"),
    (r"[0-9a-f]{64}", "<digest>"),
    (r"[0-9a-f]{40}|\b[0-9a-f]{7}\b", "<commit>"),
    # A job of checks is numbered by its commit.
    (r"/actions/jobs/\d+/", "/actions/jobs/<id>/"),
    (r"jira-SHOP-1-[0-9a-f]{32}", "<execution>"),
    # What marks our own commits, comments and messages.
    (r"\b[0-9a-f]{32}\b", "<mark>"),
]
AT_WORK = "is at work on"
# What an agent and its model say: it holds signatures over all that was said before, names of commits among it.
CONVERSATIONS = ("SESSION#", "STORED#session/")


class Embedded:
    """`ticketsmith serve` in a world of its own, with the stage's workflows."""

    def __init__(self, folder, processes, project):
        self.folder = folder / "embedded"
        self.world = World(processes, "embedded-world", self.folder, shop(first_checks_fail=True))
        shutil.copytree(project / "workflows", self.folder / "workflows")
        self.address = f"http://127.0.0.1:{free_port()}"
        self.data = self.folder / ".ticketsmith"
        place = ["--config", self.folder / "ticketsmith.yaml", "--data", self.data]
        command = [TICKETSMITH, "serve", *place, "--listen", self.address.removeprefix("http://")]
        processes.start("serve", command, cwd=self.folder)
        eventually("serve announces itself", 60, lambda: (self.data / "running.json").exists())

    def run(self):
        """Labels the ticket, and gives the name of the execution that this started."""
        status, body = self.world.deliver(labelled("SHOP-1"), self.address)
        assert status == 200, (status, body)
        return only(body["results"])["execution"]

    def items(self):
        """Every item of the table."""
        table = sqlite3.connect(f"file:{self.data / 'table.db'}?mode=ro", uri=True)
        return [json.loads(text) for (text,) in table.execute("SELECT item_json FROM ticketsmith")]


def items_of_stage(stage):
    dynamodb = stage.client("dynamodb")
    pages = dynamodb.get_paginator("scan").paginate(TableName=PREFIX)
    return [item for page in pages for item in page["Items"]]


def plain(value):
    """A value of DynamoDB as JSON; binary ones are compressed text."""
    if not isinstance(value, dict) or len(value) != 1:
        return {name: plain(one) for name, one in value.items()} if isinstance(value, dict) else value
    [(kind, inner)] = value.items()
    if kind == "M":
        return {name: plain(one) for name, one in inner.items()}
    if kind == "L":
        return [plain(one) for one in inner]
    if kind == "B":
        data = inner if isinstance(inner, bytes) else base64.b64decode(inner)
        return gzip.decompress(data).decode()
    return inner if kind in ("S", "N", "BOOL", "SS", "NS", "NULL") else {kind: plain(inner)}


def normal(value, addresses):
    text = json.dumps(value, sort_keys=True).replace(PREFIX, "ticketsmith")
    for service, address in addresses.items():
        text = text.replace(address, f"<{service}>")
    for pattern, name in PATTERNS:
        text = re.sub(pattern, name, text)
    return text


def records(items, addresses):
    values = [plain({"M": item}) for item in items]
    # Whether a wait hears of its event by a delivery, or has asked before one came, is a matter of moments.
    kept = [value for value in values if not value["pk"].startswith(PLACES_OWN) and not value["sk"].startswith("MET#")]
    return Counter(normal(outline(value), addresses) for value in kept)


def outline(record):
    """A record, or only its key where its contents are said by an agent or to it, or signed with the place's own key."""
    if record["pk"].startswith(CONVERSATIONS) or record["sk"].startswith("EVIDENCE#"):
        return {"pk": record["pk"], "sk": record["sk"]}
    return record


def requests(log, addresses):
    """Method, path and body of every request. Of the comment that tells of progress only the last edit's body counts: how many steps
    an edit tells of at once is a matter of moments."""
    last = {(entry["method"], entry["path"]): number for number, entry in enumerate(log)}
    kept, acknowledged = [], set()
    for number, entry in enumerate(log):
        method, path, body = entry["method"], entry["path"], entry["request"]
        edits = method == "PUT" and "/comment/" in path
        if edits and last[(method, path)] != number:
            continue
        if not edits and AT_WORK in json.dumps(body):
            body = AT_WORK
        # Two invocations that tell of the end at once both take the label off, which does nothing more.
        if entry["query"] == "fields=project" or '{"remove": "agent"}' in json.dumps(body):
            if (method, path) in acknowledged:
                continue
            acknowledged.add((method, path))
        if entry["service"] == "claude":
            body = {"model": body["model"], "messages": len(body["messages"])}
        kept.append([entry["service"], method, path, entry["query"], body])
    return Counter(normal(one, addresses) for one in kept)


def same(what, deployed, embedded):
    only_deployed, only_embedded = deployed - embedded, embedded - deployed
    told = "\n".join([f"{count} x deployed alone: {text}" for text, count in sorted(only_deployed.items())])
    told += "\n".join([f"\n{count} x embedded alone: {text}" for text, count in sorted(only_embedded.items())])
    assert not told, f"{what} differ:\n{told}"
    return deployed.total()


def observed(world, name, items):
    """What an execution left, once everything that tells of it is done: its records and requests, in normal form."""
    eventually(f"the last word on {name}", 120, lambda: world.told(name))
    eventually("the label is gone", 60, lambda: "agent" not in world.ticket("SHOP-1")["labels"])
    addresses = world.addresses()
    return records(items(), addresses), requests(world.log(), addresses)


def judge(stage, name, embedded, embedded_name):
    """Compares the one execution of each place; gives how many records and requests were equal."""
    deployed = observed(stage.world, name, lambda: items_of_stage(stage))
    local = observed(embedded.world, embedded_name, embedded.items)
    return same("records", deployed[0], local[0]), same("requests", deployed[1], local[1])

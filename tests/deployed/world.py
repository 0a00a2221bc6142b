"""The outside world as a process: the shop of `ticketsmith demo` with more tickets, so that runs do not meet at one."""

import copy
import http.server
import json
import shutil
import threading

import yaml

from processes import ROOT, TICKETSMITH, eventually, free_port, only, request, request_json

SHOP = ROOT / "shared/simulators/worlds/shop.yaml"
REPOSITORY = SHOP.parent / "shop-repository"
# Tickets that ask for the same as SHOP-1, since the model's replies are about that.
TICKETS = [f"SHOP-{number}" for number in range(11, 22)]
# Where checks fail, this one does, for the first commit of each branch and in the words of the world's file.
FAILING_CHECK = "docs"


def shop(keys=TICKETS, first_checks_fail=False):
    """The world file's document, with a ticket of each key beside its own."""
    document = yaml.safe_load(SHOP.read_text())
    # It is copied beside the world's file, which stays inside its folder.
    repository = only(document["github"]["repositories"])
    repository["path"] = REPOSITORY.name
    if first_checks_fail:
        only(check for check in repository["checks"] if check["name"] == FAILING_CHECK)["conclusion"] = ["failure", "success"]
    tickets = document["jira"]["tickets"]
    first = next(ticket for ticket in tickets if ticket["key"] == "SHOP-1")
    # Deep copies: readers of YAML limit how often one anchor may be used.
    tickets.extend({**copy.deepcopy(first), "key": key} for key in keys)
    return document


class World:
    """One world, of the shop's document unless another is given. `configured` gets a `ticketsmith.yaml` and the secrets for `serve`."""

    def __init__(self, processes, name, configured, document=None):
        configured.mkdir(exist_ok=True)
        file = configured / "world.yaml"
        file.write_text(yaml.safe_dump(document or shop()))
        shutil.copytree(REPOSITORY, configured / REPOSITORY.name, dirs_exist_ok=True)
        port = free_port()
        self.control = f"http://127.0.0.1:{port}/_world"
        processes.start(name, [TICKETSMITH, "simulate", "--world", file, "--configure", configured, "--port", str(port)])
        # It says where it listens once all is written.
        log = processes.folder / f"{name}.log"
        eventually(f"{name} is ready", 60, lambda: "control" in log.read_text())

    def addresses(self):
        """The services' addresses by name."""
        return request_json(f"{self.control}/urls")

    def state(self):
        # After hundreds of tickets it holds every branch with all its files.
        return request_json(f"{self.control}/state", seconds=600)

    def log(self):
        return request_json(f"{self.control}/log", seconds=600)

    def violations(self):
        return request_json(f"{self.control}/violations")

    def secrets(self):
        return request_json(f"{self.control}/secrets")

    def configuration(self):
        return yaml.safe_load(request(f"{self.control}/configuration")[1])

    def add_faults(self, *faults):
        request_json(f"{self.control}/faults", list(faults))

    def waiting_faults(self):
        return request_json(f"{self.control}/faults")

    def deliver(self, deed, to):
        """Has somebody do something; the status and body of the answer to its webhook."""
        answer = request_json(f"{self.control}/deliver", {"trigger": deed, "to": to})
        return answer["status"], answer["body"]

    def capture(self, deed):
        """The signed webhook of a deed, not yet sent to anybody."""
        caught = {}

        class Catcher(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                caught.update(path=self.path, headers=dict(self.headers), body=body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Catcher) as server:
            threading.Thread(target=server.handle_request, daemon=True).start()
            self.deliver(deed, f"http://127.0.0.1:{server.server_port}")
        for hop in ("Host", "host", "Content-Length", "content-length"):
            caught["headers"].pop(hop, None)
        return caught

    def ticket(self, key):
        return only(ticket for ticket in self.state()["jira"] if ticket["key"] == key)

    def repository(self):
        return only(self.state()["github"]["repositories"])

    def pull_requests(self, branch):
        return [pull for pull in self.repository()["pull_requests"] if pull["head"]["ref"] == branch]

    def pull_requests_at_github(self, branch):
        """The same from GitHub's API; the whole state of a world with a thousand pull requests takes longer than one waits."""
        token = self.secrets()["ticketsmith/github"]["token"]
        url = f"{self.addresses()['github']}/repos/acme/shop/pulls?state=all&head=acme:{branch}"
        status, body = request(url, headers={"authorization": f"Bearer {token}"})
        assert status == 200, (url, status, body)
        return json.loads(body)

    def messages(self):
        return self.state()["slack"]["messages"]

    def comments(self):
        """Texts of every comment on a ticket, an issue or a pull request, and of every message."""
        state = self.state()
        texts = [comment["text"] for ticket in state["jira"] for comment in ticket["comments"]]
        for repository in state["github"]["repositories"]:
            for issue in (*repository["issues"], *repository["pull_requests"]):
                texts.extend(comment["body"] for comment in issue["comments"])
        return texts + [message["text"] for message in state["slack"]["messages"]]

    def told(self, execution):
        """What the one comment that tells of an execution says, once it tells the end."""
        about = [text for text in self.comments() if execution in text and "took " in text]
        return only(about) if about else None


def slack(text):
    return {"kind": "slack-command", "text": text, "by": "ada", "channel": "shop-dev"}


def labelled(ticket):
    return {"kind": "jira-label", "ticket": ticket, "label": "agent", "by": "ada"}


def button(message, action_id):
    return {"kind": "slack-button", "action_id": action_id, "message": message["ts"], "by": "ada", "channel": "shop-dev"}


def confirmed(answer):
    """The button under what a command showed, pressed by who typed it."""
    (pressed,) = answer["blocks"][-1]["elements"]
    return {"kind": "slack-answer-button", "action_id": pressed["action_id"], "value": pressed["value"], "by": "ada", "channel": "shop-dev"}


def as_text(value):
    return value if isinstance(value, str) else json.dumps(value)

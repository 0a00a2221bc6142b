"""Somebody who has signed in follows an execution over the deployed gateway for sockets. `events` sends the frames, signed with its role's
credentials, and IAM decides about each."""

import json
import ssl
from contextlib import ExitStack
from urllib.parse import urlencode, urlsplit

from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from stage import PREFIX
from tls_door import TlsDoor

PERSON = "ada"
# Those that open sockets or send to them, and so know the gateway's address.
FUNCTIONS = ("api", "events")


def lead_to_the_emulator(stage):
    """Has functions find the gateway at a door in front of the emulator, where they would look for AWS's. Gives its certificate."""
    door = TlsDoor(stage.folder, urlsplit(stage.aws).port)
    url = f"https://127.0.0.1:{door.port}{stage.path_of_gateway(f'{PREFIX}-sockets', 'live')}"
    functions = stage.client("lambda")
    for name in FUNCTIONS:
        name = f"{PREFIX}-{name}"
        variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        assert variables["SOCKETS_URL"].startswith("https://"), variables
        variables = {**variables, "SOCKETS_URL": url, "SSL_CERT_FILE": str(door.certificate)}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    return door.certificate


class Reader:
    """Follows one execution from its first frame on."""

    def __init__(self, stage, certificate, execution):
        self.api, self.execution = stage.sign_in(PERSON), execution
        assert self.api.call("/me")["name"] == PERSON
        ticket = self.api.call("/events/tickets", {})
        query = urlencode({"ticket": ticket["ticket"], "execution": execution})
        trusted = ssl.create_default_context(cafile=certificate)

        self.open = ExitStack()

        def follow():
            return self.open.enter_context(connect(f"{ticket['url']}?{query}", ssl=trusted, max_queue=None))

        self.socket = follow()
        try:
            follow()
        except InvalidStatus as refused:
            assert refused.response.status_code == 403, refused
        else:
            raise AssertionError("a ticket opened a second socket")

    def judge(self):
        """All frames in order, each once, and then the socket is closed; gives how many there were."""
        with self.open:
            frames = [json.loads(message) for message in self.socket]
        recorded = self.api.call(f"/executions/{self.execution}/events?limit=100")
        assert frames == recorded["items"] and frames, (frames, recorded)
        assert [frame["sequence"] for frame in frames] == list(range(1, len(frames) + 1)), frames
        return len(frames)

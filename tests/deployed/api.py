"""The API, as somebody who has signed in asks it: of `serve` and of a stage alike."""

import json

from processes import request


class Api:
    """At an address with /api/v1, with the headers that say who asks."""

    def __init__(self, url, headers):
        self.url, self.headers = url, headers

    def call(self, path, value=None):
        """The JSON of an answer that must be a good one; with a value, that is posted."""
        data = None if value is None else json.dumps(value).encode()
        status, body = request(self.url + path, data, {**self.headers, "content-type": "application/json"})
        assert 200 <= status < 300, (path, status, body)
        return json.loads(body)

    def has(self, name, outcome):
        return lambda: self.call(f"/executions/{name}")["outcome"] == outcome

    def answers(self, path):
        return lambda: request(self.url + path, None, self.headers)[0] == 200

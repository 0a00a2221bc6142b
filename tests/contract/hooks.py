"""Hooks of Schemathesis, which imports this."""

import requests
import schemathesis

# The most of a request's line and headers that surely reaches the API, in bytes: API Gateway takes 10,240, and `serve` takes 16 KiB. For what is
# longer, the gateway or the server in front of the API answers, as docs/api.md says. The rest is for headers that are added later.
LONGEST = 8 * 1024


@schemathesis.hook
def filter_case(context, case):
    sent = case.as_transport_kwargs(base_url="http://127.0.0.1")
    line = requests.Request("GET", sent["url"], params=sent["params"]).prepare().url
    return len(line) + sum(len(name) + len(value) for name, value in sent["headers"].items()) <= LONGEST

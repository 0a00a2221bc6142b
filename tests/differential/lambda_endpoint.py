"""A few functions behind Lambda's Invoke API, so that every engine calls the same ones."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote


class FunctionError(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def double(payload):
    number = payload.get("n") if isinstance(payload, dict) else None
    return {"n": number * 2 if isinstance(number, (int, float)) and not isinstance(number, bool) else None}


def throttled(_payload):
    raise FunctionError("Throttled", "Too many requests")


def rejected(_payload):
    raise FunctionError("Rejected", "Not like this")


FUNCTIONS = {"echo": lambda payload: payload, "double": double, "throttled": throttled, "rejected": rejected}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        name = unquote(self.path.split("/")[3]).split(":")[-1] if self.path.count("/") > 3 else ""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {}
        if name in FUNCTIONS:
            try:
                status, answer = 200, FUNCTIONS[name](json.loads(body or b"{}"))
            except FunctionError as error:
                status, answer = 200, {"errorType": error.kind, "errorMessage": str(error)}
                headers["X-Amz-Function-Error"] = "Unhandled"
        else:
            status, answer = 404, {"Message": f"Function not found: {name}"}
        data = json.dumps(answer, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("x-amzn-requestid", "00000000-0000-4000-8000-000000000000")
        self.send_header("content-length", str(len(data)))
        for field, value in headers.items():
            self.send_header(field, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments):
        pass


def serve():
    """Serves on a free port of 127.0.0.1 until the program ends; gives the endpoint's URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"

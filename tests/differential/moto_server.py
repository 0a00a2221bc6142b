"""moto's Step Functions, repaired where it stands in the way: usage moto_server.py PORT.

As released, moto evaluates no JSONata, calls Lambda only within itself, and names every unnamed execution `None`.
Functions are invoked at LAMBDA_ENDPOINT.
"""

import importlib
import json
import os
import pkgutil
import sys
import uuid

import boto3
import jsonata
import moto.stepfunctions.parser
from moto.core.config import default_user_config
from moto.server import main
from moto.stepfunctions.parser.asl.jsonata import jsonata as evaluator

default_user_config["stepfunctions"]["execute_state_machine"] = True


def evaluate(expression):
    try:
        return jsonata.Jsonata(expression).evaluate(None)
    except Exception as error:
        raise evaluator.JSONataException("UNKNOWN", str(error)) from error


def declare(bindings):
    return "".join(f"{name}:={json.dumps(value, default=str)};" for name, value in bindings.items())


def modules():
    for found in pkgutil.walk_packages(moto.stepfunctions.parser.__path__, "moto.stepfunctions.parser."):
        try:
            yield importlib.import_module(found.name)
        except ImportError:
            continue


def repair():
    evaluator._eval_jsonata = evaluate
    for module in list(modules()):
        if hasattr(module, "boto_client_for"):
            original = module.boto_client_for

            def client_for(region, service, state_credentials=None, original=original, **more):
                if service == "lambda":
                    return boto3.client("lambda", region_name=region, endpoint_url=os.environ["LAMBDA_ENDPOINT"])
                return original(region=region, service=service, state_credentials=state_credentials, **more)

            module.boto_client_for = client_for
        if hasattr(module, "encode_jsonata_variable_declarations"):
            module.encode_jsonata_variable_declarations = declare
        backend = getattr(module, "StepFunctionsParserBackend", None)
        if backend is not None and not hasattr(backend, "_start_unnamed"):
            backend._start_unnamed = backend.start_execution

            def start(self, *arguments, **fields):
                if fields.get("name", "") is None:
                    fields["name"] = str(uuid.uuid4())
                return self._start_unnamed(*arguments, **fields)

            backend.start_execution = start


repair()
main(["-H", "127.0.0.1", "-p", sys.argv[1]])

#!/usr/bin/env python3
"""Writes AWS's own description of a service, as its Python library has it, as an OpenAPI description of some operations.

    from_botocore.py SERVICE VERSION OPERATION... >DESCRIPTION

`botocore`, which comes with `boto3` of tests/requirements.txt, holds AWS's Smithy models as JSON. Only services with the protocols
REST-JSON and AWS JSON can be written: of the latter, each operation has a path of its own, `/OPERATION`, since OpenAPI knows no
operations by a header.
"""

import gzip
import json
import os
import sys

import botocore


def load(service, version):
    path = os.path.join(os.path.dirname(botocore.__file__), "data", service, version, "service-2.json.gz")
    with gzip.open(path) as file:
        return json.load(file)


def schema_of(name, shapes):
    """The JSON Schema of a shape; other shapes are referred to."""
    shape = shapes[name]
    kind = shape["type"]

    def reference(name):
        return {"$ref": f"#/components/schemas/{name}"}

    if shape.get("document"):
        return {}
    if kind == "structure":
        members = {
            member.get("locationName", key): reference(member["shape"])
            for key, member in shape["members"].items()
            if member.get("location") is None
        }
        schema = {"type": "object", "properties": members}
        required = [key for key in shape.get("required", []) if shape["members"][key].get("location") is None]
        if required:
            schema["required"] = required
        if shape.get("union"):
            schema |= {"minProperties": 1, "maxProperties": 1}
        return schema
    if kind == "list":
        schema = {"type": "array", "items": reference(shape["member"]["shape"])}
        return schema | {new: shape[old] for old, new in (("min", "minItems"), ("max", "maxItems")) if old in shape}
    if kind == "map":
        return {"type": "object", "additionalProperties": reference(shape["value"]["shape"])}
    if kind == "string":
        schema = {"type": "string"}
        if "enum" in shape:
            schema["enum"] = shape["enum"]
        if "pattern" in shape:
            # Smithy's patterns mean the whole text.
            schema["pattern"] = f"^(?:{shape['pattern']})$"
        return schema | {new: shape[old] for old, new in (("min", "minLength"), ("max", "maxLength")) if old in shape}
    if kind == "blob":
        return {"type": "string", "pattern": "^[A-Za-z0-9+/]*={0,2}$"}
    if kind == "boolean":
        return {"type": "boolean"}
    if kind == "timestamp" and shape.get("timestampFormat") == "iso8601":
        return {"type": "string", "format": "date-time"}
    if kind in ("integer", "long", "float", "double", "timestamp"):
        schema = {"type": "integer" if kind in ("integer", "long") else "number"}
        return schema | {new: shape[old] for old, new in (("min", "minimum"), ("max", "maximum")) if old in shape}
    raise SystemExit(f"{name}: shapes of the type {kind} are not known")


def references(value):
    if isinstance(value, list):
        for one in value:
            yield from references(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key == "$ref":
                yield one.rsplit("/", 1)[1]
            else:
                yield from references(one)


def body_of(name, shapes, content):
    """What OpenAPI calls the request body; `None` for an operation all of whose input is in the path and headers."""
    given = shapes[name]
    payload = given.get("payload")
    if payload is None:
        in_body = any(member.get("location") is None for member in given["members"].values())
        # The AWS JSON protocols have a body in any case, `{}`, and know no locations.
        return {"required": True, "content": content(name)} if in_body or not given["members"] else None
    required = payload in given.get("required", [])
    shape = given["members"][payload]["shape"]
    if shapes[shape]["type"] != "blob":
        return {"required": required, "content": content(shape)}
    # Bytes as they are, of any media type: OpenAPI 3.1 writes them as a schema without a type, and counts its lengths in bytes.
    lengths = {new: shapes[shape][old] for old, new in (("min", "minLength"), ("max", "maxLength")) if old in shapes[shape]}
    return {"required": required, "content": {"*/*": {"schema": lengths}}}


def operation_of(operation, service, media_type):
    shapes = service["shapes"]
    content = lambda name: {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    given = shapes[operation["input"]["shape"]]
    parameters = [
        {"name": member["locationName"], "in": "path", "required": True, "schema": {"$ref": f"#/components/schemas/{member['shape']}"}}
        for member in given["members"].values()
        if member.get("location") == "uri"
    ]
    body = body_of(operation["input"]["shape"], shapes, content)
    described = ({"requestBody": body} if body else {}) | {"responses": {}}
    if parameters:
        described["parameters"] = parameters
    success = {"description": ""}
    if "output" in operation:
        output = operation["output"]["shape"]
        # An event stream is no JSON.
        streams = any(shapes[member["shape"]].get("eventstream") for member in shapes[output]["members"].values())
        success |= {} if streams else {"content": content(output)}
    described["responses"][str(operation["http"].get("responseCode", 200))] = success
    for error in operation.get("errors", []):
        status = shapes[error["shape"]].get("error", {}).get("httpStatusCode", 400)
        described["responses"][str(status)] = {"description": ""}
    return described


def main():
    name, version, *operations = sys.argv[1:]
    service = load(name, version)
    metadata = service["metadata"]
    rest = metadata["protocol"] == "rest-json"
    media_type = "application/json" if rest else f"application/x-amz-json-{metadata['jsonVersion']}"
    paths = {}
    for wanted in operations:
        operation = service["operations"][wanted]
        path = operation["http"]["requestUri"] if rest else f"/{wanted}"
        paths.setdefault(path, {})[operation["http"]["method"].lower()] = operation_of(operation, service, media_type)
    schemas, left = {}, list(references(paths))
    while left:
        shape = left.pop()
        if shape not in schemas:
            schemas[shape] = schema_of(shape, service["shapes"])
            left.extend(references(schemas[shape]))
    info = {
        "title": metadata["serviceFullName"],
        "version": metadata["apiVersion"],
        "license": {"name": "Apache-2.0"},
        "x-changes": f"written from botocore {botocore.__version__} by tests/descriptions/from_botocore.py: {', '.join(operations)}",
    }
    document = {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": dict(sorted(schemas.items()))}}
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()

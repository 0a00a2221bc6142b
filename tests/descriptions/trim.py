#!/usr/bin/env python3
"""Cuts an OpenAPI description down to some operations and what they refer to, without texts for people.

    trim.py FULL OPERATIONS >TRIMMED

OPERATIONS is a file with one operation a line, such as `GET /rest/api/3/issue/{issueIdOrKey}`. What stays is unchanged, apart from
texts for people, examples, scopes and extensions (`x-…`), which the tests do not read.
"""

import json
import sys

TEXTS = {"description", "summary", "example", "examples", "externalDocs", "tags", "security"}


# Under these keys, the keys of a map are names, and all of them stay.
MAPS_OF_NAMES = {"properties", "patternProperties", "responses", "content", "headers", "mapping"}


def without_texts(value, keys_are_names=False):
    """The value without texts for people."""
    if isinstance(value, list):
        return [without_texts(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: without_texts(one, not keys_are_names and key in MAPS_OF_NAMES)
        for key, one in value.items()
        if keys_are_names or not (key in TEXTS or key.startswith("x-"))
    }


def operation(full):
    """An operation without texts; responses keep a description, since OpenAPI demands one."""
    trimmed = without_texts(full)
    for response in trimmed["responses"].values():
        response["description"] = ""
    return trimmed


def references(value):
    """Every `$ref` in a value, those of a discriminator included."""
    if isinstance(value, list):
        for one in value:
            yield from references(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key == "$ref" and isinstance(one, str):
                yield one
            elif key == "mapping" and all(isinstance(target, str) for target in one.values()):
                yield from one.values()
            else:
                yield from references(one)


def trim(full, operations):
    paths = {}
    for method, path in operations:
        item = full["paths"].get(path, {})
        if method.lower() not in item:
            raise SystemExit(f"{method} {path} is not described")
        shared = {"parameters": without_texts(item["parameters"])} if "parameters" in item else {}
        paths.setdefault(path, shared)[method.lower()] = operation(item[method.lower()])
    components, wanted = {}, list(references(paths))
    while wanted:
        _, _, kind, name = wanted.pop().split("/", 3)
        group = components.setdefault(kind, {})
        if name not in group:
            group[name] = without_texts(full["components"][kind][name])
            wanted.extend(references(group[name]))
    info = {key: full["info"][key] for key in ("title", "version", "license", "termsOfService", "contact") if key in full["info"]}
    info["x-changes"] = f"trimmed by tests/descriptions/trim.py to {len(operations)} operations, without texts for people"
    return {
        "openapi": full["openapi"],
        "info": info,
        "servers": full.get("servers", []),
        "paths": paths,
        "components": {kind: dict(sorted(group.items())) for kind, group in sorted(components.items())},
    }


def main():
    full_path, operations_path = sys.argv[1:]
    with open(full_path) as file:
        full = json.load(file)
    with open(operations_path) as file:
        lines = [line.split() for line in file if line.strip() and not line.startswith("#")]
    json.dump(trim(full, lines), sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()

"""Reads files of version 1."""


def read(line: str) -> list[str]:
    return line.split(";")

"""Reads `hosts.ini`."""

import configparser
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Host:
	name: str
	address: str
	port: int
	timeout: int
	retries: int
	verify: bool


UNITS = {"": 1, "s": 1, "m": 60}


def seconds(text):
	"""Seconds of `90`, `90s` or `2m`."""
	found = re.fullmatch(r"([0-9]+)\s*([sm]?)", text.strip())
	if found is None or int(found[1]) == 0:
		raise ValueError(f"`{text}` is no timeout; accepted: 30, 30s, 2m")
	return int(found[1]) * UNITS[found[2]]


def read(path):
	"""Every host of a file, by its name. Raises ValueError for what is no host."""
	parser = configparser.ConfigParser(interpolation=None)
	with open(path, encoding="utf-8") as file:
		parser.read_file(file)
	hosts = {}
	for name in parser.sections():
		section = parser[name]
		try:
			hosts[name] = Host(
			    name=name,
			    address=section["address"],
			    port=section.getint("port", 443),
			    timeout=seconds(section.get("timeout", "30")),
			    retries=section.getint("retries", 3),
			    verify=section.getboolean("verify", True),
			)
		except (KeyError, ValueError) as error:
			raise ValueError(f"{name}: {error}") from error
	return hosts

"""Reads `hosts.ini`."""

import configparser
import dataclasses


@dataclasses.dataclass(frozen=True)
class Host:
	name: str
	address: str
	port: int
	timeout: int
	retries: int
	verify: bool


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
			    timeout=section.getint("timeout", 30),
			    retries=section.getint("retries", 3),
			    verify=section.getboolean("verify", True),
			)
		except (KeyError, ValueError) as error:
			raise ValueError(f"{name}: {error}") from error
	return hosts

"""`python -m hosts list FILE`"""

import sys

from .read import read


def main(arguments):
	if len(arguments) != 2 or arguments[0] != "list":
		print("accepted: list FILE", file=sys.stderr)
		return 2
	try:
		hosts = read(arguments[1])
	except ValueError as error:
		print(f"{arguments[1]}: {error}", file=sys.stderr)
		return 1
	for host in hosts.values():
		print(f"{host.name}\t{host.address}:{host.port}\t{host.timeout}s")
	return 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))

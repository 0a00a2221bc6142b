# shellcheck shell=bash
# Installs the emulator and what deploys to it. Sourced in the repository's root by what runs on the emulator.

install() { # requirements, folder
    cmp -s "$1" "$2/installed" && return
    python3 -m venv "$2"
    "$2/bin/pip" install --quiet --disable-pip-version-check --requirement "$1"
    cp "$1" "$2/installed"
}

# An environment of its own, since other tools want other versions of the same.
install tests/deployed/requirements.txt .tools/emulator
[ -x infra/cdk/node_modules/.bin/cdk ] || npm ci --prefix infra/cdk --silent --no-audit --no-fund

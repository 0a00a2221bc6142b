#!/bin/sh
# Compiles and runs the tests.
set -e
tsc
node --test build/tests/

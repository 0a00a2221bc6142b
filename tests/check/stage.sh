# shellcheck shell=bash disable=SC2154
# How `./check` runs stages: with a time limit each, and a summary at the end. Sourced by `./check`, which sets ROOT, TOOLS and
# `long_stages`.

# Minutes in all above which the summary warns, unless long stages were run. Continuous integration ends at 90.
readonly WARN_AT=65

# Gigabytes that `./check` needs at most, from an empty target folder.
readonly NEEDED_SPACE=20

mkdir -p "$TOOLS"
# Tests and stages append what they skip, one line each.
export TICKETSMITH_SKIPPED=$TOOLS/skipped
: >"$TICKETSMITH_SKIPPED"
# What the summary repeats.
export WARNINGS=$TOOLS/warnings
: >"$WARNINGS"
# What a stage writes here that found nothing wrong but is not done: what is left.
export UNFINISHED=$TOOLS/unfinished
summary=()
# How each stage that did not pass has ended.
ended=()
started=$SECONDS
running=
current=
began=0
long=

# Records that something was not checked: what, and why.
skip() {
    printf 'SKIPPED: %s\n' "$1"
    printf '%s\n' "$1" >>"$TICKETSMITH_SKIPPED"
}
export -f skip

# A tool that runs as root and replaces the file it was told to write to may have put a file in the place of /dev/null. Compilers
# then read there what others wrote, and cargo remembers their failure.
null_device() {
    [ -c /dev/null ] && return
    if ! { mknod -m 666 /dev/null.device c 1 3 && mv -f /dev/null.device /dev/null; }; then
        printf './check: /dev/null is no device, and this user cannot make it one: mknod -m 666 /dev/null c 1 3\n' >&2
        exit 1
    fi
    rm -f "${CARGO_TARGET_DIR:-$ROOT/target}/.rustc_info.json"
    printf 'WARNING: /dev/null was a file and is a device again\n' | tee -a "$WARNINGS"
}

# The folder in which everything is built: the target folder, or the one in which it will be made.
built_in() {
    local folder=${CARGO_TARGET_DIR:-$ROOT/target}
    while [ ! -d "$folder" ]; do
        folder=$(dirname "$folder")
    done
    printf '%s' "$folder"
}

# Whole gigabytes free there.
free_space() {
    df --output=avail --block-size=1G "$(built_in)" | tail -n 1 | tr -d ' '
}

# Ends the check when something is missing that it cannot install, before anything is begun.
demand_installed() {
    local command missing=()
    for command in cargo cc git node npm python3; do
        type -P "$command" >/dev/null || missing+=("$command")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        printf './check: not installed, or not in PATH: %s; CONTRIBUTING.md says what it needs\n' "${missing[*]}" >&2
        exit 2
    fi
    if ! python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
        printf './check: python3 must be 3.10 or later, with the modules venv and ensurepip (python3-venv in Debian); this is %s\n' \
            "$(python3 --version 2>&1)" >&2
        exit 2
    fi
}

# Warns when all is yet to be built and the disk may not hold it.
warn_of_space() {
    if [ ! -d "${CARGO_TARGET_DIR:-$ROOT/target}/debug" ] && [ "$(free_space)" -lt "$NEEDED_SPACE" ]; then
        printf 'WARNING: %d GB are free on the disk of %s; an empty target folder needs up to %d\n' \
            "$(free_space)" "$(built_in)" "$NEEDED_SPACE" | tee -a "$WARNINGS"
    fi
}

minutes() { # seconds
    printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# Runs a command or a function for at most so many minutes; when it fails or takes longer, the check ends.
stage() { # minutes, name, command…
    local limit=$1 name=$2
    shift 2
    if ! attempt "$limit" "$name" "$@"; then
        exit 1
    fi
}

# The same, and tells by its code whether it succeeded. `outcome` says how it ended, `took` how many seconds it needed.
attempt() { # minutes, name, command…
    local limit=$1 name=$2 code=0
    shift 2
    null_device
    current=$name began=$SECONDS
    : >"$UNFINISHED"
    printf '\n== %s\n' "$name"
    # Functions are known to the new shell only when exported. A process group of its own, so that the limit ends all of it.
    if [ "$(type -t "$1")" = function ]; then
        export -f "${1?}"
    fi
    set -m
    # shellcheck disable=SC2016 # expanded by the new shell
    timeout --kill-after=30 $((limit * 60)) bash -c 'set -euo pipefail; "$@"' "$name" "$@" </dev/null &
    running=$!
    set +m
    wait "$running" || code=$?
    running=
    took=$((SECONDS - began))
    # 124 and 137 are what `timeout` ends with, but not only `timeout`.
    outcome="failed with $code"
    if [ "$code" -eq 0 ]; then
        outcome=passed
    elif [ -s "$UNFINISHED" ]; then
        outcome="not run: $(cat "$UNFINISHED")"
    elif [ "$took" -ge $((limit * 60)) ]; then
        outcome="timed out after $limit minutes"
    fi
    summary+=("$(printf '%-28s %6s %5s GB  %s' "$name" "$(minutes "$took")" "$(free_space)" "${outcome/#passed/}")")
    if [ "$code" -ne 0 ]; then
        printf '\n./check: stage `%s` %s\n' "$name" "$outcome" >&2
        ended+=("stage \`$name\` $outcome")
        # Linkers end with a bus error, and say nothing of the disk.
        if [ "$(free_space)" -lt 2 ]; then
            printf './check: the disk of %s is full, which may be the cause; %d GB are enough from an empty target folder\n' \
                "$(built_in)" "$NEEDED_SPACE" >&2
        fi
        return 1
    fi
}

# Printed however the check ends.
summarize() {
    local code=$? total=$((SECONDS - started))
    trap - EXIT INT TERM
    if [ -n "$running" ]; then
        kill -TERM -- "-$running" 2>/dev/null || true
        summary+=("$(printf '%-28s %6s  interrupted' "$current" "$(minutes $((SECONDS - began)))")")
    fi
    if [ ${#summary[@]} -eq 0 ]; then
        exit "$code"
    fi
    printf '\n== minutes, and what was free on the disk afterward\n'
    printf '%s\n' "${summary[@]}"
    printf '%-28s %6s\n' total "$(minutes $total)"
    printf '\n== skipped\n'
    if [ -s "$TICKETSMITH_SKIPPED" ]; then
        sort "$TICKETSMITH_SKIPPED" | uniq --count | while read -r times what; do
            printf '%3d times  %s\n' "$times" "$what"
        done
    else
        printf 'nothing\n'
    fi
    if [ -s "$WARNINGS" ]; then
        printf '\n== warnings\n'
        cat "$WARNINGS"
    fi
    if [ -z "$long" ] && [ $((total / 60)) -ge $WARN_AT ]; then
        printf '\nWARNING: this took more than %d minutes; 70 is the limit on two cores\n' $WARN_AT
    fi
    printf '\n== result\n'
    if [ ${#ended[@]} -gt 0 ]; then
        printf '%s\n' "${ended[@]}"
    elif [ "$code" -eq 0 ]; then
        printf 'passed\n'
    else
        printf 'interrupted\n'
    fi
    exit "$code"
}
trap summarize EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

long_names() {
    local line
    for line in "${long_stages[@]}"; do
        printf '%s\n' "${line%% *}"
    done
}

# Each with its limit and what it does.
long_described() {
    local line limit
    for line in "${long_stages[@]}"; do
        limit=${line#* }
        printf '  %-13s %4d  %s\n' "${line%% *}" "${limit%% *}" "${limit#* }"
    done
}

# Ends the check when a name is not that of a long stage.
long_known() { # names…
    local name
    for name in "$@"; do
        if ! long_names | grep -qxF -- "$name"; then
            printf './check: unknown long stage `%s`; accepted: %s\n' "$name" "$(long_names | paste -sd ' ')" >&2
            exit 2
        fi
    done
}

# Runs long stages, writes the row of each in docs/check-full.md, and goes on after a failure: each takes long to repeat.
long_runs() { # names…
    local name line limit failed=0 commit
    long=1
    for name in "$@"; do
        for line in "${long_stages[@]}"; do
            [ "${line%% *}" = "$name" ] || continue
            limit=${line#* }
            # Before the stage, because new commits may follow while it runs.
            commit=$(tests/check/full.py commit)
            attempt "${limit%% *}" "$name" "full_$name" || failed=1
            tests/check/full.py record "$name" "$commit" "$took" "$outcome"
        done
    done
    [ $failed -eq 0 ] || exit 1
}

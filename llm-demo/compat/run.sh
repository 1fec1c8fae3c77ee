#!/usr/bin/env bash
# Runs the official Python clients against `serve`, in a virtual environment
# below the build folder. Says 'skipped: reason' and succeeds where there is no
# fitting Python or the packages cannot be had; fails if a check fails.
set -uo pipefail
cd "$(dirname "$0")"

# Longer than this, and the packages count as not to be had.
INSTALL_SECONDS=${INSTALL_SECONDS:-400}

skip() {
    echo "skipped: $1"
    exit 0
}

python=$(command -v python3) || skip "there is no python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    skip "$("$python" --version) is too old for the pinned packages; 3.11 is needed"
target=$(cargo metadata --format-version 1 --no-deps --offline | "$python" -c \
    'import json, sys; print(json.load(sys.stdin)["target_directory"])') || exit 1

# Installed once for each list of packages and each Python.
key=$( ("$python" --version && cat requirements.txt) | cksum | cut -d ' ' -f 1)
venv=$target/compat/$key
if [ ! -e "$venv/complete" ]; then
    rm -rf "$venv"
    "$python" -m venv "$venv" >/dev/null || skip "python3 has no working venv module"
    timeout "$INSTALL_SECONDS" "$venv/bin/pip" install --quiet --disable-pip-version-check \
        --only-binary :all: -r requirements.txt ||
        skip "the packages cannot be installed; see above"
    touch "$venv/complete"
fi

cargo build --quiet -p llm-demo --bin serve || exit 1
exec timeout 600 "$venv/bin/python" check.py "$target/debug/serve"

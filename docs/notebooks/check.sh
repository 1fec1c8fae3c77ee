#!/usr/bin/env bash
# Runs the notebooks of this folder from top to bottom, and fails if a cell
# fails, does not end, or prints something else than the notebook shows.
#
# Needs evcxr_jupyter (cargo install evcxr_jupyter --locked) and nbclient
# (pip install nbclient). Without them it says so and is content: they are not
# part of what the project's tests need. `--write` stores the outputs of the
# run in the notebooks. PYTHON names another Python than python3.
set -uo pipefail
cd "$(dirname "$0")" || exit 1

skip() {
    echo "skipped: $1"
    exit 0
}

python=${PYTHON:-python3}
command -v evcxr_jupyter >/dev/null || skip "there is no evcxr_jupyter"
command -v "$python" >/dev/null || skip "there is no $python"
"$python" -c 'import nbclient, nbformat' 2>/dev/null || skip "$python has no nbclient"

# The kernel is installed for this run only, and keeps its files there. What
# the user's own evcxr does at its start is not part of a check.
own=$(mktemp -d) || exit 1
trap 'rm -rf "$own"' EXIT
export JUPYTER_PATH=$own IPYTHONDIR=$own XDG_CONFIG_HOME=$own TMPDIR=$own
evcxr_jupyter --install >/dev/null || exit 1
"$python" run.py "$@"

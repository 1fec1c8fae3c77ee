#!/usr/bin/env bash
# Runs the notebooks of this folder from top to bottom, and fails if a cell
# fails or prints something else than it should.
#
# Needs evcxr_jupyter (cargo install evcxr_jupyter --locked) and nbclient
# (pip install nbclient ipykernel). Without them it says so and is content:
# they are not part of what the project's tests need. `--write` stores the
# outputs of the run in the notebooks.
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

# The kernel is installed for this run only.
kernels=$(mktemp -d) || exit 1
trap 'rm -rf "$kernels"' EXIT
JUPYTER_PATH=$kernels evcxr_jupyter --install >/dev/null || exit 1
export JUPYTER_PATH=$kernels
"$python" run.py "$@"

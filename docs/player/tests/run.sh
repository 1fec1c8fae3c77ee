#!/usr/bin/env bash
# The loop player's tests: the fold in Node, the page in headless Chromium.
# What is not installed is skipped, and said so.
set -euo pipefail
cd "$(dirname "$0")/../../.."

command -v node >/dev/null || { echo 'skipped: no node'; exit 0; }
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' ||
    { echo 'skipped: no node from version 18 on'; exit 0; }

node --test docs/player/tests/fold.test.js
node docs/player/tests/browser.js "${CARGO_TARGET_DIR:-target}/player"

#!/usr/bin/env bash
# The loop player's tests: the fold in Node, the page in headless Chromium; with
# ALL_BROWSERS=1 in Firefox and WebKit too (Debian: firefox-esr; webkit2gtk-driver,
# xvfb and dbus). What is not installed is skipped, and said so.
set -euo pipefail
cd "$(dirname "$0")/../../.."

command -v node >/dev/null || { echo 'skipped: no node'; exit 0; }
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' ||
    { echo 'skipped: no node from version 18 on'; exit 0; }

node --test docs/player/tests/fold.test.js docs/player/tests/load.test.js
node docs/player/tests/browser.js "${CARGO_TARGET_DIR:-target}/player"
if [ "${ALL_BROWSERS:-}" = 1 ]; then
    node docs/player/tests/other_browsers.js
else
    echo 'skipped: Firefox and WebKit; ALL_BROWSERS=1 tries them'
fi

#!/usr/bin/env bash
# Prepares a machine for the attacks of tests/attacks; for CI, run as root. It installs Debian's Chromium if there is none.
set -euo pipefail
say() { echo "chromium: $*" >&2; }

if command -v chromium chromium-browser google-chrome >/dev/null; then exit 0; fi
[ "$(id -u)" = 0 ] || { say "there is no Chromium, and only root can install it"; exit 1; }
command -v apt-get >/dev/null || { say "install Chromium: this machine has no apt-get"; exit 1; }
say "installing Debian's package"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends chromium >/dev/null
command -v chromium >/dev/null || { say "the package has no chromium"; exit 1; }

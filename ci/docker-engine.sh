#!/usr/bin/env bash
# Prepares a machine for the Docker tests; for CI, run as root. It changes nothing that is already in place, so a second
# run takes a second.
#   1. Install the engine with its Compose and buildx plug-ins from Debian's packages.
#   2. Start a daemon if none answers.
#   3. Get the base images of the Dockerfiles: pull them or, if no registry is reachable, build replacements from Debian's
#      packages. A replacement trusts the CA certificates of this machine, so that the Dockerfiles need no change.
set -euo pipefail
DEBIAN=debian:bookworm-slim
PYTHON=python:3.11-slim-bookworm
MIRROR=http://deb.debian.org/debian
LOG=/var/log/dockerd.log
START_TIMEOUT_S=60
PULL_TIMEOUT_S=120

say() { echo "docker-engine: $*" >&2; }
fail() { say "$*"; exit 1; }
answers() { docker version >/dev/null 2>&1; }
installed() { [ -n "$(dpkg-query --show --showformat='${db:Status-Abbrev}' "$1" 2>/dev/null | grep '^ii')" ]; }

quietly() {
  local output
  output=$("$@" 2>&1) || { echo "$output" | tail -20 >&2; fail "failed: $*"; }
}

install_engine() {
  if answers && docker compose version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1; then return; fi
  [ "$(id -u)" = 0 ] || fail "there is no Docker engine with Compose and buildx, and only root can install one"
  command -v apt-get >/dev/null || fail "install Docker with its compose and buildx plug-ins: this machine has no apt-get"
  say "installing the engine"
  # Bookworm's engine cannot take a folder as an extra build context and has no Compose v2. Trixie's engine runs on
  # bookworm. No other package may come from trixie, in particular not containerd or the C library.
  cat >/etc/apt/sources.list.d/docker-engine.sources <<SOURCES
Types: deb
URIs: $MIRROR
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  cat >/etc/apt/preferences.d/docker-engine <<PREFERENCES
Package: *
Pin: release n=trixie
Pin-Priority: -1

Package: docker.io docker-cli docker-compose docker-buildx
Pin: release n=trixie
Pin-Priority: 990
PREFERENCES
  quietly apt-get update
  DEBIAN_FRONTEND=noninteractive quietly apt-get install -y --no-install-recommends \
    docker.io docker-cli docker-compose docker-buildx containerd iptables ca-certificates
}

start_engine() {
  answers && return
  [ "$(id -u)" = 0 ] || fail "no Docker engine answers, and only root can start one"
  say "starting dockerd (its log: $LOG)"
  # a separate session without our file descriptors, so that dockerd outlives this script and nobody waits for its output
  setsid dockerd >"$LOG" 2>&1 </dev/null &
  local deadline=$((SECONDS + START_TIMEOUT_S))
  until answers; do
    [ "$SECONDS" -lt "$deadline" ] || { tail -15 "$LOG" >&2; fail "dockerd did not answer within $START_TIMEOUT_S s"; }
    sleep 0.2
  done
}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

pulled() {
  say "pulling $1"
  timeout "$PULL_TIMEOUT_S" docker pull --quiet "$1" >/dev/null 2>&1
}

# Debian's own Python, with the official image's names, and without the marker file that blocks pip.
make_python() {
  docker build --quiet --tag "$PYTHON" - >/dev/null <<DOCKERFILE
FROM $DEBIAN
RUN apt-get update \\
 && apt-get install -y --no-install-recommends python3 python3-pip python3-venv \\
 && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED \\
 && ln -s /usr/bin/python3 /usr/local/bin/python \\
 && ln -s /usr/bin/python3 /usr/local/bin/python3 \\
 && ln -s /usr/bin/pip3 /usr/local/bin/pip
# pip in a virtual environment has its own certificates; PIP_CERT makes it trust the system's
ENV LANG=C.UTF-8 PIP_CERT=/etc/ssl/certs/ca-certificates.crt
LABEL org.opencontainers.image.description="replacement for $PYTHON, made from Debian's packages"
DOCKERFILE
}

make_debian() {
  installed mmdebstrap || DEBIAN_FRONTEND=noninteractive quietly apt-get install -y --no-install-recommends mmdebstrap
  local certificates=/usr/local/share/ca-certificates archive
  archive=$(mktemp --suffix=.tar)
  mkdir -p "$certificates"
  quietly mmdebstrap --variant=minbase --include=ca-certificates \
    --customize-hook="sync-in $certificates $certificates" \
    --customize-hook='chroot "$1" update-ca-certificates' \
    --customize-hook='rm -rf "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/*' \
    bookworm "$archive" "$MIRROR"
  docker import --change 'CMD ["bash"]' \
    --change "LABEL org.opencontainers.image.description=\"replacement for $DEBIAN, made from Debian's packages\"" \
    "$archive" "$DEBIAN" >/dev/null
  rm -f "$archive"
}

base_images() {
  has_image "$PYTHON" && has_image "$DEBIAN" && return
  if pulled "$DEBIAN" && pulled "$PYTHON"; then return; fi
  [ "$(id -u)" = 0 ] || fail "$PYTHON cannot be pulled, and only root can build a replacement"
  say "no registry answers: building replacements of $DEBIAN and $PYTHON"
  make_debian
  make_python
}

install_engine
start_engine
base_images
say "ready: engine $(docker version --format '{{.Server.Version}}'), compose $(docker compose version --short)"

#!/usr/bin/env bash
# What /openapi.json says, held against what the server does, by schemathesis: in dev mode and in jwt mode.
# What it installs goes into a folder of the project, target/openapi/.
#
#   stitch-server/openapi/check.sh           both modes
#   stitch-server/openapi/check.sh MODE …    only these: dev jwt
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
here=$PWD/stitch-server/openapi
work=$PWD/target/openapi
stitch=$PWD/target/debug/stitch-server
mkdir -p "$work"

fail() { echo "$*" >&2; exit 1; }

install() {
  cmp -s "$here/requirements.txt" "$work/python/.installed" && return
  rm -rf "$work/python"
  python3 -m venv "$work/python" &&
    "$work/python/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" &&
    cp "$here/requirements.txt" "$work/python/.installed"
}

server=
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null
    wait "$server"
    server=
  fi
}
run=$(mktemp -d "$work/run.XXXXXX") || exit 1
trap 'stop; rm -rf "$run"' EXIT
trap 'exit 1' INT TERM
unset FF_PORT
export STITCH_STORE=$run/stitch.db STITCH_SYNC_ADDR=127.0.0.1:0 STITCH_MANAGEMENT_ADDR=127.0.0.1:0
export STITCH_ADMIN=ann@example.com STITCH_PASSWORD=openapi-openapi STITCH_KEY

# A store with definitions, people, a key and a metric, and a server on it.
start() {
  rm -f "$run"/*
  "$stitch" import clients/registry.json >/dev/null &&
    "$stitch" users add --email "$STITCH_ADMIN" --role admin <<<"$STITCH_PASSWORD" >/dev/null &&
    "$stitch" users add --email bob@example.com --role viewer <<<"$STITCH_PASSWORD" >/dev/null &&
    "$stitch" metrics create clicks --type integer >/dev/null &&
    STITCH_KEY=$("$stitch" keys create --env prod --name openapi | grep -o 'stitch_[0-9a-f]*_[0-9a-f]*') ||
    fail "the store cannot be filled"
  "$stitch" --port 0 --auth "$1" >"$run/banner" 2>"$run/log" &
  server=$!
  url=
  for _ in $(seq 200); do
    url=$(sed -n 's/^ *listening \(http:.*\)$/\1/p' "$run/banner")
    [ -n "$url" ] && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
  done
  cat "$run/log" >&2
  fail "the server does not start"
}

install || fail "schemathesis cannot be installed"
cargo build --quiet --locked -p stitch-server || fail "the server does not build"
[ $# -gt 0 ] || set -- dev jwt
failed=0
for mode in "$@"; do
  case $mode in dev | jwt) ;; *) fail "there is no mode \`$mode\`: see the head of this file" ;; esac
  start "$mode"
  echo "--auth $mode"
  "$work/python/bin/python" "$here/vectors.py" "$url" parity/vectors || failed=1
  "$work/python/bin/python" "$here/check.py" "$url" "$work/$mode.log" || failed=1
  stop || { echo "the server did not end well"; failed=1; }
done
[ "$failed" -eq 0 ]

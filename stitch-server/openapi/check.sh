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
mkdir -p "$work"
. stitch-server/serving.sh

export STITCH_STORE=$run/stitch.db STITCH_MANAGEMENT_ADDR=127.0.0.1:0
export STITCH_ADMIN=ann@example.com STITCH_PASSWORD=openapi-openapi STITCH_KEY

# fill: a store with definitions, people, a key and a metric.
fill() {
  rm -f "$run"/*
  "$stitch" import clients/registry.json >/dev/null &&
    "$stitch" users add --email "$STITCH_ADMIN" --role admin <<<"$STITCH_PASSWORD" >/dev/null &&
    "$stitch" users add --email bob@example.com --role viewer <<<"$STITCH_PASSWORD" >/dev/null &&
    "$stitch" metrics create clicks --type integer >/dev/null &&
    STITCH_KEY=$("$stitch" keys create --env prod --name openapi | grep -o 'stitch_[0-9a-f]*_[0-9a-f]*') ||
    fail "the store cannot be filled"
}

venv "$work/python" "$here/requirements.txt" || fail "schemathesis cannot be installed"
build
[ $# -gt 0 ] || set -- dev jwt
failed=0
for mode in "$@"; do
  case $mode in dev | jwt) ;; *) fail "there is no mode \`$mode\`: see the head of this file" ;; esac
  fill
  serve --auth "$mode"
  echo "--auth $mode"
  "$work/python/bin/python" "$here/vectors.py" "$url" parity/vectors || failed=1
  "$work/python/bin/python" "$here/check.py" "$url" "$work/$mode.log" || failed=1
  stop || { echo "the server did not end well"; failed=1; }
done
[ "$failed" -eq 0 ]

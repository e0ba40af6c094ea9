#!/usr/bin/env bash
# The published OFREP clients, each through its public API, against a server of this tree.
# What it installs goes into folders of the project: target/clients/, clients/node/node_modules/.
#
#   clients/check.sh                      all of them
#   clients/check.sh python server-js …   only these: contract python server-js web-js rust
#
# The contract is the protocol's own schema: $OFREP_OPENAPI, or shared/standards/ofrep/openapi.yaml beside this repository.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
root=$PWD
work=$root/target/clients
mkdir -p "$work"
openapi=${OFREP_OPENAPI:-$root/../shared/standards/ofrep/openapi.yaml}

fail() { echo "$*" >&2; exit 1; }

# Installing, each only if what it was told to install has changed.
current() { [ -e "$1/.installed" ] && cmp -s "$2" "$1/.installed"; }
install_python() {
  current "$work/python" clients/python/requirements.txt && return
  rm -rf "$work/python"
  python3 -m venv "$work/python" &&
    "$work/python/bin/pip" install --quiet --disable-pip-version-check --requirement clients/python/requirements.txt &&
    cp clients/python/requirements.txt "$work/python/.installed"
}
install_node() {
  current clients/node/node_modules clients/node/package-lock.json && return
  (cd clients/node && npm ci --silent) && cp clients/node/package-lock.json clients/node/node_modules/.installed
}
install_rust() { cargo build --quiet --locked --manifest-path clients/rust/Cargo.toml --target-dir "$work/rust"; }

# One server for each client, on a copy of the registry that it may edit.
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
start() {
  cp clients/registry.json "$run/registry.json"
  : >"$run/banner"
  env -u FF_PORT STITCH_STORE=memory STITCH_SYNC_ADDR=127.0.0.1:0 "$root/target/debug/stitch-server" --port 0 --registry "$run/registry.json" >"$run/banner" 2>"$run/log" &
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

asks=$root/clients/asks.json
contract() {
  if [ ! -e "$openapi" ]; then
    echo "skipped contract: there is no schema at \$OFREP_OPENAPI or ../shared/standards/ofrep/openapi.yaml"
    return
  fi
  install_python && "$work/python/bin/python" clients/python/contract.py "$url" "$asks" "$openapi"
}
python() { install_python && "$work/python/bin/python" clients/python/client.py "$url" "$asks"; }
server-js() { install_node && node clients/node/server.js "$url" "$asks"; }
web-js() { install_node && node clients/node/web.js "$url" "$asks" "$run/registry.json"; }
rust() { install_rust && "$work/rust/debug/stitch-clients" "$url" "$asks"; }

cargo build --quiet --locked -p stitch-server || fail "the server does not build"
[ $# -gt 0 ] || set -- contract python server-js web-js rust
passed=0
failed=0
for client in "$@"; do
  case $client in contract | python | server-js | web-js | rust) ;; *) fail "there is no client \`$client\`: see the head of this file" ;; esac
  start
  "$client" >"$run/report" 2>"$run/errors"
  status=$?
  grep -E '^(FAILED|skipped) ' "$run/report"
  good=$(grep -c '^ok ' "$run/report")
  bad=$(grep -c '^FAILED ' "$run/report")
  # One that broke off, or checked nothing and does not say why, has failed too.
  if { [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; } || { [ $((good + bad)) -eq 0 ] && ! grep -q '^skipped ' "$run/report"; }; then
    tail -n 20 "$run/errors"
    echo "FAILED $client: it ended with status $status after $good checks"
    bad=$((bad + 1))
  fi
  echo "$client: $good passed, $bad failed"
  passed=$((passed + good))
  failed=$((failed + bad))
  stop || { echo "FAILED $client: the server did not end well"; failed=$((failed + 1)); }
done
[ $((passed + failed)) -gt 0 ] || { echo "nothing ran"; failed=1; }
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

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

. stitch-server/serving.sh

# Installing, each only if what it was told to install has changed.
install_python() { venv "$work/python" clients/python/requirements.txt; }
install_node() {
  current clients/node/node_modules clients/node/package-lock.json && return
  (cd clients/node && npm ci --silent) && cp clients/node/package-lock.json clients/node/node_modules/.installed
}
install_rust() { cargo build --quiet --locked --manifest-path clients/rust/Cargo.toml --target-dir "$work/rust"; }

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

build
[ $# -gt 0 ] || set -- contract python server-js web-js rust
passed=0
failed=0
for client in "$@"; do
  case $client in contract | python | server-js | web-js | rust) ;; *) fail "there is no client \`$client\`: see the head of this file" ;; esac
  # One server for each client, on a copy of the registry that it may edit.
  cp clients/registry.json "$run/registry.json"
  serve --store memory --registry "$run/registry.json"
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

#!/usr/bin/env bash
# Measures streams of definitions against a real server, which has its store in a file with `synchronous=FULL`.
#
#   benches/sync/run.sh           a thousand clients; writes benches/results/sync.md (four minutes, on a quiet machine)
#   benches/sync/run.sh steady    10,000 flags and a change a second for ten minutes; writes benches/results/steady.md
#   … --quick                     a few clients, one minute: sees that all goes well, writes nothing
#
# Linux only: it reads the server's memory and time from /proc. Each client takes an open file of this process and one
# of the server's: 1,100 of each are needed, and the limit is raised as far as it may be.
set -euo pipefail
cd "$(dirname "$0")/../.."

mode=told
if [ "${1:-}" = steady ]; then mode=steady; shift; fi
ulimit -Sn "$(ulimit -Hn)"
if [ "$(ulimit -n)" != unlimited ] && [ "$(ulimit -n)" -lt 1100 ]; then
  echo "1,100 open files are needed and $(ulimit -n) allowed: raise the hard limit (\`ulimit -Hn\`)" >&2
  exit 2
fi
# Apart, so that the server is the one that everybody has, without what the clients ask of the crates that they share.
${STITCH_BUILD:-} cargo build --release --locked --quiet -p stitch-server
${STITCH_BUILD:-} cargo build --release --locked --quiet -p sync-bench
target=${CARGO_TARGET_DIR:-target}
found=$(${STITCH_MEASURE:-} "$target/release/sync-bench" "$target/release/stitch-server" "$mode" "$@")
if [ "${1:-}" = --quick ]; then echo "$found"; exit; fi

again=benches/sync/run.sh
if [ "$mode" = steady ]; then
  result=benches/results/steady.md again+=" steady"
  head="### A change a second for ten minutes"
else
  result=benches/results/sync.md
  head="## Streams of definitions

One server, and clients in another process of the same machine, each on a connection of its own (gRPC over TCP on loopback, not encrypted). Times are from before a write's request is sent until a client has decoded the message: the request, the compilation, the disk and the way to the client are in them, and the clients share the processors. A processor's time is the server's alone."
fi
{ echo "$head"; echo; benches/results/facts.sh; echo "- repeat with \`$again\`"; echo "$found"; } >"$result"
cat "$result"

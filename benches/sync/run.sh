#!/usr/bin/env bash
# Measures streams of definitions against a real server; writes benches/results/sync.md.
#
#   benches/sync/run.sh              builds, then measures (about fifteen minutes; keep the machine quiet)
#   MINUTES=1 benches/sync/run.sh    a shorter steady run
#   CLIENTS=200 benches/sync/run.sh  fewer clients
#   CLIENTS=0 benches/sync/run.sh    only what one client costs that evaluates
#
# Linux only: it reads the server's memory from /proc. Each client takes a file descriptor of this process and one of
# the server.
set -euo pipefail
cd "$(dirname "$0")/../.."
ulimit -n "$(ulimit -Hn)"
cargo build --release --locked --quiet -p stitch-server -p sync-bench
target=${CARGO_TARGET_DIR:-target}
exec "$target/release/sync-bench" "$target/release/stitch-server" benches/results/sync.md

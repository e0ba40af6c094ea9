#!/usr/bin/env bash
# The comparison with other engines in Rust: `benches/compare.sh rust`.
set -euo pipefail
cd "$(dirname "$0")"

${STITCH_BUILD:-} cargo build --release --locked
times=$(${STITCH_MEASURE:-} target/release/peers "$@")
counts=$(target/release/counting "$@")
# Two threads need both processors, whatever the rest is measured on.
threads=$(target/release/peers --threads "$@")
tables="$times

$counts

$threads"
if [ "${1:-}" = --quick ]; then
  echo "$tables"
  exit
fi
{
  echo "## Engines in Rust"
  echo
  ../results/facts.sh
  echo "- repeat with \`benches/compare.sh rust\`"
  echo
  echo "$tables"
} >../results/rust.md

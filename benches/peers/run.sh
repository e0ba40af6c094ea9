#!/usr/bin/env bash
# The comparison with other engines in Rust: `benches/compare.sh rust`.
set -euo pipefail
cd "$(dirname "$0")"

${STITCH_BUILD:-} cargo build --release --locked
tables=$(${STITCH_MEASURE:-} target/release/peers "$@")
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

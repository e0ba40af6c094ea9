#!/usr/bin/env bash
# Measures stitch beside what one could pick instead, and writes what was found to RESULTS.md.
#
#   benches/compare.sh                  every comparison
#   benches/compare.sh rust …           only these: rust python server sync
#   benches/compare.sh --quick [rust …] a few milliseconds a cell: sees that all answer right, writes nothing
#
# STITCH_MEASURE is put before every measurement (not before a build): `taskset -c 1`, `nice -n -5`, ….
set -euo pipefail
cd "$(dirname "$0")"

# The directory of each comparison; its run.sh writes results/NAME.md.
declare -A directory=([rust]=peers [python]=python [server]=server [sync]=sync)
names=(rust python server sync)

quick=()
if [ "${1:-}" = --quick ]; then quick=(--quick); shift; fi
asked=("$@")
if [ ${#asked[@]} -eq 0 ]; then
  for name in "${names[@]}"; do [ -x "${directory[$name]}/run.sh" ] && asked+=("$name"); done
fi

for name in "${asked[@]}"; do
  run="${directory[$name]:-none}/run.sh"
  if [ ! -x "$run" ]; then
    echo "there is no comparison \`$name\`: see the head of benches/compare.sh" >&2
    exit 2
  fi
  "$run" "${quick[@]}"
done
[ ${#quick[@]} -gt 0 ] || results/join.sh

#!/usr/bin/env bash
# Joins what the comparisons wrote into RESULTS.md.
set -euo pipefail
cd "$(dirname "$0")"

{
  cat <<'HEAD'
# Results

stitch beside what one could pick instead: the same work, the answers checked before anything is measured, each comparison in one run and in rounds by turns, so that what disturbs the machine disturbs all alike. Ratios are what to read; times are of one machine on one day.

To repeat it: `benches/compare.sh` ([how](README.md)). This page is written by it.
HEAD
  for name in rust python server sync steady; do
    if [ -f "$name.md" ]; then echo; cat "$name.md"; fi
  done
} >../RESULTS.md
echo "wrote benches/RESULTS.md"

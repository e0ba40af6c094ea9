#!/usr/bin/env bash
# Where and of what a comparison was measured, as a list: every fragment begins with it.
set -euo pipefail
cd "$(dirname "$0")"

commit=$(git rev-parse --short HEAD)
git diff --quiet HEAD -- ../.. ':!../RESULTS.md' ':!.' || commit+=", with changes that are not committed"
model=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | sort -u | paste -sd, -)
echo "- machine: ${model:-$(uname -m)}, $(nproc) cores, $(uname -s) $(uname -m)"
echo "- $(rustc --version)"
echo "- commit $commit, measured $(date -u +%F)"

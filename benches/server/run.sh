#!/usr/bin/env bash
# The comparison `server` of ../compare.sh: run.py says more.
#
#   ./run.sh            builds, measures, and writes benches/results/server.md
#   ./run.sh --quick    builds, and sees that all answer alike
set -euo pipefail
cd "$(dirname "$0")"
case "${1:-}" in
  "") exec python3 run.py ;;
  --quick) exec python3 run.py build check ;;
  *) echo "there is no option \`$1\`: see the head of run.sh" >&2 && exit 2 ;;
esac

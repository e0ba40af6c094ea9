#!/usr/bin/env bash
# Every row runs once, and none takes more instructions than benches/instructions.toml keeps.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${CI:-}" = true ] && ! command -v valgrind >/dev/null && command -v apt-get >/dev/null; then
  sudo=(); [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" apt-get install -y -qq --no-install-recommends valgrind
fi

cargo build --release --locked -p benches --bins --benches
cargo bench --locked -p benches --bench rows -- --test >target/bench-smoke.txt || { cat target/bench-smoke.txt; exit 1; }
echo "$(grep -c ': Success\|Success$' target/bench-smoke.txt) rows run"
target/release/instructions

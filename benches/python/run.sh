#!/usr/bin/env bash
# stitch beside other feature flag libraries for Python, in one run. What it installs goes into .venv/ here and target/.
#
#   ./run.sh            builds, measures, and writes benches/results/python.md
#   ./run.sh build      only builds
#   ./run.sh measure    only measures what was built
#   ./run.sh --quick    builds, and asserts the answers, without measuring
#
# PYTHON names the interpreter that .venv/ is made of, where there is none yet; TURNS how often all is gone through.
set -euo pipefail
cd "$(dirname "$0")"

target="${CARGO_TARGET_DIR:-../../target}/wheel"
python=.venv/bin/python
figures="$target/benchmark"
results=../results/python.md

build() {
  [ -x "$python" ] || "${PYTHON:-python3}" -m venv .venv
  if ! cmp -s requirements.txt .venv/requirements.txt; then
    "$python" -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
    cp requirements.txt .venv/requirements.txt
  fi
  rm -rf "$target/release-dist"
  for crate in ../../stitch-py empty; do
    "$python" -m maturin build --quiet --locked --release --manifest-path "$crate/Cargo.toml" \
      --interpreter "$python" --target-dir "$target" --out "$target/release-dist"
  done
  "$python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$target"/release-dist/*.whl
}
ask() { "$python" -m pytest -q -p no:cacheprovider test_rows.py "$@"; }
measure() {
  rm -rf "$figures"
  mkdir -p "$figures" "$(dirname "$results")"
  for turn in $(seq 0 $((${TURNS:-5} - 1))); do
    TURN="$turn" ask --benchmark-disable-gc --benchmark-quiet --benchmark-json "$figures/$turn.json"
  done
  "$python" report.py "$results" "$figures"/*.json
  cat "$results"
}
quick() { build && ask --benchmark-disable -k answers; }

case "${1:-all}" in
  all) build && measure ;;
  build | measure) "$1" ;;
  --quick) quick ;;
  *) echo "there is no step \`$1\`: see the head of run.sh" >&2 && exit 2 ;;
esac

#!/usr/bin/env bash
# Runs everything that keeps stitch honest; what it installs goes into folders of the project (target/, .venv/).
#
#   ./test.sh            everything
#   ./test.sh NAME …     only these steps: format lint test doc openapi python parity clients bench
set -uo pipefail
cd "$(dirname "$0")"

steps=(format lint test doc openapi python parity clients bench)
format() { cargo fmt --all --check; }
lint() { cargo clippy --workspace --all-targets --locked -- -D warnings; }
test() {
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --locked --no-fail-fast
  else
    echo "cargo-nextest is not installed (cargo install cargo-nextest --locked): running the same tests with cargo test"
    cargo test --workspace --exclude parity --lib --bins --tests --locked --no-fail-fast
  fi
}
doc() { cargo test --workspace --doc --locked && RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked; }
openapi() { stitch-server/openapi/check.sh; }
python() { stitch-py/check.sh; }
parity() {
  # The wheel that the step before built is one of the engines.
  if [ -x .venv/bin/python ]; then export STITCH_PYTHON="$PWD/.venv/bin/python"; fi
  # Without the dot for each of some thirty thousand cases.
  cargo test -p parity --locked --no-fail-fast -- --quiet | grep -vE '^[.i]+$'
}
clients() { clients/check.sh; }
bench() { benches/check.sh; }

[ $# -gt 0 ] && steps=("$@")
report=()
failed=0
for step in "${steps[@]}"; do
  if ! declare -F "$step" >/dev/null; then
    echo "there is no step \`$step\`: see the head of test.sh" >&2
    exit 2
  fi
  printf '\n=== %s\n' "$step"
  start=$SECONDS
  if "$step"; then outcome=passed; else outcome=FAILED; failed=$((failed + 1)); fi
  report+=("$(printf '%-8s %-6s %4d s' "$step" "$outcome" $((SECONDS - start)))")
done

printf '\nWhat ran:\n'
printf '  %s\n' "${report[@]}"
echo "$((${#steps[@]} - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]

#!/usr/bin/env bash
# Builds the wheel and proves it: pytest with the parity vectors, the examples of the docstrings and of README.md, the
# stubs (mypy.stubtest), types, style, and OpenFeature's scenarios. What it installs goes into .venv/ and target/.
#
#   ./check.sh              everything
#   ./check.sh ARGUMENT …   arguments for pytest: ./check.sh -k context
#
# PYTHON names the interpreter that .venv/ is made of, where there is none yet; 3.10 or newer.
set -euo pipefail
cd "$(dirname "$0")"

venv=../.venv
target="${CARGO_TARGET_DIR:-../target}/wheel" # apart from the workspace's: the interpreter's settings would rebuild it
if [ ! -x "$venv/bin/python" ]; then
  "${PYTHON:-python3}" -m venv "$venv"
fi
python="$(cd "$venv/bin" && pwd)/python"
"$python" -c 'import sys; sys.exit("stitch needs Python 3.10 or newer" if sys.version_info < (3, 10) else 0)'

if ! cmp -s requirements-test.txt "$venv/requirements-test.txt"; then
  "$python" -m pip install --quiet --disable-pip-version-check --requirement requirements-test.txt
  cp requirements-test.txt "$venv/requirements-test.txt"
fi

# What clients follow.
cargo build --quiet --locked -p stitch-server
export STITCH_SERVER="$(cd "${CARGO_TARGET_DIR:-../target}" && pwd)/debug/stitch-server"

rm -rf "$target/dist"
# The profile of the workspace's tests: quick to build, and the same answers.
"$python" -m maturin build --quiet --locked --profile dev --interpreter "$python" --target-dir "$target" --out "$target/dist"
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall "$target"/dist/stitch-*.whl

results="$target/pytest.xml"
rm -f "$results"
outcome=0
"$python" -m pytest -q --junitxml="$results" "$@" || outcome=$? # 5: there was nothing to run, which is a failure too
"$python" - "$results" <<'PYTHON' || outcome=1
import sys
from xml.etree import ElementTree

suite = ElementTree.parse(sys.argv[1]).getroot().find("testsuite")
tests, failed, skipped = (int(suite.get(name, 0)) for name in ("tests", "failures", "skipped"))
failed += int(suite.get("errors", 0))
print(f"{tests - failed - skipped} passed, {failed} failed, {skipped} skipped")
sys.exit(0 if tests else 1)
PYTHON
exit "$outcome"

"""What is checked without running: the stubs against the module, types, style."""

from __future__ import annotations

import importlib.resources
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_stubs_say_what_the_module_does() -> None:
    run("mypy.stubtest", "stitch", "--allowlist", "stubtest-allowlist.txt")


def test_types() -> None:
    run("mypy", "--no-incremental", "-p", "stitch")
    run("mypy", "--no-incremental", "tests", "../parity/engines/wheel.py")


def test_style() -> None:
    files = [".", "../parity/engines/wheel.py"]
    run("ruff", "check", "--no-cache", *files)
    run("ruff", "format", "--no-cache", "--check", *files)


def test_the_wheel_is_typed() -> None:
    assert (importlib.resources.files("stitch") / "py.typed").is_file()
    assert (importlib.resources.files("stitch") / "_stitch.pyi").is_file()

"""What the Python tests share: where the tool is, and how to run it."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]


def pytest_addoption(parser):
    parser.addoption(
        "--uwt",
        type=pathlib.Path,
        default=ROOT / "build" / "bin" / "uwt",
        help="the tool under test (default: build/bin/uwt)",
    )


@pytest.fixture(scope="session")
def uwt(pytestconfig):
    """Runs `uwt` with arguments and returns what subprocess.run gives, with text output.

    A failure of the tool fails the test, unless `check=False`.
    """
    binary = pytestconfig.getoption("--uwt").resolve()
    # Tests compile what they test, whatever a run before has kept.
    os.environ["UWT_CACHE"] = "none"
    assert binary.exists(), f"{binary} is missing: build it first (tools/test.sh build)"

    def run(*arguments, check=True, **options):
        result = subprocess.run(
            [binary, *map(str, arguments)], capture_output=True, text=True, **options
        )
        if check:
            assert result.returncode == 0, f"exit {result.returncode}: {result.stderr}"
        return result

    run.binary = binary
    return run

"""Exporters and compiled programs for the tests of this folder (tools/test.sh frontends)."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "export"))


@pytest.fixture
def run_exporter(monkeypatch, capsys):
    """Runs an export script in this process: run(script, arguments...) gives (exit code, output, errors)."""

    def run(script, *arguments):
        import command_line

        module = __import__(script)
        monkeypatch.setattr(sys, "argv", [f"{script}.py", *map(str, arguments)])
        # What the test itself has made the libraries print.
        capsys.readouterr()
        code = 0
        try:
            command_line.run_script(module.main)
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def library(uwt):
    """The C API beside the tool under test."""
    from program import load_library

    return load_library(uwt.binary)

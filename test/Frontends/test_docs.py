"""The commands of docs/frontends.md run as they stand there."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECTIONS = {"A model folder of transformers": "transformers", "PyTorch": "torch_mlir", "JAX": "jax"}


def blocks(title):
    """(language, text) of the fenced blocks of a section."""
    page = (ROOT / "docs" / "frontends.md").read_text()
    section = page.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(r"^```(\w+)\n(.*?)^```$", section, re.M | re.S)


@pytest.mark.parametrize("title", SECTIONS)
def test_section(uwt, tmp_path, title):
    """Files that blocks of Python name are written, blocks of commands run, in order."""
    pytest.importorskip(SECTIONS[title])
    (tmp_path / "tools").symlink_to(ROOT / "tools")
    environment = os.environ | {"PATH": f"{uwt.binary.parent}:{os.environ['PATH']}"}
    for language, text in blocks(title):
        if language == "python":
            (tmp_path / re.match(r"# (\w+\.py)\n", text).group(1)).write_text(text)
            continue
        for line in text.splitlines():
            # The environment is the one that this test runs in.
            if re.match(r"python3 -m venv|\S+/bin/pip install", line):
                continue
            line = re.sub(r"^(torch|jax)-venv/bin/python\b", sys.executable, line)
            result = subprocess.run(
                ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True
            )
            assert result.returncode == 0, f"{line}\n{result.stderr}"

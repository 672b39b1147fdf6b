"""What the results of benchmarks have in common: how they are written, and the machine they name."""

import json
import pathlib
import platform
import re


def to_text(result):
    """JSON with one line an object's member, lists of numbers on one line."""
    text = json.dumps(result, indent=1)
    return re.sub(r"\[[\d\s.,e+-]+\]", lambda match: re.sub(r"\s+", " ", match[0]), text) + "\n"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()

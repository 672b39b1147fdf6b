"""Runs a command and passes where it ends with exactly the given exit code."""

import subprocess
import sys

expected = int(sys.argv[1])
actual = subprocess.run(sys.argv[2:]).returncode
if actual != expected:
    sys.exit(f"expected exit code {expected}, got {actual}: {' '.join(sys.argv[2:])}")

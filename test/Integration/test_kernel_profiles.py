"""The committed profiles of GPU kernels are what their machine code says, and keep their aims."""

import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "test" / "Benchmarks" / "kernel_profiles.py"


def load():
    sys.path.insert(0, str(SCRIPT.parent))  # As where it is run.
    spec = importlib.util.spec_from_file_location("kernel_profiles", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def row(**changes):
    base = {"target": "sm_90a", "format": "inplace<12>", "m": 8, "spill_bytes": 0, "hazards": 0, "board": "H200",
            "instructions_a_weight": 3.0, "ways": {"frequent": 1.75}, "raw_roof_us": 30.0, "predicted_us": 20.0,
            "cluster": 1, "copying": {"first_instructions": 20, "first_loads": 0, "loads_in_flight": 0}}
    return base | changes


def test_problems_are_named():
    profile = load()
    assert not list(profile.problems([row()], [row()]))
    found = list(profile.problems([row(spill_bytes=4, instructions_a_weight=3.2, raw_roof_us=20.0)], [row()]))
    assert found[0] == "sm_90a inplace<12> 8: 4 bytes spilled, 0 hazards"
    assert "3.2 instructions a weight, the table has 3.0" in found[1]
    assert "1.000 of raw at the roof is predicted on H200, the aim is 1.2" in found[2]
    slow = row(ways={"frequent": 2.0})
    assert "2.0 instructions on the frequent way, at most 1.95 are wanted" in next(profile.problems([slow], [row()]))
    late = row(copying={"first_instructions": 26, "first_loads": 0, "loads_in_flight": 0})
    assert "26 instructions from an empty stage to the first copy into it, and 0 stops" in next(profile.problems([late], [row()]))
    stopped = row(copying={"first_instructions": 20, "first_loads": 1, "loads_in_flight": 1})
    assert "20 instructions from an empty stage to the first copy into it, and 2 stops" in next(profile.problems([stopped], [row()]))
    assert "is not in lib/CostModel/kernel-profiles.json" in next(profile.problems([row(m=64)], []))
    assert list(profile.problems([], [row()])) == ["sm_90a inplace<12> 8: cannot be compiled any more"]


def test_kernels_are_as_in_the_table(pytestconfig):
    profile = load()
    version = json.loads(profile.TABLE.read_text())["ptxas"]
    if profile.assembler() != version:
        pytest.skip(f"the table is of ptxas {version}, here is {profile.assembler()}")
    uwt = pytestconfig.getoption("--uwt").resolve()
    run = subprocess.run([sys.executable, SCRIPT, "--uwt", uwt, "--check", "--fewer"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr

"""Random contractions and convolutions: results equal numpy's, and nothing ends by a signal.

    pytest test/Integration/test_random_contractions.py     # some seeds
    python test/Integration/test_random_contractions.py build/bin/uwt 1000 2000     # a long run
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import contraction_generator
import numpy as np
import pytest
import safetensors_file as st

SEEDS = range(24)


def read(path):
    """Results as arrays of f64: out0, out1, …"""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    results = []
    for i in range(len([name for name in header if name != "__metadata__"])):
        entry = header[f"out{i}"]
        begin, end = (8 + length + at for at in entry["data_offsets"])
        if entry["dtype"] == "BF16":
            words = np.frombuffer(data[begin:end], "<u2").astype("<u4") << 16
            array = words.view("<f4")
        else:
            array = np.frombuffer(data[begin:end], contraction_generator.NUMPY[entry["dtype"]])
        results.append((entry["dtype"], array.astype(np.float64).reshape(entry["shape"])))
    return results


def run_case(binary, seed, folder):
    """None, or what is wrong with what `uwt run` does."""
    case = contraction_generator.generate(seed)
    module, inputs, output = (folder / name for name in ("m.mlir", "x.safetensors", "y.safetensors"))
    module.write_text(case.text)
    tensors = {
        f"arg{i}": (dtype, list(array.shape), contraction_generator.to_bytes(dtype, array))
        for i, (dtype, array) in enumerate(case.inputs)
    }
    st.write(inputs, tensors)
    output.unlink(missing_ok=True)
    command = [binary, "run", module, "-o", output, "-q", "--min-elements", "1", "--optimise", "1"]
    command += ["--input", inputs] if tensors else []
    # Every third one as the raw twin.
    command += ["--raw"] if seed % 3 == 0 else []
    result = subprocess.run(command, capture_output=True, text=True)
    if case.outputs is None:
        if result.returncode not in (2, 3) or "error:" not in result.stderr:
            return f"sizes do not fit: exit {result.returncode}, {result.stderr}"
        return None
    if result.returncode:
        return f"exit {result.returncode}: {result.stderr}"
    for i, (given, expected) in enumerate(zip(read(output), case.outputs, strict=True)):
        if given[0] != expected[0] or not np.array_equal(given[1], expected[1]):
            return f"result {i} differs: {given[1]}, expected {expected[1]}"
    return None


@pytest.mark.parametrize("seed", SEEDS)
def test_results_are_those_of_numpy(uwt, tmp_path, seed):
    assert run_case(uwt.binary, seed, tmp_path) is None


if __name__ == "__main__":
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(int(sys.argv[2]), int(sys.argv[3])):
            wrong = run_case(sys.argv[1], seed, pathlib.Path(folder))
            if wrong:
                failures += 1
                print(f"seed {seed}: {wrong[:600]}", flush=True)
    print(f"{failures} of {int(sys.argv[3]) - int(sys.argv[2])} failed")
    sys.exit(failures != 0)

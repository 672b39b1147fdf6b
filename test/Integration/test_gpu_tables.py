"""gpu_tables.py, on results that uwt-bench has written on the unit tests' fake GPU."""

import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

import pytest

BENCHMARKS = pathlib.Path(__file__).resolve().parents[1] / "Benchmarks"
SAMPLE = BENCHMARKS / "gpu_sample.json"


def run(*arguments):
    command = [sys.executable, BENCHMARKS / "gpu_tables.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rows_of(text, title):
    """The cells of the tables below a heading."""
    part = text.split(f"### {title}\n")[1].split("###")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part.splitlines()
        if line.startswith("| ") and "---" not in line
    ]


@pytest.fixture(name="sample")
def fixture_sample():
    return json.loads(SAMPLE.read_text(encoding="utf-8"))


def test_speed_is_a_ratio_to_the_baseline_of_the_same_shape_and_m(sample):
    done = run(SAMPLE)
    assert done.returncode == 0, done.stderr
    row = next(r for r in sample["rows"] if r["format"] == "inplace<12>" and r["m"] == 3)
    dense = next(b for b in sample["baselines"] if b["m"] == 3)
    ratio = dense["time"]["median_seconds"] / row["time"]["median_seconds"]
    table = rows_of(done.stdout, "Times faster than cuBLASLt")
    assert table[0] == ["`raw`, n × k", "m = 1", "m = 3"]
    assert table[3][0] == "66 × 144"
    assert table[3][2] == f"{ratio:.2f}"


def test_decoding_ahead_has_a_table_where_it_was_measured(sample, tmp_path):
    title = "Gain by decoding beside the product before"
    assert title not in run(SAMPLE).stdout
    row = next(r for r in sample["rows"] if r["format"] == "inplace<12>" and r["m"] == 3)
    row["time_ahead"] = {"median_seconds": row["time"]["median_seconds"] / 1.25}
    path = tmp_path / "results.json"
    path.write_text(json.dumps(sample), encoding="utf-8")
    table = rows_of(run(path).stdout, title)
    assert table[3] == ["66 × 144", "–", "1.25"]


def test_predictions_stand_beside_what_was_measured(sample):
    row = next(r for r in sample["rows"] if r.get("predicted", {}).get("m") == 64)
    cells = rows_of(run(SAMPLE).stdout, "Measured beside predicted")
    assert cells[0][6:] == ["memory µs", "issue µs", "launch µs", "predicted limit"]
    measured = row["time"]["median_seconds"] * 1e6
    expected = f"{measured:.2f}", "20.50", f"{measured / 20.5:.2f}", "20.50", "11.25", "2.00", "memory"
    assert tuple(cells[2][3:]) == expected


def test_a_profile_is_joined_by_kernel_shape_and_the_next_m(tmp_path):
    profile = tmp_path / "profile.json"
    common = {"kernel": "product_raw", "target": "sm_90a", "n": 66, "k": 144, "format": "raw"}
    rows = [
        {**common, "m": 64, "terms": {"memory": 64.0}},
        {**common, "m": 2, "terms": {"memory": 2.0}, "predicted_us": 4.0},
    ]
    profile.write_text(json.dumps({"schema": "uwt.kernel-profiles/3", "rows": rows}), encoding="utf-8")
    cells = rows_of(run(SAMPLE, "--kernel-profiles", profile).stdout, "Measured beside predicted")
    raw = [row for row in cells if row[1] == "`raw`"]
    assert [(row[2], row[4]) for row in raw] == [("1", "4.00"), ("3", "64.00")]


def test_clocks_and_what_held_them_down_stand_above_the_tables(sample, tmp_path):
    assert "Clocks and power are not known." in run(SAMPLE).stdout
    sample["machine"] |= {"highest_sm_mhz": 1980, "power_limit_watts": 700}
    load = {"states": 9, "least_sm_mhz": 1755, "median_sm_mhz": 1965, "least_memory_mhz": 3201, "celsius": 61}
    sample["rows"][0]["load"] = load | {"watts": 699, "limits": ["power cap"]}
    sample["rows"][1]["load"] = load | {"watts": 500, "limits": []}
    path = tmp_path / "result.json"
    path.write_text(json.dumps(sample), encoding="utf-8")
    expected = "SM clock 1755 to 1965 MHz of 1980, at most 699 W of 700 and 61 °C. The clock was held down by: power cap.\n"
    assert expected in run(path).stdout


def test_the_call_of_pytorch_is_a_baseline_of_its_own(sample, tmp_path):
    dense = next(b for b in sample["baselines"] if b["m"] == 1)
    row = next(r for r in sample["rows"] if r["format"] == "inplace<12>" and r["m"] == 1)
    sample["baselines"].append(dense | {"library": "pytorch"})
    sample["baselines"][-1]["time"] = dense["time"] | {"median_seconds": row["time"]["median_seconds"] * 1.5}
    path = tmp_path / "result.json"
    path.write_text(json.dumps(sample), encoding="utf-8")
    text = run(path).stdout
    table = rows_of(text, "Times faster than PyTorch's call at m = 1")
    assert table[3] == ["66 × 144", "1.50", "–"]
    # The other baseline is as it was.
    assert rows_of(text, "Times faster than cuBLASLt") == rows_of(run(SAMPLE).stdout, "Times faster than cuBLASLt")


def test_an_odd_k_is_said_to_be_unfair(sample, tmp_path):
    unfair = "The comparison is unfair to it"
    assert unfair not in run(SAMPLE).stdout
    for part in ("rows", "baselines"):
        for row in sample[part]:
            row["k"] = 143
    path = tmp_path / "result.json"
    path.write_text(json.dumps(sample), encoding="utf-8")
    text = run(path).stdout
    assert unfair in text
    assert rows_of(text, "Times faster than cuBLASLt")[3][0] == "66 × 143*"


def with_predictions(rows, folder, name, times):
    """Rows of a pack, by (memory, fixed, measured) in µs."""
    row = next(r for r in rows if r["format"] == "inplace<12>")
    made = []
    for i, (memory, fixed, measured) in enumerate(times):
        predicted = {"m": 8, "terms": {"memory": memory, "fixed": fixed}, "predicted_us": memory + fixed}
        made.append(row | {"pack": f"{folder}/{name}.uwtpack", "n": 64 * (i + 1), "m": 8, "predicted": predicted})
        made[-1]["time"] = row["time"] | {"median_seconds": measured * 1e-6}
    return made


def test_the_term_that_is_most_wrong_is_named(sample, tmp_path):
    path = tmp_path / "result.json"
    # Memory takes 1.5 times as long as predicted; then the fixed costs do, twice.
    for name, factor, times in (("memory", "1.50", [(10, 4, 19), (20, 4, 34), (40, 4, 64)]),
                                ("fixed", "2.00", [(10, 4, 18), (20, 4, 28), (40, 4, 48)])):
        sample["rows"] = with_predictions(sample["rows"], "kit", "a", times)
        path.write_text(json.dumps(sample), encoding="utf-8")
        text = run(path).stdout
        assert f"The term that is most wrong: `{name}`." in text
        assert f"with {factor} times this term they would be 0.00 µs off" in text


def test_experiments_stand_beside_what_was_chosen(sample, tmp_path):
    rows = sample["rows"]
    sample["rows"] = with_predictions(rows, "kit/experiments", "as-chosen.m8", [(10, 4, 20)])
    sample["rows"] += with_predictions(rows, "kit/experiments", "cluster-of-1.m8", [(17, 4, 25)])
    path = tmp_path / "result.json"
    path.write_text(json.dumps(sample), encoding="utf-8")
    lines = rows_of(run(path).stdout, "Experiments")
    assert lines[0][0] == "kernels"
    assert [line[0] for line in lines[1:]] == ["as-chosen", "cluster-of-1"]
    assert lines[2][2:6] == ["8", "25.00", "1.25", "1.50"]
    # Other results have no such table.
    assert "Experiments" not in run(SAMPLE).stdout


def test_the_same_kernels_from_other_weights_are_compared(sample, tmp_path):
    other = json.loads(json.dumps(sample)) | {"weights": "narrow"}
    for row in other["rows"]:
        row["time"]["median_seconds"] /= 1.25
    path = tmp_path / "narrow.json"
    path.write_text(json.dumps(other), encoding="utf-8")
    text = run(SAMPLE, path).stdout.split("## The same kernels from other weights\n")[1]
    cells = [cell.strip() for cell in text.splitlines()[3].strip("|").split("|")]
    assert cells[0] == "66 × 144" and cells[6] == "1.25"
    assert "(row-scaled-t4)" in cells[4] and "(narrow)" in cells[5]


def test_plots_are_written_beside_the_tables(tmp_path):
    done = run(SAMPLE, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "![speedup](gpu-speedup.svg)" in (tmp_path / "gpu.md").read_text(encoding="utf-8")
    for name in ("gpu-speedup.svg", "gpu-bandwidth.svg"):
        root = xml.etree.ElementTree.parse(tmp_path / name).getroot()
        lines = root.findall("{http://www.w3.org/2000/svg}polyline")
        assert len(lines) == 2  # Two formats at one shape.


def test_kernels_that_only_decode_have_a_table_of_their_own(sample, tmp_path):
    decode = sample["rows"][-1]
    decode |= {"kind": "transcode", "m": 0, "bytes_per_second": 2.5e12, "share_of_copy": 0.5, "result": "raw"}
    decode["time"]["median_seconds"] = 12.25e-6
    path = tmp_path / "result.json"
    path.write_text(json.dumps(sample), encoding="utf-8")
    text = run(path).stdout
    expected = ["66 × 144", "`inplace<12>`", "`raw`", "12.2", "2.50", "0.50"]
    assert rows_of(text, "Transcodes")[1] == expected
    assert "m = 0" not in text


def test_wrong_kernels_are_listed(sample, tmp_path):
    sample["rows"] = []
    sample["refused"] = [
        {"name": "", "n": 8, "k": 9, "m": 2, "kernel": "k", "format": "raw", "wrong": True}
        | {"reason": "y[0, 1] is 2"}
    ]
    path = tmp_path / "result.json"
    path.write_text(json.dumps(sample), encoding="utf-8")
    assert rows_of(run(path).stdout, "Wrong results")[1] == ["k", "8 × 9", "2", "y[0, 1] is 2"]


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other.json"
    path.write_text('{"schema": "uwt.bench/1"}', encoding="utf-8")
    done = run(path)
    assert done.returncode == 3
    assert done.stderr == f"gpu_tables.py: error: {path}: expected the schema uwt.gpu-bench/5\n"

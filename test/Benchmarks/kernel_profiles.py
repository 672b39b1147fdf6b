"""Profiles of all GPU kernels: what their machine code costs, and the times that this predicts.

    test/Benchmarks/kernel_profiles.py --uwt build/bin/uwt --write     # after a change of kernels
    test/Benchmarks/kernel_profiles.py --uwt build/bin/uwt --check
    test/Benchmarks/kernel_profiles.py --uwt build/bin/uwt --check --fewer     # in CI

--write makes lib/CostModel/kernel-profiles.json, which the cost model reads, and the table in docs/kernel-profiles.md. --check compiles the same kernels
and fails where one spills, has a hazard, takes more instructions than the table says (by more than 2 %) or than
CEILINGS allow, or where a row that has an aim, or a matrix of the bench's grid, is predicted below it. Needs ptxas and nvdisasm.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import gpu_packs

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "lib" / "CostModel" / "kernel-profiles.json"
PAGE = ROOT / "docs" / "kernel-profiles.md"

FORMATS = ["raw", "inplace<12>", "window<4>", "palette<4>", "bitplane<3>", "huffman<12,2>", "inplace<11>", "rans<12>"]
# What quantised checkpoints run from: integers with scales of the weight's type, and as GPTQ has them; MXFP4; NVFP4 (run-5); blocks of FP8; NF4.
QUANTIZED = [gpu_packs.QUANTIZED[name] for name in ("int4", "int4zero", "mxfp4", "nvfp4", "fp8block", "nf4")]
# Every other width of integers, and FP6 and FP5: on the first target, at one m.
OTHER_WIDTHS = ["uint<1>, scale={1x128, bf16}", "uint<2>, zero=2, scale={1x128, bf16}", "uint<3>, zero=4, scale={1x128, bf16}",
                "uint<5>, zero=16, scale={1x128, bf16}", "uint<6>, zero=32, scale={1x128, bf16}", "uint<7>, zero=64, scale={1x128, bf16}",
                "int<8>, scale={1x128, bf16}", "f6E3M2FN, scale={1x32, f8E8M0FNU}", "float<2,2>, scale={1x128, bf16}"]
# What CI checks (--fewer) on the first target: the format that has an aim at each m, at all of them; others at 8 and at one that differs
# from format to format; quantised ones at these.
ALL_M = "inplace<12>"
FEWER_QUANTIZED = [8, 256]
# Values of m of each target, and the matrix that profiles are made for (Llama-3.1-8B's down projection).
TARGETS = {"sm_90a": [8, 32, 64, 128, 256]}
TARGETS |= {target: [8, 64, 256] for target in ("sm_120a", "sm_80", "sm_86", "sm_89")}
ROWS, COLUMNS = 4096, 14336
# Strategies that are not the choice at these values of m, which the cost model does not read: (format, strategy) -> values of m.
BY_NAME = {("huffman<12,2>", "exponents"): [64], ("huffman<12,2>", "codes"): [256], ("huffman<12,2>", "buffer"): [256]}
# Predicted raw at the roof over predicted time: (target, format, m) -> least ratio.
# What the kernels of the table reach, less a little; against our own raw kernel see GpuPredictionsTest.
AIMS = {("sm_90a", "inplace<12>", m): aim for m, aim in {8: 1.2, 32: 1.1, 64: 1.0, 128: 0.8, 256: 0.7}.items()}
AIMS |= {("sm_90a", fmt, 8): aim for fmt, aim in zip(QUANTIZED, (1.9, 1.55, 1.6))}
AIMS |= {("sm_90a", "inplace<11>", m): aim for m, aim in {8: 1.1, 32: 1.0, 64: 0.9}.items()}
# The other matrices of the bench's grid (gpu_packs.py) that have at least 30 M weights, held to their aims alone.
GRID_M = {64: 1.0, 128: 0.8}
# At most so many instructions of a lane for a weight on the frequent way, whole k-tiles counted.
CEILINGS = {("sm_90a", "inplace<12>", 8): 1.95, ("sm_90a", "window<4>", 8): 2.6, ("sm_90a", "palette<4>", 8): 4.3,
            ("sm_90a", "bitplane<3>", 8): 5, ("sm_90a", "huffman<12,2>", 8): 6.3}
CEILINGS |= {("sm_90a", fmt, 8): ceiling for fmt, ceiling in zip(QUANTIZED, (2.5, 3.3, 3.2, 5.1, 5.3, 5.1))}
CEILINGS |= {("sm_90a", "inplace<12>", m): 2.2 for m in (32, 64, 128, 256)}
# At most so many instructions from the end of the wait for an empty stage to the first copy into it, which is the last of them, on sm_90a. Of
# strategies that are no choice, and of quantised weights, whose units have sizes that are no powers of two, no more than in the table.
COPYING = 25


def module(fmt, m, shape):
    rows, columns = shape
    x, y = f"tensor<{m}x{columns}xbf16>", f"tensor<{m}x{rows}xbf16>"
    w = f'!uwt.compressed<{rows}x{columns}xbf16, "{fmt}">'
    return f"""func.func @main(%x: {x}) -> {y} {{
  %w = uwt.weight "w" : {w}
  %init = tensor.empty() : {y}
  %y = uwt.matmul ins(%x, %w : {x}, {w}) outs(%init : {y}) {{
  ^bb0(%sum: f32):
    %r = arith.truncf %sum : f32 to bf16
    uwt.yield %r : bf16
  }} -> {y}
  return %y : {y}
}}
"""


def profile_of(uwt, fmt, m, target, strategy="", shape=(ROWS, COLUMNS)):
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
        file.write(module(fmt, m, shape))
        file.flush()
        command = [uwt, "compile", file.name, "--target", target, "--format", fmt, "--emit", "profiles"]
        command += ["--strategy", strategy] if strategy else []
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        reason = run.stderr.strip().splitlines()[-1].split(": ", 3)[-1]
        print(f"not made: {target} {fmt} {m} {strategy}: {reason}", file=sys.stderr)
        return []
    return [row | ({"by_name": strategy} if strategy else {}) for row in json.loads(run.stdout)["rows"]]


def assembler():
    """The release of ptxas, which the counts depend on, or None where there is none."""
    program = shutil.which("ptxas") or "/usr/local/cuda/bin/ptxas"
    if not pathlib.Path(program).exists():
        return None
    run = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return next(line.split(", ")[-1] for line in run.stdout.splitlines() if "release" in line)


def kernels_of(fewer):
    """Format, m, target and strategy of each kernel; with `fewer` each format also on one of the other targets, such that every target and m occurs."""
    first, *others = TARGETS
    kernels = [(fmt, m, target, "") for target, m_values in TARGETS.items() for fmt in FORMATS for m in m_values]
    quantized = {first: FEWER_QUANTIZED} if fewer else TARGETS
    if fewer:
        kernels = []
        for i, fmt in enumerate(FORMATS):
            least, *larger = TARGETS[first]
            kernels += [(fmt, m, first, "") for m in ([least, *larger] if fmt == ALL_M else [least, larger[i % len(larger)]])]
            target = others[i % len(others)]
            kernels.append((fmt, TARGETS[target][i % len(TARGETS[target])], target, ""))
    kernels += [(fmt, m, target, "") for target, m_values in quantized.items() for fmt in QUANTIZED for m in m_values]
    kernels += [(fmt, FEWER_QUANTIZED[0], first, "") for fmt in OTHER_WIDTHS]
    named = [(fmt, m, strategy) for (fmt, strategy), m_values in BY_NAME.items() for m in m_values]
    targets = [[first, others[i % len(others)]] for i in range(len(named))] if fewer else [list(TARGETS)] * len(named)
    return kernels + [(fmt, m, target, strategy) for (fmt, m, strategy), some in zip(named, targets) for target in some]


def rows_of(uwt, kernels):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [row for rows in pool.map(lambda kernel: profile_of(uwt, *kernel), kernels) for row in rows]


def key(row):
    named = (row["by_name"],) if "by_name" in row else ()
    return row["target"], row["format"], row["m"], *named


def ratio(row):
    return row["raw_roof_us"] / row["predicted_us"]


def loads_of(copying):
    return copying["first_loads"] + copying["loads_in_flight"]


def grid_problems(uwt, fewer):
    """With `fewer` each shape at one m."""
    shapes = [(n, k) for n, k in gpu_packs.SHAPES if n * k >= 30e6 and (n, k) != (ROWS, COLUMNS)]
    jobs = [(shape, m) for i, shape in enumerate(shapes) for j, m in enumerate(GRID_M) if not fewer or i % len(GRID_M) == j]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        made = pool.map(lambda job: profile_of(uwt, "inplace<12>", job[1], "sm_90a", shape=job[0]), jobs)
    for ((n, k), m), rows in zip(jobs, made):
        reached, aim = ratio(rows[0]) if rows else 0, GRID_M[m]
        if reached < aim:
            yield f"{n} x {k}, m {m}: {reached:.3f} of raw at the roof is predicted, the aim is {aim}"


def problems(rows, table):
    known = {key(row): row for row in table}
    made = {key(row) for row in rows}
    for row in table:
        if key(row) not in made:
            yield f"{' '.join(map(str, key(row)))}: cannot be compiled any more"
    for row in rows:
        name = " ".join(map(str, key(row)))
        if row["spill_bytes"] or row["hazards"]:
            yield f"{name}: {row['spill_bytes']} bytes spilled, {row['hazards']} hazards"
        old = known.get(key(row))
        if old is None:
            yield f"{name}: is not in {TABLE.relative_to(ROOT)}; run --write"
        elif row["instructions_a_weight"] > old["instructions_a_weight"] * 1.02:
            yield (f"{name}: {row['instructions_a_weight']} instructions a weight, "
                   f"the table has {old['instructions_a_weight']}; run --write if this is meant")
        ceiling, ways = CEILINGS.get(key(row)), row["ways"]
        if ceiling and ways.get("frequent", ceiling + 1) > ceiling:
            yield f"{name}: {ways.get('frequent')} instructions on the frequent way, at most {ceiling} are wanted"
        copying = row["copying"]
        loads, most, most_loads = loads_of(copying), COPYING, 0
        if old and ("by_name" in row or row["format"] in QUANTIZED + OTHER_WIDTHS):
            most, most_loads = old["copying"]["first_instructions"], loads_of(old["copying"])
        if row["target"] == "sm_90a" and (copying["first_instructions"] > most or loads > most_loads):
            yield (f"{name}: {copying['first_instructions']} instructions from an empty stage to the first copy into it, and {loads} stops for "
                   f"loads, at most {most} and {most_loads} are wanted")
        aim = AIMS.get(key(row))
        if aim and ratio(row) < aim:
            yield f"{name}: {ratio(row):.3f} of raw at the roof is predicted on {row['board']}, the aim is {aim}"


def table_of(rows):
    lines = ["| target | format | m | kernel | registers | instructions | ALU | KB of ring | KB on their way | copying | decoding before | µs | limit | against raw | cuBLASLt |",
             "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        before = f"{row['terms']['decode']:.1f} µs" if row["terms"]["decode"] else ""
        role = row["copying"]
        copying = (f"{role['first_instructions']}+{role['first_loads']}, {role['trip_instructions']}+{role['trip_loads']}"
                   if row["ring_stages"] else "")
        on_their_way = f"{row['bytes_on_their_way'] / 1024:.0f}" if row["ring_stages"] else ""
        lines.append(
            f"| {row['target']} | `{row['format']}` | {row['m']} | {row['strategy']} | {row['registers']} | "
            f"{row['instructions_a_weight']:.2f} ({row['ways'].get('frequent', 0):.2f}) | {row['alu_a_weight']:.2f} | "
            f"{row['bytes_in_flight'] / 1024:.0f} | {on_their_way} | {copying} | {before} | {row['predicted_us']:.1f} ({row['board']}) | {row['limit']} | {ratio(row):.2f} | "
            f"{row['cublaslt_us'][0]:.1f}–{row['cublaslt_us'][1]:.1f} |")
    return lines


def page(rows):
    lines = ["# Kernel profiles", "",
             "What the machine code of each GPU kernel does to a weight, and the time that this predicts.", "",
             "Written by `test/Benchmarks/kernel_profiles.py --write` from machine code, for weights with t₄ tails and row scales,",
             f"{ROWS} × {COLUMNS}.", "",
             "- **kernel**: kernel kind and tile; its `m=` is the slice of m.",
             "- **instructions**: a lane's for a weight, escapes in. In parentheses the frequent way alone (of variable rates both",
             "  are without escapes). **ALU**: those of them on the ALU pipe.",
             "- **KB of ring**: bytes of weights that the rings of a multiprocessor hold. **KB on their way**: what is on its way on",
             "  average, by the recurrence of the ring; no number where there is none.",
             "- **copying**: instructions and loads, one behind another, of the thread that copies, from an empty stage to its first",
             "  copy, and of a whole turn.",
             "- **decoding before**: the time of a kernel that decodes before the product.",
             "- **µs** and **limit** are predicted for a board of the target by `uwt/CostModel/GpuCost.h`.",
             "- **against raw**: raw at the roof of memory or of the tensor cores, over µs. **cuBLASLt**: µs, as it is usually seen",
             "  ([how](cost-model.md#what-it-is-compared-with)).", ""]
    lines += table_of([row for row in rows if "by_name" not in row])
    lines += ["", "Strategies that are asked for by name where others are the choice:", ""]
    lines += table_of([row for row in rows if "by_name" in row])
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fewer", action="store_true", help="with --check: every format and target, not at each m")
    parser.add_argument("--uwt", default=str(ROOT / "build" / "bin" / "uwt"))
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="make the table anew")
    mode.add_argument("--check", action="store_true", help="fail where kernels got worse")
    options = parser.parse_args()
    kernels = kernels_of(options.fewer and options.check)
    rows = rows_of(options.uwt, kernels)
    if options.write:
        chosen = ",\n".join("  " + json.dumps(row) for row in rows if "by_name" not in row)
        named = ",\n".join("  " + json.dumps(row) for row in rows if "by_name" in row)
        TABLE.write_text(f'{{"schema": "uwt.kernel-profiles/3", "ptxas": "{assembler()}", "rows": [\n{chosen}\n],\n'
                         f'"by_name": [\n{named}\n]}}\n')
        PAGE.write_text(page(rows))
        return
    table = json.loads(TABLE.read_text())
    if table["ptxas"] != assembler():
        sys.exit(f"the table is of ptxas {table['ptxas']}, this is {assembler()}: counts differ")
    checked = {(target, fmt, m, *([strategy] if strategy else [])) for fmt, m, target, strategy in kernels}
    wanted = [row for row in table["rows"] + table["by_name"] if key(row) in checked]
    found = list(problems(rows, wanted)) + list(grid_problems(options.uwt, options.fewer))
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()

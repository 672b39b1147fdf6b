#!/usr/bin/env python3
"""Prints the tables of tools/quickstart.sh from the JSON that uwt wrote.

Usage: quickstart_tables.py FOLDER, which holds {fp32,bf16}-inspect.json and bf16-bench.json
"""

import json
import pathlib
import sys


def table(rows, left=1):
    """Rows as text in columns; the first `left` columns are aligned to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))
        ]
        print("  " + "  ".join(cells).rstrip())


def sizes(folder):
    rows = [["", "original", "compressed", "of it", "bits a weight", "entropy", "of exponents"]]
    for name, label in (("fp32", "FP32"), ("bf16", "rounded to BF16")):
        facts = json.loads((folder / f"{name}-inspect.json").read_text())
        total = facts["total"]
        original = sum(file["original_bytes"] for file in facts["files"])
        stored = sum(file["bytes"] for file in facts["files"])
        bits = total["bounded_stored_bytes"] * 8 / total["bounded_elements"]
        rows.append([
            label,
            f"{original / 1e6:.2f} MB",
            f"{stored / 1e6:.2f} MB",
            f"{stored / original:.1%}",
            f"{bits:.3f}",
            f"{total['joint_entropy']:.3f}",
            f"{total['exponent_entropy']:.3f}",
        ])
    print("Sizes of the whole file, bits a weight, and the fewest bits that codes need:")
    table(rows)


def speeds(folder):
    bench = json.loads((folder / "bf16-bench.json").read_text())
    workload = bench["workloads"][0]
    rows = [["", "bits a weight", "encode GB/s", "decode GB/s"]]
    for row in workload["rows"]:
        rows.append([
            row["name"],
            f"{row['bits_per_weight']:.3f}",
            f"{row['encode']['gigabytes_per_second']:.2f}",
            f"{row['decode']['gigabytes_per_second']:.2f}",
        ])
    threads = bench["threads"]
    print(f"Speeds on the BF16 matrices, {threads} thread{'s' if threads > 1 else ''}, "
          f"path {bench['best_code_path']}, in memory, checksums in:")
    table(rows)


def main():
    folder = pathlib.Path(sys.argv[1])
    print()
    sizes(folder)
    print()
    speeds(folder)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the table of README.md, between its benchmark markers, from
docs/benchmarks/codecs.json, which codecs.py has measured.

Usage: readme_table.py [JSON]; with --check it only says whether the README is up to date.
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- benchmark:begin -->\n", "<!-- benchmark:end -->\n"
# Rows of the table: names in the JSON, and how the README calls them.
ROWS = [
    ("best-size", "**UWT** `best-size`"),
    ("smallest", "**UWT** `smallest`"),
    ("fast", "**UWT** `fast`"),
    ("huffman<12,2>", "**UWT** `huffman<12,2>`"),
    ("inplace<12>", "**UWT** `inplace<12>`"),
    ("zipnn", "ZipNN"),
    ("lmz", "lmz"),
    ("zstd -19", "zstd -19"),
    ("zstd -3", "zstd -3"),
]


def cell(row):
    if row is None:
        return "–"
    encode = row["encode"]["gigabytes_per_second"]
    decode = row["decode"]["gigabytes_per_second"]
    return f"{row['bits_per_weight']:.3f} ({encode:.2g} / {decode:.2g})"


def line(cells):
    return "| " + " | ".join(cells) + " |\n"


def table(result):
    workloads = result["workloads"]
    text = line(["bits a weight (GB/s in / out)"] + [w["weights"] for w in workloads])
    text += line(["---"] + ["---:"] * len(workloads))
    text += line(["BF16"] + ["16"] * len(workloads))
    text += line(["exponent entropy"] + [f"{w['exponent_entropy']:.3f}" for w in workloads])
    text += line(["joint entropy"] + [f"{w['joint_entropy']:.3f}" for w in workloads])
    for name, label in ROWS:
        found = [next((r for r in w["rows"] if r["name"] == name), None) for w in workloads]
        if any(found):
            text += line([label] + [cell(row) for row in found])
    text += (
        f"\nOne core of {result['processor']} ({result['uwt']['best_code_path']}), in memory, checksums in, "
        "medians. Synthetic weights are\n4096 × 4096; MiniLM is the trained model of the "
        "quickstart, cast to BF16, and\nthe same with its weights rounded to values of FP8. lmz goes "
        "through files in memory. Samples and versions:\n"
        "[docs/benchmarks/codecs.json](docs/benchmarks/codecs.json).\n"
    )
    return text


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    path = pathlib.Path(arguments[0]) if arguments else ROOT / "docs/benchmarks/codecs.json"
    readme = ROOT / "README.md"
    old = readme.read_text()
    before, rest = old.split(BEGIN)
    _, after = rest.split(END)
    new = before + BEGIN + table(json.loads(path.read_text())) + END + after
    if "--check" in sys.argv:
        sys.exit(0 if new == old else "README.md: the table is not that of codecs.json; run "
                 "test/Benchmarks/readme_table.py")
    readme.write_text(new)


if __name__ == "__main__":
    main()

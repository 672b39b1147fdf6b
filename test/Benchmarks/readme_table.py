#!/usr/bin/env python3
"""Writes the tables of measurements, between the benchmark markers of two pages: README.md's from
docs/benchmarks/codecs.json, which codecs.py has measured, and docs/benchmarks/README.md's from files.json,
which files.py has.

Usage: readme_table.py; with --check it only says whether both are up to date.
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


def size_cell(row):
    if "skipped" in row:
        return "–"
    mark = {"file": "", "tensors": "†", "nothing": " not exact"}[row["exact"]]
    return f"{row['bits_per_weight']:.3f}{mark}"


def speed_cell(threads):
    def cell_of(row):
        if "skipped" in row or threads not in row:
            return "–"
        rates = (row[threads][way]["gigabytes_per_second"] for way in ("encode", "decode"))
        return " / ".join(f"{rate:.2g}" for rate in rates)

    return cell_of


def memory_cell(row):
    if "skipped" in row:
        return "–"
    peaks = (row["one_thread"][way]["peak_bytes"] for way in ("encode", "decode"))
    return " / ".join(f"{peak / 1e6:.0f}" for peak in peaks)


def tool_label(row):
    if row["name"].startswith("UWT "):
        return f"**UWT** `{row['name'].removeprefix('UWT ')}`"
    return f"{row['name']} `{row['settings']}`" if row["settings"] else row["name"]


def licence_list(rows):
    """Versions and licences, UWT's formats as one."""
    found = (f"{row['name'].split()[0]} {row['version']} ({row['licence']})" for row in rows)
    return ", ".join(dict.fromkeys(found))


def files_table(result):
    """A table for each of the things measured: tools in rows, inputs in columns."""
    inputs = result["inputs"]
    measures = [
        ("bits a weight", size_cell),
        ("GB/s in / out, one thread", speed_cell("one_thread")),
        (f"GB/s in / out, {result['processors']} threads", speed_cell("all_threads")),
        ("peak MB in / out, one thread", memory_cell),
    ]
    if result["quick"]:
        measures = [measure for measure in measures if "threads" not in measure[0]]
    text = ""
    for title, cell_of in measures:
        text += line([title] + [i["name"] for i in inputs]) + line(["---"] + ["---:"] * len(inputs))
        for rows in zip(*(i["rows"] for i in inputs)):
            text += line([tool_label(rows[0])] + [cell_of(row) for row in rows])
        text += "\n"
    text += (
        f"{result['processor']}, by `{result['command']}`. From file to file in memory; all bytes of a file count. "
        "MB: of the process; those of\nrivals hold Python and its libraries (bigsmall and ptwm torch as well). † all tensors are exact, the header is "
        "another. – not measured: a tool has no option for it, or\n[files.json](files.json) says why.\n"
    )
    if result["quick"]:
        text += "A quick run: one layer of the model, one sample on a busy machine.\n"
    return text + f"Versions and licences: {licence_list(inputs[0]['rows'])}.\n"


# (page, where its measurements are, what makes its table of them).
PAGES = [
    ("README.md", "codecs.json", table),
    ("docs/benchmarks/README.md", "files.json", files_table),
]


def main():
    for page, measurements, make in PAGES:
        path = ROOT / page
        old = path.read_text()
        before, rest = old.split(BEGIN)
        _, after = rest.split(END)
        result = json.loads((ROOT / "docs/benchmarks" / measurements).read_text())
        new = before + BEGIN + make(result) + END + after
        if "--check" not in sys.argv:
            path.write_text(new)
        elif new != old:
            sys.exit(f"{page}: the table is not that of {measurements}; run test/Benchmarks/readme_table.py")


if __name__ == "__main__":
    main()

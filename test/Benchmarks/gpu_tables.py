#!/usr/bin/env python3
"""Turns results of uwt-bench (schema uwt.gpu-bench/5) into tables and plots.

Usage: gpu_tables.py RESULT.json... [--kernel-profiles PROFILE.json] [--out FOLDER]

Without --out, the tables go to stdout, in Markdown. With it, they go to FOLDER/gpu.md, and plots
(SVG, drawn here: nothing has to be installed) beside them. --kernel-profiles puts predictions of `uwt compile
--emit profiles` (schema uwt.kernel-profiles/3) beside rows that have none yet.
"""

import argparse
import html
import json
import math
import pathlib
import sys

COLOURS = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f"]


class BadInput(Exception):
    """What is wrong with a file, as one sentence."""


def read(path, schema):
    try:
        data = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: {error}") from error
    if not isinstance(data, dict) or data.get("schema") != schema:
        raise BadInput(f"{path}: expected the schema {schema}")
    return data


def shape_of(row):
    return row["n"], row["k"]


def measured(result, transcodes=False):
    """Products that have times (a run with --check has none), or transcodes."""
    rows = [row for row in result["rows"] if "time" in row]
    return [row for row in rows if (row["kind"] == "transcode") == transcodes]


def unique(values):
    return list(dict.fromkeys(values))


def median(row, name="time"):
    """Microseconds."""
    return row[name]["median_seconds"] * 1e6


def baseline_times(result, library="cublaslt"):
    return {(*shape_of(row), row["m"]): median(row) for row in result["baselines"] if row["library"] == library}


def is_odd(shape):
    """Whether rows of a dense BF16 weight begin at addresses that are no multiples of 16 bytes."""
    return shape[1] * 2 % 16 != 0


def speedup(row, baselines):
    """How many times faster than cuBLASLt, or None."""
    dense = baselines.get((*shape_of(row), row["m"]))
    return dense / median(row) if dense else None


def add_predictions(result, profiles):
    """The same rule as uwt-bench's: the smallest m that is not below the row's."""
    predictions = [row for profile in profiles for row in profile["rows"]]
    for row in result["rows"]:
        fits = [
            p
            for p in predictions
            if all(p[name] == row[name] for name in ("kernel", "format", "target", "n", "k"))
            and p["m"] >= row["m"]
        ]
        if fits and "predicted" not in row:
            row["predicted"] = min(fits, key=lambda p: p["m"])


# Tables


def line(cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def table(head, rows):
    if not rows:
        return ""
    text = line(head) + line(["---"] + ["---:"] * (len(head) - 1))
    return text + "".join(line(row) for row in rows) + "\n"


def number(value, digits=2):
    return "–" if value is None else f"{value:.{digits}f}"


def header(result):
    machine = result["machine"]
    text = f"## {machine['gpu']}\n\n"
    text += f"{machine['target']}, CUDA {machine['cuda'] // 1000}.{machine['cuda'] % 1000 // 10}"
    if machine["nvidia_driver"]:
        text += f", driver {machine['nvidia_driver']}"
    copy = result["copy_bytes_per_second"]
    text += f". Copies reach {copy / 1e12:.2f} TB/s (read and written).\n"
    if "pytorch_missing" in result:
        text += f"No baseline of PyTorch's call: {result['pytorch_missing']}.\n"
    cublas = result["cublaslt"]
    text += (
        f"Baseline: cuBLASLt {cublas['version']}, BF16, the fastest of its algorithms.\n"
        if "version" in cublas
        else f"No baseline: {cublas['missing']}.\n"
    )
    text += load_text(result)
    copies = [row["copies"] for row in result["rows"]] or [0]
    text += f"Weights ({result['weights']}, seed {result['seed']}): {min(copies)} to {max(copies)} copies, used in turn.\n\n"
    return text


def load_text(result):
    """What the machine did while rows were timed: a slow clock explains a slow row."""
    loads = [row["load"] for row in result["rows"] + result["baselines"] if "load" in row]
    if not loads:
        return "Clocks and power are not known.\n"
    machine = result["machine"]
    text = f"SM clock {min(load['least_sm_mhz'] for load in loads)} to {max(load['median_sm_mhz'] for load in loads)} MHz"
    if "highest_sm_mhz" in machine:
        text += f" of {machine['highest_sm_mhz']}"
    text += f", at most {max(load['watts'] for load in loads)} W"
    if "power_limit_watts" in machine:
        text += f" of {machine['power_limit_watts']}"
    text += f" and {max(load['celsius'] for load in loads)} °C."
    limits = unique(limit for load in loads for limit in load["limits"])
    return text + (f" The clock was held down by: {', '.join(limits)}.\n" if limits else "\n")


def odd_text(baselines):
    """What to think of ratios at an odd k."""
    if not any(is_odd(shape) for *shape, m in baselines):
        return ""
    return (
        "\\* k is no multiple of 8: rows of the dense weight begin at addresses that are no multiples of 16 bytes, for which "
        "cuBLAS has slow kernels only. The comparison is unfair to it: a user would pad the weight.\n\n"
    )


def grid_table(result, title, digits, value, marks_odd=False):
    """A table a format: shapes down, values of m across; `value(row)` is a number or None. `marks_odd`: as odd_text says."""
    text = f"### {title}\n\n"
    rows = measured(result)
    m_values = sorted({row["m"] for row in rows})
    for name in unique(row["format"] for row in rows):
        of_format = [row for row in rows if row["format"] == name]
        cells = {(shape_of(row), row["m"]): value(row) for row in of_format}
        lines = [
            [f"{shape[0]} × {shape[1]}" + ("*" if marks_odd and is_odd(shape) else "")] + [number(cells.get((shape, m)), digits) for m in m_values]
            for shape in unique(map(shape_of, of_format))
        ]
        text += table([f"`{name}`, n × k"] + [f"m = {m}" for m in m_values], lines)
    return text


def size_table(result):
    rows = {(shape_of(row), row["format"]): row for row in measured(result)}
    lines = [
        [
            f"{shape[0]} × {shape[1]}",
            f"`{name}`",
            number(row["bits_per_weight"], 3),
            number(row["exponent_entropy"], 3),
            number(row["joint_entropy"], 3),
        ]
        for (shape, name), row in rows.items()
    ]
    head = ["n × k", "format", "bits a weight", "exponent entropy", "joint entropy"]
    return "### Sizes on the device\n\n" + table(head, lines) if lines else ""


def predicted_time(prediction):
    """The kernel profile's own sum-up, or else its largest term: what runs at the same time overlaps."""
    return prediction.get("predicted_us", max(prediction["terms"].values()))


def prediction_table(result):
    rows = [row for row in measured(result) if row.get("predicted", {}).get("terms")]
    if not rows:
        return ""
    terms = unique(term for row in rows for term in row["predicted"]["terms"])
    lines = []
    for row in rows:
        values = row["predicted"]["terms"]
        limit = max(values, key=values.get)
        expected = predicted_time(row["predicted"])
        lines.append(
            [f"{row['n']} × {row['k']}", f"`{row['format']}`", row["m"], number(median(row))]
            + [number(expected), number(median(row) / expected if expected else None)]
            + [number(values.get(term)) for term in terms]
            + [limit]
        )
    head = ["n × k", "format", "m", "measured µs", "predicted µs", "measured / predicted"]
    head += [f"{term} µs" for term in terms] + ["predicted limit"]
    return "### Measured beside predicted\n\n" + wrong_term(result) + table(head, lines)


def errors(rows):
    """Measured less predicted, in µs."""
    return [median(row) - predicted_time(row["predicted"]) for row in rows]


def root_mean_square(values):
    return math.sqrt(sum(value * value for value in values) / len(values))


def wrong_term(result):
    """Which term explains best, alone and by one factor, what was measured beside what was predicted."""
    rows = [row for row in measured(result) if row.get("predicted", {}).get("terms")]
    terms = unique(term for row in rows for term in row["predicted"]["terms"])
    if len(rows) < 2 or not terms:
        return ""
    excess = errors(rows)
    fits = []
    for term in terms:
        sizes = [row["predicted"]["terms"].get(term, 0) for row in rows]
        norm = sum(size * size for size in sizes)
        if norm == 0:
            continue
        # Least squares of excess = share · term.
        share = sum(size * one for size, one in zip(sizes, excess)) / norm
        left = root_mean_square([one - share * size for size, one in zip(sizes, excess)])
        fits.append((left, term, share))
    left, term, share = min(fits)
    return (
        f"The term that is most wrong: `{term}`. Times are {root_mean_square(excess):.2f} µs off (root mean square); with "
        f"{1 + share:.2f} times this term they would be {left:.2f} µs off, and with no other term alone less.\n\n"
    )


def kernels_of(row):
    """What the pack of a row is called; those of experiments are NAME.mM."""
    return pathlib.Path(row["pack"]).stem.split(".m")[0]


def experiment_table(result):
    """Kernels of one shape and m, of packs in which one thing differs, beside the pack `as-chosen`."""
    rows = measured(result)
    chosen = {(*shape_of(row), row["format"], row["m"]): row for row in rows if kernels_of(row) == "as-chosen"}
    lines = []
    for row in rows:
        base = chosen.get((*shape_of(row), row["format"], row["m"]))
        if not base:
            continue
        both = "predicted" in row and "predicted" in base
        expected = predicted_time(row["predicted"]) / predicted_time(base["predicted"]) if both else None
        lines.append(
            [kernels_of(row), row["strategy"], row["m"], number(median(row)), number(median(row) / median(base))]
            + [number(expected), number(median(row, "time_serial") / median(row))]
        )
    head = ["kernels", "strategy", "m", "µs", "times as chosen", "predicted", "times without dependent launch"]
    return "### Experiments\n\n" + table(head, lines) if lines else ""


def compare_weights(results):
    """The same kernels from two kinds of weights: what escapes cost."""
    lines = []
    for i, first in enumerate(results):
        for second in results[i + 1 :]:
            if first["weights"] == second["weights"]:
                continue
            others = {(r["pack"], r["format"], *shape_of(r), r["m"]): r for r in measured(second)}
            for row in measured(first):
                other = others.get((row["pack"], row["format"], *shape_of(row), row["m"]))
                if other:
                    lines.append(
                        [f"{row['n']} × {row['k']}", kernels_of(row), f"`{row['format']}`", row["m"]]
                        + [f"{number(median(row))} ({first['weights']})", f"{number(median(other))} ({second['weights']})"]
                        + [number(median(row) / median(other))]
                    )
    head = ["n × k", "kernels", "format", "m", "µs", "µs", "ratio"]
    return "## The same kernels from other weights\n\n" + table(head, lines) if lines else ""


def transcode_table(result):
    lines = [
        [f"{row['n']} × {row['k']}", f"`{row['format']}`", f"`{row['result']}`", number(median(row), 1)]
        + [number(row["bytes_per_second"] / 1e12), number(row["share_of_copy"])]
        for row in measured(result, transcodes=True)
    ]
    head = ["n × k", "from", "to", "µs", "TB/s (read and written)", "share of copy bandwidth"]
    note = "To raw: the kernel. To other formats: all steps of a load, the host's too.\n\n"
    return "### Transcodes\n\n" + note + table(head, lines) if lines else ""


def refused_table(result):
    wrong = [row for row in result["refused"] if row["wrong"]]
    others = unique(row["reason"] for row in result["refused"] if not row["wrong"])
    text = ""
    if wrong:
        text += "### Wrong results\n\n"
        head = ["kernel", "n × k", "m", "what"]
        text += table(
            head,
            [[r["kernel"], f"{r['n']} × {r['k']}", r["m"], r["reason"]] for r in wrong],
        )
    if others:
        text += "### Not measured\n\n" + "".join(f"- {reason}\n" for reason in others) + "\n"
    return text


def tables(result):
    baselines = baseline_times(result)
    text = header(result)
    if measured(result):
        text += grid_table(result, "Time in µs", 1, median)
        if baselines:
            text += grid_table(
                result, "Times faster than cuBLASLt", 2, lambda row: speedup(row, baselines), marks_odd=True
            )
            text += odd_text(baselines)
        by_pytorch = baseline_times(result, "pytorch")
        if by_pytorch:
            text += grid_table(
                result,
                "Times faster than PyTorch's call at m = 1",
                2,
                lambda row: speedup(row, by_pytorch),
                marks_odd=True,
            )
            text += odd_text(by_pytorch)
        text += grid_table(
            result, "Share of copy bandwidth", 2, lambda row: row["share_of_copy"]
        )
        text += grid_table(
            result,
            "Time over that of reading the weight alone",
            2,
            lambda row: median(row) / median(row, "time_read_only") if "time_read_only" in row else None,
        )
        text += grid_table(
            result,
            "Gain by dependent launch",
            2,
            lambda row: median(row, "time_serial") / median(row),
        )
        if any("time_ahead" in row for row in measured(result)):
            text += grid_table(
                result,
                "Gain by decoding beside the product before",
                2,
                lambda row: median(row) / median(row, "time_ahead") if "time_ahead" in row else None,
            )
        text += size_table(result)
        text += experiment_table(result)
    return text + prediction_table(result) + transcode_table(result) + refused_table(result)


# Plots


def panel(left, top, title, m_values, lines, low, high):
    """One shape: a line a format over m, both axes logarithmic in steps of two."""
    width, height = 200, 120
    x = {m: left + 34 + width * i / max(len(m_values) - 1, 1) for i, m in enumerate(m_values)}

    def y(value):
        share = (math.log2(value) - low) / max(high - low, 1e-9)
        return top + 24 + height * (1 - share)

    parts = [
        f'<text x="{left + 34}" y="{top + 14}" font-weight="bold">{html.escape(title)}</text>',
        f'<rect x="{left + 34}" y="{top + 24}" width="{width}" height="{height}" fill="none" stroke="#ccc"/>',
    ]
    for step in range(math.floor(low), math.ceil(high) + 1):
        if low <= step <= high:
            at = y(2**step)
            parts.append(
                f'<line x1="{left + 34}" x2="{left + 34 + width}" y1="{at:.1f}" y2="{at:.1f}" stroke="#eee"/>'
                f'<text x="{left + 30}" y="{at + 3:.1f}" text-anchor="end">{2.0**step:g}</text>'
            )
    for m, at in x.items():
        parts.append(
            f'<text x="{at:.1f}" y="{top + 158}" text-anchor="middle">{m}</text>'
        )
    for colour, points in lines:
        path = " ".join(f"{x[m]:.1f},{y(v):.1f}" for m, v in sorted(points.items()))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    return "".join(parts)


def plot(result, title, value):
    """An SVG with a panel a shape, or None where there is nothing to show."""
    rows = [(row, value(row)) for row in measured(result)]
    rows = [(row, v) for row, v in rows if v]
    if not rows:
        return None
    m_values = sorted({row["m"] for row, _ in rows})
    formats = unique(row["format"] for row, _ in rows)
    shapes = unique(shape_of(row) for row, _ in rows)
    low = math.log2(min(v for _, v in rows)) - 0.2
    high = math.log2(max(v for _, v in rows)) + 0.2
    columns = min(len(shapes), 4)
    parts = [f'<text x="10" y="18" font-size="14">{html.escape(title)}</text>']
    end = 10
    for i, name in enumerate(formats):
        colour = COLOURS[i % len(COLOURS)]
        parts.append(f'<text x="{end}" y="36" fill="{colour}">{html.escape(name)}</text>')
        end += max(130, 5 * len(name) + 20)
    for i, shape in enumerate(shapes):
        lines = [
            (
                COLOURS[formats.index(name) % len(COLOURS)],
                {r["m"]: v for r, v in rows if shape_of(r) == shape and r["format"] == name},
            )
            for name in formats
        ]
        left, top = 250 * (i % columns), 44 + 170 * (i // columns)
        parts.append(panel(left, top, f"{shape[0]} × {shape[1]}", m_values, lines, low, high))
    width, height = max(250 * columns + 10, 400, end), 54 + 170 * math.ceil(len(shapes) / columns)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="9">' + "".join(parts) + "</svg>\n"
    )


def plots(result):
    baselines = baseline_times(result)
    return {
        "speedup": plot(
            result, "Times faster than cuBLASLt, by m", lambda row: speedup(row, baselines)
        ),
        "bandwidth": plot(
            result, "Share of copy bandwidth, by m", lambda row: row["share_of_copy"]
        ),
    }


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    text = ""
    for i, result in enumerate(results):
        text += tables(result)
        for name, svg in plots(result).items():
            if svg:
                file = f"gpu-{name}{i or ''}.svg"
                (folder / file).write_text(svg, encoding="utf-8")
                text += f"![{name}]({file})\n\n"
    text += compare_weights(results)
    (folder / "gpu.md").write_text(text, encoding="utf-8")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("results", nargs="+", help="what uwt-bench --json has written")
    parser.add_argument("--kernel-profiles", action="append", default=[], help="predictions")
    parser.add_argument("--out", type=pathlib.Path, help="folder for gpu.md and plots")
    options = parser.parse_args(arguments)
    try:
        results = [read(path, "uwt.gpu-bench/5") for path in options.results]
        profiles = [read(path, "uwt.kernel-profiles/3") for path in options.kernel_profiles]
    except BadInput as error:
        print(f"gpu_tables.py: error: {error}", file=sys.stderr)
        return 3
    for result in results:
        add_predictions(result, profiles)
    if options.out:
        write(results, options.out)
    else:
        print("".join(map(tables, results)) + compare_weights(results), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())

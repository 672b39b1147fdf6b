#!/usr/bin/env python3
"""Checks statements that several pages make against the one file that knows: what ran on which GPU, how fast beside cuBLASLt,
and which versions were tested.

A claim has a source and pages that repeat it. A page that no longer makes its claim is an error too, so that a claim that is
worded anew is entered here anew.

Usage: check_claims.py
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: The page that says what ran on a GPU; all others repeat it.
MEASURED = "docs/gpu-measured.md"
#: The matrix whose ratios pages quote: n x k.
QUOTED = "4096 × 14336"
#: Statements that the measurements have overtaken, in any page but those of history.
OVERTAKEN = (r"(?i)time for a GPU in these pages is a prediction", r"(?i)kernels?[^.|]{0,40}\bha(ve|s) (not|never) (been )?run on (a|any|one) GPU",
             r"(?i)\*\*not run yet\*\*")
HISTORY = ("docs/decisions/", MEASURED)
#: A pinned package, the requirements file that pins it, and the pages that say with which version UWT was tested.
TESTED = (
    ("torch", "test/Python/requirements-frameworks.txt", (("docs/python.md", r"Tested with torch (\S+),"),)),
    ("transformers", "test/Python/requirements-frameworks.txt", (("docs/python.md", r"Tested with .*?transformers (\S+),"),)),
    ("peft", "test/Python/requirements-frameworks.txt", (("docs/python.md", r"Tested with .*?PEFT (\S+),"),)),
    ("bitsandbytes", "test/Python/requirements-frameworks.txt", (("docs/python.md", r"Tested with .*?bitsandbytes (\S+),"),)),
    ("compressed-tensors", "test/Python/requirements-frameworks.txt", (("docs/python.md", r"Tested with .*?compressed-tensors (\S+),"),)),
    ("torch-mlir", "test/Python/requirements-frameworks.txt", (("docs/python.md", r"Tested with .*?torch-mlir (\S+) and"),)),
    ("ray", "test/Python/requirements-frameworks.txt", (("docs/python.md", r"Tested with .*?Ray (\S+) \("),)),
    ("transformers", "test/requirements-loaders.txt", (("docs/container.md", r"\| transformers (\S+) without"),)),
    ("diffusers", "test/requirements-loaders.txt", (("docs/container.md", r"\| diffusers (\S+) \|"),)),
    ("peft", "test/requirements-loaders.txt", (("docs/container.md", r"\| PEFT (\S+) \|"),)),
    ("sentence-transformers", "test/requirements-loaders.txt", (("docs/container.md", r"\| sentence-transformers (\S+) \|"),)),
    ("accelerate", "test/requirements-loaders.txt", (("docs/container.md", r"\| accelerate (\S+),"),)),
    ("transformers", "tools/export/requirements-torch.txt", (("docs/frontends.md", r"torch-mlir \(transformers (\S+)\)"),)),
    ("torch-mlir", "tools/export/requirements-torch.txt", (("docs/frontends.md", r"\| PyTorch \S+, torch-mlir (\S+) \|"),)),
    ("torch", "tools/export/requirements-torch.txt", (("docs/frontends.md", r"\| PyTorch (\S+), torch-mlir"),)),
)
#: What a page must say of GPUs, with the groups that the source gives: the date of the runs.
DATES = (("README.md", r"ran right on an H200 \(([\d-]+)"), ("docs/gpu-kernels.md", r"have run on an H200\*\* \(([\d-]+)"),
         ("docs/python.md", r"have run on an H200 \(([\d-]+)"))
#: Ratios to cuBLASLt that a page quotes, and the rows of x that they are for.
RATIOS = (("README.md", r"((?:[\d.]+ / )+[\d.]+) × cuBLASLt at m = ((?:\d+ / )+\d+)"),)


def text_of(page):
    return (ROOT / page).read_text()


def claim_of(page, pattern, problems):
    """Returns the match of `pattern` in `page`, or None with a problem."""
    found = re.search(pattern, text_of(page))
    if not found:
        problems.append(f"{page}: does not say /{pattern}/, which check_claims.py expects there")
    return found


def check_versions(problems):
    for package, requirements, places in TESTED:
        pin = re.search(rf"(?m)^{re.escape(package)}==(\S+)", text_of(requirements))
        if not pin:
            problems.append(f"{requirements}: does not pin {package}")
            continue
        for page, pattern in places:
            found = claim_of(page, pattern, problems)
            if found and not f"{pin[1]}.".startswith(f"{found[1]}."):
                problems.append(f"{page}: says {package} {found[1]}, but {requirements} pins {pin[1]}")


def check_gpu(problems):
    measured = text_of(MEASURED)
    date = re.search(r"lent for fifteen minutes on (\d{4}-\d\d-\d\d)", measured)[1]
    for page, pattern in DATES:
        found = claim_of(page, pattern, problems)
        if found and found[1] != date:
            problems.append(f"{page}: says {found[1]}, but {MEASURED} says {date}")
    rows = dict(re.findall(rf"(?m)^\| {QUOTED} \| (\d+) \|.*\| ([\d.]+) \|$", measured))
    for page, pattern in RATIOS:
        found = claim_of(page, pattern, problems)
        pairs = zip(found[2].split(" / "), found[1].split(" / "), strict=True) if found else ()
        for m, ratio in pairs:
            if rows.get(m) != ratio:
                problems.append(f"{page}: says {ratio} × cuBLASLt at m = {m}, but {MEASURED} says {rows.get(m)} for {QUOTED}")


def check_overtaken(problems):
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        page = str(path.relative_to(ROOT))
        if page.startswith(HISTORY):
            continue
        for pattern in OVERTAKEN:
            if found := re.search(pattern, path.read_text()):
                problems.append(f"{page}: says {found[0]!r}; {MEASURED} says otherwise")


def main():
    problems = []
    check_versions(problems)
    check_gpu(problems)
    check_overtaken(problems)
    print("\n".join(problems) or "claims: pages agree with what was measured and pinned")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

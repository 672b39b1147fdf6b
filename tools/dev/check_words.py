#!/usr/bin/env python3
"""Checks that words which docs/glossary.md has retired stay away.

Its table "Retired words" has a regular expression a row, the folders that it is looked for in, and what is said instead. Files that
keep what was measured or stored once (docs/decisions, test/Golden, fuzzers' corpora) and the glossary itself may have them.

Usage: check_words.py
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
HEADING = "## Retired words"
KEPT = ("docs/glossary.md", "docs/decisions/", "test/Golden/", "test/Fuzz/corpus/")


def rules(text):
    """(regular expression, folders, what is said instead) of each row of the table."""
    rows = text[text.index(HEADING) :].splitlines()
    for row in rows:
        cells = [cell.strip() for cell in row.replace("\\|", "\0").strip("|").split("|")]
        if row.startswith("| `") and len(cells) == 3:
            pattern, folders, instead = (cell.replace("\0", "|") for cell in cells)
            yield re.compile(pattern.strip("`")), re.findall("`([^`]+)`", folders), instead


def texts():
    """Path and text of each file that git knows."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        path = ROOT / name
        if name.startswith(KEPT) or not path.is_file():
            continue
        try:
            yield name, path.read_text()
        except UnicodeDecodeError:
            continue


def problems(table, files):
    for name, text in files:
        for pattern, folders, instead in table:
            if folders and not name.startswith(tuple(folders)):
                continue
            places = [name] if pattern.search(name) else []
            places += [f"{name}:{text.count(chr(10), 0, found.start()) + 1}" for found in pattern.finditer(text)]
            for place in places:
                yield f"{place}: '{pattern.pattern}' is retired, say: {instead}"


def main():
    table = list(rules(GLOSSARY.read_text()))
    found = list(problems(table, texts()))
    print("\n".join(found + [f"words: {len(table)} retired, {len(found)} found"]))
    return 1 if found or not table else 0


if __name__ == "__main__":
    sys.exit(main())

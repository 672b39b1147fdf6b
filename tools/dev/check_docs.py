#!/usr/bin/env python3
"""Checks the Markdown files: links, anchors and images lead somewhere, every page is
reachable from docs/README.md, and every rule tag of a specification (a bold
`order-3` at the start of an item) is named in the code that keeps it, or in its test.

Usage: check_docs.py
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
RULE = re.compile(r"^- \*\*([a-z]+[0-9]*-[0-9]+)\*\*", re.MULTILINE)


def anchors_of(text):
    """GitHub's anchors of the headings of a page."""
    anchors = set()
    for heading in re.findall(r"^#+ +(.*)$", FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.strip().lower())
        anchors.add(plain.replace(" ", "-"))
    return anchors


def check_links(page, problems):
    """Returns the pages that `page` links to."""
    targets = set()
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        where = page.relative_to(ROOT)
        if not target.exists():
            problems.append(f"{where}: {link}: no such file")
        elif anchor and anchor not in anchors_of(target.read_text()):
            problems.append(f"{where}: {link}: no such heading")
        targets.add(target)
    return targets


def check_rules(pages, problems):
    """Every rule is named where it is kept, or where it is tested."""
    code = "".join(
        path.read_text()
        for folder in ("include", "lib", "test")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".h", ".cpp", ".inc", ".def")
    )
    count = 0
    for page in pages:
        for rule in RULE.findall(page.read_text()):
            count += 1
            if not re.search(rf"\b{rule}\b", code):
                problems.append(f"{page.relative_to(ROOT)}: rule {rule} is named neither in code nor in tests")
    return count


def main():
    problems = []
    docs = sorted((ROOT / "docs").rglob("*.md"))
    reached = {}
    for page in [ROOT / "README.md", *docs]:
        reached[page] = check_links(page, problems)
    contents = ROOT / "docs" / "README.md"
    for page in docs:
        if page != contents and page not in reached[contents]:
            problems.append(f"docs/README.md: does not list {page.relative_to(ROOT)}")
    rules = check_rules(docs, problems)
    for problem in problems:
        print(problem)
    print(f"docs: {len(docs) + 1} pages, {rules} rules, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

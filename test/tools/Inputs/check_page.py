"""Opens a page of `uwt inspect --html` in headless Chromium and checks what its script
has drawn: no error on the console, nothing loaded, charts and tables in the DOM.

    check_page.py PAGE.html --tensors N --matrices M --panels P [--quantized Q]

N tensors are in the table, M points in the chart of sizes, and at least P cells in the
chart of escapes. Q weights are in the table of quantised ones, and the codes and scales
of the first one are drawn.
"""

import argparse
import html.parser
import pathlib
import re
import subprocess
import sys
import tempfile


class Page(html.parser.HTMLParser):
    """Counts elements by tag and class, and keeps attributes that could load something."""

    def __init__(self):
        super().__init__()
        self.counts = {}
        self.links = []
        self.root = {}
        self.labels = []
        self.unlabelled = 0

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "html":
            self.root = attributes
        for kind in [""] + (attributes.get("class") or "").split():
            key = f"{tag}.{kind}" if kind else tag
            self.counts[key] = self.counts.get(key, 0) + 1
        self.links += [attributes[name] for name in ("src", "href") if name in attributes]
        if attributes.get("role") == "img":
            self.labels.append(attributes.get("aria-label", ""))
        elif tag == "svg" and attributes.get("aria-hidden") != "true":
            self.unlabelled += 1

    handle_startendtag = handle_starttag


def render(page):
    """The DOM after the script ran, and the console's messages."""
    with tempfile.TemporaryDirectory() as profile:
        result = subprocess.run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--enable-logging=stderr",
                f"--user-data-dir={profile}",
                "--dump-dom",
                page.resolve().as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
    console = [line for line in result.stderr.splitlines() if "CONSOLE" in line]
    return result.stdout, console


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", type=pathlib.Path)
    for name in ("--tensors", "--matrices", "--panels"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("--quantized", type=int, default=0)
    arguments = parser.parse_args()
    source = arguments.page.read_text(encoding="utf-8")
    dom, console = render(arguments.page)
    page = Page()
    page.feed(dom)
    counts = page.counts
    failures = []

    def check(what, passed, found):
        if not passed:
            failures.append(f"{what}: found {found}")

    check("no message on the console", not console, console)
    check("the script ran to its end", page.root.get("data-ready") == "true", page.root)
    check("links stay on the page", all(link.startswith("#") for link in page.links), page.links)
    loads = re.findall(r"(?:@import|url\(\s*['\"]?https?:|<link\b)", source)
    check("nothing is loaded", not loads, loads)
    points = counts.get("circle.stored", 0) - 1  # one is in the legend
    check("a point a matrix", points == arguments.matrices, points)
    marks = counts.get("path.joint", 0) - 1
    check("a bound a matrix", marks == arguments.matrices, marks)
    check("bars of exponents", counts.get("rect.bar", 0) >= 8, counts.get("rect.bar", 0))
    cells = counts.get("rect.cell", 0)
    check("cells of escapes", cells >= arguments.panels, cells)
    rows = len(re.findall(r"<tr data-name=", dom))
    check("a row a tensor", rows == arguments.tensors, rows)
    quantized = re.findall(r'<table id="quantized-table">.*?</table>', dom, re.DOTALL)
    weights = quantized[0].count("<tr>") - 1 if quantized else 0
    check("a row a quantised weight", weights == arguments.quantized, weights)
    drawn = [kind for kind in ("codes", "scales") if any(label.startswith(f"Histogram of {kind} of") for label in page.labels)]
    check("codes and scales of a quantised weight", len(drawn) == (2 if arguments.quantized else 0), drawn)
    check("six cards of sums", counts.get("dt", 0) >= 6, counts.get("dt", 0))
    check("pictures have words", all(page.labels) and not page.unlabelled, page.unlabelled)
    for failure in failures:
        print(failure)
    if not failures:
        print(f"page checked: {points} points, {counts['rect.bar']} bars, {cells} cells, {rows} rows")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()

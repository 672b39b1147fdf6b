"""Compares the reference at the end of a page with what its program printed: docs/cli.md with
`uwt help --markdown`, docs/gpu-bench.md with `uwt-bench --markdown`.

    compare_reference.py PAGE PRINTED [--update]
"""

import sys

MARK = "<!-- made by `uwt"


def main():
    page, printed = sys.argv[1:3]
    with open(page, encoding="utf-8") as file:
        text = file.read()
    with open(printed, encoding="utf-8") as file:
        reference = file.read()
    begin = text.index("\n", text.index(MARK)) + 1
    if "--update" in sys.argv[3:]:
        with open(page, "w", encoding="utf-8") as file:
            file.write(text[:begin] + "\n" + reference)
    elif text[begin:].strip() != reference.strip():
        command = text[text.index(MARK):].split("`")[1]
        sys.exit(f"{page} is not up to date: run\n  {command} > /tmp/reference && "
                 f"python3 {__file__} {page} /tmp/reference --update")


if __name__ == "__main__":
    main()

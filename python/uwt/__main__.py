"""`python -m uwt ARGUMENTS`: the tool `uwt`, as the package has installed it."""

import os
import pathlib
import sys
import sysconfig


def tool() -> pathlib.Path:
    """The tool: what UWT_TOOL names, else the one that was installed with this package."""
    if named := os.environ.get("UWT_TOOL"):
        return pathlib.Path(named)
    return pathlib.Path(sysconfig.get_path("scripts")) / "uwt"


def main() -> None:
    path = tool()
    if not os.access(path, os.X_OK):
        sys.exit(f"uwt: there is no tool {path}; install the package from its wheel, or set UWT_TOOL")
    os.execv(path, [str(path), *sys.argv[1:]])


if __name__ == "__main__":
    main()

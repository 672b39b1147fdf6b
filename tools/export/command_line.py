"""What the export scripts share: errors, the command line, and the user's model file."""

import argparse
import contextlib
import importlib.util
import io
import logging
import os
import sys


class ExportError(Exception):
    """What stops an export: one line that says what, where, and what to do."""


def one_line(error):
    """The first line of an exception's text, or its type where it has none."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def make_parser(description):
    """The options of every script; `description` is its docstring."""
    first, _, *text = description.split("\n\n")
    parser = argparse.ArgumentParser(
        description=first, epilog="\n\n".join(text), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", metavar="MODEL.py", help="Python file with a function model()")
    for names, metavar, meaning in (
        (["-o", "--output"], "OUT.mlir", "MLIR text to write"),
        (["--weights"], "OUT.safetensors", "write the weights to this file as well"),
        (["--strip"], "PREFIX", "what names of constants do not have of the model's"),
        (["--prefix"], "PREFIX", "what names of constants start with"),
    ):
        parser.add_argument(*names, metavar=metavar, required="-o" in names, help=meaning)
    parser.add_argument("--traceback", action="store_true", help="show where an error comes from, and warnings")
    return parser


def run_script(main):
    """Runs `main`; an ExportError ends the process with one line and the exit code 1."""
    verbose = "--traceback" in sys.argv
    try:
        if verbose:
            main()
        else:
            run_quietly(main)
    except (ExportError, OSError) as error:
        if verbose:
            raise
        print(f"{os.path.basename(sys.argv[0])}: error: {error}", file=sys.stderr)
        sys.exit(1)


def run_quietly(main):
    """Runs `main` without what PyTorch and transformers log: whole graphs, and configurations."""
    logging.disable(logging.WARNING)
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr):
            main()
    except SystemExit:
        # Of the command line: what it printed is the user's.
        sys.stderr.write(stderr.getvalue())
        raise


def load_model_file(path):
    """MODEL.py as a Python module, with a function `model`."""
    spec = importlib.util.spec_from_file_location("exported_model", path)
    if spec is None or not os.path.isfile(path):
        raise ExportError(f"{path}: expected a Python file with a function model()")
    loaded = importlib.util.module_from_spec(spec)
    # Its own folder comes first, so that it can import its neighbours.
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    try:
        spec.loader.exec_module(loaded)
    except Exception as error:  # whatever the file's code raises
        raise ExportError(f"{path}: cannot be loaded: {one_line(error)}") from error
    if not callable(getattr(loaded, "model", None)):
        raise ExportError(f"{path}: has no function model()")
    return loaded


def call_model(path, loaded):
    """What model() of a file returns."""
    try:
        return loaded.model()
    except Exception as error:  # whatever the file's code raises
        raise ExportError(f"{path}: model() failed: {one_line(error)}") from error


def describe(function, arguments, results):
    """Comments that name what a function takes and gives, (name, type) each, as `uwt run` counts them."""
    lines = [f"// {function}"]
    for label, entries in (("arg", arguments), ("out", results)):
        for index, (name, kind) in enumerate(entries):
            lines.append(f"//   {label}{index} {name}: {kind}" if name else f"//   {label}{index}: {kind}")
    return "".join(line + "\n" for line in lines)


def write_text(path, text):
    """Writes a file whole or not at all."""
    partial = f"{path}.partial"
    try:
        with open(partial, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)

"""What the export scripts share: the user's model file and the command line."""

import argparse
import importlib.util


def load(path):
    """MODEL.py as a Python module."""
    spec = importlib.util.spec_from_file_location("exported_model", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def parse_arguments(description):
    """The arguments of a script whose docstring is `description`."""
    parser = argparse.ArgumentParser(description=description.split("\n\n", maxsplit=1)[0])
    parser.add_argument("model", help="Python file with a function model()")
    parser.add_argument("-o", "--output", required=True, help="MLIR text to write")
    parser.add_argument("--weights", help="safetensors file to write the weights to")
    return parser.parse_args()

"""Weights that several tensors of a quantised checkpoint are together, as uwt finds them."""

import json
import shutil
import subprocess

from checkpoint import Stored
from command_line import ExportError


def inspect(folder):
    """What `uwt inspect` says of quantised weights: None where it knows no such checkpoints."""
    tool = shutil.which("uwt")
    if tool is None:
        raise ExportError(f"{folder}: has quantised weights, which the tool 'uwt' finds: put it on PATH")
    command = [tool, "inspect", str(folder), "--headers-only", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ExportError(f"{folder}: {result.stderr.strip()}")
    return json.loads(result.stdout).get("quantized")


def with_weights(folder, stored, dtype):
    """The tensors of a quantised checkpoint, weights of that dtype in the place of what they are made of."""
    weights = inspect(folder)
    if weights is None:
        raise ExportError(f"{folder}: is quantised in a way that uwt does not read; export the model that it was made from")
    refused = next((weight for weight in weights if weight["refusal"]), None)
    if refused:
        raise ExportError(f"{folder}: '{refused['name']}' cannot be read: {refused['refusal']}")
    parts = {part for weight in weights for part in weight["parts"]}
    tensors = {name: tensor for name, tensor in stored.items() if name not in parts}
    for weight in weights:
        file = stored[weight["parts"][0]].file
        tensors[weight["name"]] = Stored(file, dtype, tuple(weight["shape"]))
    return tensors

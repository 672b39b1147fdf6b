#!/usr/bin/env python3
"""Writes a PyTorch model as linalg IR for UWT: MLIR text whose weights are outside.

    from_torch.py MODEL.py -o OUT.mlir [--weights OUT.safetensors] [--checkpoint PATH]
    from_torch.py --hf FOLDER -o OUT.mlir [--batch N] [--length N] [--cache-length N]

MODEL.py defines `model()`, which returns a torch.nn.Module and a tuple of example
inputs, or a dict of such pairs by the names of functions. It may define
`dynamic_shapes` as torch.export takes them, or a dict of those. Each parameter and
buffer becomes a constant without data, `dense_resource<KEY>`, with its key in the
state_dict: `uwt-bind-weights` finds the tensor of that name in a container or in the
file that --weights writes. With --checkpoint, names are those of that file or folder.

--hf takes a model folder of transformers (config.json, *.safetensors) and names
constants after its tensors. Models that generate become `prefill` and `decode`, whose
cache is among the arguments and results; others become `main`, or a function for each
kind of input. The first lines of OUT.mlir name arguments and results.

Needs what tools/export/requirements-torch.txt lists.
"""

import argparse

import command_line
from checkpoint import map_names, read_checkpoint, rename
from command_line import ExportError


def parse_arguments():
    """The command line, checked."""
    parser = command_line.make_parser(__doc__)
    names = parser.add_argument_group("names of constants")
    names.add_argument("--checkpoint", metavar="PATH", help="safetensors file or folder with these names")
    model = parser.add_argument_group("model folders")
    model.add_argument("--hf", metavar="FOLDER", help="model folder of transformers, in place of MODEL.py")
    add_size(model, "--batch", 1, "sequences or images, or ? for any number (default: 1)")
    add_size(model, "--length", None, "tokens of a prompt or text, or ? for any number (default)")
    add_size(model, "--cache-length", 512, "tokens of prompt and answer that fit (default: 512)")
    for flag, meaning in (
        ("--no-cache", "one function, from tokens to the logits of each"),
        ("--all-logits", "prefill gives the logits of each token, not of the last one"),
        ("--mask", "functions of tokens take a mask: 1 for a token, 0 for padding on the left"),
    ):
        model.add_argument(flag, action="store_true", help=meaning)
    model.add_argument("--cast", choices=["bf16"], help="the folder was compressed with --cast bf16 --cast-vectors")
    arguments = parser.parse_args()
    if bool(arguments.model) == bool(arguments.hf):
        parser.error("give either MODEL.py or --hf FOLDER")
    if arguments.hf:
        for name in ("weights", "checkpoint", "strip", "prefix"):
            if getattr(arguments, name) is not None:
                parser.error(f"--{name} goes with MODEL.py: constants of --hf have the folder's names")
    if arguments.cache_length is None:
        parser.error("--cache-length is a number: caches have a fixed length")
    return arguments


def add_size(parser, option, default, meaning):
    """An option for a size; None is any."""

    def parse(text):
        if text == "?":
            return None
        if not text.isdecimal() or int(text) == 0:
            raise argparse.ArgumentTypeError(f"expected a number from 1 on or ?, got '{text}'")
        return int(text)

    parser.add_argument(option, type=parse, default=default, metavar="N", help=meaning)


def trace_model_file(arguments):
    """Functions of MODEL.py."""
    from torch_lowering import trace

    source = command_line.load_model_file(arguments.model)
    functions = command_line.call_model(arguments.model, source)
    dynamic_shapes = getattr(source, "dynamic_shapes", None)
    if not isinstance(functions, dict):
        functions, dynamic_shapes = {"main": functions}, {"main": dynamic_shapes}
    stored = read_checkpoint(arguments.checkpoint) if arguments.checkpoint else None
    traced = {}
    for name, pair in functions.items():
        module, inputs = check_pair(arguments.model, name, pair)
        constants = name_constants(arguments, module.state_dict(), stored)
        traced[name] = trace(name, module, inputs, (dynamic_shapes or {}).get(name), constants)
    return traced


def check_pair(path, name, pair):
    """A module and its example inputs, as model() returns them."""
    import torch

    if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], torch.nn.Module)):
        kind = type(pair).__name__
        raise ExportError(f"{path}: model() gives '{name}' as a {kind}, expected a pair (module, inputs)")
    module, inputs = pair
    return module, inputs if isinstance(inputs, tuple) else (inputs,)


def name_constants(arguments, state, stored):
    """The tensors of a state_dict by their names outside."""
    from torch_lowering import identity

    if stored is None:
        strip, prefix = arguments.strip or "", arguments.prefix or ""
        return {rename(key, strip, prefix): tensor for key, tensor in state.items()}
    keys = {}
    for key, tensor in state.items():
        # Single elements stay inside.
        if tensor.numel() > 1:
            keys.setdefault(identity(tensor), []).append(key)
    groups = {tuple(same): tuple(state[same[0]].shape) for same in keys.values()}
    names = map_names(groups, stored, arguments.checkpoint, arguments.strip, arguments.prefix)
    return {name: state[key] for key, name in names.items()}


def trace_folder(arguments):
    """Functions of the folder of --hf."""
    from huggingface import load_model
    from model_functions import Sizes, trace_model

    model, tensors = load_model(arguments.hf, arguments.cast)
    sizes = Sizes(
        batch=arguments.batch,
        length=arguments.length,
        cache_length=None if arguments.no_cache else arguments.cache_length,
        all_logits=arguments.all_logits or arguments.no_cache,
        mask=arguments.mask,
    )
    return trace_model(model, tensors, sizes)


def save_weights(weights, path):
    """Writes the tensors that constants are named after."""
    from safetensors.torch import save_file

    save_file({name: tensor.detach().contiguous().clone() for name, tensor in weights.items()}, path)


def main():
    """The script."""
    arguments = parse_arguments()
    # After the command line, whose errors need no seconds of loading PyTorch.
    from torch_lowering import lower

    functions = trace_folder(arguments) if arguments.hf else trace_model_file(arguments)
    lowered = lower(functions)
    if arguments.weights:
        save_weights(lowered.weights, arguments.weights)
    command_line.write_text(arguments.output, lowered.text)
    print(f"{arguments.output}: {', '.join(functions)}; {len(lowered.weights)} weights outside")


if __name__ == "__main__":
    command_line.run_script(main)

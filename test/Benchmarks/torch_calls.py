"""What a call of an operator costs in PyTorch, beside its work: a weight of 8 x 8, one row, one thread.

    PYTHON test/Benchmarks/torch_calls.py [--turns N]

PYTHON has torch and UWT (docs/python.md). Gives microseconds, the least of all turns.
"""

import argparse
import time

import torch

import uwt.torch
from uwt.torch import _ops

CALLS = 200
SCHEMA = "(Tensor x, Tensor image, Tensor? bias, SymInt n, SymInt k) -> Tensor"


def calls(library, x):
    """What is measured, by its name: all of one row `x`."""
    library.define("empty" + SCHEMA)
    library.impl("empty", lambda x, image, bias, n, k: x, "CPU")
    for name in _ops.LINEAR:
        library.define(name + SCHEMA)
        library.impl(name, _ops._linear, "CPU")
    library.impl("linear_without_gradients", torch.library.fallthrough_kernel, "Autograd")
    # As uwt::linear where no gradient is recorded.
    library.impl("linear", lambda *each: torch.ops.bench.linear_without_gradients.default(*each), "Autograd")
    dense = torch.nn.Linear(8, 8, bias=False).bfloat16()
    compressed = torch.nn.Linear(8, 8, bias=False).bfloat16()
    uwt.torch.compress_(compressed, "raw")
    arguments = x, compressed.weight.image, None, 8, 8
    operators = torch.ops.bench.empty.default, torch.ops.uwt.linear.default, torch.ops.bench.linear.default
    names = "an empty operator", "uwt::linear", "uwt::linear in Python"
    by_name = {name: lambda each=each: each(*arguments) for name, each in zip(names, operators)}
    return by_name | {"nn.Linear, compressed": lambda: compressed(x), "nn.Linear, dense": lambda: dense(x)}


def least(measured, turns):
    best = dict.fromkeys(measured, float("inf"))
    for _ in range(turns):
        for name, call in measured.items():
            begin = time.perf_counter()
            for _ in range(CALLS):
                call()
            best[name] = min(best[name], (time.perf_counter() - begin) / CALLS * 1e6)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=500, help="of 200 calls each")
    turns = parser.parse_args().turns
    torch.set_num_threads(1)
    print(f"PyTorch {torch.__version__}, operators in {'Python' if uwt.torch.WHY_PYTHON else 'C++'}")
    library = torch.library.Library("bench", "DEF")
    x = torch.randn(1, 8).bfloat16()
    measured = calls(library, x)
    for title, mode in (
        ("inference_mode", torch.inference_mode()),
        ("no_grad", torch.no_grad()),
        ("enable_grad", torch.enable_grad()),
        ("x.requires_grad", torch.enable_grad()),
    ):
        if title == "x.requires_grad":
            x.requires_grad_()
            del measured["uwt::linear in Python"]
        with mode:
            for name, microseconds in least(measured, turns).items():
                print(f"{title:15} {name:25} {microseconds:6.2f}")


if __name__ == "__main__":
    main()

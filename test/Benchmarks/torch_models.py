"""Language models in PyTorch: dense BF16 beside weights that stay compressed, in turns, one process each.

    PYTHON test/Benchmarks/torch_models.py FOLDER [--layers N] [--quantise METHOD] [--samples N] [--out FILE]

FOLDER is a model of transformers in BF16, compressed to FOLDER-uwt where that is missing, or `random`: a Llama of 1.2 billion
weights. With --quantise it is quantised first, by rounding to nearest ("gptq" and others of test/Python/quantised_models.py), and
runs from its codes, beside the values of these. PYTHON has torch, transformers and UWT (docs/python.md). Gives tokens a second, and memory beside that of the loaded
packages, of which the peak counts files' pages that are mapped while a model is loaded; threads are PyTorch's.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
# What each process runs: arguments of uwt.transformers.set_defaults, None for the plain folder.
VARIANTS = {
    "BF16 by PyTorch": None,
    "UWT, raw": {"format": "raw"},
    "UWT, inplace<12>": {},
    "UWT, exact=decode": {"exact": "decode"},
}
ROWS, PROMPT, STEPS, PREFILL = (1, 4, 16), 16, 8, 512


def memory(field):
    """A field of /proc/self/status in bytes."""
    for line in pathlib.Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def decode_steps(torch, model, m):
    """Seconds of a step that adds a token to each sequence."""
    ids = torch.arange(m * PROMPT).reshape(m, PROMPT) % 1000
    past = model(ids, use_cache=True).past_key_values
    begin = time.perf_counter()
    for step in range(STEPS):
        past = model(ids[:, :1] + step, past_key_values=past, use_cache=True).past_key_values
    return (time.perf_counter() - begin) / STEPS


def prefill(torch, model):
    ids = torch.arange(PREFILL)[None] % 1000
    begin = time.perf_counter()
    model(ids, logits_to_keep=1)
    return time.perf_counter() - begin


def work(folder, defaults, pipe):
    """Loads a model, then measures what it is asked for."""
    import torch
    from transformers import AutoModelForCausalLM

    if defaults is not None:
        import uwt.transformers

        folder = defaults.pop("folder", f"{folder}-uwt")
        uwt.transformers.set_defaults(**defaults)
    before, begin = memory("VmRSS"), time.perf_counter()
    with torch.inference_mode():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
        # Files are mapped: what was loaded is touched.
        prefill(torch, model)
        loaded = time.perf_counter() - begin
        pipe.send({"load_seconds": loaded, "before": before})
        while (task := pipe.recv()) is not None:
            pipe.send(prefill(torch, model) if task == "prefill" else decode_steps(torch, model, task))
    pipe.send({"peak": memory("VmHWM"), "end": memory("VmRSS")})


def make_random(folder, layers):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    config = LlamaConfig(
        hidden_size=2048, intermediate_size=8192, num_hidden_layers=layers, num_attention_heads=32,
        num_key_value_heads=8, vocab_size=32000, dtype="bfloat16",
    )  # fmt: skip
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


def quantised(folder, method):
    """The folder of a quantised model's values, and what is run of it."""
    import uwt

    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Python"))
    from quantised_models import quantise

    codes, values = pathlib.Path(f"{folder}-{method}"), pathlib.Path(f"{folder}-{method}-values")
    if not codes.is_dir():
        quantise(method, pathlib.Path(folder), codes, values)
        uwt.compress(codes, f"{codes}-uwt")
    from_codes = {"quantized": "values", "folder": f"{codes}-uwt"}
    variants = {
        "its values by PyTorch": None,
        "its values, inplace<12>": {},
        "its codes": from_codes,
        "its codes, by integers": from_codes | {"arithmetic": "integer<8>"},
    }
    return str(values), variants


def measure(folder, samples, variants, tasks, work):
    """Results of processes that `work(folder, options of a variant, pipe)` is run in, each task in turns."""
    import uwt

    if not pathlib.Path(f"{folder}-uwt").is_dir():
        uwt.compress(folder, f"{folder}-uwt")
    context = multiprocessing.get_context("spawn")
    pipes, processes, results = {}, {}, {}
    for name, options in variants.items():
        pipes[name], theirs = context.Pipe()
        processes[name] = context.Process(target=work, args=(folder, options, theirs))
        processes[name].start()
        results[name] = pipes[name].recv() | {"seconds": {}}
    for _ in range(samples):
        for task in tasks:
            for name, pipe in pipes.items():
                pipe.send(task)
                seconds = results[name]["seconds"]
                seconds[str(task)] = min(pipe.recv(), seconds.get(str(task), float("inf")))
    for name, pipe in pipes.items():
        pipe.send(None)
        results[name] |= pipe.recv()
        processes[name].join()
    return results


def table(results, tokens):
    """Of results of `measure`, whose tasks handle so many tokens each."""
    titles = [task if task == "prefill" else f"m = {task}" for task in tokens]
    titles += ["load, s", "memory, MB", "peak, MB"]
    lines = ["| tokens a second | " + " | ".join(titles) + " |", "| --- |" + " ---: |" * len(titles)]
    for name, result in results.items():
        cells = [f"{count / result['seconds'][str(task)]:.1f}" for task, count in tokens.items()]
        cells += [f"{result['load_seconds']:.1f}"]
        cells += [f"{(result[field] - result['before']) / 1e6:.0f}" for field in ("end", "peak")]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def keep(results, name, path):
    """Adds results to a JSON file, by the model's name."""
    out = pathlib.Path(path)
    named = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
    named[name] = results
    out.write_text(json.dumps(named, indent=1) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="a model folder in BF16, or random")
    parser.add_argument("--layers", type=int, default=16, help="of the random model")
    parser.add_argument("--quantise", metavar="METHOD", help="how the model is quantised before it runs")
    parser.add_argument("--samples", type=int, default=3)
    parser.add_argument("--out", help="a JSON file that gains the results, by the model's name")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder
        if folder == "random":
            folder = os.path.join(scratch, "random")
            make_random(folder, arguments.layers)
        folder, variants = folder.rstrip("/"), VARIANTS
        if arguments.quantise:
            folder, variants = quantised(folder, arguments.quantise)
        tokens = {**{m: m for m in ROWS}, "prefill": PREFILL}
        results = measure(folder, arguments.samples, variants, tokens, work)
    print(table(results, tokens))
    if arguments.out:
        keep(results, os.path.basename(folder), arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())

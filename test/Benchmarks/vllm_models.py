"""A language model in vLLM on CPUs: its own BF16 beside weights that stay compressed, in turns, one process each.

    PYTHON test/Benchmarks/vllm_models.py FOLDER [--samples N] [--out FILE]

FOLDER is a model of transformers in BF16, compressed to FOLDER-uwt where that is missing. PYTHON has vLLM and UWT
(docs/python.md). Gives tokens a second of so many sequences at a time, and memory of the process beside that of the loaded
packages and of the keys and values, of which the peak is while weights are loaded.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import sys
import time

from torch_models import memory

os.environ.update(HF_HUB_OFFLINE="1", VLLM_CPU_KVCACHE_SPACE="1", VLLM_NO_USAGE_STATS="1")
# One process an engine: what it has in memory is what the system says.
os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
# What each process runs: options of uwt.vllm, None for the plain folder.
VARIANTS = {
    "BF16 by vLLM": None,
    "UWT, raw": {"format": "raw"},
    "UWT, inplace<12>": {"format": "inplace<12>"},
    "UWT, exact=decode": {"exact": "decode"},
}
SEQUENCES, PROMPT, TOKENS, PREFILL = (1, 4, 16), 16, 16, 512


def generate(engine, sequences, prompt, tokens):
    """Seconds of a call."""
    from vllm import SamplingParams

    parameters = SamplingParams(temperature=0, max_tokens=tokens, ignore_eos=True, detokenize=False)
    # Other prompts each time: vLLM keeps what it has computed of earlier ones.
    generate.calls += 1
    prompts = [
        {"prompt_token_ids": [(generate.calls * 131 + i * 17 + j) % 1000 + 5 for j in range(prompt)]}
        for i in range(sequences)
    ]
    begin = time.perf_counter()
    engine.generate(prompts, parameters, use_tqdm=False)
    return time.perf_counter() - begin


generate.calls = 0


def work(folder, options, pipe):
    """Loads a model, then measures what it is asked for."""
    from vllm import LLM

    extra = {}
    if options is not None:
        folder, extra = f"{folder}-uwt", {"additional_config": {"uwt": options}}
    before, begin = memory("VmRSS"), time.perf_counter()
    engine = LLM(
        model=folder, dtype="bfloat16", max_model_len=1024, max_num_seqs=max(SEQUENCES), enforce_eager=True,
        skip_tokenizer_init=True, enable_prefix_caching=False, **extra,
    )  # fmt: skip
    pipe.send({"load_seconds": time.perf_counter() - begin, "before": before, "peak": memory("VmHWM")})
    while (task := pipe.recv()) is not None:
        if task == "prefill":
            pipe.send(generate(engine, 1, PREFILL, 1))
        else:
            # Of the steps after the first one.
            pipe.send(generate(engine, task, PROMPT, TOKENS + 1) - generate(engine, task, PROMPT, 1))
    pipe.send({"end": memory("VmRSS")})


def measure(folder, samples):
    import uwt

    if not pathlib.Path(f"{folder}-uwt").is_dir():
        uwt.compress(folder, f"{folder}-uwt")
    context = multiprocessing.get_context("spawn")
    pipes, processes, results = {}, {}, {}
    for name, options in VARIANTS.items():
        pipes[name], theirs = context.Pipe()
        processes[name] = context.Process(target=work, args=(folder, options, theirs))
        processes[name].start()
        results[name] = pipes[name].recv() | {"seconds": {}}
    for _ in range(samples):
        for task in (*SEQUENCES, "prefill"):
            for name, pipe in pipes.items():
                pipe.send(task)
                seconds = results[name]["seconds"]
                seconds[str(task)] = min(pipe.recv(), seconds.get(str(task), float("inf")))
    for name, pipe in pipes.items():
        pipe.send(None)
        results[name] |= pipe.recv()
        processes[name].join()
    return results


def table(results):
    titles = [f"m = {m}" for m in SEQUENCES] + [f"prefill {PREFILL}", "start, s", "memory, MB", "peak, MB"]
    lines = ["| tokens a second | " + " | ".join(titles) + " |", "| --- |" + " ---: |" * len(titles)]
    for name, result in results.items():
        seconds = result["seconds"]
        speeds = [m * TOKENS / seconds[str(m)] for m in SEQUENCES] + [PREFILL / seconds["prefill"]]
        cells = [f"{speed:.1f}" for speed in speeds] + [f"{result['load_seconds']:.1f}"]
        cells += [f"{(result[field] - result['before']) / 1e6:.0f}" for field in ("end", "peak")]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="a model folder in BF16")
    parser.add_argument("--samples", type=int, default=3)
    parser.add_argument("--out", help="a JSON file that gains the results, by the model's name")
    arguments = parser.parse_args()
    folder = arguments.folder.rstrip("/")
    results = measure(folder, arguments.samples)
    print(table(results))
    if arguments.out:
        out = pathlib.Path(arguments.out)
        named = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
        named[os.path.basename(folder)] = results
        out.write_text(json.dumps(named, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

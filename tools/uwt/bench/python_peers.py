"""PyTorch's side of `uwt bench matmul --peers`: times BF16 linear on copies of a weight, when asked.

A first line on standard input says what to multiply. An answer is a line: "ready VERSION", "seconds S" for each line
with an m, or "error WHY".
"""

import json
import signal
import sys
import time


def serve(torch):
    request = json.loads(sys.stdin.readline())
    torch.set_num_threads(request["threads"])
    torch.manual_seed(1)
    rows, columns = request["shape"]
    weight = (torch.randn(rows, columns) * 0.02).to(torch.bfloat16)
    weights = [weight.clone() for _ in range(request["copies"])]
    inputs = {m: torch.randn(m, columns).to(torch.bfloat16) for m in request["m"]}
    linear = torch.nn.functional.linear
    print("ready", torch.__version__, flush=True)
    with torch.inference_mode():
        for line in sys.stdin:
            x = inputs[int(line)]
            linear(x, weights[-1])  # Wakes the threads. The other copies are read before this one again.
            start = time.perf_counter()
            for each in weights:
                linear(x, each)
            seconds = (time.perf_counter() - start) / len(weights)
            time.sleep(0.01)  # Threads of OpenMP wait for work in loops that would slow what comes next.
            print("seconds", seconds, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        import torch
    except ImportError as error:
        print("error", error, flush=True)
    else:
        serve(torch)

"""Sends a signal to `uwt compress` in the middle of its work and says how it ends and what it leaves:
interrupt.py FOLDER [SIGNAL], SIGINT without one."""

import json
import os
import signal
import struct
import subprocess
import sys
import time

folder = sys.argv[1]
number = signal.Signals[sys.argv[2] if len(sys.argv) > 2 else "SIGINT"]
source, target = os.path.join(folder, "large.safetensors"), os.path.join(folder, "out.safetensors")
# Zeros that take no space on the disk, and some seconds to compress.
size = 1 << 30
header = json.dumps({"w": {"dtype": "BF16", "shape": [size // 8192, 4096], "data_offsets": [0, size]}}).encode()
with open(source, "wb") as file:
    file.write(struct.pack("<Q", len(header)) + header)
    file.truncate(8 + len(header) + size)
process = subprocess.Popen(
    ["uwt", "compress", source, "-o", target, "-T", "1", "--progress=json"],
    stderr=subprocess.PIPE,
    text=True,
    # Who runs this in the background may have it ignored.
    preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
)
first = process.stderr.readline()
process.send_signal(number)
start = time.monotonic()
rest = process.stderr.read()
code = process.wait(timeout=60)
left = sorted(os.listdir(folder))
os.remove(source)
print(f"exit code {code}, files {left}")
print("stopped early" if time.monotonic() - start < 30 else "stopped late")
print(first + rest)

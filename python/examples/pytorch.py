"""A model of PyTorch that computes from compressed weights:  python pytorch.py"""

import torch

import uwt.torch

model = torch.nn.Sequential(torch.nn.Linear(1024, 4096), torch.nn.SiLU(), torch.nn.Linear(4096, 1024)).bfloat16()
x = torch.randn(4, 1024, dtype=torch.bfloat16)
with torch.inference_mode():
    before = model(x)
    report = uwt.torch.compress_(model)
    after = model(x)
print(f"{report.bytes / report.dense_bytes:.1%} of {report.dense_bytes / 1e6:.1f} MB in memory")
print("largest difference, of other orders of additions:", (before - after).abs().max().item())
print("first weight:", model[0].weight)

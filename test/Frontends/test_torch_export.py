"""tools/export/from_torch.py: names, shapes, functions, and errors of one line."""

import pytest
import torch
from program import Program
from safetensors.torch import load_file, save_file

FIXED = """
import torch
class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.up, self.down = torch.nn.Linear(64, 128), torch.nn.Linear(128, 64, bias=False)
        self.register_buffer("scale", torch.arange(64.0), persistent=False)
        self.register_buffer("shift", torch.randn(64))
    def forward(self, x):
        return x * self.scale + self.shift + self.down(torch.nn.functional.gelu(self.up(x)))
"""


def export(run_exporter, folder, source, *options):
    """Writes MODEL.py, exports it, and returns the paths of module and weights."""
    (folder / "model.py").write_text(source)
    module, weights = folder / "model.mlir", folder / "model.safetensors"
    code, _, errors = run_exporter(
        "from_torch", folder / "model.py", "-o", module, "--weights", weights, *options
    )
    assert code == 0, errors
    return module, weights


def call(library, module, weights, source, *inputs, function="main"):
    """Results of the compiled module, and of the model itself."""
    names = {}
    exec(source, names)  # noqa: S102 (the test's own text)
    model = names["model"]()
    model = model[function][0] if isinstance(model, dict) else model[0]
    with torch.no_grad():
        expected = model.eval()(*inputs)
    return Program(library, module, weights)(function, *inputs), expected


def assert_close(results, expected, within=1e-5):
    """Relative errors in the L2 norm."""
    expected = expected if isinstance(expected, (tuple, list)) else [expected]
    assert len(results) == len(expected)
    for result, value in zip(results, expected):
        assert result.dtype == value.dtype and result.shape == value.shape
        difference = (result.double() - value.double()).norm()
        assert difference <= within * value.double().norm(), difference


@pytest.mark.parametrize(("dtype", "within"), [("float32", 1e-5), ("bfloat16", 5e-3), ("float16", 1e-3)])
def test_buffers_and_element_types(run_exporter, library, tmp_path, dtype, within):
    """Parameters and persistent buffers are outside, buffers that no checkpoint has are inside."""
    source = FIXED + (
        f"def model():\n    dtype = torch.{dtype}\n"
        "    return Block().to(dtype), (torch.zeros(3, 64, dtype=dtype),)\n"
    )
    module, weights = export(run_exporter, tmp_path, source)
    assert set(load_file(weights)) == {"up.weight", "up.bias", "down.weight", "shift"}
    x = torch.randn(3, 64).to(getattr(torch, dtype))
    assert_close(*call(library, module, weights, source, x), within)


def test_two_dynamic_dimensions(run_exporter, library, tmp_path):
    """Linear layers over ? x ? x 64 and views that split and join dimensions are right."""
    source = """
import torch
from torch.export import Dim
class Heads(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        self.up, self.down = torch.nn.Linear(64, 96), torch.nn.Linear(96, 64)
    def forward(self, x):
        batch, length, _ = x.shape
        h = torch.relu(self.up(x)).view(batch, length, 4, -1).transpose(1, 2)
        h = h.transpose(1, 2).reshape(batch * length, -1)
        return self.down(h).view(batch, length, 64), h.view(-1, length, 96)
def model():
    return Heads(), (torch.zeros(3, 5, 64),)
dynamic_shapes = ({0: Dim("batch"), 1: Dim("length")},)
"""
    module, weights = export(run_exporter, tmp_path, source)
    assert "tensor<?x?x64xf32>" in module.read_text() and "x1x64" not in module.read_text()
    for batch, length in ((3, 5), (1, 1), (7, 2), (2, 9)):
        assert_close(*call(library, module, weights, source, torch.randn(batch, length, 64)))


def test_several_functions(run_exporter, library, tmp_path):
    """Functions of one module share its weights; arguments and results have names in comments."""
    source = """
import torch
class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.embed, self.head = torch.nn.Embedding(32, 64), torch.nn.Linear(64, 32, bias=False)
        self.head.weight = self.embed.weight
class Embed(torch.nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block
    def forward(self, tokens, mask):
        return {"states": torch.where(mask.unsqueeze(-1), self.block.embed(tokens), 0)}
class Head(torch.nn.Module):
    def __init__(self, block):
        super().__init__()
        self.block = block
    def forward(self, states):
        return self.block.head(states), states
def model():
    block = Block()
    tokens = torch.zeros(2, 7, dtype=torch.int64)
    return {"embed": (Embed(block), (tokens, tokens > 0)), "head": (Head(block), (torch.zeros(2, 64),))}
"""
    module, weights = export(run_exporter, tmp_path, source, "--strip", "block.", "--prefix", "m.")
    assert set(load_file(weights)) == {"m.embed.weight"}
    assert module.read_text().startswith(
        "// embed\n//   arg0 tokens: tensor<2x7xi64>\n//   arg1 mask: tensor<2x7xi1>\n"
        "//   out0 states: tensor<2x7x64xf32>\n// head\n"
    )
    tokens = torch.randint(0, 32, (2, 7))
    mask = torch.randint(0, 2, (2, 7)) == 1
    results, expected = call(library, module, weights, source, tokens, mask, function="embed")
    assert torch.equal(results[0], expected["states"])
    assert_close(*call(library, module, weights, source, torch.randn(2, 64), function="head"))


def test_ranks_and_sums(run_exporter, library, tmp_path):
    """topk, sort and cumsum of short rows, by operations of linalg alone."""
    source = """
import torch
class Router(torch.nn.Module):
    def forward(self, x):
        low, high = torch.topk(x, 2, dim=0, largest=False), torch.topk(x, 3)
        return *high, *low, torch.argsort(x, stable=True), torch.cumsum(x, 0), torch.cumsum(x > 0, -1)
def model():
    return Router(), (torch.zeros(5, 8),)
"""
    module, weights = export(run_exporter, tmp_path, source)
    assert "tm_tensor" not in module.read_text()
    x = torch.randn(5, 8)
    # Of equal elements the first comes first; there may be less than three finite ones.
    x[1, 3] = x[1, 6] = 9
    x[2, :6] = -torch.inf
    results, expected = call(library, module, weights, source, x)
    ordered = torch.sort(x, dim=-1, descending=True, stable=True)
    assert torch.equal(results[0], ordered.values[:, :3]) and torch.equal(results[1], ordered.indices[:, :3])
    ordered = torch.sort(x, dim=0, stable=True)
    assert torch.equal(results[2], ordered.values[:2]) and torch.equal(results[3], ordered.indices[:2])
    assert torch.equal(results[4], expected[4]) and torch.equal(results[6], expected[6])
    assert torch.allclose(results[5], expected[5])


@pytest.mark.parametrize("names", [("up.weight", "x.up.weight"), ("a.b.up.weight",)])
def test_names_of_a_checkpoint(run_exporter, tmp_path, names):
    """A prefix is found where only one fits."""
    keys = ("up.weight", "up.bias", "down.weight", "shift")
    state = {"up.weight": (128, 64), "up.bias": (128,), "down.weight": (64, 128), "shift": (64,)}
    prefixes = [name.removesuffix("up.weight") for name in names]
    stored = {prefix + key: torch.zeros(state[key]) for prefix in prefixes for key in keys}
    save_file(stored, tmp_path / "checkpoint.safetensors")
    source = FIXED + (
        "class Wrapper(torch.nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.inner = Block()\n"
        "    def forward(self, x):\n        return self.inner(x)\n"
        "def model():\n    return Wrapper(), (torch.zeros(3, 64),)\n"
    )
    (tmp_path / "model.py").write_text(source)
    arguments = [tmp_path / "model.py", "-o", tmp_path / "model.mlir", "--checkpoint"]
    arguments += [tmp_path / "checkpoint.safetensors"]
    code, _, errors = run_exporter("from_torch", *arguments)
    if len(names) > 1:
        path = tmp_path / "checkpoint.safetensors"
        message = f"{path}: names fit with more than one prefix; say --strip and --prefix"
        assert (code, errors) == (1, f"from_torch.py: error: {message}\n")
        code, _, errors = run_exporter("from_torch", *arguments, "--strip", "inner.", "--prefix", "x.")
    assert code == 0, errors
    for key in keys:
        assert f"dense_resource<{prefixes[-1]}{key}>" in (tmp_path / "model.mlir").read_text()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return x", "{path}: model() gives 'main' as a Tensor, expected a pair (module, inputs)"),
        ("raise ImportError('no such module')", "{path}: model() failed: no such module"),
        (
            "class M(torch.nn.Module):\n"
            "        def forward(self, x):\n            return x if x.sum() > 0 else -x\n"
            "    return M(), (x,)",
            "main: torch.export cannot trace the module: Could not guard on data-dependent expression",
        ),
        (
            "class M(torch.nn.Module):\n"
            "        def forward(self, x):\n            return torch.linalg.svd(x)[0]\n"
            "    return M(), (x,)",
            "main: torch-mlir has no lowering for torch.aten._linalg_svd",
        ),
    ],
)
def test_errors_are_one_line(run_exporter, tmp_path, body, message):
    """What cannot be exported says so in a line, and writes nothing."""
    path = tmp_path / "model.py"
    path.write_text(f"import torch\ndef model():\n    x = torch.zeros(4, 4)\n    {body}\n")
    code, _, errors = run_exporter("from_torch", path, "-o", tmp_path / "out.mlir")
    assert code == 1
    assert errors.startswith("from_torch.py: error: " + message.format(path=path)), errors
    assert errors.count("\n") == 1
    assert not (tmp_path / "out.mlir").exists()


def test_a_missing_file(run_exporter, tmp_path):
    """A name that does not exist is an error of one line."""
    path = tmp_path / "none.py"
    code, _, errors = run_exporter("from_torch", path, "-o", tmp_path / "out.mlir")
    assert code == 1
    assert errors == f"from_torch.py: error: {path}: expected a Python file with a function model()\n"

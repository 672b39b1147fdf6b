"""vLLM serves folders that `uwt compress` made: `vllm serve FOLDER`, with nothing else to say.

vLLM finds `register` by the entry point `vllm.general_plugins`. On CPUs and with CUDA, weights of linear layers, embeddings and
experts in BF16 stay compressed in memory, in F16 where `format` says so; on other platforms, and for other dtypes, they are dense,
and only files are compressed. What was quantised before it was compressed runs from its codes, or from their values. Options are a member
of vLLM's additional configuration:

    vllm serve FOLDER --additional-config '{"uwt": {"format": "raw", "exact": "decode"}}'

    format   what weights in memory have, "auto" for BF16 and codes, "window<4>" for F16; "raw" to compare with, "dense" for vLLM's own
    exact    "product", or "decode" for the bits of a product by PyTorch, of weights that each call decodes
    reserve  what part of a weight's bytes is kept free behind it, 0.01: weights that are loaded again may take so much more
    packs    kernels for GPUs, a file or a folder of them, in place of those that the compiler makes
    arithmetic  "dense", or "integer<8>" to multiply codes that are integers by integers that activations are rounded to
"""


def register() -> None:
    """Tells vLLM of the quantisation method "uwt" and of compressed files. May be called more than once."""
    # vLLM calls this early, in each of its processes: what imports its models waits until then.
    from ._config import register_config
    from ._loader import register_loader

    register_config()
    register_loader()

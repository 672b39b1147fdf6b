"""Models of PyTorch whose weights stay compressed in memory: `compress_` and the tensors that it makes.

Products run from the compressed weights on CPUs, and have the same bits for every format, number of rows and number of
threads. `exact="decode"` gives the bits of PyTorch's own product in place of that: each call decodes the weight first.

Operators run in C++ where PyTorch has the functions for that, from 2.10 on. `WHY_PYTHON` is None then, and else says why
they run in Python: with the same results, in more time a call.
"""

from . import _cuda_experts, _experts  # noqa: F401: they define operators
from ._backend import backend, backend_reasons
from ._module import Report, compress_, make_packs
from ._ops import WHY_PYTHON
from ._packs import use_pack
from ._tensor import UwtTensor

__all__ = [
    "WHY_PYTHON", "Report", "UwtTensor", "backend", "backend_reasons", "compress_", "make_packs", "use_pack",
]  # fmt: skip

"""Models of PyTorch whose weights stay compressed in memory: `compress_` and the tensors that it makes.

Products run from the compressed weights on CPUs, and have the same bits for every format, number of rows and number of
threads. `exact="decode"` gives the bits of PyTorch's own product in place of that: each call decodes the weight first.
"""

from . import _experts  # noqa: F401: it defines uwt::experts
from ._module import Report, compress_
from ._tensor import UwtTensor

__all__ = ["Report", "UwtTensor", "compress_"]

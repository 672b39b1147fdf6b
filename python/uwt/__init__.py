"""Compressed weights of neural networks: files and folders there and back, bit for bit.

Every function may be called from several threads at a time, and after a fork. Paths are strings or pathlib's. `threads` is
the most threads that a call uses, 0 for one a processor. What fails raises a subclass of `UwtError`.
"""

from ._container import Codes, Container, Quantized, Tensor
from ._library import version
from .errors import Interrupted, InvalidError, IoError, UnsupportedError, UsageError, UwtError
from .files import Finding, Inspection, Report, compress, decompress, inspect, slice, verify

__version__ = version()

__all__ = [
    "Codes",
    "Container",
    "Finding",
    "Inspection",
    "Interrupted",
    "InvalidError",
    "IoError",
    "Quantized",
    "Report",
    "Tensor",
    "UnsupportedError",
    "UsageError",
    "UwtError",
    "compress",
    "decompress",
    "inspect",
    "slice",
    "verify",
]

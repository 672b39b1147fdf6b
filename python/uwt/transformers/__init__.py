"""Models of transformers from folders that `uwt compress` made: `import uwt.transformers`, then `from_pretrained(FOLDER)`.

Weights of linear layers and embeddings on the CPU stay compressed in memory (uwt.torch), each compressed as it is loaded; all
others are dense. `set_defaults` says otherwise. `save_pretrained` writes plain files, which load again. Folders that were quantised
before they were compressed are loaded by transformers' own method for them, or as the values of their codes. Refused, with an
error: disk offload, and versions of transformers that read files in another way.
"""

from ._loading import set_defaults
from ._quantizer import UwtConfig, UwtQuantizer

__all__ = ["UwtConfig", "UwtQuantizer", "set_defaults"]

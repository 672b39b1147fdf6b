"""What `additional_config` says of weights in memory."""

from __future__ import annotations

import dataclasses

from vllm.config import get_current_vllm_config

from .. import __version__
from ..torch._quantized import ARITHMETICS
from ..torch._tensor import EXACT, RUN_FORMAT


@dataclasses.dataclass(frozen=True)
class Options:
    """See uwt.vllm."""

    format: str = RUN_FORMAT
    exact: str = "product"
    reserve: float = 0.01
    arithmetic: str = "dense"
    packs: str | None = None

    @classmethod
    def current(cls) -> Options:
        """Those of the configuration that vLLM builds a model for. Raises ValueError for one that there is not."""
        additional = get_current_vllm_config().additional_config
        given = additional.get("uwt", {}) if isinstance(additional, dict) else {}
        names = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(given) - {*names, "version"})
        if unknown:
            raise ValueError(f"additional_config: uwt has no option {unknown[0]!r}, only {', '.join(names)}")
        options = cls(**{name: given[name] for name in names if name in given})
        if options.exact not in EXACT:
            raise ValueError(f"additional_config: uwt's exact is one of {', '.join(EXACT)}, got {options.exact!r}")
        if options.arithmetic not in ARITHMETICS:
            raise ValueError(
                f"additional_config: uwt's arithmetic is one of {', '.join(ARITHMETICS)}, got {options.arithmetic!r}"
            )
        if not isinstance(options.reserve, (int, float)) or not 0 <= options.reserve <= 1:
            raise ValueError(f"additional_config: uwt's reserve is a number from 0 to 1, got {options.reserve!r}")
        if options.packs is not None and not isinstance(options.packs, str):
            raise ValueError(f"additional_config: uwt's packs is a path, got {options.packs!r}")
        if isinstance(additional, dict):
            # Compiled graphs are kept by what this holds; they depend on what weights look like in memory.
            additional["uwt"] = {**dataclasses.asdict(options), "version": __version__}
        return options

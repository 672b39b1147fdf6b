"""What uwt.vllm takes from vLLM is there in each of the versions that vllm_api.json records, which need not be installed."""

import json

import pytest
import record_vllm_api as api

VERSIONS = json.loads(api.RECORD.read_text(encoding="utf-8"))


def test_four_versions_are_recorded():
    assert len(VERSIONS) >= 4


@pytest.mark.parametrize("version", VERSIONS)
def test_has_what_is_imported(version):
    assert VERSIONS[version]["imports"] == api.imports(), "run record_vllm_api.py"


@pytest.mark.parametrize("version", VERSIONS)
def test_calls_methods_with_the_parameters_that_they_take(version):
    recorded = VERSIONS[version]["methods"]
    for base, of_ours in api.overrides().items():
        for name, parameters in of_ours.items():
            theirs = recorded[base][name]
            # Methods of our own, and those that only other versions call.
            if theirs == "none" or theirs is None or parameters is None:
                continue
            of_both = parameters[: len(theirs)]
            # *args of base classes stand for what subclasses name.
            assert theirs == of_both, (base, name)


def test_overrides_what_every_engine_calls():
    for version, recorded in VERSIONS.items():
        for base, names in {
            "DefaultModelLoader": ["_get_weights_iterator", "_prepare_weights", "load_model"],
            "FusedMoEMethodBase": ["apply", "create_weights", "process_weights_after_loading"],
            "LinearMethodBase": ["apply", "create_weights", "embedding", "process_weights_after_loading", "tie_weights"],
            "QuantizationConfig": ["from_config", "get_quant_method"],
        }.items():
            assert not [name for name in names if recorded["methods"][base][name] == "none"], version

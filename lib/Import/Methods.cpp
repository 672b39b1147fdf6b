//===- Methods.cpp - Ways in which checkpoints are quantised --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of members are those that transformers 5.24.0, compressed-tensors 0.20.1, GPTQModel 7.7.0,
// AutoGPTQ 0.7.1, AutoAWQ 0.2.9, auto-round 0.16.1, ModelOpt 0.47.0, Quark 0.13 and torchao 0.18.0
// write.
//
//===----------------------------------------------------------------------===//

#include "Methods.h"
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

using namespace uwt;
using nlohmann::json;

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static bool isAny(const json &) { return true; }
static bool isText(const json &value) { return value.is_string(); }
static bool isInteger(const json &value) { return value.is_number_integer(); }
static bool isTruth(const json &value) { return value.is_boolean(); }
static bool isTruthOrNull(const json &value) { return value.is_boolean() || value.is_null(); }
static bool isTextOrNull(const json &value) { return value.is_string() || value.is_null(); }
static bool isIntegerOrNull(const json &value) {
  return value.is_number_integer() || value.is_null();
}
/// Returns whether a value switches nothing on: null, false, "", [], {}.
static bool isOff(const json &value) {
  bool isEmptyText = value.is_string() && value.get_ref<const std::string &>().empty();
  return value.is_null() || value == false || isEmptyText ||
         (value.is_structured() && value.empty());
}
/// Returns whether a value is a list of names, or null.
static bool isNames(const json &value) {
  return value.is_null() || (value.is_array() && std::ranges::all_of(value, [](const json &each) {
                               return each.is_string();
                             }));
}
/// Returns whether a value is two integers above 0, or null.
static bool isBlockOrNull(const json &value) {
  auto isSize = [](const json &each) { return each.is_number_unsigned() && each != 0; };
  return value.is_null() ||
         (value.is_array() && value.size() == 2 && std::ranges::all_of(value, isSize));
}

/// Returns whether a value is one of some texts.
template <size_t count>
static bool isOneOf(const json &value, const std::array<std::string_view, count> &texts) {
  return value.is_string() &&
         std::ranges::count(texts, std::string_view(value.get_ref<const std::string &>())) != 0;
}

static bool isPackedInWords(const json &value) {
  return isOneOf(value, std::array<std::string_view, 2>{"int32", "torch.int32"});
}
static bool isGroupFormat(const json &value) {
  return value.is_null() ||
         isOneOf(value, std::array<std::string_view, 8>{"dense", "int-quantized", "float-quantized",
                                                        "naive-quantized", "pack-quantized",
                                                        "nvfp4-pack-quantized",
                                                        "mxfp4-pack-quantized", "mxfp8-quantized"});
}
static bool isFormat(const json &value) {
  return value == "mixed-precision" || isGroupFormat(value);
}
/// Returns whether weights are stored as codes. What older versions wrote is "frozen".
static bool isCompressedStatus(const json &value) {
  return value.is_null() || isOneOf(value, std::array<std::string_view, 2>{"compressed", "frozen"});
}
/// Returns whether a value says in which order columns were packed: by their groups ("group",
/// "dynamic", true), or as they are.
static bool isActOrder(const json &value) {
  return value.is_null() || value.is_boolean() ||
         isOneOf(value, std::array<std::string_view, 4>{"group", "dynamic", "weight", "static"});
}
static bool isNumberType(const json &value) {
  return isOneOf(value, std::array<std::string_view, 2>{"int", "float"});
}
/// Returns whether scales are found when weights are packed, not when a layer runs.
static bool isStatic(const json &value) { return value.is_null() || value == false; }
static bool isFp8Format(const json &value) {
  return value.is_null() || isOneOf(value, std::array<std::string_view, 4>{
                                               "e4m3", "e5m2", "float8_e4m3fn", "float8_e5m2"});
}
static bool isModelOptAlgorithm(const json &value) {
  return value.is_null() || isOneOf(value, std::array<std::string_view, 10>{
                                               "FP8", "FP8_PER_CHANNEL_PER_TOKEN", "FP8_PB_WO",
                                               "NVFP4", "W4A16_NVFP4", "W4A8_NVFP4_FP8", "MXFP4",
                                               "W4A8_MXFP4_FP8", "MXFP8", "MIXED_PRECISION"});
}
static bool isOffline(const json &value) { return value.is_null() || value == "offline"; }
static bool isBitLinear(const json &value) {
  return value.is_null() ||
         isOneOf(value, std::array<std::string_view, 2>{"bitlinear", "autobitlinear"});
}
static bool isObjectOrOff(const json &value) { return value.is_object() || isOff(value); }
static bool isPackMethod(const json &value) {
  return isOneOf(value, std::array<std::string_view, 2>{"reorder", "order"});
}
static bool isReal(const json &value) { return value == "real_quantized"; }
/// Returns whether a value is a list of Quark's algorithms that change weights alone.
static bool isOfflineAlgorithms(const json &value) {
  auto isOffline = [](const json &each) {
    return each.is_object() && each.contains("name") &&
           isOneOf(each["name"],
                   std::array<std::string_view, 7>{"awq", "gptq", "gptaq", "smooth",
                                                   "autosmoothquant", "autoround", "qronos"});
  };
  return value.is_null() || (value.is_array() && std::ranges::all_of(value, isOffline));
}
static bool isReorder(const json &value) { return value.is_null() || value == "reorder"; }
/// Returns whether a value says 16 bits and more, which are floats.
static bool isFloatBits(const json &value) {
  return value.is_null() || (value.is_number_integer() && value.get<int64_t>() >= 16);
}
static bool isInt(const json &value) { return value.is_null() || value == "int"; }
static bool isDense(const json &value) { return isOff(value) || value == "dense"; }
/// Returns whether a value is a class of torchao 0.18.0 whose layers take x as it is.
static bool isTorchaoType(const json &value) {
  return isOneOf(value, std::array<std::string_view, 16>{
                            "Int8DynamicActivationIntxWeightConfig",
                            "Int8DynamicActivationInt4WeightConfig", "Int4WeightOnlyConfig",
                            "Float8DynamicActivationInt4WeightConfig", "Int8WeightOnlyConfig",
                            "Int8DynamicActivationInt8WeightConfig",
                            "Int8StaticActivationInt8WeightConfig", "Float8WeightOnlyConfig",
                            "Float8DynamicActivationFloat8WeightConfig",
                            "Float8StaticActivationFloat8WeightConfig", "IntxWeightOnlyConfig",
                            "FqnToConfig", "ModuleFqnToConfig", "MXDynamicActivationMXWeightConfig",
                            "NVFP4DynamicActivationNVFP4WeightConfig", "NVFP4WeightOnlyConfig"});
}

//===----------------------------------------------------------------------===//
// Members
//===----------------------------------------------------------------------===//

using enum Say;
static constexpr std::string_view aText = "a text", anInteger = "an integer",
                                  aTruth = "true or false", names = "a list of names",
                                  nothing = "nothing (null, false or empty)", anything = "anything";

/// Members that all methods may have.
static constexpr ConfigMember common[] = {
    {"quant_method", Read, isText, aText},
    {"modules_to_not_convert", Read, isNames, names},
    {"dequantize", None, isTruthOrNull, aTruth},
    {"transform_config", Read, isOff, nothing},
    {"rotation", Read, isOff, nothing},
    {"rotation_config", Read, isOff, nothing},
    {"sparsity_config", Read, isOff, nothing},
    {"sparsity_config.format", Read, isDense, "\"dense\""},
    {"sparsity_config.*", None, isAny, anything},
    {"kv_cache_scheme", None, isAny, anything},
    {"provider", None, isTextOrNull, aText},
    {"producer.**", None, isAny, anything},
};

/// Members of GPTQ and AWQ, whoever packs them, that say how codes were found.
static constexpr ConfigMember packers[] = {
    {"bits", Read, isInteger, anInteger},
    {"group_size", Read, isInteger, anInteger},
    {"sym", Read, isTruthOrNull, aTruth},
    {"desc_act", Read, isTruthOrNull, aTruth},
    {"dynamic", Read, isOff, nothing},
    {"extra_config", Read, isOff, nothing},
    {"extra_config.*.bits", Read, isInteger, anInteger},
    {"extra_config.*.group_size", Read, isInteger, anInteger},
    {"extra_config.*.sym", Read, isTruthOrNull, aTruth},
    {"extra_config.*.data_type", Read, isInt, "\"int\""},
    {"extra_config.*.act_bits", Read, isFloatBits, "16 bits and more"},
    {"extra_config.*.act_data_type", None, isTextOrNull, aText},
    {"extra_config.*.act_dynamic", None, isTruthOrNull, aTruth},
    {"extra_config.*.act_sym", None, isTruthOrNull, aTruth},
    {"extra_config.*.act_group_size", None, isIntegerOrNull, anInteger},
    {"adapter", Read, isOff, nothing},
    {"activation", Read, isOff, nothing},
    {"pack_dtype", Read, isPackedInWords, "\"int32\""},
    {"data_type", Read, isInt, "\"int\""},
    {"act_bits", Read, isFloatBits, "16 bits and more"},
    {"act_data_type", None, isTextOrNull, aText},
    {"act_dynamic", None, isTruthOrNull, aTruth},
    {"act_sym", None, isTruthOrNull, aTruth},
    {"act_group_size", None, isIntegerOrNull, anInteger},
    {"static_groups", None, isTruthOrNull, aTruth},
    {"lm_head", None, isTruthOrNull, aTruth},
    {"meta.**", None, isAny, anything},
    {"method", None, isTextOrNull, aText},
    {"damp_percent", None, isAny, anything},
    {"damp_auto_increment", None, isAny, anything},
    {"true_sequential", None, isAny, anything},
    {"mse", None, isAny, anything},
    {"act_group_aware", None, isAny, anything},
    {"hyb_act", None, isAny, anything},
    {"gptaq", None, isAny, anything},
    {"foem", None, isAny, anything},
    {"model_name_or_path", None, isAny, anything},
    {"model_file_base_name", None, isAny, anything},
    {"quantizer", None, isAny, anything},
    {"uri", None, isAny, anything},
    {"tokenizer", None, isAny, anything},
    {"dataset", None, isAny, anything},
    {"batch_size", None, isAny, anything},
    {"cache_block_outputs", None, isAny, anything},
    {"block_name_to_quantize", None, isAny, anything},
    {"to_quant_block_names", None, isAny, anything},
    {"module_name_preceding_first_block", None, isAny, anything},
    {"modules_in_block_to_quantize", None, isAny, anything},
    {"inside_layer_modules", None, isAny, anything},
    {"max_input_length", None, isAny, anything},
    {"model_seqlen", None, isAny, anything},
    {"pad_token_id", None, isAny, anything},
    {"use_cuda_fp16", None, isAny, anything},
    {"use_exllama", None, isAny, anything},
    {"disable_exllama", None, isAny, anything},
    {"exllama_config.**", None, isAny, anything},
    {"backend", None, isTextOrNull, aText},
    {"parallel_packing", None, isAny, anything},
    {"autoround_version", None, isTextOrNull, aText},
    {"amp", None, isAny, anything},
    {"enable_minmax_tuning", None, isAny, anything},
    {"enable_norm_bias_tuning", None, isAny, anything},
    {"enable_quanted_input", None, isAny, anything},
    {"gradient_accumulate_steps", None, isAny, anything},
    {"iters", None, isAny, anything},
    {"lr", None, isAny, anything},
    {"minmax_lr", None, isAny, anything},
    {"low_gpu_mem_usage", None, isAny, anything},
    {"low_cpu_mem_usage", None, isAny, anything},
    {"nsamples", None, isAny, anything},
    {"seqlen", None, isAny, anything},
    {"scale_dtype", None, isTextOrNull, aText},
};

static constexpr ConfigMember gptqMembers[] = {
    {"dynamic", Read, isObjectOrOff, "an object"},
    {"checkpoint_format", Read, isText, aText},
    {"format", Read, isText, aText},
    {"is_marlin_format", Read, isTruth, aTruth},
    {"packing_format", Read, isText, aText},
    {"version", None, isTextOrNull, aText},
};

static constexpr ConfigMember awqMembers[] = {
    {"w_bit", Read, isInteger, anInteger},
    {"q_group_size", Read, isInteger, anInteger},
    {"zero_point", Read, isTruth, aTruth},
    {"version", Read, isText, aText},
    {"checkpoint_format", None, isTextOrNull, aText},
    {"format", None, isTextOrNull, aText},
    {"packing_format", Read, isText, aText},
    {"pack_method", Read, isReorder, "\"reorder\""},
    {"do_fuse", None, isTruthOrNull, aTruth},
    {"fuse_max_seq_len", None, isIntegerOrNull, anInteger},
    {"modules_to_fuse.**", None, isAny, anything},
    {"export_compatible", None, isTruthOrNull, aTruth},
};

static constexpr ConfigMember compressedTensorsMembers[] = {
    {"format", Read, isFormat, "a format of compressed-tensors whose weights are read"},
    {"quantization_status", Read, isCompressedStatus, "\"compressed\""},
    {"global_compression_ratio", None, isAny, anything},
    {"ignore", Read, isNames, names},
    {"version", None, isTextOrNull, aText},
    {"run_compressed", None, isTruthOrNull, aTruth},
    {"use_optimized_inference", None, isTruthOrNull, aTruth},
    {"moe_sparsity_config", Read, isOff, nothing},
    {"attention_input_activations", None, isAny, anything},
};

/// Members of a group of layers, of compressed-tensors and of ModelOpt.
static constexpr ConfigMember groupMembers[] = {
    {"config_groups", None, isOff, nothing},
    {"config_groups.*.targets", None, isNames, names},
    {"config_groups.*.format", Read, isGroupFormat,
     "a format of compressed-tensors whose weights are read"},
    {"config_groups.*.input_activations", None, isOff, nothing},
    {"config_groups.*.output_activations", None, isOff, nothing},
    {"config_groups.*.weights", None, isOff, nothing},
    {"config_groups.*.weights.num_bits", Read, isInteger, anInteger},
    {"config_groups.*.weights.type", Read, isNumberType, "\"int\" or \"float\""},
    {"config_groups.*.weights.symmetric", Read, isTruth, aTruth},
    {"config_groups.*.weights.group_size", Read, isIntegerOrNull, "an integer or null"},
    {"config_groups.*.weights.block_structure", Read, isBlockOrNull, "two integers or null"},
    {"config_groups.*.weights.dynamic", Read, isStatic, "false"},
    {"config_groups.*.weights.actorder", Read, isActOrder, "\"group\", \"weight\" or null"},
    {"config_groups.*.*.num_bits", None, isInteger, anInteger},
    {"config_groups.*.*.type", None, isNumberType, "\"int\" or \"float\""},
    {"config_groups.*.*.symmetric", None, isTruth, aTruth},
    {"config_groups.*.*.group_size", None, isIntegerOrNull, "an integer or null"},
    {"config_groups.*.*.block_structure", None, isBlockOrNull, "two integers or null"},
    {"config_groups.*.*.dynamic", None, isAny, anything},
    {"config_groups.*.*.strategy", None, isTextOrNull, aText},
    {"config_groups.*.*.actorder", None, isAny, anything},
    {"config_groups.*.*.scale_dtype", None, isTextOrNull, aText},
    {"config_groups.*.*.zp_dtype", None, isTextOrNull, aText},
    {"config_groups.*.*.observer", None, isTextOrNull, aText},
    {"config_groups.*.*.observer_kwargs.**", None, isAny, anything},
    {"config_groups.*.*.is_mx", None, isTruthOrNull, aTruth},
    {"config_groups.*.*.scale_calculation_mode", None, isTextOrNull, aText},
};

static constexpr ConfigMember fp8Members[] = {
    {"fmt", None, isFp8Format, "\"e4m3\" or \"e5m2\""},
    {"weight_block_size", Read, isBlockOrNull, "two integers or null"},
    {"activation_scheme", None, isTextOrNull, aText},
    {"activation_scale_ub", None, isAny, anything},
    {"modules_to_convert", None, isNames, names},
    {"ignored_layers", Read, isNames, names},
    {"scale_fmt", None, isTextOrNull, aText},
    {"expert_dtype", None, isTextOrNull, aText},
    {"kv_cache_quant_method", None, isTextOrNull, aText},
};

static constexpr ConfigMember modelOptMembers[] = {
    {"quant_algo", Read, isModelOptAlgorithm, "an algorithm that scales no x before the product"},
    {"quant_library", None, isTextOrNull, aText},
    {"kv_cache_quant_algo", None, isTextOrNull, aText},
    {"group_size", None, isIntegerOrNull, "an integer or null"},
    {"exclude_modules", Read, isNames, names},
    {"ignore", Read, isNames, names},
    {"has_zero_point", Read, isOff, "false"},
    {"pre_quant_scale", Read, isOff, "false"},
    {"config_groups.*.has_zero_point", Read, isOff, "false"},
    {"config_groups.*.pre_quant_scale", Read, isOff, "false"},
    {"quantized_layers.*.quant_algo", Read, isModelOptAlgorithm,
     "an algorithm that scales no x before the product"},
    {"quantized_layers.*.group_size", None, isIntegerOrNull, "an integer or null"},
    {"quantized_layers.*.awq_block_size", None, isIntegerOrNull, "an integer or null"},
};

static constexpr ConfigMember bitsandbytesMembers[] = {
    {"load_in_4bit", None, isTruthOrNull, aTruth},
    {"load_in_8bit", None, isTruthOrNull, aTruth},
    {"_load_in_4bit", None, isTruthOrNull, aTruth},
    {"_load_in_8bit", None, isTruthOrNull, aTruth},
    {"llm_int8_threshold", None, isAny, anything},
    {"llm_int8_skip_modules", Read, isNames, names},
    {"llm_int8_enable_fp32_cpu_offload", None, isTruthOrNull, aTruth},
    {"llm_int8_has_fp16_weight", None, isOff, "false"},
    {"bnb_4bit_compute_dtype", None, isTextOrNull, aText},
    {"bnb_4bit_quant_type", None, isTextOrNull, aText},
    {"bnb_4bit_use_double_quant", None, isTruthOrNull, aTruth},
    {"bnb_4bit_quant_storage", None, isTextOrNull, aText},
};

static constexpr ConfigMember hqqMembers[] = {
    {"skip_modules", Read, isNames, names},
    {"dynamic_config.**", None, isAny, anything},
    {"quant_config.weight_quant_params.*", None, isAny, anything},
    {"quant_config.scale_quant_params", Read, isOff, nothing},
    {"quant_config.zero_quant_params", Read, isOff, nothing},
    {"quant_config.offload_meta", None, isTruthOrNull, aTruth},
    {"quant_config.*.weight_quant_params.*", None, isAny, anything},
    {"quant_config.*.scale_quant_params", Read, isOff, nothing},
    {"quant_config.*.zero_quant_params", Read, isOff, nothing},
    {"quant_config.*.offload_meta", None, isTruthOrNull, aTruth},
};

static constexpr ConfigMember torchaoMembers[] = {
    {"quant_type", None, isText, aText},
    {"quant_type_kwargs.**", None, isAny, anything},
    {"quant_type.*._type", Read, isTorchaoType, "a class of torchao whose layers take x as it is"},
    {"quant_type.*._version", None, isIntegerOrNull, anInteger},
    {"include_input_output_embeddings", None, isTruthOrNull, aTruth},
    {"untie_embedding_weights", None, isTruthOrNull, aTruth},
    {"quant_type.*._data.weight_dtype.**", None, isAny, anything},
    {"quant_type.*._data.weight_granularity.**", None, isAny, anything},
    {"quant_type.*._data.weight_mapping_type.**", None, isAny, anything},
    {"quant_type.*._data.weight_scale_dtype.**", None, isAny, anything},
    {"quant_type.*._data.act_mapping_type.**", None, isAny, anything},
    {"quant_type.*._data.intx_packing_format.**", None, isAny, anything},
    {"quant_type.*._data.intx_choose_qparams_algorithm.**", None, isAny, anything},
    {"quant_type.*._data.version.**", None, isAny, anything},
    {"quant_type.*._data.group_size.**", None, isAny, anything},
    {"quant_type.*._data.set_inductor_config.**", None, isAny, anything},
    {"quant_type.*._data.int4_packing_format.**", None, isAny, anything},
    {"quant_type.*._data.int4_choose_qparams_algorithm.**", None, isAny, anything},
    {"quant_type.*._data.int4_tile_packed_ntile.**", None, isAny, anything},
    {"quant_type.*._data.granularity.**", None, isAny, anything},
    {"quant_type.*._data.weight_only_decode.**", None, isAny, anything},
    {"quant_type.*._data.reduce_range.**", None, isAny, anything},
    {"quant_type.*._data.act_quant_scale.**", None, isAny, anything},
    {"quant_type.*._data.act_quant_zero_point.**", None, isAny, anything},
    {"quant_type.*._data.activation_dtype.**", None, isAny, anything},
    {"quant_type.*._data.packing_format.**", None, isAny, anything},
    {"quant_type.*._data.mm_config.**", None, isAny, anything},
    {"quant_type.*._data.activation_value_lb.**", None, isAny, anything},
    {"quant_type.*._data.activation_value_ub.**", None, isAny, anything},
    {"quant_type.*._data.kernel_preference.**", None, isAny, anything},
    {"quant_type.*._data.alg_id.**", None, isAny, anything},
    {"quant_type.*._data.mapping_type.**", None, isAny, anything},
    {"quant_type.*._data.scale_dtype.**", None, isAny, anything},
    {"quant_type.*._data.fqn_to_config.**", None, isAny, anything},
    {"quant_type.*._data.module_fqn_to_config.**", None, isAny, anything},
    {"quant_type.*._data.block_size.**", None, isAny, anything},
    {"quant_type.*._data.scaling_mode.**", None, isAny, anything},
    {"quant_type.*._data.use_triton_kernel.**", None, isAny, anything},
    {"quant_type.*._data.use_dynamic_per_tensor_scale.**", None, isAny, anything},
    {"quant_type.*._data.step.**", None, isAny, anything},
    {"quant_type.*._data.layout.**", None, isAny, anything},
    {"quant_type.*._data.zero_point_domain.**", None, isAny, anything},
    {"quant_type.*._data.use_hqq.**", None, isAny, anything},
    {"quant_type.*._data.preserve_zero.**", None, isAny, anything},
    {"quant_type.*._data.packing_bitwidth.**", None, isAny, anything},
    {"quant_type.*._data.inner_k_tiles.**", None, isAny, anything},
    {"quant_type.*._data.quantize_activation.**", None, isAny, anything},
};

/// Members with the names of modules say it of these alone (mlx-2).
static constexpr ConfigMember mlxMembers[] = {
    {"bits", Read, isInteger, anInteger},   {"group_size", Read, isInteger, anInteger},
    {"mode", Read, isText, aText},          {"*", Read, isOff, "an object or false"},
    {"*.bits", Read, isInteger, anInteger}, {"*.group_size", Read, isInteger, anInteger},
    {"*.mode", Read, isText, aText},
};

static constexpr ConfigMember bitnetMembers[] = {
    {"quantization_mode", Read, isOffline, "\"offline\""},
    {"linear_class", Read, isBitLinear, "\"bitlinear\" or \"autobitlinear\""},
    {"use_rms_norm", Read, isOff, "false"},
    {"rms_norm_eps", None, isAny, anything},
};

/// Members of Quark 0.13 (quark-1), those of a weight for all layers and for some.
static constexpr ConfigMember quarkMembers[] = {
    {"global_quant_config.weight.dtype", Read, isText, aText},
    {"global_quant_config.weight.qscheme", Read, isText, aText},
    {"global_quant_config.weight.ch_axis", Read, isIntegerOrNull, "an integer or null"},
    {"global_quant_config.weight.group_size", Read, isIntegerOrNull, "an integer or null"},
    {"global_quant_config.weight.block_size", Read, isOff, "null"},
    {"global_quant_config.weight.symmetric", Read, isTruthOrNull, aTruth},
    {"global_quant_config.weight.scale_format", Read, isTextOrNull, aText},
    {"global_quant_config.weight.is_dynamic", Read, isStatic, "false"},
    {"global_quant_config.weight.zero_point_type", Read, isTextOrNull, aText},
    {"global_quant_config.weight.mx_element_dtype", Read, isOff, "null"},
    {"global_quant_config.weight.is_scale_quant", Read, isOff, "false"},
    {"global_quant_config.weight.qat_spec", Read, isOff, "null"},
    {"global_quant_config.weight.round_method", None, isTextOrNull, aText},
    {"global_quant_config.weight.scale_type", None, isTextOrNull, aText},
    {"global_quant_config.weight.scale_calculation_mode", None, isTextOrNull, aText},
    {"global_quant_config.weight.observer_cls", None, isTextOrNull, aText},
    {"global_quant_config.weight.enable_buffer_reuse", None, isTruthOrNull, aTruth},
    {"global_quant_config.weight.max_input_numel", None, isAny, anything},
    {"global_quant_config.bias", Read, isOff, "null"},
    {"global_quant_config.input_tensors.**", None, isAny, anything},
    {"global_quant_config.output_tensors.**", None, isAny, anything},
    {"global_quant_config.target_device", None, isTextOrNull, aText},
    {"layer_quant_config.*.weight.dtype", Read, isText, aText},
    {"layer_quant_config.*.weight.qscheme", Read, isText, aText},
    {"layer_quant_config.*.weight.ch_axis", Read, isIntegerOrNull, "an integer or null"},
    {"layer_quant_config.*.weight.group_size", Read, isIntegerOrNull, "an integer or null"},
    {"layer_quant_config.*.weight.block_size", Read, isOff, "null"},
    {"layer_quant_config.*.weight.symmetric", Read, isTruthOrNull, aTruth},
    {"layer_quant_config.*.weight.scale_format", Read, isTextOrNull, aText},
    {"layer_quant_config.*.weight.is_dynamic", Read, isStatic, "false"},
    {"layer_quant_config.*.weight.zero_point_type", Read, isTextOrNull, aText},
    {"layer_quant_config.*.weight.mx_element_dtype", Read, isOff, "null"},
    {"layer_quant_config.*.weight.is_scale_quant", Read, isOff, "false"},
    {"layer_quant_config.*.weight.qat_spec", Read, isOff, "null"},
    {"layer_quant_config.*.weight.round_method", None, isTextOrNull, aText},
    {"layer_quant_config.*.weight.scale_type", None, isTextOrNull, aText},
    {"layer_quant_config.*.weight.scale_calculation_mode", None, isTextOrNull, aText},
    {"layer_quant_config.*.weight.observer_cls", None, isTextOrNull, aText},
    {"layer_quant_config.*.weight.enable_buffer_reuse", None, isTruthOrNull, aTruth},
    {"layer_quant_config.*.weight.max_input_numel", None, isAny, anything},
    {"layer_quant_config.*.bias", Read, isOff, "null"},
    {"layer_quant_config.*.input_tensors.**", None, isAny, anything},
    {"layer_quant_config.*.output_tensors.**", None, isAny, anything},
    {"layer_quant_config.*.target_device", None, isTextOrNull, aText},
};
static constexpr ConfigMember quarkModelMembers[] = {
    {"layer_type_quant_config", Read, isOff, "nothing (null or {})"},
    {"layer_quant_config", Read, isOff, nothing},
    {"exclude", Read, isNames, names},
    {"algo_config", Read, isOfflineAlgorithms, "algorithms that leave layers as they are"},
    {"softmax_quant_spec.**", None, isAny, anything},
    {"kv_cache_quant_config.**", None, isAny, anything},
    {"kv_cache_post_rope", None, isTruthOrNull, aTruth},
    {"quant_mode", None, isTextOrNull, aText},
    {"version", None, isTextOrNull, aText},
    {"export.pack_method", Read, isPackMethod, "\"reorder\" or \"order\""},
    {"export.weight_format", Read, isReal, "\"real_quantized\""},
    {"export.kv_cache_group", None, isAny, anything},
    {"export.min_kv_scale", None, isAny, anything},
    {"export.weight_merge_groups", None, isAny, anything},
};

static constexpr ConfigMember codesMembers[] = {{"format", Read, isText, aText}};

static constexpr Method methods[] = {
    {"gptq", {gptqMembers, packers}},
    {"awq", {awqMembers, packers}},
    {"marlin", {gptqMembers, packers}},
    {"compressed-tensors", {compressedTensorsMembers, groupMembers}},
    {"fp8", {fp8Members}},
    {"fbgemm_fp8", {fp8Members}},
    {"modelopt", {modelOptMembers, groupMembers}},
    {"bitsandbytes", {bitsandbytesMembers}},
    {"mxfp4", {}},
    {"hqq", {hqqMembers}},
    {"torchao", {torchaoMembers}},
    {"uwt-codes", {codesMembers}},
    {"mlx", {mlxMembers}},
    {"bitnet", {bitnetMembers}},
    {"comfy-fp8", {}},
    {"quark", {quarkMembers, quarkModelMembers}},
};

/// What members say that change what is computed around a weight.
static constexpr std::pair<std::string_view, std::string_view> meanings[] = {
    {"transform_config", "x or y is transformed around the product"},
    {"rotation", "weights are in a rotated basis"},
    {"rotation_config", "weights are in a rotated basis"},
    {"pre_quant_scale", "x is multiplied with a tensor before the product"},
    {"quantization_mode", "weights may be quantised when a layer runs"},
    {"pseudoquantization", "weights are quantised when a layer runs"},
    {"sparsity_config", "weights are packed as sparse ones"},
    {"adapter", "a product of other weights is added"},
};

//===----------------------------------------------------------------------===//
// The check
//===----------------------------------------------------------------------===//

namespace {

/// A member, and the part of its path that has not been gone yet.
struct OpenMember {
  const ConfigMember *member;
  std::string_view rest;
};

/// Compares a configuration with the members of a method.
class MemberCheck {
public:
  std::string run(const Method &method, const json &config);

private:
  std::optional<std::string> refusalIn(const json &value, const std::string &path,
                                       const std::vector<OpenMember> &open);
  std::optional<std::string> refusalOfMember(const json &value, const std::string &path,
                                             const std::vector<OpenMember> &open);
};

} // namespace

/// Returns the first component of a path, and removes it.
static std::string_view takeComponent(std::string_view &path) {
  size_t dot = std::min(path.find('.'), path.size());
  std::string_view first = path.substr(0, dot);
  path.remove_prefix(std::min(dot + 1, path.size()));
  return first;
}

static std::string meaningOf(std::string_view path) {
  std::string_view last = path.substr(path.rfind('.') + 1);
  for (auto [name, meaning] : meanings)
    if (name == last)
      return " (" + std::string(meaning) + ")";
  return "";
}

std::string uwt::shownValue(const json &value) {
  constexpr size_t longest = 60;
  if (value.is_structured() && !value.empty())
    return value.is_object() ? "an object" : "a list";
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true);
  return text.size() <= longest ? text : text.substr(0, longest) + "…";
}

std::optional<std::string> MemberCheck::refusalOfMember(const json &value, const std::string &path,
                                                        const std::vector<OpenMember> &open) {
  std::vector<OpenMember> deeper;
  const ConfigMember *whole = nullptr;
  auto wildcards = [](const ConfigMember &member) { return std::ranges::count(member.path, '*'); };
  for (const OpenMember &each : open) {
    bool isWhole = each.rest.empty() || each.rest == "**";
    if (!isWhole)
      deeper.push_back(each);
    // What a path names goes before what one of wildcards takes.
    else if (!whole || wildcards(*each.member) < wildcards(*whole))
      whole = each.member;
  }
  if (whole && whole->takes(value))
    return std::nullopt;
  if (!deeper.empty() && value.is_structured())
    return refusalIn(value, path, deeper);
  if (!whole && value.is_null())
    return std::nullopt;
  std::string expected(whole ? whole->expected : "an object");
  return "'" + path + "' of the configuration is " + shownValue(value) + ", expected " + expected +
         meaningOf(path);
}

std::optional<std::string> MemberCheck::refusalIn(const json &value, const std::string &path,
                                                  const std::vector<OpenMember> &open) {
  for (const auto &[key, member] : value.items()) {
    std::vector<OpenMember> fitting;
    for (OpenMember each : open) {
      if (each.rest == "**") {
        fitting.push_back(each);
        continue;
      }
      std::string_view component = takeComponent(each.rest);
      if (component == "*" || component == key)
        fitting.push_back(each);
    }
    std::string name = path.empty() ? key : path + "." + key;
    if (fitting.empty())
      return "the configuration has '" + name + "', which UWT does not know" + meaningOf(name) +
             ": it may change what the weights mean";
    if (auto refusal = refusalOfMember(member, name, fitting))
      return refusal;
  }
  return std::nullopt;
}

std::string MemberCheck::run(const Method &method, const json &config) {
  std::vector<OpenMember> open;
  for (std::span<const ConfigMember> members : method.members)
    for (const ConfigMember &member : members)
      open.push_back({&member, member.path});
  for (const ConfigMember &member : common)
    open.push_back({&member, member.path});
  return refusalIn(config, "", open).value_or("");
}

std::span<const Method> uwt::allMethods() { return methods; }
std::span<const ConfigMember> uwt::commonMembers() { return common; }

const Method *uwt::findMethod(std::string_view name) {
  const auto *found = std::ranges::find(methods, name, &Method::name);
  return found == std::end(methods) ? nullptr : found;
}

bool uwt::isReadMember(const Method &method, std::string_view name) {
  auto reads = [&](const ConfigMember &member) {
    std::string_view path = member.path, first = takeComponent(path);
    return member.say == Read && member.takes != isNames && (first == name || first == "*");
  };
  return std::ranges::any_of(common, reads) ||
         std::ranges::any_of(method.members, [&](std::span<const ConfigMember> members) {
           return std::ranges::any_of(members, reads);
         });
}

std::string uwt::refusalOf(const Method &method, const json &config) {
  return MemberCheck().run(method, config);
}

std::string uwt::meaningfulMembers(const json &config) {
  std::string text;
  for (auto [name, meaning] : meanings)
    if (auto found = config.find(name); found != config.end() && !isOff(*found))
      text += "; its '" + std::string(name) + "' says that " + std::string(meaning);
  return text;
}

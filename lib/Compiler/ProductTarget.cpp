//===- ProductTarget.cpp - Where a module's products run ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Compiler/ProductTarget.h"
#include "uwt/Support/Suggest.h"
#include <charconv>

using namespace uwt;

/// A CPU's name, or an error that says which GPUs there are, too.
static Expected<ProductTarget> parseHost(std::string_view text) {
  auto host = findTarget(text);
  if (host) {
    ProductTarget result;
    result.host = *host;
    return result;
  }
  std::string gpus;
  for (const GpuTarget &each : allGpuTargets())
    gpus += (gpus.empty() ? "" : ", ") + std::string(each.name);
  return usageError(host.error().message() + "; GPUs are: " + gpus +
                    ", on the emulator with emulate: in front");
}

/// "seed=3" or "ctas=5".
static Status parseSetting(std::string_view item, ProductTarget &target) {
  size_t equals = item.find('=');
  std::string_view name = item.substr(0, equals), number = item.substr(equals + 1);
  uint64_t *value = name == "seed" ? &target.seed : name == "ctas" ? &target.ctas : nullptr;
  constexpr uint64_t most = uint64_t(1) << 32;
  if (!value || !target.isEmulated)
    return usageError("target emulate: has the settings seed=N, ctas=N and ptx, got " +
                      inQuotes(item));
  const char *begin = number.data(), *end = begin + number.size();
  auto [read, problem] = std::from_chars(begin, end, *value);
  if (problem != std::errc() || read != end || *value == 0 || *value > most)
    return usageError("setting " + std::string(name) +
                      " of target emulate: is a number from 1 on, " + "got " + inQuotes(number));
  return ok();
}

Expected<ProductTarget> ProductTarget::parse(std::string_view text) {
  constexpr std::string_view prefix = "emulate:";
  ProductTarget result;
  result.isEmulated = text.starts_with(prefix);
  if (!result.isEmulated && !text.starts_with("sm_"))
    return parseHost(text);
  result.host = &nativeTarget();
  if (result.isEmulated)
    text.remove_prefix(prefix.size());
  while (true) {
    std::string_view item = text.substr(0, text.find(','));
    if (item == "ptx" && result.isEmulated) {
      result.runsPtx = true;
    } else if (item.find('=') != std::string_view::npos) {
      UWT_RETURN_IF_ERROR(parseSetting(item, result));
    } else {
      UWT_ASSIGN_OR_RETURN(const GpuTarget *gpu, findGpuTarget(item));
      result.gpus.push_back(gpu);
    }
    if (item.size() == text.size())
      break;
    text.remove_prefix(item.size() + 1);
  }
  if (result.gpus.empty() || (result.isEmulated && result.gpus.size() > 1))
    return usageError("target emulate: takes one GPU, as in emulate:sm_90a");
  return result;
}

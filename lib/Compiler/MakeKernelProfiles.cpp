//===- MakeKernelProfiles.cpp - Profiles of kernels that the table lacks --===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CodeFolder.h"
#include "KernelProfiles.h"
#include "KeyBuilder.h"
#include "uwt/Compiler/Compile.h"
#include <filesystem>

using namespace uwt;

/// What all kept profiles take at most; one has 2 KB.
static constexpr uint64_t maxProfileFolderBytes = uint64_t(16) << 20;

namespace {
/// One kernel to profile.
struct ProfiledKernel {
  const GpuTarget *target;
  std::string format;
  uint64_t m;
};
} // namespace

/// A product y[m, n] = x[m, k] · W[n, k]ᵀ of bf16 with f32 sums.
static std::string moduleText(const ProfiledKernel &kernel) {
  auto tensor = [](uint64_t a, uint64_t b) {
    return "tensor<" + std::to_string(a) + "x" + std::to_string(b) + "xbf16>";
  };
  std::string x = tensor(kernel.m, profiledK), y = tensor(kernel.m, profiledN);
  std::string w = "!uwt.compressed<" + std::to_string(profiledN) + "x" + std::to_string(profiledK) +
                  "xbf16, \"" + kernel.format + "\">";
  return "func.func @main(%x: " + x + ") -> " + y + " {\n  %w = uwt.weight \"w\" : " + w +
         "\n  %init = tensor.empty() : " + y + "\n  %y = uwt.matmul ins(%x, %w : " + x + ", " + w +
         ") outs(%init : " + y + ") {\n  ^bb0(%sum: f32):\n" +
         "    %r = arith.truncf %sum : f32 to bf16\n    uwt.yield %r : bf16\n  } -> " + y +
         "\n  return %y : " + y + "\n}\n";
}

/// What the machine code depends on; nothing where that is not known.
static std::optional<std::string> keyOf(const ProfiledKernel &kernel) {
  KeyBuilder key;
  if (!key.addCompiler() || !key.addTool(cuda_tools::CudaTool::Ptxas) ||
      !key.addTool(cuda_tools::CudaTool::Nvdisasm))
    return std::nullopt;
  key.add(kernel.target->name);
  key.add(moduleText(kernel));
  return key.str();
}

/// The profile in the text of one kernel's.
static Expected<KernelProfile> profileIn(const std::string &text) {
  UWT_ASSIGN_OR_RETURN(std::vector<KernelProfileRow> rows, parseKernelProfiles(text));
  if (rows.size() != 1)
    return invalidError("one kernel has " + std::to_string(rows.size()) + " profiles");
  // Nothing is known of loops without matrix instructions.
  if (rows.front().profile.instructions == 0)
    return unsupportedError("its kernel has no loop of matrix instructions to count");
  return rows.front().profile;
}

static Expected<std::string> emitProfile(const ProfiledKernel &kernel) {
  std::unique_ptr<mlir::MLIRContext> context = makeContext();
  UWT_ASSIGN_OR_RETURN(auto module, parseModule(*context, moduleText(kernel), "profile"));
  CompileOptions options;
  options.target = std::string(kernel.target->name);
  options.format = kernel.format;
  return emitCode(*module, options, EmitKind::Profiles);
}

static Expected<KernelProfile> makeProfile(const ProfiledKernel &kernel,
                                           const std::string &folder) {
  std::optional<CodeFolder> kept;
  std::optional<std::string> key;
  if (!folder.empty()) {
    UWT_RETURN_IF_ERROR(checkCodeFolder(folder));
    std::string own = (std::filesystem::path(folder) / "profiles").string();
    UWT_ASSIGN_OR_RETURN(kept, CodeFolder::open(own, "profile"));
    key = keyOf(kernel);
  }
  if (std::optional<std::string> text = key ? kept->load(*key) : std::nullopt)
    // One that cannot be read is replaced.
    if (Expected<KernelProfile> profile = profileIn(*text))
      return profile;
  UWT_ASSIGN_OR_RETURN(std::string text, emitProfile(kernel));
  UWT_ASSIGN_OR_RETURN(KernelProfile profile, profileIn(text));
  // What cannot be kept is made again.
  if (key)
    static_cast<void>(kept->store(*key, text, maxProfileFolderBytes));
  return profile;
}

Expected<const KernelProfile *> KernelProfileMaker::find(const GpuTarget &target,
                                                         const Format &format, uint64_t m) {
  if (auto found = tableOfKernelProfiles().find(target, format, m))
    return found;
  ProfiledKernel kernel{&target, format.ofMatrices().str(), profiledM(target, m)};
  // One at a time: two that ask for the same one make it once.
  std::lock_guard lock(mutex);
  std::tuple key(std::string(target.name), kernel.format, kernel.m);
  auto entry = made.find(key);
  if (entry == made.end())
    entry = made.emplace(key, makeProfile(kernel, folder)).first;
  if (entry->second)
    return &*entry->second;
  return Error(entry->second.error())
      .in("no kernel profile of " + kernel.format + " on " + std::string(target.name));
}

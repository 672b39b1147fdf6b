//===- LinkProgram.cpp - Code and weights become a program ----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LinkProgram.h"
#include "Codegen.h"
#include "StageTimer.h"

using namespace uwt;

Status uwt::linkProgram(ProgramCode code, const CompileOptions &options,
                        std::optional<WeightStore> &store, ThreadPool &pool, Program::State &state,
                        const StageFunction &onStage) {
  StageTimer timer(state.stats, onStage);
  UWT_RETURN_IF_ERROR(timer.begin("load"));
  state.signatures = code.functions;
  if (code.device)
    state.products = std::make_unique<ProductContext>(code.device->products);
  UWT_RETURN_IF_ERROR(loadWeights(code, options, store, pool, state));
  UWT_RETURN_IF_ERROR(timer.begin("link"));
  // Constants have been copied.
  UWT_ASSIGN_OR_RETURN(
      state.jit, Jit::link(std::move(code.objects), state.table.data(), state.products.get()));
  for (const Signature &signature : state.signatures) {
    state.entries.push_back(nullptr);
    if (signature.obstacle.empty()) {
      UWT_ASSIGN_OR_RETURN(state.entries.back(), state.jit->entry(entryName(signature.name)));
    }
  }
  if (!code.derived.empty())
    UWT_RETURN_IF_ERROR(timer.begin("derive"));
  UWT_RETURN_IF_ERROR(deriveWeights(code, options, store, pool, state));
  if (code.device) {
    UWT_RETURN_IF_ERROR(timer.begin("prepare kernels"));
    UWT_ASSIGN_OR_RETURN(auto runner,
                         ProductRunner::onDevice(*std::move(code.device), state.weights));
    state.products->setRunner(std::move(runner));
  }
  timer.end();
  return ok();
}

Expected<std::unique_ptr<Program>> uwt::loadCode(ProgramCode code, const CompileOptions &options,
                                                 ThreadPool &pool, CompileStats stats,
                                                 const StageFunction &onStage) {
  UWT_ASSIGN_OR_RETURN(const Target *target, findTarget(code.target));
  UWT_RETURN_IF_ERROR(checkRunsHere(*target));
  UWT_ASSIGN_OR_RETURN(std::optional<WeightStore> store, openWeights(options));
  auto state = std::make_unique<Program::State>();
  state->stats = std::move(stats);
  state->stats.remarks = code.remarks;
  state->stats.codeBytes = code.codeBytes();
  UWT_RETURN_IF_ERROR(linkProgram(std::move(code), options, store, pool, *state, onStage));
  return std::make_unique<Program>(std::move(state));
}

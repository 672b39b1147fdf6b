//===- Compiler.cpp - Programs in the C API -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-c/Compiler.h"
#include "Objects.h"
#include "uwt/Format/Format.h"
#include "uwt/Support/Suggest.h"

using namespace uwt;

struct UWTProgram {
  std::shared_ptr<const Program> program;
};

struct UWTResults {
  std::vector<TensorResult> tensors;
};

void uwtCompileOptionsInit(UWTCompileOptions *options) {
  *options = {sizeof(UWTCompileOptions), nullptr, nullptr, 0, nullptr, 0};
}

static Expected<CompileOptions> fromC(const UWTCompileOptions *options) {
  CompileOptions result;
  if (!options)
    return result;
  if (options->size < sizeof(UWTCompileOptions))
    return usageError("the options have size " + std::to_string(options->size) +
                      ": set them with uwtCompileOptionsInit");
  if (options->target)
    result.target = options->target;
  result.weights.assign(options->weights, options->weights + options->weightCount);
  if (options->format) {
    UWT_ASSIGN_OR_RETURN(Format format, Format::parse(options->format));
    result.format = format.str();
  }
  result.exact = options->exact != 0;
  return result;
}

UWTError *uwtCompile(UWTContext *context, const char *module, size_t length, const char *name,
                     const UWTCompileOptions *options, UWTProgram **program) {
  auto chosen = fromC(options);
  if (!chosen)
    return toC(chosen.takeError());
  auto compiled =
      context->cache.get({module, length}, name ? name : "module", *chosen, context->pool);
  if (!compiled)
    return toC(compiled.takeError());
  if (context->log)
    for (const std::string &remark : (*compiled)->stats().remarks)
      context->log(context->logUser, remark.c_str());
  *program = new UWTProgram{*compiled};
  return nullptr;
}
void uwtProgramDestroy(UWTProgram *program) { delete program; }

size_t uwtProgramFunctionCount(const UWTProgram *program) {
  return program->program->functions().size();
}
const char *uwtProgramFunctionName(const UWTProgram *program, size_t index) {
  auto functions = program->program->functions();
  return index < functions.size() ? functions[index].name.c_str() : nullptr;
}

static Expected<TensorView> fromC(const UWTTensor &tensor) {
  TensorView view;
  view.dtype = findSafetensorsDtype(tensor.dtype ? tensor.dtype : "");
  if (!view.dtype)
    return usageError("there is no dtype " + inQuotes(tensor.dtype ? tensor.dtype : "") +
                      "; dtypes are those of safetensors, such as BF16 and F32");
  view.shape.assign(tensor.shape, tensor.shape + tensor.rank);
  view.data = tensor.data;
  if (tensor.strides)
    view.strides.assign(tensor.strides, tensor.strides + tensor.rank);
  return view;
}

UWTError *uwtProgramRun(UWTContext *context, const UWTProgram *program, const char *function,
                        const UWTTensor *inputs, size_t inputCount, UWTResults **results) {
  auto found = program->program->find(function ? function : "");
  if (!found)
    return toC(found.takeError());
  std::vector<TensorView> views;
  for (size_t i = 0; i < inputCount; ++i) {
    auto view = fromC(inputs[i]);
    if (!view)
      return toC(view.takeError().in("input " + std::to_string(i)));
    views.push_back(std::move(*view));
  }
  auto given = program->program->run(**found, views, &context->pool);
  if (!given)
    return toC(given.takeError());
  *results = new UWTResults{std::move(*given)};
  return nullptr;
}

size_t uwtResultsCount(const UWTResults *results) { return results->tensors.size(); }

UWTTensor uwtResultsTensor(const UWTResults *results, size_t index) {
  const TensorResult &tensor = results->tensors[index];
  return {toC(*tensor.dtype()), tensor.shape().size(), tensor.shape().data(), nullptr,
          tensor.bytes().data()};
}
void uwtResultsDestroy(UWTResults *results) { delete results; }

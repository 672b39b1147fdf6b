//===- Compiler.cpp - Programs in the C API -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt-c/Compiler.h"
#include "uwt/CAPI/Function.h"
#include "uwt/Codec/IntegerCodes.h"
#include "uwt/Compiler/Compile.h"
#include "uwt/Compiler/ProgramCache.h"
#include "uwt/Container/File.h"
#include "uwt/Format/Format.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

using namespace uwt;

struct UWTProgram {
  std::shared_ptr<const Program> program;
};

struct UWTResults {
  std::vector<TensorResult> tensors;
};

void uwtCompileOptionsInit(UWTCompileOptions *options, size_t size) {
  setDefaults(options, size, UWTCompileOptions{});
}

namespace {
/// What this library keeps with a context.
struct Programs {
  explicit Programs(const UWTContext &of) : pool(uwtContextThreads(&of), uwtContextTeam(&of)) {}
  ThreadPool pool;
  ProgramCache cache;
};
} // namespace

static Expected<Programs *> programsOf(UWTContext &context) {
  static const char key = 0;
  auto make = [](UWTContext *of, void **kept) {
    return runFunction({}, [&]() -> Status {
      *kept = new Programs(*of);
      return ok();
    });
  };
  auto destroy = [](void *kept) { delete static_cast<Programs *>(kept); };
  void *kept = nullptr;
  if (UWTError *error = uwtContextKeep(&context, &key, make, destroy, &kept))
    return fromC(error);
  return static_cast<Programs *>(kept);
}

static Expected<CompileOptions> fromC(const UWTCompileOptions *given) {
  CompileOptions result;
  constexpr size_t least = offsetof(UWTCompileOptions, trustIr);
  UWT_ASSIGN_OR_RETURN(UWTCompileOptions options,
                       takeOptions(given, uwtCompileOptionsInit, least, "uwtCompileOptionsInit"));
  if (options.target)
    result.target = options.target;
  if (options.weightCount != 0 && !options.weights)
    return usageError("weights is NULL");
  for (size_t i = 0; i < options.weightCount; ++i)
    if (!options.weights[i])
      return usageError("weights[" + std::to_string(i) + "] is NULL");
  result.weights.assign(options.weights, options.weights + options.weightCount);
  if (options.format) {
    UWT_ASSIGN_OR_RETURN(Format format, Format::parse(options.format));
    result.format = format.str();
  }
  result.exact = options.exact != 0;
  result.trustIr = options.trustIr != 0;
  result.runtimeChecks = options.noRuntimeChecks == 0;
  result.ownFormat = options.ownFormat != 0;
  result.columnsByCell = options.columnsByCell != 0;
  result.grouped = options.grouped != 0;
  result.assumePlain = options.assumePlain != 0;
  if (result.columnsByCell && result.format)
    return usageError("columnsByCell is for products from codes, and a format is given");
  UWT_ASSIGN_OR_RETURN(result.integerBits,
                       parseArithmetic(options.arithmetic ? options.arithmetic : "dense"));
  return result;
}

static Status compileModule(UWTContext &context, std::string_view module, const char *name,
                            const CompileOptions &options, UWTProgram *&program) {
  UWT_ASSIGN_OR_RETURN(Programs * programs, programsOf(context));
  UWT_ASSIGN_OR_RETURN(
      std::shared_ptr<const Program> compiled,
      programs->cache.get(module, name ? name : "module", options, programs->pool));
  for (const std::string &remark : compiled->stats().remarks)
    uwtContextLog(&context, remark.c_str());
  program = new UWTProgram{std::move(compiled)};
  return ok();
}

UWTError *uwtContextSetProgramFolder(UWTContext *context, const char *folder) {
  return runFunction({{context, "context"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(Programs * programs, programsOf(*context));
    return programs->cache.setFolder(folder ? folder : "");
  });
}

UWTError *uwtCompile(UWTContext *context, const char *module, size_t length, const char *name,
                     const UWTCompileOptions *options, UWTProgram **program) {
  return runFunction({{context, "context"}, {module, "module"}, {program, "program"}},
                     [&]() -> Status {
                       UWT_ASSIGN_OR_RETURN(CompileOptions chosen, fromC(options));
                       return compileModule(*context, {module, length}, name, chosen, *program);
                     });
}
void uwtProgramDestroy(UWTProgram *program) { delete program; }

static Expected<WeightKernelChoice> weightKernelsOf(unsigned kernels) {
  constexpr unsigned known =
      UWT_WEIGHT_KERNELS_ENCODE | UWT_WEIGHT_KERNELS_DECODE | UWT_WEIGHT_KERNELS_GATHER;
  if ((kernels & ~known) != 0)
    return usageError("weightKernels is a sum of UWTWeightKernels, not " + std::to_string(kernels));
  return WeightKernelChoice{.encode = (kernels & UWT_WEIGHT_KERNELS_ENCODE) != 0,
                            .decode = (kernels & UWT_WEIGHT_KERNELS_DECODE) != 0,
                            .gather = (kernels & UWT_WEIGHT_KERNELS_GATHER) != 0};
}

static Status compilePack(const UWTContext &context, std::string_view module, const char *name,
                          const CompileOptions &options, const char *path) {
  std::unique_ptr<mlir::MLIRContext> owner = makeContext();
  UWT_ASSIGN_OR_RETURN(auto parsed,
                       parseModule(*owner, module, name ? name : "module", options.trustIr));
  CompileStats stats;
  UWT_ASSIGN_OR_RETURN(std::string pack, emitCode(*parsed, options, EmitKind::Pack, &stats));
  for (const std::string &note : stats.notes)
    uwtContextLog(&context, note.c_str());
  return writeWholeFile(path, asBytes(pack), /*overwrite=*/true);
}

UWTError *uwtCompilePack(UWTContext *context, const char *module, size_t length, const char *name,
                         const UWTCompileOptions *options, unsigned weightKernels,
                         const char *path) {
  return runFunction(
      {{context, "context"}, {module, "module"}, {options, "options"}, {path, "path"}},
      [&]() -> Status {
        UWT_ASSIGN_OR_RETURN(CompileOptions chosen, fromC(options));
        UWT_ASSIGN_OR_RETURN(chosen.weightKernels, weightKernelsOf(weightKernels));
        return compilePack(*context, {module, length}, name, chosen, path);
      });
}

size_t uwtProgramFunctionCount(const UWTProgram *program) {
  return program ? program->program->functions().size() : 0;
}
const char *uwtProgramFunctionName(const UWTProgram *program, size_t index) {
  return index < uwtProgramFunctionCount(program)
             ? program->program->functions()[index].name.c_str()
             : nullptr;
}

/// No tensor of a module has more dimensions.
static constexpr size_t maxDimensions = 64;

static Expected<TensorView> fromC(const UWTTensor &tensor) {
  TensorView view;
  view.dtype = findSafetensorsDtype(tensor.dtype ? tensor.dtype : "");
  if (!view.dtype)
    return usageError("there is no dtype " + inQuotes(tensor.dtype ? tensor.dtype : "") +
                      "; dtypes are those of safetensors, such as BF16 and F32");
  if (tensor.rank > maxDimensions)
    return usageError("a tensor has at most " + std::to_string(maxDimensions) +
                      " dimensions, got rank " + std::to_string(tensor.rank));
  if (tensor.rank != 0 && !tensor.shape)
    return usageError("shape is NULL");
  view.shape.assign(tensor.shape, tensor.shape + tensor.rank);
  view.data = tensor.data;
  if (tensor.strides)
    view.strides.assign(tensor.strides, tensor.strides + tensor.rank);
  return view;
}

static Status runProgram(UWTContext &context, const Program &program, const char *function,
                         std::span<const UWTTensor> inputs, UWTResults *&results) {
  UWT_ASSIGN_OR_RETURN(const Signature *found, program.find(function ? function : ""));
  std::vector<TensorView> views;
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto view = fromC(inputs[i]);
    if (!view)
      return view.takeError().in("input " + std::to_string(i));
    views.push_back(std::move(*view));
  }
  UWT_ASSIGN_OR_RETURN(Programs * programs, programsOf(context));
  UWT_ASSIGN_OR_RETURN(std::vector<TensorResult> given,
                       program.run(*found, views, &programs->pool));
  results = new UWTResults{std::move(given)};
  return ok();
}

UWTError *uwtProgramRun(UWTContext *context, const UWTProgram *program, const char *function,
                        const UWTTensor *inputs, size_t inputCount, UWTResults **results) {
  return runFunction(
      {{context, "context"}, {program, "program"}, {results, "results"}}, [&]() -> Status {
        if (inputCount != 0 && !inputs)
          return usageError("inputs is NULL");
        return runProgram(*context, *program->program, function, {inputs, inputCount}, *results);
      });
}

size_t uwtResultsCount(const UWTResults *results) { return results ? results->tensors.size() : 0; }

UWTTensor uwtResultsTensor(const UWTResults *results, size_t index) {
  if (index >= uwtResultsCount(results))
    return {};
  const TensorResult &tensor = results->tensors[index];
  return {tensor.dtype()->cName(), tensor.shape().size(), tensor.shape().data(), nullptr,
          tensor.bytes().data()};
}
void uwtResultsDestroy(UWTResults *results) { delete results; }

//===- CompileKernels.cpp - From kernels to checked machine code ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CudaTools/CompileKernels.h"
#include "CudaTools.h"
#include "mlir/IR/OwningOpRef.h"
#include <chrono>

using namespace mlir;
using namespace uwt;
using namespace uwt::cuda_tools;

/// Adds the seconds that a scope takes.
namespace {
class ScopeTimer {
public:
  explicit ScopeTimer(double &seconds) : seconds(seconds) {}
  ScopeTimer(const ScopeTimer &) = delete;
  ScopeTimer &operator=(const ScopeTimer &) = delete;
  ~ScopeTimer() {
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

private:
  double &seconds;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};
} // namespace

static Expected<Assembled> assemble(const GpuTarget &target, const GpuCodeOptions &options,
                                    GpuCode &code) {
  ScopeTimer timer(code.times.ptxas);
  UWT_ASSIGN_OR_RETURN(std::string ptxas, findCudaTool(CudaTool::Ptxas, options.ptxas));
  return assemblePtx(code.ptx, target, ptxas, options.timeout);
}

static Expected<std::vector<machine_code::MachineKernel>> disassemble(const GpuCodeOptions &options,
                                                                      GpuCode &code) {
  ScopeTimer timer(code.times.disassemble);
  UWT_ASSIGN_OR_RETURN(std::string nvdisasm, findCudaTool(CudaTool::Nvdisasm, options.nvdisasm));
  UWT_ASSIGN_OR_RETURN(std::string listing,
                       disassembleCubin(code.cubin, nvdisasm, options.timeout));
  return machine_code::parseListing(listing);
}

/// What the machine code does; an error where it changes operands in flight.
static Expected<std::vector<machine_code::KernelReport>>
readBack(const Assembled &assembled, const GpuCodeOptions &options, GpuCode &code) {
  UWT_ASSIGN_OR_RETURN(std::vector<machine_code::MachineKernel> kernels,
                       disassemble(options, code));
  std::vector<machine_code::KernelReport> reports;
  for (const machine_code::MachineKernel &kernel : kernels) {
    auto resources =
        llvm::find_if(assembled.kernels, [&](const machine_code::KernelResources &one) {
          return one.name == kernel.name;
        });
    reports.push_back(machine_code::reportKernel(kernel, resources == assembled.kernels.end()
                                                             ? machine_code::KernelResources()
                                                             : *resources));
    if (!reports.back().hazards.empty())
      return invalidError("kernel '" + kernel.name + "' changes an operand in flight: " +
                          reports.back().hazards.front().text());
  }
  return reports;
}

/// Whether code has matrix instructions that read registers after they were issued.
static bool hasOperandsInFlight(StringRef ptx) { return ptx.contains("wgmma.mma_async"); }

/// From PTX to what options.output asks for.
static Status finish(const GpuTarget &target, const GpuCodeOptions &options, GpuCode &code) {
  if (options.output == GpuOutput::Ptx)
    return ok();
  UWT_ASSIGN_OR_RETURN(Assembled assembled, assemble(target, options, code));
  code.cubin = std::move(assembled.cubin);
  bool wantsReport = options.output == GpuOutput::Report;
  if (!wantsReport && !hasOperandsInFlight(code.ptx))
    return ok();
  if (Expected<std::string> tool = findCudaTool(CudaTool::Nvdisasm, options.nvdisasm);
      !tool && !wantsReport) {
    code.unchecked = tool.error().message();
    return ok();
  }
  UWT_ASSIGN_OR_RETURN(std::vector<machine_code::KernelReport> reports,
                       readBack(assembled, options, code));
  if (wantsReport)
    code.kernels = std::move(reports);
  return ok();
}

FailureOr<GpuCode> uwt::cuda_tools::compileKernels(gpu::GPUModuleOp module, const GpuTarget &target,
                                                   const GpuCodeOptions &options) {
  GpuCode code;
  // In a module of its own: data layouts are asked of the module around an operation.
  OwningOpRef<ModuleOp> around = ModuleOp::create(module.getLoc());
  gpu::GPUModuleOp copy = module.clone();
  around->push_back(copy);
  {
    ScopeTimer timer(code.times.pipeline);
    if (mlir::failed(codegen::lowerKernels(copy, target)))
      return failure();
  }
  FailureOr<std::string> ptx = codegen::translateToPtx(copy, target, code.times);
  if (mlir::failed(ptx))
    return failure();
  code.ptx = *std::move(ptx);
  if (Status status = finish(target, options, code); !status)
    return module.emitError(status.error().message());
  return code;
}

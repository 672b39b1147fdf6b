//===- CublasLt.cpp - Dense products by cuBLASLt --------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Cuda/CublasLt.h"
#include "CublasLtApi.h"
#include "CudaError.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>

using namespace uwt;
using namespace uwt::cuda;

static constexpr const char *advice =
    "; install the CUDA toolkit's libcublas or PyPI's nvidia-cublas, or set UWT_CUBLASLT to a "
    "libcublasLt.so";

//===----------------------------------------------------------------------===//
// The library
//===----------------------------------------------------------------------===//

CublasLt::CublasLt() : functions(std::make_unique<CublasLtFunctions>()) {}

CublasLt::~CublasLt() {
  if (!handle)
    return;
  ContextScope scope(owner->driver().functions(), owner->context());
  (void)functions->cublasLtDestroy(handle);
}

std::string CublasLt::version() const {
  size_t number = functions->cublasLtGetVersion();
  return std::to_string(number / 10000) + "." + std::to_string(number / 100 % 100) + "." +
         std::to_string(number % 100);
}

Status CublasLt::resolve(void *library) {
  const char *missing = nullptr;
#define UWT_CUBLASLT(function, result, parameters)                                                 \
  lookUp(library, #function, functions->function);                                                 \
  if (!functions->function)                                                                        \
    missing = #function;
#include "CublasLtFunctions.def"
  if (missing)
    return unsupportedError(name + " is no cuBLASLt of CUDA 12 or later: it has no " + missing +
                            advice);
  return ok();
}

/// The first of the libraries that loads, whose name goes to `found`.
static void *loadFirst(std::span<const std::string> paths, std::string &found) {
  for (const std::string &path : paths)
    if (void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      found = path;
      return library;
    }
  return nullptr;
}

/// Runs `call()` with the device's context current.
template <typename Call>
static Status callCublas(const CudaDevice &device, const CublasLtFunctions &functions,
                         const char *name, Call call) {
  ContextScope scope(device.driver().functions(), device.context());
  UWT_RETURN_IF_ERROR(scope.status());
  CublasStatus status = call();
  if (status == cublasSuccess)
    return ok();
  const char *text = functions.cublasLtGetStatusString(status);
  return Error(status == cublasNotSupported ? ErrorKind::Unsupported : ErrorKind::IO,
               std::string(name) + ": " + (text ? text : "no description") + " (" +
                   std::to_string(status) +
                   "); see whether another cuBLASLt works, by UWT_CUBLASLT");
}

Expected<std::shared_ptr<const CublasLt>> CublasLt::open(CudaDevicePtr device,
                                                         const std::string &path) {
  std::vector<std::string> paths = {path};
  if (path.empty()) {
    const char *named = std::getenv("UWT_CUBLASLT");
    paths = named && *named ? std::vector<std::string>{named}
                            : std::vector<std::string>{"libcublasLt.so.13", "libcublasLt.so.12"};
  }
  std::shared_ptr<CublasLt> opened(new CublasLt);
  void *library = loadFirst(paths, opened->name);
  if (!library)
    return unsupportedError("cannot load cuBLASLt " + inQuotes(paths.front()) +
                            (paths.size() > 1 ? " or " + inQuotes(paths.back()) : "") + advice);
  UWT_RETURN_IF_ERROR(opened->resolve(library));
  opened->owner = std::move(device);
  void *handle = nullptr;
  UWT_RETURN_IF_ERROR(callCublas(*opened->owner, *opened->functions, "cublasLtCreate",
                                 [&] { return opened->functions->cublasLtCreate(&handle); }));
  opened->handle = handle;
  return std::shared_ptr<const CublasLt>(std::move(opened));
}

//===----------------------------------------------------------------------===//
// A product
//===----------------------------------------------------------------------===//

namespace {
/// An object of the library that is destroyed with its own function.
using Descriptor = std::unique_ptr<void, CublasStatus (*)(void *)>;
} // namespace

struct DenseProduct::State {
  std::shared_ptr<const CublasLt> library;
  // In the library's column-major view: yᵀ [n, m] = (W seen as [k, n])ᵀ · xᵀ [k, m].
  Descriptor product{nullptr, nullptr}, weight{nullptr, nullptr}, x{nullptr, nullptr},
      y{nullptr, nullptr};
  std::vector<CublasHeuristic> found;
  unsigned index = 0;

  const CublasLtFunctions &functions() const { return *library->functions; }
  template <typename Call> Status call(const char *name, Call run) const {
    return callCublas(*library->owner, functions(), name, run);
  }
  Status describe(uint64_t rows, uint64_t columns, uint32_t m);
  Status search(uint64_t workspaceBytes, unsigned wanted);

private:
  Status makeLayout(Descriptor &layout, uint64_t rows, uint64_t columns);
};

Status DenseProduct::State::makeLayout(Descriptor &layout, uint64_t rows, uint64_t columns) {
  void *made = nullptr;
  UWT_RETURN_IF_ERROR(call("cublasLtMatrixLayoutCreate", [&] {
    return functions().cublasLtMatrixLayoutCreate(&made, cublasTypeBF16, rows, columns,
                                                  static_cast<int64_t>(rows));
  }));
  layout = Descriptor(made, functions().cublasLtMatrixLayoutDestroy);
  return ok();
}

Status DenseProduct::State::describe(uint64_t rows, uint64_t columns, uint32_t m) {
  void *made = nullptr;
  UWT_RETURN_IF_ERROR(call("cublasLtMatmulDescCreate", [&] {
    return functions().cublasLtMatmulDescCreate(&made, cublasComputeF32, cublasTypeF32);
  }));
  product = Descriptor(made, functions().cublasLtMatmulDescDestroy);
  int32_t transposed = cublasTransposed;
  UWT_RETURN_IF_ERROR(call("cublasLtMatmulDescSetAttribute", [&] {
    return functions().cublasLtMatmulDescSetAttribute(product.get(), cublasDescTransA, &transposed,
                                                      sizeof(transposed));
  }));
  UWT_RETURN_IF_ERROR(makeLayout(weight, columns, rows));
  UWT_RETURN_IF_ERROR(makeLayout(x, columns, m));
  return makeLayout(y, rows, m);
}

Status DenseProduct::State::search(uint64_t workspaceBytes, unsigned wanted) {
  void *made = nullptr;
  UWT_RETURN_IF_ERROR(call("cublasLtMatmulPreferenceCreate",
                           [&] { return functions().cublasLtMatmulPreferenceCreate(&made); }));
  Descriptor preference(made, functions().cublasLtMatmulPreferenceDestroy);
  UWT_RETURN_IF_ERROR(call("cublasLtMatmulPreferenceSetAttribute", [&] {
    return functions().cublasLtMatmulPreferenceSetAttribute(
        preference.get(), cublasPreferenceWorkspace, &workspaceBytes, sizeof(workspaceBytes));
  }));
  found.resize(wanted);
  int count = 0;
  UWT_RETURN_IF_ERROR(call("cublasLtMatmulAlgoGetHeuristic", [&] {
    return functions().cublasLtMatmulAlgoGetHeuristic(
        library->handle, product.get(), weight.get(), x.get(), y.get(), y.get(), preference.get(),
        static_cast<int>(wanted), found.data(), &count);
  }));
  found.resize(static_cast<size_t>(std::clamp(count, 0, static_cast<int>(wanted))));
  std::erase_if(found, [](const CublasHeuristic &one) { return one.state != cublasSuccess; });
  return ok();
}

DenseProduct::DenseProduct(std::unique_ptr<State> state) : state(std::move(state)) {}
DenseProduct::~DenseProduct() = default;
DenseProduct::DenseProduct(DenseProduct &&) noexcept = default;
DenseProduct &DenseProduct::operator=(DenseProduct &&) noexcept = default;

Expected<DenseProduct> DenseProduct::create(std::shared_ptr<const CublasLt> library, uint64_t rows,
                                            uint64_t columns, uint32_t m, uint64_t workspaceBytes,
                                            unsigned wanted) {
  std::string what =
      "n " + std::to_string(rows) + ", k " + std::to_string(columns) + ", m " + std::to_string(m);
  if (rows == 0 || columns == 0 || m == 0 || wanted == 0)
    return usageError("a dense product has no size of 0, got " + what);
  auto state = std::make_unique<State>();
  state->library = std::move(library);
  UWT_RETURN_IF_ERROR(state->describe(rows, columns, m));
  UWT_RETURN_IF_ERROR(state->search(workspaceBytes, wanted));
  if (state->found.empty())
    return unsupportedError("cuBLASLt " + state->library->version() + " has no algorithm for " +
                            what + " in BF16; use another version, by UWT_CUBLASLT");
  return DenseProduct(std::move(state));
}

unsigned DenseProduct::algorithms() const { return static_cast<unsigned>(state->found.size()); }
void DenseProduct::choose(unsigned index) { state->index = std::min(index, algorithms() - 1); }
unsigned DenseProduct::chosen() const { return state->index; }
uint64_t DenseProduct::workspaceBytes() const { return state->found[state->index].workspaceBytes; }

Status DenseProduct::launch(uint64_t weight, uint64_t x, uint64_t y, DeviceRange workspace,
                            void *stream) const {
  for (auto [name, address] : {std::pair("weight", weight), {"x", x}, {"y", y}})
    if (address == 0 || address % 16 != 0)
      return usageError(std::string(name) + " is null, or not aligned to 16 bytes");
  if (workspace.bytes < workspaceBytes())
    return usageError("workspace has " + std::to_string(workspace.bytes) +
                      " bytes, and the algorithm needs " + std::to_string(workspaceBytes()));
  const float one = 1, zero = 0;
  auto pointer = [](uint64_t address) { return reinterpret_cast<void *>(address); };
  return state->call("cublasLtMatmul", [&] {
    return state->functions().cublasLtMatmul(
        state->library->handle, state->product.get(), &one, pointer(weight), state->weight.get(),
        pointer(x), state->x.get(), &zero, pointer(y), state->y.get(), pointer(y), state->y.get(),
        &state->found[state->index].algorithm, pointer(workspace.address), workspace.bytes, stream);
  });
}

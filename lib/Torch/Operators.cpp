//===- Operators.cpp - Operators of PyTorch over images -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks and their words are those of python/uwt/torch/_ops.py, which runs where PyTorch is too old
// for these.
//
//===----------------------------------------------------------------------===//

#include "TorchFunctions.h"
#include "uwt-c/Torch.h"
#include "uwt/CAPI/Function.h"
#include <algorithm>
#include <array>
#include <atomic>
#include <dlfcn.h>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

using namespace uwt;

namespace {
/// PyTorch's functions, by their names there.
struct TorchFunctions {
#define UWT_TORCH_MEMBER(result, name, parameters) result(*name) parameters = nullptr;
  // NOLINTNEXTLINE(readability-identifier-naming)
  UWT_TORCH_FUNCTIONS(UWT_TORCH_MEMBER)
#undef UWT_TORCH_MEMBER
};

/// A reference to a tensor, given back with it.
class Tensor {
public:
  explicit Tensor(StackValue owned) : handle(reinterpret_cast<AtenTensorOpaque *>(owned)) {}
  explicit Tensor(AtenTensorOpaque *owned) : handle(owned) {}
  Tensor(Tensor &&other) noexcept : handle(other.take()) {}
  Tensor &operator=(Tensor &&other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  ~Tensor();

  AtenTensorOpaque *get() const { return handle; }
  AtenTensorOpaque *take() { return std::exchange(handle, nullptr); }

private:
  AtenTensorOpaque *handle;
};

/// What a tensor has, as long as it lives.
struct View {
  const void *data = nullptr;
  int32_t dtype = 0;
  /// Steps are in elements.
  std::span<const int64_t> sizes, strides;

  int64_t elements() const {
    int64_t product = 1;
    for (int64_t size : sizes)
      product *= size;
    return product;
  }
};
} // namespace

/// Where PyTorch takes operators to be from.
static const char *const fileName = "libuwt_torch.so";

static TorchFunctions torch;
static UWTTorchContext makeContext = nullptr;
/// By their numbers of threads; those of larger numbers are asked for in each call.
static std::array<std::atomic<UWTContext *>, 256> contexts;

Tensor::~Tensor() {
  if (handle)
    torch.aoti_torch_delete_tensor_object(handle);
}

//===----------------------------------------------------------------------===//
// What operators have in common
//===----------------------------------------------------------------------===//

static StackValue toStack(AtenTensorOpaque *tensor) { return reinterpret_cast<StackValue>(tensor); }

/// The handle of an optional tensor, null for none.
static Tensor takeOptional(StackValue optional) {
  auto *value = reinterpret_cast<StackValue *>(optional);
  Tensor tensor(value ? *value : StackValue(0));
  // PyTorch has made it with new, and extensions for 2.10 delete it.
  delete value;
  return tensor;
}

static std::string nameOf(int32_t dtype) {
#define UWT_TORCH_NAME(name, X)                                                                    \
  if (dtype == torch.aoti_torch_dtype_##name())                                                    \
    return "torch." #name;
  UWT_TORCH_DTYPES(UWT_TORCH_NAME, )
#undef UWT_TORCH_NAME
  return "of another dtype";
}

static Expected<View> viewOf(const Tensor &tensor) {
  View view;
  int64_t rank = 0;
  int64_t *sizes = nullptr, *strides = nullptr;
  if (torch.aoti_torch_get_dim(tensor.get(), &rank) ||
      torch.aoti_torch_get_sizes(tensor.get(), &sizes) ||
      torch.aoti_torch_get_strides(tensor.get(), &strides) ||
      torch.aoti_torch_get_dtype(tensor.get(), &view.dtype) ||
      torch.torch_get_const_data_ptr(tensor.get(), &view.data))
    return usageError("uwt: a tensor has no memory with strides");
  view.sizes = {sizes, static_cast<size_t>(rank)};
  view.strides = {strides, static_cast<size_t>(rank)};
  return view;
}

/// Runs an operator of PyTorch whose first argument and only result are tensors.
static Status replace(Tensor &tensor, const char *name, const char *overload,
                      std::initializer_list<StackValue> others) {
  std::array<StackValue, 8> stack{toStack(tensor.take())};
  std::copy(others.begin(), others.end(), stack.begin() + 1);
  if (torch.torch_call_dispatcher(name, overload, stack.data(), torchVersion))
    return ioError(std::string("uwt: ") + name + " of PyTorch failed");
  tensor = Tensor(stack[0]);
  return ok();
}

/// A dense row-major copy of the tensor in its place, where it is not one.
static Status makeContiguous(Tensor &tensor) {
  bool isContiguous = false;
  if (!torch.aoti_torch_is_contiguous(tensor.get(), &isContiguous) && isContiguous)
    return ok();
  return replace(tensor, "aten::contiguous", "",
                 {static_cast<StackValue>(torch.aoti_torch_memory_format_contiguous_format())});
}

static bool isInteger(int32_t dtype) {
  const int32_t integers[] = {torch.aoti_torch_dtype_uint8(), torch.aoti_torch_dtype_int8(),
                              torch.aoti_torch_dtype_int16(), torch.aoti_torch_dtype_int32(),
                              torch.aoti_torch_dtype_int64()};
  return std::ranges::find(integers, dtype) != std::end(integers);
}

/// The same of its elements as numbers of 64 bits. Errors: Usage (elements that are no integers).
static Status makeNumbers(Tensor &tensor) {
  UWT_ASSIGN_OR_RETURN(View view, viewOf(tensor));
  if (!isInteger(view.dtype))
    return usageError("uwt::embedding: ids are " + nameOf(view.dtype) + ", expected integers");
  auto int64 = torch.aoti_torch_dtype_int64();
  // In any memory format, without a need to wait or to copy.
  if (view.dtype != int64)
    UWT_RETURN_IF_ERROR(
        replace(tensor, "aten::to", "dtype", {static_cast<StackValue>(int64), 0, 0, 0}));
  return makeContiguous(tensor);
}

static Error noTensor() {
  return ioError("uwt: PyTorch makes no tensor for the result: there is no memory for its shape");
}

/// A new tensor on the CPU, and its memory.
static Expected<std::pair<Tensor, void *>> makeTensor(std::span<const int64_t> sizes,
                                                      int32_t dtype) {
  std::vector<int64_t> strides(sizes.size(), 1);
  for (size_t i = sizes.size(); i-- > 1;)
    strides[i - 1] = strides[i] * std::max<int64_t>(sizes[i], 1);
  AtenTensorOpaque *made = nullptr;
  void *data = nullptr;
  if (torch.aoti_torch_empty_strided(static_cast<int64_t>(sizes.size()), sizes.data(),
                                     strides.data(), dtype, torch.aoti_torch_device_type_cpu(), 0,
                                     &made))
    return noTensor();
  Tensor tensor(made);
  if (torch.torch_get_mutable_data_ptr(made, &data))
    return noTensor();
  return std::pair<Tensor, void *>(std::move(tensor), data);
}

static Expected<UWTContext *> findContext() {
  uint32_t threads = 0;
  if (torch.torch_get_num_threads(&threads))
    return ioError("uwt: PyTorch does not say how many threads it has");
  std::atomic<UWTContext *> *known = threads < contexts.size() ? &contexts[threads] : nullptr;
  if (UWTContext *context = known ? known->load(std::memory_order_acquire) : nullptr)
    return context;
  UWTContext *made = makeContext(threads);
  if (!made)
    return ioError("uwt: there are no threads to compute on");
  if (known)
    known->store(made, std::memory_order_release);
  return made;
}

/// What a function of libuwt.so has given, with the kind of its error as text.
static Status fromLibrary(UWTError *error) {
  if (!error)
    return ok();
  Error taken = fromC(error);
  std::string kind = std::to_string(static_cast<int>(taken.getKind()));
  return Error(taken.getKind(), taken.message() + " [uwt error " + kind + "]");
}

/// Runs the body of an operator, which puts its result in the place of its arguments. Gives what it
/// has failed with, as text that lives until the thread's next failure, or null.
__attribute__((noinline)) static const char *runBody(Status (*body)(StackValue *),
                                                     StackValue *stack) noexcept {
  static thread_local std::string message;
  Status status = callWithMemory([&] { return body(stack); });
  if (status)
    return nullptr;
  message = status.takeError().message();
  return message.c_str();
}

/// An operator as PyTorch calls it. Its exception leaves through a frame that has nothing to clean
/// up: a wheel has a C++ runtime of its own, which knows nothing of PyTorch's exceptions.
template <Status (*body)(StackValue *)>
static void runOperator(StackValue *stack, uint64_t /*arguments*/, uint64_t /*results*/) {
  if (const char *message = runBody(body, stack))
    torch.aoti_torch_check(false, "uwt", fileName, 0, message);
}

/// Returns what an operator takes as an image: bytes that follow one another. Errors: Usage.
static Expected<View> imageOf(const char *name, const Tensor &tensor) {
  UWT_ASSIGN_OR_RETURN(View image, viewOf(tensor));
  if (image.dtype != torch.aoti_torch_dtype_uint8() || image.sizes.size() != 1)
    return usageError(std::string(name) + ": the image has " + std::to_string(image.sizes.size()) +
                      " dimensions of " + nameOf(image.dtype) + ", expected one of torch.uint8");
  if (image.sizes[0] > 1 && image.strides[0] != 1)
    return usageError(std::string(name) + ": the bytes of the image lie apart");
  return image;
}

/// The dtype of an image's tensor.
static Expected<int32_t> dtypeOf(const View &image) {
  UWTWeightInfo info{};
  info.size = sizeof(info);
  UWT_RETURN_IF_ERROR(
      fromLibrary(uwtWeightInfo(image.data, static_cast<uint64_t>(image.elements()), &info)));
  std::string_view name = info.dtype;
  if (name == "BF16")
    return torch.aoti_torch_dtype_bfloat16();
  if (name == "F16")
    return torch.aoti_torch_dtype_float16();
  if (name == "F32")
    return torch.aoti_torch_dtype_float32();
  return usageError("uwt: the weight has dtype " + std::string(name));
}

/// Whether what an operator takes or gives has the dtype of the weight in `image`. `subject` is
/// what it is, with the operator's name.
static Status checkDtype(const char *subject, int32_t dtype, const View &image) {
  UWT_ASSIGN_OR_RETURN(int32_t expected, dtypeOf(image));
  if (dtype == expected)
    return ok();
  return usageError(subject + (" is " + nameOf(dtype)) + ", the weight " + nameOf(expected));
}

//===----------------------------------------------------------------------===//
// linear(Tensor x, Tensor image, Tensor? bias, SymInt n, SymInt k) -> Tensor
//===----------------------------------------------------------------------===//

static Status checkLinear(const View &x, const View &image, const std::optional<View> &bias,
                          int64_t n, int64_t k) {
  if (x.sizes.empty())
    return usageError("uwt::linear: x has no dimensions");
  if (x.sizes.back() != k)
    return usageError("uwt::linear: x has " + std::to_string(x.sizes.back()) +
                      " features, the weight " + std::to_string(k));
  UWT_RETURN_IF_ERROR(checkDtype("uwt::linear: x", x.dtype, image));
  if (!bias)
    return ok();
  if (bias->sizes.size() != 1 || bias->sizes[0] != n)
    return usageError("uwt::linear: the bias has not " + std::to_string(n) + " elements");
  if (bias->dtype != x.dtype)
    return usageError("uwt::linear: the bias is " + nameOf(bias->dtype) + ", x " + nameOf(x.dtype));
  return ok();
}

/// Elements from row to row of a tensor of rows, which all its dimensions but the last count; none
/// where rows are not dense, not evenly apart, or overlap.
static std::optional<int64_t> rowStride(const View &x) {
  int64_t k = x.sizes.back(), stride = k, rows = 1;
  if (k > 1 && x.strides.back() != 1)
    return std::nullopt;
  for (size_t i = x.sizes.size() - 1; i-- > 0;) {
    if (x.sizes[i] == 1)
      continue;
    if (rows == 1)
      stride = x.strides[i];
    else if (x.strides[i] != stride * rows)
      return std::nullopt;
    rows *= x.sizes[i];
  }
  return stride >= k ? std::optional(stride) : std::nullopt;
}

static Status linear(StackValue *stack) {
  Tensor x(stack[0]), image(stack[1]), bias = takeOptional(stack[2]);
  auto n = static_cast<int64_t>(stack[3]), k = static_cast<int64_t>(stack[4]);
  UWT_ASSIGN_OR_RETURN(View rows, viewOf(x));
  UWT_ASSIGN_OR_RETURN(View bytes, imageOf("uwt::linear", image));
  std::optional<View> added;
  if (bias.get()) {
    UWT_ASSIGN_OR_RETURN(added, viewOf(bias));
  }
  UWT_RETURN_IF_ERROR(checkLinear(rows, bytes, added, n, k));

  if (added) {
    UWT_RETURN_IF_ERROR(makeContiguous(bias));
    UWT_ASSIGN_OR_RETURN(added, viewOf(bias));
  }
  std::optional<int64_t> stride = rowStride(rows);
  if (!stride) {
    UWT_RETURN_IF_ERROR(makeContiguous(x));
    UWT_ASSIGN_OR_RETURN(rows, viewOf(x));
    stride = k;
  }
  std::vector<int64_t> sizes(rows.sizes.begin(), rows.sizes.end());
  sizes.back() = n;
  UWT_ASSIGN_OR_RETURN(auto y, makeTensor(sizes, rows.dtype));
  UWT_ASSIGN_OR_RETURN(UWTContext * context, findContext());

  UWTLinear call{};
  uwtLinearInit(&call, sizeof(call));
  call.n = static_cast<uint64_t>(n);
  call.k = static_cast<uint64_t>(k);
  call.m = 1;
  for (int64_t size : rows.sizes.first(rows.sizes.size() - 1))
    call.m *= static_cast<uint64_t>(size);
  call.x = rows.data;
  call.xStride = static_cast<uint64_t>(*stride);
  call.y = y.second;
  call.yStride = call.n;
  call.bias = added ? added->data : nullptr;
  UWT_RETURN_IF_ERROR(
      fromLibrary(uwtLinear(context, bytes.data, static_cast<uint64_t>(bytes.elements()), &call)));
  stack[0] = toStack(y.first.take());
  return ok();
}

//===----------------------------------------------------------------------===//
// embedding(Tensor ids, Tensor image, SymInt n, SymInt k, ScalarType dtype) -> Tensor
//===----------------------------------------------------------------------===//

static Status embedding(StackValue *stack) {
  Tensor ids(stack[0]), image(stack[1]);
  auto k = static_cast<int64_t>(stack[3]);
  auto dtype = static_cast<int32_t>(stack[4]);
  UWT_ASSIGN_OR_RETURN(View bytes, imageOf("uwt::embedding", image));
  UWT_RETURN_IF_ERROR(checkDtype("uwt::embedding: the result", dtype, bytes));
  UWT_RETURN_IF_ERROR(makeNumbers(ids));
  UWT_ASSIGN_OR_RETURN(View numbers, viewOf(ids));

  std::vector<int64_t> sizes(numbers.sizes.begin(), numbers.sizes.end());
  sizes.push_back(k);
  UWT_ASSIGN_OR_RETURN(auto y, makeTensor(sizes, dtype));
  UWT_ASSIGN_OR_RETURN(UWTContext * context, findContext());
  UWT_RETURN_IF_ERROR(fromLibrary(uwtWeightGather(
      context, bytes.data, static_cast<uint64_t>(bytes.elements()),
      static_cast<const int64_t *>(numbers.data), static_cast<uint64_t>(numbers.elements()),
      static_cast<uint64_t>(k), y.second, static_cast<uint64_t>(k))));
  stack[0] = toStack(y.first.take());
  return ok();
}

//===----------------------------------------------------------------------===//
// decode(Tensor image, SymInt[] shape, ScalarType dtype) -> Tensor
//===----------------------------------------------------------------------===//

/// The numbers of a list, which it destroys.
static Expected<std::vector<int64_t>> takeList(StackValue owned) {
  auto *list = reinterpret_cast<StableListOpaque *>(owned);
  size_t size = 0;
  int32_t code = torch.torch_list_size(list, &size);
  std::vector<int64_t> numbers(size);
  for (size_t i = 0; i != size && !code; ++i) {
    StackValue number = 0;
    code = torch.torch_list_get_item(list, i, &number);
    numbers[i] = static_cast<int64_t>(number);
  }
  torch.torch_delete_list(list);
  if (code)
    return usageError("uwt: a list of numbers cannot be read");
  return numbers;
}

static Status decode(StackValue *stack) {
  Tensor image(stack[0]);
  auto dtype = static_cast<int32_t>(stack[2]);
  UWT_ASSIGN_OR_RETURN(std::vector<int64_t> sizes, takeList(stack[1]));
  UWT_ASSIGN_OR_RETURN(View bytes, imageOf("uwt::decode", image));
  // Dtypes that no products run from have no name here; their bytes are counted below.
  if (dtypeOf(bytes))
    UWT_RETURN_IF_ERROR(checkDtype("uwt::decode: the result", dtype, bytes));
  UWT_ASSIGN_OR_RETURN(auto y, makeTensor(sizes, dtype));
  View dense;
  dense.sizes = sizes;
  UWT_ASSIGN_OR_RETURN(UWTContext * context, findContext());
  UWT_RETURN_IF_ERROR(fromLibrary(uwtWeightDecode(
      context, bytes.data, static_cast<uint64_t>(bytes.elements()), nullptr, y.second,
      static_cast<uint64_t>(dense.elements()) * torch.aoti_torch_dtype_element_size(dtype))));
  stack[0] = toStack(y.first.take());
  return ok();
}

//===----------------------------------------------------------------------===//
// The library
//===----------------------------------------------------------------------===//

static Status findFunctions(void *library) {
  TorchFunctions found;
#define UWT_TORCH_FIND(result, name, parameters)                                                   \
  found.name = reinterpret_cast<result(*) parameters>(dlsym(library, #name));                      \
  if (!found.name)                                                                                 \
    return unsupportedError("PyTorch has no " #name ", which it has from 2.10 on");
  UWT_TORCH_FUNCTIONS(UWT_TORCH_FIND)
#undef UWT_TORCH_FIND
  torch = found;
  return ok();
}

static Status registerOperators() {
  TorchLibraryOpaque *library = nullptr;
  if (torch.aoti_torch_library_init_impl("uwt", "CPU", fileName, 0, &library))
    return unsupportedError("PyTorch takes no implementations of operators");
  if (torch.torch_library_impl(library, "linear", runOperator<linear>, torchVersion) ||
      torch.torch_library_impl(library, "linear_without_gradients", runOperator<linear>,
                               torchVersion) ||
      torch.torch_library_impl(library, "embedding", runOperator<embedding>, torchVersion) ||
      torch.torch_library_impl(library, "decode", runOperator<decode>, torchVersion)) {
    torch.aoti_torch_delete_library_object(library);
    return unsupportedError("PyTorch takes no implementation of an operator of uwt");
  }
  return ok();
}

UWTError *uwtTorchRegister(void *library, UWTTorchContext contextOf) {
  return runFunction({{library, "torch"}, {contextOf, "contextOf"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(findFunctions(library));
    makeContext = contextOf;
    return registerOperators();
  });
}

void uwtTorchForgetContexts(void) {
  for (std::atomic<UWTContext *> &context : contexts)
    context.store(nullptr, std::memory_order_release);
}

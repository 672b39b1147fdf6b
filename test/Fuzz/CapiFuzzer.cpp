//===- CapiFuzzer.cpp - Calls of the C API in any order -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The input says which functions of include/uwt-c are called, with which objects of a few and with
// which arguments: NULL, sizes that do not fit, names that do not exist. Every call succeeds or
// gives an error with a text; nothing crashes or leaks. Objects are used as the headers ask for:
// none after it was destroyed, and data as large as their shapes say where those are right.
//
//===----------------------------------------------------------------------===//

#include "FuzzFiles.h"
#include "uwt-c/Compiler.h"
#include "uwt-c/Container.h"
#include "uwt-c/Cuda.h"
#include <array>
#include <deque>
#include <fuzzer/FuzzedDataProvider.h>
#include <vector>

using namespace uwt::test;

namespace {

/// A safetensors file of one tensor, BF16 [4, 4].
std::vector<uint8_t> plainFile() {
  std::string header = R"({"w":{"dtype":"BF16","shape":[4,4],"data_offsets":[0,32]}})";
  std::vector<uint8_t> file(8);
  file[0] = static_cast<uint8_t>(header.size());
  file.insert(file.end(), header.begin(), header.end());
  file.resize(file.size() + 32, 0x3f);
  return file;
}

constexpr std::string_view module = R"(
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = arith.addf %x, %x : tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
)";
/// Compiling takes as long as thousands of other calls.
constexpr unsigned maxCompilations = 2;
constexpr unsigned maxCalls = 64;

template <typename T> using Pool = std::array<T *, 2>;

class Caller {
public:
  Caller(FuzzedDataProvider &input, const std::string &file, const std::string &folder);
  ~Caller();

  void call();

private:
  /// Seldom; never once the input is used up.
  bool chance() { return input.ConsumeIntegralInRange<unsigned>(0, 7) == 7; }
  template <typename T> T *&any(Pool<T> &pool) {
    return pool[input.ConsumeIntegralInRange<size_t>(0, pool.size() - 1)];
  }
  /// An error is told in words; nothing else of it is looked at.
  bool take(UWTError *error, bool mustFail = false);
  const char *path();
  const char *anyText(const char *usual);
  void destroyContext(UWTContext *&context);
  void makeContext();
  void openContainer();
  void readContainer();
  void readPart(const UWTContainer *container, std::vector<uint8_t> &buffer);
  void decompress();
  void compile();
  void run();
  void lookAtProgram();
  void lookAt(const UWTResults *result);
  void callCuda();

  FuzzedDataProvider &input;
  const std::string &file, &folder;
  /// A call may take several; they do not move.
  std::deque<std::string> texts;
  Pool<UWTContext> contexts{};
  Pool<UWTContainer> containers{};
  /// All contexts outlive these.
  Pool<UWTProgram> programs{};
  Pool<UWTResults> results{};
  unsigned compilations = 0;
};

} // namespace

bool Caller::take(UWTError *error, bool mustFail) {
  fuzzRequire(error || !mustFail, "a call succeeds that cannot");
  if (!error)
    return true;
  fuzzRequire(uwtErrorKind(error) != UWT_ERROR_NONE, "an error has no kind");
  fuzzRequire(*uwtErrorMessage(error) != 0, "an error has no text");
  uwtErrorDestroy(error);
  return false;
}

const char *Caller::anyText(const char *usual) {
  if (!chance())
    return usual;
  if (chance())
    return nullptr;
  return texts.emplace_back(input.ConsumeRandomLengthString(24)).c_str();
}

const char *Caller::path() { return anyText(file.c_str()); }

void Caller::destroyContext(UWTContext *&context) {
  for (UWTResults *&result : results)
    uwtResultsDestroy(std::exchange(result, nullptr));
  for (UWTProgram *&program : programs)
    uwtProgramDestroy(std::exchange(program, nullptr));
  uwtContextDestroy(std::exchange(context, nullptr));
}

/// Begins with one of each, or few calls would get far.
Caller::Caller(FuzzedDataProvider &input, const std::string &file, const std::string &folder)
    : input(input), file(file), folder(folder) {
  fuzzRequire(take(uwtContextCreate(1, &contexts[0])), "a context cannot be made");
  fuzzRequire(take(uwtContainerOpen(file.c_str(), nullptr, &containers[0])),
              "a file cannot be opened");
}

Caller::~Caller() {
  for (UWTContext *&context : contexts)
    destroyContext(context);
  for (UWTContainer *container : containers)
    uwtContainerDestroy(container);
}

void Caller::makeContext() {
  UWTContext *&context = any(contexts);
  if (context)
    return destroyContext(context);
  bool isNull = chance(), isTooMany = chance();
  take(uwtContextCreate(isTooMany ? 4097 : 1, isNull ? nullptr : &context), isNull || isTooMany);
}

void Caller::openContainer() {
  UWTContainer *&container = any(containers);
  if (chance())
    take(uwtContainerOpen(path(), nullptr, nullptr), true);
  else if (container)
    uwtContainerDestroy(std::exchange(container, nullptr));
  else if (!take(uwtContainerOpen(path(), nullptr, &container)))
    fuzzRequire(!container, "an object is given beside an error");
}

void Caller::readContainer() {
  const UWTContainer *container = any(containers);
  (void)uwtContainerOriginalBytes(container);
  size_t index = input.ConsumeIntegralInRange<size_t>(0, 2);
  UWTTensorInfo info{};
  bool isNull = chance();
  if (take(uwtContainerTensor(container, index, isNull ? nullptr : &info),
           isNull || index >= uwtContainerSize(container)))
    fuzzRequire(info.rank == 2 && info.shape[1] == 4 && std::string_view(info.dtype) == "BF16",
                "a tensor is described wrongly");
  std::vector<uint8_t> buffer(chance() ? input.ConsumeIntegralInRange<size_t>(0, 64) : 32);
  bool isAbsent = chance();
  take(uwtContainerRead(any(contexts), container, anyText("w"), isAbsent ? nullptr : buffer.data(),
                        buffer.size()),
       !container || isAbsent || buffer.size() != 32);
  readPart(container, buffer);
}

void Caller::readPart(const UWTContainer *container, std::vector<uint8_t> &buffer) {
  UWTTensorPart part;
  uwtTensorPartInit(&part, sizeof(part));
  for (uint64_t *number : {&part.rowBegin, &part.rowEnd, &part.columnBegin, &part.columnEnd,
                           &part.rank, &part.rankCount})
    if (chance())
      *number = input.ConsumeBool() ? input.ConsumeIntegralInRange<uint64_t>(0, 8)
                                    : input.ConsumeIntegral<uint64_t>();
  part.expert = chance() ? input.ConsumeIntegral<int64_t>() : -1;
  size_t rank = 0;
  uint64_t shape[2] = {}, bytes = 0;
  const char *name = anyText("w");
  if (take(uwtContainerPartShape(container, name, &part, &rank, shape, &bytes)))
    fuzzRequire(rank == 2 && bytes == shape[0] * shape[1] * 2 && bytes <= 32,
                "a part is described wrongly");
  take(uwtContainerReadPart(any(contexts), container, name, &part, buffer.data(), buffer.size()));
}

void Caller::decompress() {
  UWTDecompressOptions options;
  uwtDecompressOptionsInit(&options, sizeof(options));
  uwtDecompressOptionsInit(nullptr, sizeof(UWTDecompressOptions));
  options.overwrite = 1;
  options.maxBytes = chance() ? 1 : 0;
  bool isWrong = chance();
  if (isWrong)
    options.size =
        input.ConsumeIntegralInRange<size_t>(0, offsetof(UWTDecompressOptions, base) - 1);
  std::string output = folder + "/out";
  take(uwtDecompress(any(contexts), path(), chance() ? nullptr : output.c_str(),
                     chance() && !isWrong ? nullptr : &options, nullptr),
       isWrong);
}

void Caller::compile() {
  UWTContext *context = any(contexts);
  UWTProgram *&program = any(programs);
  if (program) {
    uwtProgramDestroy(std::exchange(program, nullptr));
    return;
  }
  if (++compilations > maxCompilations)
    return;
  UWTCompileOptions options;
  uwtCompileOptionsInit(&options, sizeof(options));
  uwtCompileOptionsInit(nullptr, sizeof(UWTCompileOptions));
  const char *weights[] = {file.c_str(), nullptr};
  options.weights = chance() ? nullptr : weights;
  options.weightCount = chance() ? 2 : input.ConsumeIntegralInRange<size_t>(0, 1);
  // Both are kept in `text`: at most one of them is another one.
  if (input.ConsumeBool())
    options.target = anyText(nullptr);
  else
    options.format = anyText(nullptr);
  bool isWrong = chance();
  if (isWrong)
    options.size =
        input.ConsumeIntegralInRange<size_t>(0, offsetof(UWTCompileOptions, trustIr) - 1);
  std::string code(module);
  if (chance())
    code = input.ConsumeRandomLengthString(200);
  bool isNull = chance();
  take(uwtCompile(context, isNull ? nullptr : code.data(), code.size(), chance() ? nullptr : "fuzz",
                  chance() && !isWrong ? nullptr : &options, &program),
       !context || isNull || isWrong);
}

void Caller::lookAtProgram() {
  const UWTProgram *program = any(programs);
  for (size_t i = 0; i <= uwtProgramFunctionCount(program); ++i)
    fuzzRequire((uwtProgramFunctionName(program, i) != nullptr) ==
                    (i < uwtProgramFunctionCount(program)),
                "a function has no name, or one that is none has");
}

void Caller::run() {
  UWTResults *&result = any(results);
  if (result) {
    uwtResultsDestroy(std::exchange(result, nullptr));
    return;
  }
  static const uint64_t sound[] = {2, 3};
  uint64_t shape[3] = {2, 3, 1};
  if (chance())
    shape[input.ConsumeIntegralInRange<size_t>(0, 2)] = input.ConsumeIntegral<uint64_t>();
  std::vector<float> data(6, 1.0f);
  size_t rank = chance() ? input.ConsumeIntegralInRange<size_t>(0, 3) : 2;
  int64_t strides[] = {3, 1, 1};
  UWTTensor tensors[2] = {{anyText("F32"), rank, chance() ? nullptr : shape,
                           chance() ? strides : nullptr, chance() ? nullptr : data.data()},
                          {"F32", 2, sound, nullptr, data.data()}};
  // Rows of other lengths would lie elsewhere, and that is for the caller to know.
  size_t count = chance() ? input.ConsumeIntegralInRange<size_t>(0, 2) : 1;
  take(uwtProgramRun(any(contexts), any(programs), chance() ? "nothing" : nullptr,
                     chance() ? nullptr : tensors, count, chance() ? nullptr : &result));
  lookAt(result);
}

void Caller::lookAt(const UWTResults *result) {
  size_t count = uwtResultsCount(result);
  for (size_t i = 0; i <= count; ++i) {
    UWTTensor tensor = uwtResultsTensor(result, i);
    fuzzRequire((tensor.data != nullptr) == (i < count), "a result has no data");
    if (i < count)
      fuzzRequire(static_cast<const float *>(tensor.data)[5] == 2, "a result is wrong");
  }
}

/// Nothing of this needs a GPU: without one it is told so, and objects are NULL.
void Caller::callCuda() {
  unsigned count = 0;
  take(uwtCudaDeviceCount(chance() ? nullptr : &count));
  take(uwtCudaDeviceOpen(input.ConsumeIntegral<unsigned>() | 1u << 20, nullptr), true);
  UWTCudaPack *pack = nullptr;
  take(uwtCudaPackOpen(nullptr, path(), &pack), true);
  UWTCudaImage *image = nullptr;
  take(uwtCudaImageLoad(any(contexts), any(containers), anyText("w"), anyText(nullptr), &image));
  UWTCudaWeight weight{};
  weight.size = chance() ? 0 : sizeof(weight);
  UWTError *unknown = uwtCudaImageWeight(image, &weight);
  std::vector<uint8_t> bytes(unknown ? 1 : weight.bytes);
  take(unknown, !image);
  take(uwtCudaImageWrite(image, bytes.data(), bytes.size()), !image);
  uwtCudaImageDestroy(image);
  UWTCudaKernels *kernels = nullptr;
  take(uwtCudaKernelsCreate(pack, &weight, 1, &kernels), true);
  take(uwtCudaLinear(kernels, nullptr, nullptr), true);
  fuzzRequire(!uwtCudaDeviceName(nullptr) && uwtCudaEncodeScratch(nullptr) == 0,
              "an object that is NULL has properties");
}

void Caller::call() {
  switch (input.ConsumeIntegralInRange<unsigned>(0, 9)) {
  case 0:
    return makeContext();
  case 1:
    return openContainer();
  case 2:
    return readContainer();
  case 3:
    return decompress();
  case 4:
    return compile();
  case 5:
    return lookAtProgram();
  case 6:
    return run();
  case 7:
    return lookAt(any(results));
  case 8:
    return callCuda();
  default:
    uwtContextSetLog(any(contexts), nullptr, nullptr);
    uwtErrorDestroy(nullptr);
    fuzzRequire(uwtErrorKind(nullptr) == UWT_ERROR_NONE, "no error has a kind");
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static FuzzFolder folder;
  static FileInMemory plain(plainFile());
  static const std::string path = plain.path(), out = folder / "c";
  FuzzedDataProvider input(data, size);
  Caller caller(input, path, out);
  for (unsigned i = 0; i < maxCalls && input.remaining_bytes() > 0; ++i)
    caller.call();
  return 0;
}

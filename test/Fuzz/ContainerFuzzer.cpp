//===- ContainerFuzzer.cpp - Any bytes as a container ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens the input as a file, checksums off, and does all that can be done with it: reads
// tensors whole, in parts and as a stream, gives back the original, verifies. Then once more
// with checksums, which the mutator makes right again: what decodes is given back, and what
// does not is found by decoding.
//
//===----------------------------------------------------------------------===//

#include "FuzzBase.h"
#include "FuzzFiles.h"
#include "SealingMutator.h"
#include "uwt/Container/BaseModel.h"

using namespace uwt;
using namespace uwt::test;

/// A tensor that compresses to nothing may be as large as its header says; larger
/// ones than this are left out, so that memory stays that of the fuzzer.
static constexpr uint64_t largestTensor = uint64_t(1) << 22;

/// What containers with differences are opened with, whatever they say of their own base model.
static const std::shared_ptr<const BaseModel> &fuzzBase() {
  static const FuzzFolder folder;
  static const std::shared_ptr<const BaseModel> base = [] {
    fuzzRequire(bool(writeFuzzBase(folder / "base.safetensors")), "cannot write the base model");
    return *BaseModel::open(folder / "base.safetensors");
  }();
  return base;
}

static void readTensor(const TensorReader &reader, ThreadPool &pool) {
  const TensorEntry &entry = reader.entry();
  if (entry.bytes > largestTensor)
    return;
  std::vector<uint8_t> whole(entry.bytes), streamed;
  Status read = reader.read(whole, pool);
  Status stream = reader.stream(
      [&](std::span<const uint8_t> bytes) {
        streamed.insert(streamed.end(), bytes.begin(), bytes.end());
        return ok();
      },
      pool);
  fuzzRequire(bool(read) == bool(stream), "reading and streaming do not agree");
  fuzzRequire(!read || whole == streamed, "a stream differs from the whole tensor");

  TensorSlice row;
  row.rows = IndexRange{0, 1};
  if (entry.shape.size() >= 3)
    row.expert = 0;
  Expected<TensorBytes> part = reader.readSlice(row, pool);
  if (part && read)
    fuzzRequire(part->bytes.size() <= whole.size() &&
                    std::equal(part->bytes.begin(), part->bytes.end(), whole.begin()),
                "the first row differs from the whole's");
  (void)bool(reader.check(pool));
}

static Status streamAll(const Container &container, ThreadPool &pool) {
  return container.streamOriginal([](std::span<const uint8_t>) { return ok(); }, pool);
}

static void useUnchecked(const std::string &path, ThreadPool &pool) {
  ReadOptions options;
  options.check = false;
  options.base = fuzzBase();
  Expected<Container> container = Container::open(path, options);
  if (!container) {
    fuzzRequire(!container.error().message().empty(), "an error has no message");
    return;
  }
  for (const TensorEntry &entry : container->entries()) {
    Expected<TensorReader> reader = container->reader(entry);
    if (reader)
      readTensor(*reader, pool);
  }
  if (container->originalBytes() <= largestTensor)
    (void)bool(streamAll(*container, pool));
  (void)bool(container->verify(pool));
}

static void useChecked(const std::string &path, ThreadPool &pool) {
  ReadOptions reading;
  reading.base = fuzzBase();
  Expected<Container> container = Container::open(path, reading);
  if (!container || container->originalBytes() > largestTensor)
    return;
  VerifyOptions options;
  options.decode = true;
  Expected<VerifyReport> report = container->verify(pool, options);
  fuzzRequire(bool(report), "verifying fails");
  fuzzRequire(!report->passed() || bool(streamAll(*container, pool)),
              "what decodes is not given back");
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed) {
  return mutateContainer(data, size, limit, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ThreadPool pool(1);
  FileInMemory file({data, size});
  useUnchecked(file.path(), pool);
  useChecked(file.path(), pool);
  return 0;
}

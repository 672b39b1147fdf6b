//===- ContainerFuzzer.cpp - Any bytes as a container ---------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Opens the input as a file, checksums off, and does all that can be done with it: reads
// tensors whole, in parts and as a stream, gives back the original, verifies.
//
//===----------------------------------------------------------------------===//

#include "FuzzCheck.h"
#include "uwt/Container/Container.h"
#include <string>
#include <sys/mman.h>
#include <unistd.h>

using namespace uwt;

namespace {
/// A file in memory that has a path.
class FileInMemory {
public:
  FileInMemory(const uint8_t *data, size_t size) : descriptor(memfd_create("fuzz", 0)) {
    fuzzRequire(descriptor >= 0, "cannot make a file in memory");
    fuzzRequire(write(descriptor, data, size) == static_cast<ssize_t>(size),
                "cannot write a file in memory");
  }
  ~FileInMemory() { close(descriptor); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor); }

private:
  int descriptor;
};
} // namespace

/// A tensor that compresses to nothing may be as large as its header says; larger
/// ones than this are left out, so that memory stays that of the fuzzer.
static constexpr uint64_t largestTensor = uint64_t(1) << 22;

static void readTensor(const TensorReader &reader, ThreadPool &pool) {
  const TensorEntry &entry = reader.entry();
  if (entry.bytes > largestTensor)
    return;
  std::vector<uint8_t> whole(entry.bytes), streamed;
  Status read = reader.read(whole, pool);
  Status stream = reader.stream(
      [&](std::span<const uint8_t> bytes) {
        streamed.insert(streamed.end(), bytes.begin(), bytes.end());
        return success();
      },
      pool);
  fuzzRequire(bool(read) == bool(stream), "reading and streaming do not agree");
  fuzzRequire(!read || whole == streamed, "a stream differs from the whole tensor");

  TensorPart row;
  row.rows = IndexRange{0, 1};
  if (entry.shape.size() >= 3)
    row.expert = 0;
  Expected<TensorBytes> part = reader.readPart(row, pool);
  if (part && read)
    fuzzRequire(part->bytes.size() <= whole.size() &&
                    std::equal(part->bytes.begin(), part->bytes.end(), whole.begin()),
                "the first row differs from the whole's");
  (void)bool(reader.check(pool));
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ThreadPool pool(1);
  FileInMemory file(data, size);
  ReadOptions options;
  options.check = false;
  Expected<Container> container = Container::open(file.path(), options);
  if (!container) {
    fuzzRequire(!container.error().message().empty(), "an error has no message");
    return 0;
  }
  for (const TensorEntry &entry : container->entries()) {
    Expected<TensorReader> reader = container->reader(entry);
    if (reader)
      readTensor(*reader, pool);
  }
  if (container->originalBytes() <= largestTensor)
    (void)bool(container->streamOriginal([](std::span<const uint8_t>) { return success(); }, pool));
  (void)bool(container->verify(pool, false));
  return 0;
}

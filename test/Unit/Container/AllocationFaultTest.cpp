//===- AllocationFaultTest.cpp - Memory that is out -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lets the n-th allocation of a piece of work fail, for many n: an error, and no file half-written.
// This program's operator new is replaced for it.
//
//===----------------------------------------------------------------------===//

#include "TestFiles.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Container/Compress.h"
#include "uwt/Container/Container.h"
#include "uwt/Runtime/LoadedWeight.h"
#include <atomic>
#include <cstdlib>
#include <new>

/// Allocations until one fails; below 0 none does.
static std::atomic<int64_t> allocationsLeft{-1};

static void *allocate(std::size_t size, std::size_t alignment) {
  if (allocationsLeft.load(std::memory_order_relaxed) >= 0 && allocationsLeft.fetch_sub(1) == 0)
    throw std::bad_alloc();
  std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void *memory = rounded < size ? nullptr : std::aligned_alloc(alignment, rounded);
  if (!memory)
    throw std::bad_alloc();
  return memory;
}

void *operator new(std::size_t size) { return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__); }
void *operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void *operator new(std::size_t size, const std::nothrow_t &) noexcept {
  try {
    return allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void *memory, const std::nothrow_t &) noexcept { std::free(memory); }
void operator delete(void *memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

using namespace uwt;
using namespace uwt::test;

namespace {

/// What `work` gives where allocation number `n` fails, and whether it has so many.
struct Outcome {
  Status status;
  bool hasFailed;
};
Outcome runWithout(int64_t n, const std::function<Status()> &work) {
  allocationsLeft.store(n);
  Status status = callWithMemory([&] { return work(); });
  bool hasFailed = allocationsLeft.exchange(-1) < 0;
  return {std::move(status), hasFailed};
}

/// Runs `work` without its 1st, 2nd, 3rd … allocation, later with growing steps, until all succeed;
/// `check` looks at what each run has left.
void forEachAllocation(const std::function<Status()> &work,
                       const std::function<void(const Status &)> &check) {
  int64_t failures = 0;
  for (int64_t n = 0;; n += 1 + n / 40) {
    Outcome outcome = runWithout(n, work);
    check(outcome.status);
    if (!outcome.hasFailed)
      break;
    ++failures;
    if (!outcome.status)
      EXPECT_EQ(outcome.status.error().getKind(), ErrorKind::IO)
          << outcome.status.error().message();
  }
  EXPECT_GT(failures, 40);
}

template <typename Call> std::function<Status()> asStatus(Call call) {
  return [call]() -> Status {
    UWT_RETURN_IF_ERROR(call());
    return ok();
  };
}

class AllocationFaultTest : public ::testing::Test {
protected:
  void SetUp() override {
    std::filesystem::create_directory(folder / "in");
    writeTensors(folder / "in/model.safetensors", {{"a", "BF16", {40, 300}, bf16Weights(12000, 1)},
                                                   {"b", "I64", {10}, randomBytes(80, 2)}});
    writeText(folder / "in/config.json", "{\"hidden_size\": 300}");
  }
  std::vector<std::string> files(const std::string &name) const {
    return std::filesystem::exists(folder / name) ? namesIn(folder / name)
                                                  : std::vector<std::string>();
  }

  TemporaryFolder folder;
};

TEST_F(AllocationFaultTest, FilesThereAndBack) {
  std::string in = folder / "in/model.safetensors", packed = folder / "packed.safetensors",
              back = folder / "back.safetensors";
  CompressOptions compressing;
  compressing.threads = 2;
  ASSERT_TRUE(holds(compressFile(in, packed, compressing)));
  Bytes whole = readBytes(packed);
  std::filesystem::remove(packed);
  // The new file is complete also where only the report of it fails.
  auto isAbsentOrWhole = [&](const std::string &path, const Bytes &bytes, const Status &status) {
    bool exists = std::filesystem::exists(path);
    EXPECT_TRUE(exists || !status);
    if (exists)
      EXPECT_EQ(readBytes(path), bytes);
    std::filesystem::remove(path);
  };
  forEachAllocation(asStatus([&] { return compressFile(in, packed, compressing); }),
                    [&](const Status &status) {
                      isAbsentOrWhole(packed, whole, status);
                      EXPECT_EQ(namesIn(folder.path), std::vector<std::string>{"in"});
                    });
  writeBytes(packed, whole);
  DecompressOptions decompressing;
  decompressing.threads = 2;
  forEachAllocation(asStatus([&] { return decompressFile(packed, back, decompressing); }),
                    [&](const Status &status) {
                      isAbsentOrWhole(back, readBytes(in), status);
                      EXPECT_EQ(namesIn(folder.path),
                                (std::vector<std::string>{"in", "packed.safetensors"}));
                    });
}

TEST_F(AllocationFaultTest, FoldersThereAndBack) {
  CheckpointOptions compressing;
  compressing.compress.threads = 2;
  forEachAllocation(
      asStatus([&] { return compress(folder / "in", folder / "packed", compressing); }),
      [&](const Status &) {
        for (const std::string &name : files("packed"))
          EXPECT_FALSE(name.ends_with(partialSuffix)) << name;
        std::filesystem::remove_all(folder / "packed");
      });
  ASSERT_TRUE(holds(compress(folder / "in", folder / "packed", compressing)));
  DecompressOptions decompressing;
  decompressing.threads = 2;
  forEachAllocation(
      asStatus([&] { return decompress(folder / "packed", folder / "back", decompressing); }),
      [&](const Status &status) {
        for (const std::string &name : files("back"))
          EXPECT_FALSE(name.ends_with(partialSuffix)) << name;
        if (status)
          EXPECT_EQ(readBytes(folder / "back/model.safetensors"),
                    readBytes(folder / "in/model.safetensors"));
        std::filesystem::remove_all(folder / "back");
      });
}

TEST_F(AllocationFaultTest, VerifyingAndLoading) {
  std::string packed = folder / "packed.safetensors";
  ASSERT_TRUE(holds(compressFile(folder / "in/model.safetensors", packed, {})));
  VerifyOptions verifying;
  verifying.threads = 2;
  forEachAllocation(asStatus([&] { return verifyFile(packed, verifying); }), [](const Status &) {});
  ThreadPool pool(2);
  forEachAllocation(asStatus([&]() -> Expected<LoadedWeight> {
                      UWT_ASSIGN_OR_RETURN(Container container, Container::open(packed));
                      UWT_ASSIGN_OR_RETURN(const TensorEntry *entry, container.find("a"));
                      UWT_ASSIGN_OR_RETURN(TensorReader reader, container.reader(*entry));
                      return LoadedWeight::fromReader(reader, pool, {});
                    }),
                    [](const Status &) {});
}

} // namespace

//===- RuntimeFuzzer.cpp - Any container as a program's weights -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loads the tensors of the input, whose checksums the mutator makes right, as a compiled program
// does: as they are stored, in other formats, and dense. What is loaded lies where compiled code
// looks for it without a check, and decodes to the same bytes in every form.
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "FuzzFiles.h"
#include "Runtime/LoadedWeightTesting.h"
#include "SealingMutator.h"
#include "uwt/Runtime/WeightStore.h"

using namespace uwt;
using namespace uwt::test;

/// Larger tensors are left out, so that memory stays that of the fuzzer.
static constexpr uint64_t largestTensor = uint64_t(1) << 20;

/// The formats that a tensor is asked for: its own, and those that loading makes of others.
static std::vector<std::optional<Format>> formsOf(const TensorEntry &entry) {
  static const std::vector<Format> run = {parsedFormat("raw"), parsedFormat("inplace<12>"),
                                          parsedFormat("window<4>"),
                                          parsedFormat("inplace<11>, storage=k_major")};
  std::vector<std::optional<Format>> forms = {std::nullopt};
  if (entry.format)
    forms.emplace_back(*entry.format);
  forms.insert(forms.end(), run.begin(), run.end());
  return forms;
}

static void loadTensor(WeightStore &store, const TensorEntry &entry, ThreadPool &pool) {
  std::optional<std::vector<uint8_t>> expected;
  for (const std::optional<Format> &form : formsOf(entry)) {
    WeightRequest request{entry.name, entry.dtype, entry.shape, form};
    auto loaded = store.load({&request, 1}, pool);
    // What does not decode is refused dense, and may be refused in other forms.
    if (!loaded)
      continue;
    const LoadedWeight &weight = *loaded->front();
    if (weight.isDense()) {
      expected.emplace(weight.dense().begin(), weight.dense().end());
      fuzzRequire(expected->size() == entry.bytes, "a dense weight has another size");
      continue;
    }
    std::string wrong = placesOf(weight);
    fuzzRequire(wrong.empty(), wrong.c_str());
    auto decoded = decodeLoaded(weight);
    fuzzRequire(!expected || (decoded && *decoded == *expected),
                "a weight that is sound is loaded as another one");
  }
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed) {
  return mutateContainer(data, size, limit, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static ThreadPool pool(1);
  FileInMemory file({data, size});
  std::string path = file.path();
  for (bool check : {true, false}) {
    ReadOptions options;
    options.check = check;
    auto store = WeightStore::open({&path, 1}, options);
    auto container = Container::open(path, options);
    fuzzRequire(bool(store) == bool(container), "a store and a container do not agree");
    if (!store)
      continue;
    for (const TensorEntry &entry : container->entries())
      if (entry.bytes <= largestTensor)
        loadTensor(*store, entry, pool);
  }
  return 0;
}

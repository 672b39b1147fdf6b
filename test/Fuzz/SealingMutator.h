//===- SealingMutator.h - Damage behind right checksums ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What fuzzers of containers mutate with: checksums are made right again after most mutations, or
// nearly all of them would end there.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_FUZZ_SEALINGMUTATOR_H
#define UWT_TEST_FUZZ_SEALINGMUTATOR_H

#include "Container/Reseal.h"
#include "FuzzFiles.h"

namespace uwt::test {

/// The body of LLVMFuzzerCustomMutator. Half of the mutations are behind the header alone, where
/// they do not break its text.
inline size_t mutateContainer(uint8_t *data, size_t size, size_t limit, unsigned seed) {
  uint64_t header = 0;
  if (size >= sizeof(header))
    std::memcpy(&header, data, sizeof(header));
  size_t begin = seed % 2 && header < size && header + 8 < size ? header + 8 : 0;
  // A size that changes would leave a hole behind the tensors.
  size_t end = begin + LLVMFuzzerMutate(data + begin, size - begin, begin ? size - begin : limit);
  if (begin) {
    std::fill(data + end, data + size, uint8_t(0));
    end = size;
  }
  if (seed % 16 < 2)
    return end;
  auto sealed = resealContainer({data, end});
  return sealed ? replaceInput(*sealed, data, end, limit) : end;
}

} // namespace uwt::test

#endif // UWT_TEST_FUZZ_SEALINGMUTATOR_H

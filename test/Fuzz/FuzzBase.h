//===- FuzzBase.h - The base model of fuzzed containers ---------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The same for every input: what the fuzzer of containers opens them with, and what a seed is
// compressed against.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_FUZZ_FUZZBASE_H
#define UWT_TEST_FUZZ_FUZZBASE_H

#include "Codec/TestData.h"
#include "uwt/Container/Safetensors.h"

namespace uwt::test {

/// Writes the base model to `path`: tensors of the seeds' names, dtypes and shapes, one of them as
/// it is there, the others a little different.
inline Status writeFuzzBase(const std::string &path) {
  std::vector<uint8_t> a =
      makeTensor(ElementType::BF16, std::vector<uint64_t>{64, 64}, Distribution::Gaussian, 1);
  std::vector<uint8_t> b =
      makeTensor(ElementType::F32, std::vector<uint64_t>{2, 32, 32}, Distribution::WasBF16, 3);
  std::vector<uint8_t> c =
      makeTensor(ElementType::F16, std::vector<uint64_t>{40, 64}, Distribution::Gaussian, 4);
  for (size_t at = 0; at < a.size(); at += 26)
    a[at] ^= 1;
  for (size_t at = 0; at < c.size(); at += 20)
    c[at] ^= 3;
  std::vector<SafetensorsOutput> tensors = {
      {"a.weight", findSafetensorsDtype("BF16"), {64, 64}, a},
      {"b.weight", findSafetensorsDtype("F32"), {2, 32, 32}, b},
      {"embeddings.weight", findSafetensorsDtype("F16"), {40, 64}, c}};
  return writeSafetensors(path, tensors, {}, true);
}

} // namespace uwt::test

#endif // UWT_TEST_FUZZ_FUZZBASE_H

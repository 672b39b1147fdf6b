//===- SamplePack.h - A small kernel pack -----------------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packs for tests, the fuzzer's seed and the golden file. Their code objects are whole, and
// do nothing.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_PACK_SAMPLEPACK_H
#define UWT_TEST_UNIT_PACK_SAMPLEPACK_H

#include "uwt/Pack/KernelPack.h"
#include <vector>

namespace uwt::test {

/// The smallest cubin that passes: headers, one segment, two sections of which one has bytes.
std::vector<uint8_t> sampleCubin(uint8_t filling = 1);

/// A kernel of code object 0 with every field set, for inplace<12> on BF16.
KernelEntry sampleKernel();

/// A kernel that is launched before sampleKernel(), for m up to 64.
KernelEntry samplePreparation();

/// Cubins for sm_80 and sm_90a and a PTX object for sm_80, six kernels, one of which is prepared
/// by another: the golden pack's
/// contents.
KernelPackWriter samplePack();

} // namespace uwt::test

#endif // UWT_TEST_UNIT_PACK_SAMPLEPACK_H

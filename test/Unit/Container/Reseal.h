//===- Reseal.h - Right checksums around anything ---------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checksums find damage and hide everything behind them from tests that make damage. Whoever means
// harm makes them right again, and so do these.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TEST_UNIT_CONTAINER_RESEAL_H
#define UWT_TEST_UNIT_CONTAINER_RESEAL_H

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace uwt::test {

/// The container `file` with the checksums of panels, indexes, raw tensors, contents and header
/// made right for what it holds. Nothing where it is no container any more; checksums of parts that
/// cannot be found stay wrong.
std::optional<std::vector<uint8_t>> resealContainer(std::span<const uint8_t> file);

/// A manifest's text with the right checksum; the same text where its digits are not in their
/// place.
std::string resealManifest(std::string text);

} // namespace uwt::test

#endif // UWT_TEST_UNIT_CONTAINER_RESEAL_H

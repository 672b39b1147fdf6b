//===- PackChecks.h - What a kernel pack may say ----------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_PACK_PACKCHECKS_H
#define UWT_LIB_PACK_PACKCHECKS_H

#include "uwt/Pack/KernelPack.h"

namespace uwt {

/// How many values the enumerations of KernelPack.h have.
inline constexpr unsigned codeKinds = 2, kernelKinds = 8, gridRules = 2, argumentKinds = 21,
                          valueTypes = 7;

} // namespace uwt

#endif // UWT_LIB_PACK_PACKCHECKS_H

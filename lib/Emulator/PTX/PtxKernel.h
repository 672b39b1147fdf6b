//===- PtxKernel.h - An entry of PTX, ready to run --------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_EMULATOR_PTX_PTXKERNEL_H
#define UWT_LIB_EMULATOR_PTX_PTXKERNEL_H

#include "uwt/Emulator/Emulator.h"

namespace uwt::emulator::ptx {

/// What EmulatedKernel::preparePtx says.
Expected<std::unique_ptr<EmulatedKernel>> prepareEntry(llvm::StringRef text, llvm::StringRef entry);

} // namespace uwt::emulator::ptx

#endif // UWT_LIB_EMULATOR_PTX_PTXKERNEL_H

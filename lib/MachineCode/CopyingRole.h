//===- CopyingRole.h - What fills a ring, in machine code -------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_MACHINECODE_COPYINGROLE_H
#define UWT_LIB_MACHINECODE_COPYINGROLE_H

#include "uwt/MachineCode/MachineReport.h"

namespace uwt::machine_code {

/// The role of the loop that waits for an empty stage and copies into it; nothing where no loop
/// does.
std::optional<CopyingRole> findCopyingRole(const MachineKernel &kernel);

} // namespace uwt::machine_code

#endif // UWT_LIB_MACHINECODE_COPYINGROLE_H

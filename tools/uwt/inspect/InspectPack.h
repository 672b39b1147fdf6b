//===- InspectPack.h - uwt inspect of a kernel pack -------------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef UWT_TOOLS_UWT_INSPECT_INSPECTPACK_H
#define UWT_TOOLS_UWT_INSPECT_INSPECTPACK_H

#include "../Session.h"
#include "uwt/Support/Error.h"
#include <string>

namespace uwt::tool {

/// Prints the code objects and kernels of a pack; with --verbose their launches and arguments, with
/// --json all of it (schema uwt.inspect.pack/3).
Status inspectPack(Session &session, const std::string &path);

} // namespace uwt::tool

#endif // UWT_TOOLS_UWT_INSPECT_INSPECTPACK_H

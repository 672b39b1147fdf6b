//===- CompilerModule.cpp - The compiler, loaded when it is needed --------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompilerModule.h"
#include <dlfcn.h>

using namespace uwt;
using namespace uwt::tool;

static constexpr const char *moduleName = "libUWTCompilerTool.so";

Expected<const CompilerModule *> uwt::tool::loadCompiler() {
  // Found through the run path of the tool: ../lib beside it.
  void *library = dlopen(moduleName, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    return unsupportedError("the compiler cannot be loaded (" +
                            std::string(why ? why : moduleName) +
                            "): build with -DUWT_ENABLE_COMPILER=ON, or install it beside uwt");
  }
  using Entry = const CompilerModule *(*)();
  auto entry = reinterpret_cast<Entry>(dlsym(library, "uwtCompilerModule"));
  if (!entry)
    return unsupportedError(std::string(moduleName) + " is no part of this version of uwt");
  return entry();
}

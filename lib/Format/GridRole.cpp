//===- GridRole.cpp - What numbers that elements share do -----------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/GridRole.h"
#include <vector>

using namespace uwt;

namespace {
#define UWT_GRID_ROLE(key, operation)                                                              \
  constexpr GridRole key##GridRole = {#key, "weight_" #key, StepOperation::operation};
#include "GridRoles.def"
#undef UWT_GRID_ROLE
} // namespace

static std::vector<GridRole> &gridRoles() {
  static std::vector<GridRole> roles = {
#define UWT_GRID_ROLE(key, operation) key##GridRole,
#include "GridRoles.def"
#undef UWT_GRID_ROLE
  };
  return roles;
}

std::span<const GridRole> uwt::allGridRoles() { return gridRoles(); }
const GridRole &uwt::offsetRole() { return offsetGridRole; }
GridRoleRegistration::GridRoleRegistration(GridRole role) { gridRoles().push_back(role); }

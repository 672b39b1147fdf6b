//===- Gain.cpp - A role of grids that no build has -----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Format/GridRole.h"

using namespace uwt;

/// `gain=`: numbers that are multiplied after all else, as QServe's checkpoints have a scale a row
/// behind those of groups. Whatever holds a list of grids fails with it.
static constexpr GridRole gain = {"gain", "weight_gain", StepOperation::Multiply};
static const GridRoleRegistration gainRegistration(gain);

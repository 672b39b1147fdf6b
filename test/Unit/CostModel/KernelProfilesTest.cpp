//===- KernelProfilesTest.cpp - Where kernel profiles come from -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/CostModel/KernelProfiles.h"
#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;

static const GpuTarget &targetOf(const char *name) { return **findGpuTarget(name); }

TEST(KernelProfileTable, GivesItsRowsAndSaysWhatItLacks) {
  const GpuTarget &hopper = targetOf("sm_90a");
  auto found = tableOfKernelProfiles().find(hopper, runFormats().front(), 8);
  ASSERT_TRUE(holds(found));
  EXPECT_EQ(*found, findKernelProfile(hopper, runFormats().front().str(), 8));
  // How a tensor lies is no matter of kernels.
  Format stored = runFormats().front();
  stored.storage = Storage::KMajor;
  EXPECT_EQ(*tableOfKernelProfiles().find(hopper, stored, 8), *found);
  EXPECT_EQ(messageOf(tableOfKernelProfiles().find(hopper, parsedFormat("descend<5>"), 8)),
            "the table of kernel profiles has no descend<5> for sm_90a");
}

TEST(KernelProfileTable, SaysWhichMServesAnother) {
  const GpuTarget &hopper = targetOf("sm_90a"), &ampere = targetOf("sm_80");
  EXPECT_EQ(profiledM(hopper, 1), 8u);
  EXPECT_EQ(profiledM(hopper, 9), 32u);
  EXPECT_EQ(profiledM(ampere, 9), 64u);
  EXPECT_EQ(profiledM(hopper, 5000), 256u);
}

TEST(KernelProfileTable, IsReadFromText) {
  for (const char *text : {"", "[]", "{\"rows\": [{}]}", "{\"rows\": 3}"})
    EXPECT_THAT(messageOf(parseKernelProfiles(text)),
                testing::StartsWith("these are no kernel profiles: "))
        << text;
  EXPECT_TRUE(parseKernelProfiles("{\"rows\": []}")->empty());
}

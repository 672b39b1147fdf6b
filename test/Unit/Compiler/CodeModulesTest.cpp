//===- CodeModulesTest.cpp - LLVM IR that several threads compile -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/CodeModules.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/SourceMgr.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

using namespace uwt;

namespace {

/// A function of `length` instructions and more, which begins with `body`.
std::string function(const std::string &head, const std::string &body, int length) {
  std::string text = "define " + head + " {\n" + body;
  for (int i = 0; i < length; ++i)
    text += "  %v" + std::to_string(i) + " = add i64 %x, " + std::to_string(i) + "\n";
  return text + "  ret void\n}\n";
}

/// Three functions of which the first calls the others, through a pointer too.
std::string program() {
  return "@text = internal constant [2 x i8] c\"ab\"\n"
         "@state = internal global i64 0\n"
         "declare void @outside(ptr)\n" +
         function("void @first(i64 %x)",
                  "  call void @second(i64 %x)\n  call void @outside(ptr @third)\n"
                  "  call void @outside(ptr @text)\n",
                  1200) +
         function("internal void @second(i64 %x)",
                  "  call void @outside(ptr @text)\n  call void @own(i64 %x)\n", 1000) +
         function("internal void @third(i64 %x)", "  store i64 %x, ptr @state\n", 1100) +
         function("internal void @own(i64 %x)", "  store i64 %x, ptr @state\n", 10);
}

CodeModule parse(const std::string &text) {
  CodeModule code;
  code.context = std::make_unique<llvm::LLVMContext>();
  llvm::SMDiagnostic error;
  code.module = llvm::parseAssemblyString(text, error, *code.context);
  EXPECT_TRUE(code.module) << error.getMessage().str();
  return code;
}

TEST(CodeModulesTest, EachFunctionIsInOnePartAndIsFoundByTheOthers) {
  ThreadPool pool(3);
  std::vector<CodeModule> modules = splitCode(parse(program()), pool);
  ASSERT_EQ(modules.size(), 3U);
  std::multiset<std::string> defined;
  std::set<std::string> exported, wanted;
  for (const CodeModule &code : modules) {
    EXPECT_FALSE(llvm::verifyModule(*code.module));
    for (const llvm::GlobalValue &value : code.module->global_values()) {
      std::string name = value.getName().str();
      if (value.isDeclaration()) {
        if (!value.use_empty())
          wanted.insert(name);
        continue;
      }
      defined.insert(name);
      if (!value.hasLocalLinkage())
        exported.insert(name);
    }
  }
  EXPECT_THAT(defined, testing::UnorderedElementsAre("first", "second", "third", "own", "state",
                                                     "text", "text", "text"));
  // What only one part names stays its own.
  EXPECT_THAT(exported, testing::IsSupersetOf({"first", "second", "third"}));
  EXPECT_FALSE(exported.contains("text"));
  wanted.erase("outside");
  EXPECT_FALSE(wanted.empty());
  for (const std::string &name : wanted)
    EXPECT_TRUE(exported.contains(name)) << name;
}

TEST(CodeModulesTest, SmallProgramsStayWhole) {
  ThreadPool pool(3);
  EXPECT_EQ(splitCode(parse(function("void @f(i64 %x)", "", 1500)), pool).size(), 1U);
  ThreadPool one(1);
  EXPECT_EQ(splitCode(parse(program()), one).size(), 1U);
}

TEST(CodeModulesTest, ListsThatALinkerJoinsStayWhole) {
  ThreadPool pool(3);
  std::string constructors = "@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] "
                             "[{ i32, ptr, ptr } { i32 65535, ptr @start, ptr null }]\n"
                             "define internal void @start() {\n  ret void\n}\n";
  EXPECT_EQ(splitCode(parse(program() + constructors), pool).size(), 1U);
  EXPECT_EQ(splitCode(parse(program() + "@other = alias void (i64), ptr @first\n"), pool).size(),
            1U);
}

} // namespace

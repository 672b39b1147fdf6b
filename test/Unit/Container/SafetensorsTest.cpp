//===- SafetensorsTest.cpp - The contract of safetensors ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each case breaks one rule of docs/container.md, section "safetensors".
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/Safetensors.h"
#include "Container/TestFiles.h"
#include <gmock/gmock.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;
using testing::Pair;

namespace {

struct Case {
  const char *rule;
  std::string header;
  uint64_t dataBytes;
  std::string message;
};

const char *f32 = R"("dtype":"F32","shape":[2],"data_offsets":[0,8])";

std::string nested(unsigned depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::vector<Case> brokenHeaders() {
  return {
      {"st-3 does not begin with a brace", R"( {"a":1})", 0,
       "the header does not begin with '{'; this is not a safetensors file"},
      {"st-3 empty", "", 0, "the header does not begin with '{'; this is not a safetensors file"},
      {"st-3 not JSON", R"({"a":)", 0, "invalid JSON at offset 13"},
      {"st-3 text behind the object", R"({} x)", 0, "invalid JSON at offset 11"},
      {"st-3 a second object", R"({}{})", 0, "invalid JSON at offset 10"},
      {"st-3 invalid UTF-8", "{\"\xff\":1}", 0, "invalid UTF-8 at offset 10"},
      {"st-3 half of a surrogate pair", R"({"\ud800":1})", 0, "invalid JSON at offset 16"},
      {"st-3 NUL ends nothing", std::string("{}\0x", 4), 0, "NUL byte in JSON text at offset 10"},
      {"st-3 too deep", R"({"a":{"x":)" + nested(15) + "}}", 0,
       "arrays and objects are more than 16 deep"},
      {"st-3 far too deep", R"({"a":{"x":)" + nested(1000000) + "}}", 0,
       "arrays and objects are more than 16 deep"},
      {"st-4 tensor twice", std::string("{\"a\":{") + f32 + "},\"a\":{" + f32 + "}}", 8,
       "key 'a' occurs twice in one object"},
      {"st-4 key of a tensor twice", std::string("{\"a\":{\"shape\":[2],") + f32 + "}}", 8,
       "key 'shape' occurs twice in one object"},
      {"st-4 metadata twice", R"({"__metadata__":{"k":"","k":""}})", 0,
       "key 'k' occurs twice in one object"},
      {"st-4 key twice below a key that is read over",
       std::string("{\"a\":{\"x\":{\"y\":1,\"y\":2},") + f32 + "}}", 8,
       "key 'y' occurs twice in one object"},
      {"st-5 metadata is a list", R"({"__metadata__":[]})", 0,
       "__metadata__ is an array, expected an object of strings"},
      {"st-5 metadata holds a number", R"({"__metadata__":{"k":1}})", 0,
       "__metadata__ entry 'k' is a number, expected a string"},
      {"st-5 tensor is a number", R"({"a":1})", 0,
       "tensor 'a': is a number, expected an object with dtype, shape and data_offsets"},
      {"st-5 no dtype", R"({"a":{"shape":[2],"data_offsets":[0,8]}})", 8,
       "tensor 'a': has no dtype"},
      {"st-5 no shape", R"({"a":{"dtype":"U8","data_offsets":[0,8]}})", 8,
       "tensor 'a': has no shape"},
      {"st-5 no offsets", R"({"a":{"dtype":"U8","shape":[2]}})", 8,
       "tensor 'a': has no data_offsets"},
      {"st-5 a name with NUL", std::string("{\"a\\u0000b\":{") + f32 + "}}", 8,
       "tensor name 'a?b' holds a NUL character, at which other programs cut it"},
      {"st-5 a metadata key with NUL", R"({"__metadata__":{"k\u0000x":""}})", 0,
       "__metadata__ key 'k?x' holds a NUL character, at which other programs cut it"},
      {"st-6 unknown dtype", R"({"a":{"dtype":"F7","shape":[2],"data_offsets":[0,8]}})", 8,
       "tensor 'a': unknown dtype 'F7'"},
      {"st-6 dtype is a number", R"({"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}})", 8,
       "tensor 'a': dtype is a number, expected a string"},
      {"st-7 negative dimension", R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,8]}})", 8,
       "tensor 'a': shape holds -1, expected integers from 0 to 2^64-1"},
      {"st-7 fraction", R"({"a":{"dtype":"U8","shape":[8.0],"data_offsets":[0,8]}})", 8,
       "tensor 'a': shape holds 8.0, expected integers from 0 to 2^64-1"},
      {"st-7 too large for 64 bits",
       R"({"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,8]}})", 8,
       "tensor 'a': shape holds 18446744073709551616, expected integers from 0 to 2^64-1"},
      {"st-7 shape is a string", R"({"a":{"dtype":"U8","shape":"8","data_offsets":[0,8]}})", 8,
       "tensor 'a': shape is a string, expected an array"},
      {"st-7 nested shape", R"({"a":{"dtype":"U8","shape":[[8]],"data_offsets":[0,8]}})", 8,
       "tensor 'a': shape holds an array, expected integers from 0 to 2^64-1"},
      {"st-7 one offset", R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[8]}})", 8,
       "tensor 'a': data_offsets has 1 numbers, expected 2"},
      {"st-7 three offsets", R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8,8]}})", 8,
       "tensor 'a': data_offsets has 3 numbers, expected 2"},
      {"st-7 backwards", R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[8,0]}})", 8,
       "tensor 'a': data_offsets [8,0] end before they begin"},
      {"st-7 outside", R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", 8,
       "tensor 'a': data_offsets [0,9] point outside the 8 bytes of data; the file may be "
       "truncated"},
      {"st-8 wrong size", R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8,
       "tensor 'a': data_offsets [0,8] hold 8 bytes, expected 12 for F32 of shape [3]"},
      {"st-8 overflow",
       R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0,
       "tensor 'a': shape [4294967296,4294967296] of U8 has more than 2^64 bits"},
      {"st-8 half a byte", R"({"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}})", 1,
       "tensor 'a': shape [3] of F4 is not a whole number of bytes"},
      {"st-9 overlap",
       R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
       6,
       "tensor 'b': begins at data offset 2, expected 4, the end of 'a': tensors may not overlap "
       "or leave holes"},
      {"st-9 same bytes twice",
       R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
       4,
       "tensor 'b': begins at data offset 0, expected 4, the end of 'a': tensors may not overlap "
       "or leave holes"},
      {"st-9 hole", R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})", 8,
       "tensor 'a': begins at data offset 4, expected 0, the start of the data: tensors may not "
       "overlap or leave holes"},
      {"st-9 bytes behind the last tensor",
       R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 8,
       "tensors end at data offset 4, but the file has 8 bytes of data"},
      {"st-9 data without tensors", "{}", 1,
       "tensors end at data offset 0, but the file has 1 bytes of data"},
  };
}

} // namespace

TEST(SafetensorsHeader, RefusesEachBrokenRuleByItsMessage) {
  for (const Case &broken : brokenHeaders()) {
    auto header = SafetensorsHeader::parse(broken.header, broken.dataBytes);
    EXPECT_EQ(messageOf(header), broken.message) << broken.rule;
    if (!header)
      EXPECT_EQ(header.error().getKind(), ErrorKind::Invalid) << broken.rule;
  }
}

TEST(SafetensorsHeader, ReadsWhatTheContractAllows) {
  auto header = SafetensorsHeader::parse(
      R"({"b":{"data_offsets":[4,8],"extra":{"deep":[1,{"x":null}]},"shape":[2,1],"dtype":"BF16"},)"
      R"("__metadata__":{"format":"pt","\u00e9":"\n"},)"
      R"("z":{"dtype":"F64","shape":[0,7],"data_offsets":[4,4]},)"
      R"("a":{"dtype":"F4","shape":[8],"data_offsets":[0,4]},)"
      R"("s":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}   )",
      9);
  ASSERT_TRUE(holds(header));
  ASSERT_EQ(header->tensors.size(), 4u);
  EXPECT_EQ(header->tensors[0].name, "b");
  EXPECT_EQ(header->tensors[0].dtype->name, "BF16");
  EXPECT_THAT(header->tensors[0].shape, ElementsAre(2, 1));
  EXPECT_EQ(header->find("s")->bytes(), 1u);
  EXPECT_EQ(header->find("nothing"), nullptr);
  EXPECT_THAT(header->metadata, ElementsAre(Pair("format", "pt"), Pair("é", "\n")));
  EXPECT_THAT(header->dataOrder(), ElementsAre(2, 1, 0, 3));
}

TEST(SafetensorsHeader, EveryDtypeOfTheTableHasItsSize) {
  for (const SafetensorsDtype &dtype : safetensorsDtypes()) {
    auto bytes = safetensorsBytes(dtype, std::vector<uint64_t>{4, 2});
    ASSERT_TRUE(holds(bytes));
    EXPECT_EQ(*bytes, dtype.bits);
    EXPECT_EQ(findSafetensorsDtype(dtype.name), &dtype);
  }
}

TEST(SafetensorsFile, RefusesFilesThatAreNone) {
  TemporaryFolder folder;
  std::string path = folder / "a.safetensors";
  auto open = [&](const Bytes &bytes) {
    writeBytes(path, bytes);
    return messageOf(SafetensorsFile::open(path));
  };
  EXPECT_EQ(open({}), path + ": the file has 0 bytes, expected at least the 8 bytes of the "
                             "header's length");
  EXPECT_EQ(open({1, 0, 0, 0, 0, 0, 0}), path + ": the file has 7 bytes, expected at least the 8 "
                                                "bytes of the header's length");
  EXPECT_EQ(open({3, 0, 0, 0, 0, 0, 0, 0, '{', '}'}),
            path + ": the header's length at offset 0 is 3, but only 2 bytes follow; the file is "
                   "truncated or damaged");
  EXPECT_EQ(open({0, 0, 0, 0, 0, 0, 0, 0x80}),
            path + ": the header's length at offset 0 is 9223372036854775808, expected at most "
                   "100000000; this is not a safetensors file, or a damaged one");
  EXPECT_EQ(open({1, 0xe1, 0xf5, 5, 0, 0, 0, 0}),
            path + ": the header's length at offset 0 is 100000001, expected at most 100000000; "
                   "this is not a safetensors file, or a damaged one");
  std::string pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
  EXPECT_EQ(open(Bytes(pointer.begin(), pointer.end())),
            path + ": this is a Git LFS pointer, not the weights; fetch them with git lfs pull");
  EXPECT_EQ(messageOf(SafetensorsFile::open(folder / "none")),
            folder / "none" + ": cannot open: No such file or directory");
  EXPECT_EQ(messageOf(SafetensorsFile::open(folder.path)), folder.path + ": not a regular file");
}

TEST(SafetensorsFile, EveryTruncationIsRefused) {
  TemporaryFolder folder;
  std::string path = folder / "a.safetensors";
  writeTensors(path, {{"a", "U8", {5}, {1, 2, 3, 4, 5}}, {"b", "I16", {2}, {1, 0, 2, 0}}});
  Bytes whole = readBytes(path);
  for (size_t size = 0; size < whole.size(); ++size) {
    writeBytes(path, Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)));
    EXPECT_FALSE(SafetensorsFile::open(path)) << size;
  }
}

TEST(SafetensorsFile, WriterAndReaderAgree) {
  TemporaryFolder folder;
  std::string path = folder / "a.safetensors";
  Bytes a = {1, 2, 3, 4, 5, 6}, b = {7, 8, 9};
  std::string name = "quote\" slash\\ control\x01 é";
  std::vector<SafetensorsOutput> outputs = {{name, findSafetensorsDtype("I16"), {3, 1}, a},
                                            {"b", findSafetensorsDtype("U8"), {3}, b}};
  ASSERT_TRUE(holds(writeSafetensors(path, outputs, {{"k\n", "v\t"}}, false)));
  auto file = SafetensorsFile::open(path);
  ASSERT_TRUE(holds(file));
  EXPECT_EQ((8 + file->headerText().size()) % 64, 0u);
  EXPECT_THAT(file->header().metadata, ElementsAre(Pair("k\n", "v\t")));
  const SafetensorsTensor *tensor = file->header().find(name);
  ASSERT_NE(tensor, nullptr);
  EXPECT_THAT(tensor->shape, ElementsAre(3, 1));
  EXPECT_THAT(file->tensorBytes(*tensor), testing::ElementsAreArray(a));
  EXPECT_THAT(file->tensorBytes(*file->header().find("b")), testing::ElementsAreArray(b));
}

TEST(SafetensorsFile, WriterRefusesWhatReadersWould) {
  TemporaryFolder folder;
  std::string path = folder / "a.safetensors";
  Bytes a = {1, 2};
  const SafetensorsDtype *u8 = findSafetensorsDtype("U8");
  std::vector<SafetensorsOutput> twice = {{"a", u8, {2}, a}, {"a", u8, {2}, a}};
  EXPECT_EQ(messageOf(writeSafetensors(path, twice, {}, false)),
            "key 'a' occurs twice in one object");
  std::vector<SafetensorsOutput> wrongSize = {{"a", u8, {3}, a}};
  EXPECT_EQ(messageOf(writeSafetensors(path, wrongSize, {}, false)),
            "tensor 'a': 2 bytes, expected 3 for its shape");
  std::vector<SafetensorsOutput> notUtf8 = {{"\xff", u8, {2}, a}};
  EXPECT_EQ(messageOf(writeSafetensors(path, notUtf8, {}, false)), "invalid UTF-8 at offset 10");
  EXPECT_TRUE(namesIn(folder.path).empty());
}

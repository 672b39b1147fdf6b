//===- MisuseTest.cpp - The C API, called wrongly -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every function of include/uwt-c with NULL for each of its pointers, with wrong sizes and with
// indices that do not exist: an error that names the argument, or 0.
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "uwt-c/Compiler.h"
#include "uwt-c/Container.h"
#include "uwt-c/Cuda.h"
#include "uwt-c/Weight.h"
#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace uwt::test;

namespace {

/// "kind: message", and destroys the error; "no error" for NULL.
std::string textOf(UWTError *error) {
  std::string text =
      error ? std::to_string(uwtErrorKind(error)) + ": " + uwtErrorMessage(error) : "no error";
  uwtErrorDestroy(error);
  return text;
}

constexpr const char *adds = "func.func @add(%x: tensor<2xf32>) -> tensor<2xf32> {\n"
                             "  %y = arith.addf %x, %x : tensor<2xf32>\n"
                             "  return %y : tensor<2xf32>\n"
                             "}\n";

class CApiMisuseTest : public ::testing::Test {
protected:
  void SetUp() override {
    path = folder / "model.safetensors";
    writeTensors(path, {{"a", "F32", {2}, Bytes(8)}});
    ASSERT_EQ(textOf(uwtContextCreate(1, &context)), "no error");
    ASSERT_EQ(textOf(uwtContainerOpen(path.c_str(), nullptr, &container)), "no error");
    ASSERT_EQ(textOf(uwtCompile(context, adds, std::string_view(adds).size(), nullptr, nullptr,
                                &program)),
              "no error");
  }
  void TearDown() override {
    uwtProgramDestroy(program);
    uwtContainerDestroy(container);
    uwtContextDestroy(context);
  }

  TemporaryFolder folder;
  std::string path;
  UWTContext *context = nullptr;
  UWTContainer *container = nullptr;
  UWTProgram *program = nullptr;
};

TEST_F(CApiMisuseTest, Core) {
  EXPECT_EQ(textOf(uwtContextCreate(1, nullptr)), "2: context is NULL");
  UWTContext *other = nullptr;
  EXPECT_EQ(textOf(uwtContextCreate(5000, &other)),
            "2: a context has at most 4096 threads, got 5000");
  uwtContextSetLog(nullptr, nullptr, nullptr);
  uwtContextDestroy(nullptr);
  EXPECT_EQ(uwtErrorKind(nullptr), UWT_ERROR_NONE);
  EXPECT_STREQ(uwtErrorMessage(nullptr), "");
  uwtErrorDestroy(nullptr);
  EXPECT_EQ(textOf(uwtErrorCreate(UWT_ERROR_IO, "no disk")), "4: no disk");
  EXPECT_EQ(textOf(uwtErrorCreate(UWT_ERROR_NONE, nullptr)), "2: ");
  EXPECT_EQ(uwtContextThreads(nullptr), 0U);
  EXPECT_EQ(uwtContextTeam(nullptr), nullptr);
  uwtContextLog(nullptr, "unheard");
  uwtContextLog(context, nullptr);
  EXPECT_EQ(textOf(uwtContextCreateOnTeam(2, nullptr, &other)), "2: team is NULL");
}

TEST_F(CApiMisuseTest, Keeping) {
  static const char key = 0;
  auto refuse = [](UWTContext *, void **) { return uwtErrorCreate(UWT_ERROR_IO, "not now"); };
  auto make = [](UWTContext *, void **kept) -> UWTError * {
    *kept = new int(7);
    return nullptr;
  };
  auto destroy = [](void *kept) { delete static_cast<int *>(kept); };
  void *kept = nullptr;
  EXPECT_EQ(textOf(uwtContextKeep(nullptr, &key, make, destroy, &kept)), "2: context is NULL");
  EXPECT_EQ(textOf(uwtContextKeep(context, nullptr, make, destroy, &kept)), "2: key is NULL");
  EXPECT_EQ(textOf(uwtContextKeep(context, &key, nullptr, destroy, &kept)), "2: make is NULL");
  EXPECT_EQ(textOf(uwtContextKeep(context, &key, make, nullptr, &kept)), "2: destroy is NULL");
  EXPECT_EQ(textOf(uwtContextKeep(context, &key, make, destroy, nullptr)), "2: kept is NULL");
  EXPECT_EQ(textOf(uwtContextKeep(context, &key, refuse, destroy, &kept)), "4: not now");
  ASSERT_EQ(textOf(uwtContextKeep(context, &key, make, destroy, &kept)), "no error");
  void *again = nullptr;
  ASSERT_EQ(textOf(uwtContextKeep(context, &key, refuse, destroy, &again)), "no error");
  EXPECT_EQ(again, kept);
  EXPECT_EQ(*static_cast<int *>(kept), 7);
}

TEST_F(CApiMisuseTest, Containers) {
  UWTContainer *opened = nullptr;
  EXPECT_EQ(textOf(uwtContainerOpen(nullptr, nullptr, &opened)), "2: path is NULL");
  EXPECT_EQ(textOf(uwtContainerOpen(path.c_str(), nullptr, nullptr)), "2: container is NULL");
  EXPECT_EQ(uwtContainerSize(nullptr), 0U);
  EXPECT_EQ(uwtContainerOriginalBytes(nullptr), 0U);
  UWTTensorInfo info;
  EXPECT_EQ(textOf(uwtContainerTensor(nullptr, 0, &info)), "2: container is NULL");
  EXPECT_EQ(textOf(uwtContainerTensor(container, 0, nullptr)), "2: info is NULL");
  EXPECT_EQ(textOf(uwtContainerTensor(container, 1, &info)), "2: there are 1 tensors, got index 1");
  float buffer[2];
  EXPECT_EQ(textOf(uwtContainerRead(nullptr, container, "a", buffer, 8)), "2: context is NULL");
  EXPECT_EQ(textOf(uwtContainerRead(context, nullptr, "a", buffer, 8)), "2: container is NULL");
  EXPECT_EQ(textOf(uwtContainerRead(context, container, nullptr, buffer, 8)), "2: name is NULL");
  EXPECT_EQ(textOf(uwtContainerRead(context, container, "a", nullptr, 8)), "2: buffer is NULL");
  EXPECT_EQ(textOf(uwtContainerRead(context, container, "a", buffer, 4)),
            "2: tensor 'a' has 8 bytes, got a buffer of 4");
  EXPECT_EQ(textOf(uwtDecompress(nullptr, "a", "b", nullptr, nullptr)), "2: context is NULL");
  EXPECT_EQ(textOf(uwtDecompress(context, nullptr, "b", nullptr, nullptr)), "2: input is NULL");
  EXPECT_EQ(textOf(uwtDecompress(context, "a", nullptr, nullptr, nullptr)), "2: output is NULL");
  uwtDecompressOptionsInit(nullptr, sizeof(UWTDecompressOptions));
  UWTDecompressOptions options;
  uwtDecompressOptionsInit(&options, sizeof(options));
  options.size = 4;
  EXPECT_EQ(textOf(uwtDecompress(context, "a", "b", &options, nullptr)),
            "2: the options have size 4: set them with uwtDecompressOptionsInit");
  uwtContainerDestroy(nullptr);
}

TEST_F(CApiMisuseTest, DefaultsAreThoseThatAVersionHasRoomFor) {
  // A program of an older version, whose struct ends sooner.
  std::array<uint8_t, sizeof(UWTTensorPart)> older;
  older.fill(0xAA);
  constexpr size_t size = offsetof(UWTTensorPart, columnBegin);
  uwtTensorPartInit(reinterpret_cast<UWTTensorPart *>(older.data()), size);
  EXPECT_TRUE(std::all_of(older.begin() + size, older.end(), [](uint8_t b) { return b == 0xAA; }));
  UWTTensorPart part;
  std::memcpy(&part, older.data(), size);
  EXPECT_EQ(part.size, size);
  EXPECT_EQ(part.rowEnd, UWT_PART_END);
  // Of a newer one, with members that this library does not know.
  struct Newer {
    UWTTensorPart part;
    uint64_t more;
  } newer;
  newer.more = 1;
  uwtTensorPartInit(&newer.part, sizeof(newer));
  EXPECT_EQ(newer.part.size, sizeof(UWTTensorPart));
  EXPECT_EQ(newer.part.columnEnd, UWT_PART_END);
  EXPECT_EQ(newer.more, 0U);
}

TEST_F(CApiMisuseTest, AForkedProcessHasThreadsOfItsOwn) {
  // A matrix of many panels, so that the pool has work.
  std::string large = folder / "large.safetensors", coded = folder / "large.uwt.safetensors";
  Bytes words(640 * 64 * 2);
  for (size_t i = 0; i < words.size(); ++i)
    words[i] = static_cast<uint8_t>(i % 2 ? 0x3C : i / 2 * 37);
  writeTensors(large, {{"w", "BF16", {640, 64}, words}});
  UWTContext *threads = nullptr;
  UWTContainer *opened = nullptr;
  ASSERT_EQ(textOf(uwtContextCreate(3, &threads)), "no error");
  ASSERT_EQ(textOf(uwtCompress(threads, large.c_str(), coded.c_str(), nullptr, nullptr)),
            "no error");
  ASSERT_EQ(textOf(uwtContainerOpen(coded.c_str(), nullptr, &opened)), "no error");
  auto reads = [&] {
    Bytes out(words.size());
    UWTError *error = uwtContainerRead(threads, opened, "w", out.data(), out.size());
    return textOf(error) == "no error" && out == words;
  };
  EXPECT_TRUE(reads());
  pid_t child = ::fork();
  if (child == 0) {
    bool isRead = reads();
    uwtContainerDestroy(opened);
    uwtContextDestroy(threads);
    ::_exit(isRead ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(reads());
  uwtContainerDestroy(opened);
  uwtContextDestroy(threads);
}

TEST_F(CApiMisuseTest, Parts) {
  size_t rank = 0;
  uint64_t shape[1], bytes = 0;
  EXPECT_EQ(textOf(uwtContainerPartShape(nullptr, "a", nullptr, &rank, shape, &bytes)),
            "2: container is NULL");
  EXPECT_EQ(textOf(uwtContainerPartShape(container, nullptr, nullptr, &rank, shape, &bytes)),
            "2: name is NULL");
  EXPECT_EQ(textOf(uwtContainerPartShape(container, "a", nullptr, nullptr, shape, &bytes)),
            "2: rank is NULL");
  EXPECT_EQ(textOf(uwtContainerPartShape(container, "a", nullptr, &rank, nullptr, &bytes)),
            "2: shape is NULL");
  EXPECT_EQ(textOf(uwtContainerPartShape(container, "a", nullptr, &rank, shape, nullptr)),
            "2: bytes is NULL");
  uwtTensorPartInit(nullptr, sizeof(UWTTensorPart));
  UWTTensorPart part;
  uwtTensorPartInit(&part, sizeof(part));
  part.size = 1;
  EXPECT_EQ(textOf(uwtContainerPartShape(container, "a", &part, &rank, shape, &bytes)),
            "2: the options have size 1: set them with uwtTensorPartInit");
  uwtTensorPartInit(&part, sizeof(part));
  part.rowBegin = 3;
  float buffer[2];
  EXPECT_EQ(textOf(uwtContainerReadPart(context, container, "a", &part, buffer, 8)),
            "2: " + path + ": tensor 'a': rows 3:3 are not inside 0:2");
  part.rowBegin = 1;
  EXPECT_EQ(textOf(uwtContainerReadPart(context, container, "a", &part, buffer, 8)),
            "2: " + path + ": tensor 'a': a buffer of 8 bytes, expected 4");
  EXPECT_EQ(textOf(uwtContainerReadPart(context, container, "a", &part, nullptr, 4)),
            "2: buffer is NULL");
  UWTTensorInfo info;
  EXPECT_EQ(textOf(uwtContainerFind(container, "b", &info)).substr(0, 2), "2:");
  EXPECT_EQ(textOf(uwtContainerFind(container, "a", nullptr)), "2: info is NULL");
  const char *key = nullptr;
  std::string size = std::to_string(uwtContainerMetadataSize(container));
  EXPECT_EQ(
      textOf(uwtContainerMetadata(container, uwtContainerMetadataSize(container), &key, &key)),
      "2: there are " + size + " entries of metadata, got index " + size);
}

/// Memory for images, aligned as they are.
struct alignas(64) ImageMemory {
  uint8_t bytes[size_t(1) << 16];
};

TEST_F(CApiMisuseTest, EncodingWeights) {
  const uint64_t shape[] = {64, 64};
  std::vector<uint16_t> data(64 * 64);
  auto image = std::make_unique<ImageMemory>();
  constexpr uint64_t room = sizeof(image->bytes);
  uint64_t used = 0;
  UWTDenseTensor tensor;
  uwtDenseTensorInit(nullptr, sizeof(UWTDenseTensor));
  uwtDenseTensorInit(&tensor, sizeof(tensor));
  auto encode = [&](const char *format) {
    return textOf(uwtWeightEncode(context, &tensor, format, image->bytes, room, &used));
  };
  EXPECT_EQ(encode("raw"), "2: the tensor's dtype is NULL");
  tensor.dtype = "F64";
  EXPECT_EQ(encode("raw"), "2: the tensor's shape is NULL");
  tensor.shape = shape;
  tensor.bytes = 8192;
  EXPECT_EQ(encode("raw"), "2: the tensor's data is NULL");
  tensor.data = data.data();
  EXPECT_EQ(encode("raw"), "2: a weight has no elements of dtype F64");
  tensor.dtype = "BF16";
  tensor.rank = 1;
  EXPECT_EQ(encode("raw"), "2: a weight in memory has 2 to 4 dimensions, got 1");
  tensor.rank = 2;
  EXPECT_EQ(encode(nullptr), "2: format is NULL");
  EXPECT_EQ(encode("zip").substr(0, 2), "2:");
  tensor.rowStride = 65;
  EXPECT_EQ(encode("raw"), "2: the tensor's shape and strides take 8318 bytes, but there are 8192");
  tensor.rowStride = 0;
  EXPECT_EQ(textOf(uwtWeightEncode(context, nullptr, "raw", image->bytes, room, &used)),
            "2: tensor is NULL");
  EXPECT_EQ(textOf(uwtWeightEncode(context, &tensor, "raw", nullptr, room, &used)),
            "2: image is NULL");
  EXPECT_EQ(textOf(uwtWeightEncode(context, &tensor, "raw", image->bytes, room, nullptr)),
            "2: imageBytes is NULL");
  EXPECT_EQ(textOf(uwtWeightEncode(context, &tensor, "raw", image->bytes + 1, room - 64, &used)),
            "2: a weight in memory begins at a multiple of 64 bytes");
  EXPECT_EQ(textOf(uwtWeightEncode(context, &tensor, "raw", image->bytes, 8192, &used)),
            "2: the memory has 8192 bytes, which the weight does not fit in");
  tensor.size = 8;
  EXPECT_EQ(encode("raw"), "2: the options have size 8: set them with uwtDenseTensorInit");
  uwtDenseTensorInit(&tensor, sizeof(tensor));

  EXPECT_EQ(textOf(uwtWeightMaxBytes(nullptr, 2, shape, "raw", &used)), "2: dtype is NULL");
  EXPECT_EQ(textOf(uwtWeightMaxBytes("BF16", 2, nullptr, "raw", &used)), "2: shape is NULL");
  EXPECT_EQ(textOf(uwtWeightMaxBytes("BF16", 2, shape, nullptr, &used)), "2: format is NULL");
  EXPECT_EQ(textOf(uwtWeightMaxBytes("BF16", 2, shape, "raw", nullptr)), "2: bytes is NULL");
  EXPECT_EQ(textOf(uwtWeightMaxBytes("BF16", 1, shape, "raw", &used)),
            "2: a weight in memory has 2 to 4 dimensions, got 1");

  auto load = [&](const char *name) {
    return textOf(uwtWeightLoad(context, container, name, "raw", image->bytes, room, &used));
  };
  EXPECT_EQ(load("b").substr(0, 2), "2:");
  EXPECT_EQ(load("a"), "2: tensor 'a': a weight in memory has 2 to 4 dimensions, got 1");
  EXPECT_EQ(load(nullptr), "2: name is NULL");
}

TEST_F(CApiMisuseTest, UsingWeights) {
  const uint64_t shape[] = {2, 64, 32};
  std::vector<uint16_t> data(2 * 64 * 32), x(32), y(64);
  UWTDenseTensor tensor = {sizeof(UWTDenseTensor), "BF16", 3, shape, data.data(), 8192, 0, 0};
  auto image = std::make_unique<ImageMemory>();
  uint64_t bytes = 0, most = 0;
  ASSERT_EQ(
      textOf(uwtWeightEncode(context, &tensor, "raw", image->bytes, sizeof(image->bytes), &bytes)),
      "no error");
  ASSERT_EQ(textOf(uwtWeightMaxBytes("BF16", 3, shape, "raw", &most)), "no error");
  EXPECT_LE(bytes, most);

  EXPECT_EQ(textOf(uwtWeightCheck(context, nullptr, bytes)), "2: image is NULL");
  EXPECT_EQ(textOf(uwtWeightCheck(context, image->bytes + 1, bytes)),
            "2: a weight in memory begins at a multiple of 64 bytes");
  EXPECT_EQ(textOf(uwtWeightCheck(context, image->bytes, 10)),
            "3: the memory holds no weight of this version of the library");
  EXPECT_EQ(textOf(uwtWeightCheck(context, image->bytes, bytes - 1)),
            "3: the weight in memory is cut or damaged");
  UWTWeightInfo info = {};
  EXPECT_EQ(textOf(uwtWeightInfo(image->bytes, bytes, &info)),
            "2: the info has size 0: set it to sizeof(UWTWeightInfo)");
  info.size = sizeof(info);
  ASSERT_EQ(textOf(uwtWeightInfo(image->bytes, bytes, &info)), "no error");
  EXPECT_EQ(info.imageBytes, bytes);
  UWTWeightPart piece = {};
  EXPECT_EQ(textOf(uwtWeightPart(image->bytes, bytes, 0, &piece)),
            "2: the part has size 0: set it to sizeof(UWTWeightPart)");
  EXPECT_EQ(textOf(uwtWeightPart(image->bytes, bytes, 0, nullptr)), "2: part is NULL");
  uint64_t words = 0;
  piece.size = sizeof(piece);
  for (size_t i = 0; i < info.parts; ++i) {
    ASSERT_EQ(textOf(uwtWeightPart(image->bytes, bytes, i, &piece)), "no error");
    EXPECT_LE(piece.offset + piece.bytes, bytes);
    if (std::string(piece.name) == "words")
      words = piece.bytes;
  }
  // Two panels of 64 rows of 64 columns.
  EXPECT_EQ(words, 2u * 64 * 64 * 2);
  EXPECT_EQ(textOf(uwtWeightPart(image->bytes, bytes, info.parts, &piece)),
            "2: a weight in memory has 10 parts, got index 10");

  UWTTensorPart part;
  uwtTensorPartInit(&part, sizeof(part));
  part.rowEnd = 65;
  EXPECT_EQ(
      textOf(uwtWeightDecode(context, image->bytes, bytes, &part, y.data(), 128)).substr(0, 2),
      "2:");
  uwtTensorPartInit(&part, sizeof(part));
  part.expert = 2;
  EXPECT_EQ(
      textOf(uwtWeightDecode(context, image->bytes, bytes, &part, y.data(), 128)).substr(0, 2),
      "2:");
  part.rankCount = 2;
  EXPECT_EQ(textOf(uwtWeightDecode(context, image->bytes, bytes, &part, y.data(), 128)),
            "2: a weight in memory has no parts by rank: give rows or columns");
  EXPECT_EQ(textOf(uwtWeightDecode(context, image->bytes, bytes, nullptr, nullptr, 8192)),
            "2: buffer is NULL");

  uwtLinearInit(nullptr, sizeof(UWTLinear));
  UWTLinear linear;
  uwtLinearInit(&linear, sizeof(linear));
  auto call = [&] { return textOf(uwtLinear(context, image->bytes, bytes, &linear)); };
  if (call().substr(0, 2) == "5:")
    GTEST_SKIP() << "there are no kernels for this machine";
  EXPECT_EQ(call(), "2: the weight has 64 x 32 elements, the call 0 x 0");
  linear.n = 64;
  linear.k = 32;
  linear.m = 1;
  EXPECT_EQ(call(), "2: x is NULL");
  linear.x = x.data();
  EXPECT_EQ(call(), "2: y is NULL");
  linear.y = y.data();
  EXPECT_EQ(call(), "no error");
  linear.m = 2;
  EXPECT_EQ(call(), "2: rows of x are 0 elements apart, and have 32");
  linear.xStride = uint64_t(1) << 62;
  EXPECT_EQ(call(), "2: 2 rows of x, 4611686018427387904 elements apart, take more than 2^62 "
                    "bytes");
  linear.xStride = 32;
  linear.yStride = uint64_t(1) << 62;
  EXPECT_EQ(call(), "2: 2 rows of y, 4611686018427387904 elements apart, take more than 2^62 "
                    "bytes");
  linear.yStride = 64;
  linear.m = uint64_t(1) << 63;
  EXPECT_EQ(call(), "2: 9223372036854775808 rows of x, 32 elements apart, take more than 2^62 "
                    "bytes");
  linear.m = 1;
  linear.matrix = 2;
  EXPECT_EQ(call(), "2: the weight has 2 matrices, got matrix 2");
  int64_t id = 0;
  EXPECT_EQ(textOf(uwtWeightGather(context, image->bytes, bytes, &id, 1, 32, y.data(), 32)),
            "2: rows are gathered from a weight of 2 dimensions, got 3");
}

TEST_F(CApiMisuseTest, Files) {
  EXPECT_EQ(textOf(uwtCompress(nullptr, "a", "b", nullptr, nullptr)), "2: context is NULL");
  EXPECT_EQ(textOf(uwtCompress(context, nullptr, "b", nullptr, nullptr)), "2: input is NULL");
  EXPECT_EQ(textOf(uwtCompress(context, "a", nullptr, nullptr, nullptr)), "2: output is NULL");
  UWTReport report = {1, 0, 0, 0, 0};
  EXPECT_EQ(textOf(uwtCompress(context, path.c_str(), "b", nullptr, &report)),
            "2: the report has size 1: set it to sizeof(UWTReport)");
  UWTCompressOptions options;
  uwtCompressOptionsInit(nullptr, sizeof(UWTCompressOptions));
  uwtCompressOptionsInit(&options, sizeof(options));
  options.includeCount = 1;
  EXPECT_EQ(textOf(uwtCompress(context, path.c_str(), "b", &options, nullptr)),
            "2: include is NULL");
  uwtCompressOptionsInit(&options, sizeof(options));
  options.format = "smalest";
  EXPECT_EQ(textOf(uwtCompress(context, path.c_str(), "b", &options, nullptr)),
            "2: format: 'smalest' is no format; did you mean 'smallest'?");
  uwtCompressOptionsInit(&options, sizeof(options));
  options.shard = options.shardCount = 2;
  EXPECT_EQ(textOf(uwtCompress(context, path.c_str(), "b", &options, nullptr)),
            "2: there is no shard 2 of 2: shards are counted from 0");
  // An older caller's options end before that.
  options.size = offsetof(UWTCompressOptions, shard);
  options.dryRun = 1;
  EXPECT_EQ(textOf(uwtCompress(context, path.c_str(), "b", &options, nullptr)), "no error");
  UWTFindings *findings = nullptr;
  EXPECT_EQ(textOf(uwtVerify(nullptr, "a", nullptr, &findings)), "2: context is NULL");
  EXPECT_EQ(textOf(uwtVerify(context, nullptr, nullptr, &findings)), "2: path is NULL");
  EXPECT_EQ(textOf(uwtVerify(context, "a", nullptr, nullptr)), "2: findings is NULL");
  uwtVerifyOptionsInit(nullptr, sizeof(UWTVerifyOptions));
  EXPECT_EQ(uwtFindingsCount(nullptr), 0U);
  const char *text = nullptr;
  EXPECT_EQ(textOf(uwtFindingsGet(nullptr, 0, &text, &text)), "2: findings is NULL");
  uwtFindingsDestroy(nullptr);
}

TEST_F(CApiMisuseTest, Compiling) {
  UWTProgram *made = nullptr;
  EXPECT_EQ(textOf(uwtCompile(nullptr, adds, 1, "a", nullptr, &made)), "2: context is NULL");
  EXPECT_EQ(textOf(uwtCompile(context, nullptr, 1, "a", nullptr, &made)), "2: module is NULL");
  EXPECT_EQ(textOf(uwtCompile(context, adds, 1, "a", nullptr, nullptr)), "2: program is NULL");
  uwtCompileOptionsInit(nullptr, sizeof(UWTCompileOptions));
  UWTCompileOptions options;
  uwtCompileOptionsInit(&options, sizeof(options));
  options.weightCount = 1;
  EXPECT_EQ(textOf(uwtCompile(context, adds, 1, "a", &options, &made)), "2: weights is NULL");
  const char *weights[] = {path.c_str(), nullptr};
  options.weights = weights;
  options.weightCount = 2;
  EXPECT_EQ(textOf(uwtCompile(context, adds, 1, "a", &options, &made)), "2: weights[1] is NULL");
  options.weightCount = 0;
  options.arithmetic = "integer<9>";
  EXPECT_EQ(textOf(uwtCompile(context, adds, 1, "a", &options, &made)),
            "2: 'integer<9>' is no arithmetic; expected dense, or integer<2> to integer<8>");
  options.size = 4;
  EXPECT_EQ(textOf(uwtCompile(context, adds, 1, "a", &options, &made)),
            "2: the options have size 4: set them with uwtCompileOptionsInit");
  EXPECT_EQ(made, nullptr);
  EXPECT_EQ(textOf(uwtContextSetProgramFolder(nullptr, "a")), "2: context is NULL");
  EXPECT_EQ(textOf(uwtContextSetProgramFolder(context, path.c_str())),
            "4: " + path + ": is no folder");
  EXPECT_EQ(uwtContextSetProgramFolder(context, nullptr), nullptr);
  EXPECT_EQ(uwtProgramFunctionCount(nullptr), 0U);
  EXPECT_EQ(uwtProgramFunctionName(nullptr, 0), nullptr);
  EXPECT_STREQ(uwtProgramFunctionName(program, 0), "add");
  EXPECT_EQ(uwtProgramFunctionName(program, 1), nullptr);
  uwtProgramDestroy(nullptr);
}

TEST_F(CApiMisuseTest, CompilingPacks) {
  std::string pack = folder / "kernels.uwtpack";
  UWTCompileOptions options;
  uwtCompileOptionsInit(&options, sizeof(options));
  auto compile = [&](const UWTCompileOptions *given, unsigned kernels, const char *target) {
    options.target = target;
    return textOf(uwtCompilePack(context, adds, std::string_view(adds).size(), "a", given, kernels,
                                 pack.c_str()));
  };
  EXPECT_EQ(compile(nullptr, 0, "sm_90a"), "2: options is NULL");
  EXPECT_EQ(compile(&options, 8, "sm_90a"), "2: weightKernels is a sum of UWTWeightKernels, not 8");
  EXPECT_EQ(compile(&options, 0, "avx2"),
            "2: target 'avx2' is no GPU, and that is emitted for GPUs: name one, such as sm_90a");
  EXPECT_EQ(compile(&options, 7, "sm_90a"),
            "2: the module has no product from compressed weights, so there are no kernels");
  EXPECT_EQ(textOf(uwtCompilePack(context, adds, 1, "a", &options, 0, nullptr)), "2: path is NULL");
  EXPECT_FALSE(std::ifstream(pack).is_open());
}

TEST_F(CApiMisuseTest, Running) {
  const float values[] = {1, 2};
  const uint64_t shape[] = {2};
  const UWTTensor good = {"F32", 1, shape, nullptr, values};
  UWTResults *results = nullptr;
  EXPECT_EQ(textOf(uwtProgramRun(nullptr, program, nullptr, &good, 1, &results)),
            "2: context is NULL");
  EXPECT_EQ(textOf(uwtProgramRun(context, nullptr, nullptr, &good, 1, &results)),
            "2: program is NULL");
  EXPECT_EQ(textOf(uwtProgramRun(context, program, nullptr, nullptr, 1, &results)),
            "2: inputs is NULL");
  EXPECT_EQ(textOf(uwtProgramRun(context, program, nullptr, &good, 1, nullptr)),
            "2: results is NULL");
  auto runWith = [&](const UWTTensor &input) {
    return textOf(uwtProgramRun(context, program, nullptr, &input, 1, &results));
  };
  EXPECT_EQ(runWith({nullptr, 1, shape, nullptr, values}),
            "2: input 0: there is no dtype ''; dtypes are those of safetensors, such as BF16 and "
            "F32");
  EXPECT_EQ(runWith({"F32", 1, nullptr, nullptr, values}), "2: input 0: shape is NULL");
  EXPECT_EQ(runWith({"F32", size_t(1) << 60, shape, nullptr, values}),
            "2: input 0: a tensor has at most 64 dimensions, got rank 1152921504606846976");
  EXPECT_EQ(runWith({"F32", 1, shape, nullptr, nullptr}), "2: input 0 of 'add' has no data");
  EXPECT_EQ(results, nullptr);
  EXPECT_EQ(runWith(good), "no error");
  EXPECT_EQ(uwtResultsCount(results), 1U);
  EXPECT_EQ(static_cast<const float *>(uwtResultsTensor(results, 0).data)[1], 4);
  EXPECT_EQ(uwtResultsTensor(results, 1).data, nullptr);
  EXPECT_EQ(uwtResultsTensor(nullptr, 0).data, nullptr);
  EXPECT_EQ(uwtResultsCount(nullptr), 0U);
  uwtResultsDestroy(results);
  uwtResultsDestroy(nullptr);
}

/// Objects of a GPU are not needed for what is refused before one is looked at: their names are
/// checked in the order of the arguments.
TEST_F(CApiMisuseTest, Cuda) {
  uint64_t bytes = 0;
  UWTCudaDevice *device = nullptr;
  UWTCudaPack *pack = nullptr;
  UWTCudaImage *image = nullptr;
  UWTCudaTranscode *transcode = nullptr;
  UWTCudaKernels *kernels = nullptr;
  UWTCudaLayerQueue *queue = nullptr;
  UWTCudaDecoder *decoder = nullptr;
  UWTCudaWeight weight{};
  uint64_t shape[] = {1, 1}, offsets[] = {0, 0};
  EXPECT_EQ(textOf(uwtCudaDeviceCount(nullptr)), "2: count is NULL");
  EXPECT_EQ(textOf(uwtCudaDeviceOpen(0, nullptr)), "2: device is NULL");
  EXPECT_EQ(uwtCudaDeviceName(nullptr), nullptr);
  EXPECT_EQ(uwtCudaDeviceTarget(nullptr), nullptr);
  EXPECT_EQ(textOf(uwtCudaPackOpen(device, "a", &pack)), "2: device is NULL");
  EXPECT_EQ(textOf(uwtCudaImageLoad(nullptr, container, "a", nullptr, &image)),
            "2: context is NULL");
  EXPECT_EQ(textOf(uwtCudaImageLoad(context, container, nullptr, nullptr, &image)),
            "2: name is NULL");
  EXPECT_EQ(textOf(uwtCudaImageEncode(context, "BF16", 2, shape, nullptr, 2, "raw", &image)),
            "2: data is NULL");
  EXPECT_EQ(textOf(uwtCudaImageEncode(context, "BF16", 2, nullptr, shape, 2, "raw", &image)),
            "2: shape is NULL");
  EXPECT_EQ(textOf(uwtCudaImageWeight(image, &weight)), "2: image is NULL");
  EXPECT_EQ(textOf(uwtCudaImageWrite(image, &weight, 1)), "2: image is NULL");
  EXPECT_EQ(textOf(uwtCudaImageCopy(image, device, {0, 0}, nullptr)), "2: image is NULL");
  EXPECT_EQ(
      textOf(uwtCudaTranscodeCreate(context, pack, &weight, container, "a", "raw", &transcode)),
      "2: pack is NULL");
  EXPECT_EQ(uwtCudaTranscodeScratch(nullptr), 0U);
  EXPECT_EQ(textOf(uwtCudaTranscodeCount(transcode, 0, {0, 0}, nullptr, &weight)),
            "2: transcode is NULL");
  EXPECT_EQ(textOf(uwtCudaTranscodeWrite(transcode, {0, 0}, nullptr)), "2: transcode is NULL");
  EXPECT_EQ(textOf(uwtCudaKernelsCreate(pack, &weight, 1, &kernels)), "2: pack is NULL");
  EXPECT_EQ(uwtCudaKernelsName(nullptr, 1), nullptr);
  EXPECT_EQ(textOf(uwtCudaKernelsScratch(kernels, 1, &bytes, &bytes)), "2: kernels is NULL");
  uwtCudaLinearInit(nullptr, sizeof(UWTCudaLinear));
  UWTCudaLinear linear;
  uwtCudaLinearInit(&linear, sizeof(linear));
  EXPECT_EQ(textOf(uwtCudaLinear(kernels, &linear, nullptr)), "2: kernels is NULL");
  EXPECT_EQ(textOf(uwtCudaGroupedLinear(kernels, &linear, offsets, 2, nullptr)),
            "2: kernels is NULL");
  UWTCudaGroupedKernels *grouped = nullptr;
  EXPECT_EQ(textOf(uwtCudaGroupedKernelsCreate(pack, &weight, &grouped)), "2: pack is NULL");
  EXPECT_EQ(uwtCudaGroupedKernelsSlice(nullptr, 8), 0U);
  EXPECT_EQ(textOf(uwtCudaGroupedKernelsScratch(grouped, 8, 1, &bytes, &bytes)),
            "2: kernels is NULL");
  uwtCudaGroupedProductInit(nullptr, sizeof(UWTCudaGroupedProduct));
  UWTCudaGroupedProduct product;
  uwtCudaGroupedProductInit(&product, sizeof(product));
  EXPECT_EQ(textOf(uwtCudaGroupedProduct(grouped, &product, nullptr)), "2: kernels is NULL");
  EXPECT_EQ(textOf(uwtCudaDecoderCreate(pack, &weight, &decoder)), "2: pack is NULL");
  UWTCudaDense dense{};
  EXPECT_EQ(textOf(uwtCudaDecode(decoder, 0, 0, &dense, nullptr)), "2: decoder is NULL");
  UWTCudaGatherer *gatherer = nullptr;
  EXPECT_EQ(textOf(uwtCudaGathererCreate(pack, &weight, &gatherer)), "2: pack is NULL");
  uwtCudaGatherInit(nullptr, sizeof(UWTCudaGather));
  EXPECT_EQ(textOf(uwtCudaGather(gatherer, nullptr, nullptr)), "2: gatherer is NULL");
  UWTCudaEncode *encode = nullptr;
  EXPECT_EQ(textOf(uwtCudaEncodeCreate(pack, "BF16", 1, 1, 1, "raw", &encode)), "2: pack is NULL");
  EXPECT_EQ(uwtCudaEncodeScratch(nullptr), 0U);
  EXPECT_EQ(textOf(uwtCudaEncodeCount(encode, &dense, {0, 0}, nullptr, &weight)),
            "2: encode is NULL");
  EXPECT_EQ(textOf(uwtCudaEncodeWrite(encode, {0, 0}, nullptr)), "2: encode is NULL");
  EXPECT_EQ(textOf(uwtCudaImageOfCodes(nullptr, 0, nullptr, &image)), "2: weight is NULL");
  alignas(64) const uint8_t none[64] = {};
  EXPECT_EQ(textOf(uwtCudaImageOfCodes(none, sizeof(none), nullptr, &image)),
            "3: the memory holds no weight of this version of the library");
  uwtCudaEncodeDestroy(nullptr);
  uwtCudaGathererDestroy(nullptr);
  uwtCudaGroupedKernelsDestroy(nullptr);
  EXPECT_EQ(textOf(uwtCudaLayerQueueCreate(device, &queue)), "2: device is NULL");
  EXPECT_EQ(textOf(uwtCudaLaunchLayers(queue, nullptr, 0, nullptr, 0)), "2: queue is NULL");
  uwtCudaDeviceDestroy(nullptr);
  uwtCudaPackDestroy(nullptr);
  uwtCudaImageDestroy(nullptr);
  uwtCudaTranscodeDestroy(nullptr);
  uwtCudaKernelsDestroy(nullptr);
  uwtCudaDecoderDestroy(nullptr);
  uwtCudaLayerQueueDestroy(nullptr);
}

} // namespace

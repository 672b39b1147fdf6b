//===- PackDamageTest.cpp - Damaged and hostile kernel packs --------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Codec/TestData.h"
#include "Container/TestFiles.h"
#include "SamplePack.h"
#include "lib/Pack/PackTable.h"
#include "uwt/Support/Checksum.h"
#include <functional>
#include <gtest/gtest.h>

using namespace uwt;
using namespace uwt::test;

static constexpr PackOptions unchecked{false};

/// Parses a copy that is followed by nothing a sanitizer would let pass.
static Status parseExactly(std::span<const uint8_t> bytes, const PackOptions &options = {}) {
  ExactBytes copy(bytes);
  auto pack = KernelPack::parse(copy.span(), options);
  if (!pack)
    return pack.takeError();
  return ok();
}

TEST(PackDamage, OfAnyBitIsFound) {
  Bytes bytes = *samplePack().bytes();
  for (size_t bit = 0; bit < bytes.size() * 8; bit += underSanitizer ? 23 : 1) {
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(parseExactly(bytes)) << "bit " << bit;
    // Found or harmless.
    (void)bool(parseExactly(bytes, unchecked));
    bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
  }
}

TEST(PackDamage, ThatCutsOrAddsIsFound) {
  Bytes bytes = *samplePack().bytes();
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parseExactly(std::span(bytes).first(size), unchecked)) << size;
  bytes.resize(bytes.size() + 64);
  EXPECT_FALSE(parseExactly(bytes, unchecked));
}

TEST(PackDamage, OfManyBytesIsNeverACrash) {
  const Bytes sound = *samplePack().bytes();
  Random random(11);
  for (int i = underSanitizer ? 500 : 5000; i > 0; --i) {
    Bytes bytes = sound;
    for (uint64_t edits = 1 + random.below(8); edits > 0; --edits)
      bytes[random.below(bytes.size())] = static_cast<uint8_t>(random.next());
    (void)bool(parseExactly(bytes, unchecked));
  }
}

//===----------------------------------------------------------------------===//
// Lies that all checksums agree with
//===----------------------------------------------------------------------===//

static void put(Bytes &bytes, size_t offset, uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i)
    bytes[offset + i] = static_cast<uint8_t>(value >> (8 * i));
}

/// The sample with its header changed and sealed again.
static std::string messageOfHeader(size_t offset, uint64_t value, unsigned size) {
  Bytes bytes = *samplePack().bytes();
  put(bytes, offset, value, size);
  put(bytes, 56, xxh3(std::span(bytes).first(56)), 8);
  return messageOf(parseExactly(bytes));
}

TEST(PackLies, InTheHeaderAreRefused) {
  const size_t size = samplePack().bytes()->size();
  EXPECT_EQ(messageOfHeader(0, 'X', 1), "it is not a kernel pack");
  EXPECT_EQ(messageOfHeader(8, 2, 4), "it is a kernel pack of version 2, and this program reads "
                                      "version 1; make the pack again");
  EXPECT_EQ(messageOfHeader(12, 1, 4), "byte 12 has to be 0 and is 1");
  EXPECT_EQ(messageOfHeader(48, 256, 8), "byte 49 has to be 0 and is 1");
  EXPECT_EQ(messageOfHeader(16, 64, 8),
            "the pack says that it has 64 bytes, and has " + std::to_string(size));
  EXPECT_EQ(messageOfHeader(24, UINT64_MAX, 8),
            "the table of 18446744073709551615 bytes does not fit the pack of " +
                std::to_string(size));
  EXPECT_EQ(messageOfHeader(32, 0, 8), "the table's checksum is wrong: the pack is damaged");
}

/// What a reader says of a pack with this table and code, all sizes and checksums right.
static std::string messageOfTable(const std::vector<uint8_t> &table, const Bytes &code = {}) {
  Bytes bytes(64);
  bytes.insert(bytes.end(), table.begin(), table.end());
  bytes.resize((bytes.size() + 63) / 64 * 64);
  bytes.insert(bytes.end(), code.begin(), code.end());
  bytes.resize((bytes.size() + 63) / 64 * 64);
  std::copy(packMagic.begin(), packMagic.end(), bytes.begin());
  put(bytes, 8, 1, 4);
  put(bytes, 16, bytes.size(), 8);
  put(bytes, 24, table.size(), 8);
  put(bytes, 32, xxh3(table), 8);
  put(bytes, 56, xxh3(std::span(bytes).first(56)), 8);
  return messageOf(parseExactly(bytes));
}

/// A table of one code object and one kernel, changed by `edit`.
static std::string messageOfRow(const std::function<void(PackTable &)> &edit) {
  Bytes code = sampleCubin();
  PackTable table;
  table.code.push_back({CodeKind::Cubin, "sm_90a", code.size(), xxh3(code)});
  table.kernels.push_back(sampleKernel());
  edit(table);
  return messageOfTable(writeTable(table), code);
}

/// The same, for what is said of the kernel.
static std::string messageOfKernel(const std::function<void(KernelEntry &)> &edit) {
  std::string text = messageOfRow([&](PackTable &table) { edit(table.kernels[0]); });
  std::string start = "kernel 0 ('uwt_skinny_inplace12_n8'): ";
  return text.starts_with(start) ? text.substr(start.size()) : text;
}

TEST(PackLies, OfCountsMakeNoMemory) {
  EXPECT_EQ(messageOfTable({0xFF, 0xFF, 0, 0, 0, 0, 0, 0}),
            "the table is invalid: 65535 tools do not fit the table");
  EXPECT_EQ(messageOfTable({0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF}),
            "the table is invalid: 4294967295 kernels are more than 65536");
  EXPECT_EQ(messageOfTable({1, 0, 0, 0, 9, 0, 'a', 'b'}),
            "the table is invalid: tool 0: it ends inside name");
  EXPECT_EQ(messageOfTable({1, 0, 0, 0, 1, 0, 7, 0, 0}),
            "the table is invalid: tool 0: name has a byte that is no printable ASCII");
  EXPECT_EQ(messageOfTable({0, 0, 0}), "the table is invalid: it ends inside tool");
  EXPECT_EQ(messageOfTable(Bytes(13)), "the table is invalid: bytes follow its last kernel");
  EXPECT_EQ(messageOfTable(Bytes(12)), "no error");
}

TEST(PackLies, OfTextsAreRefused) {
  EXPECT_EQ(messageOfRow([](PackTable &table) { table.code[0].target = "sm_9"; }),
            "code object 0: 'sm_9' is not a target, such as sm_90a");
  EXPECT_EQ(
      messageOfRow([](PackTable &table) { table.tools.push_back({std::string(5000, 'x'), ""}); }),
      "the table is invalid: tool 0: name has 5000 bytes, more than 4096");
  EXPECT_EQ(messageOfKernel([](KernelEntry &entry) { entry.kind = GpuKernelKind(9); }),
            "the table is invalid: kernel 0: kernel kind 9 is not below 8");
  EXPECT_EQ(messageOfKernel([](KernelEntry &entry) { entry.format = {}; }), "it has no format");
  EXPECT_EQ(messageOfKernel([](KernelEntry &entry) { entry.format.codec.keyword = "a b"; }),
            "the table is invalid: kernel 0: format: codec: expected a name such as 'none' or "
            "'window<4>', got 'a b<4>'");
  EXPECT_EQ(messageOfRow([](PackTable &table) { table.kernels[0].kernel = "a;b"; }),
            "kernel 0 ('a;b'): a kernel's name has letters, digits, '_', '$' and '.' only");
}

TEST(PackLies, OfCodeObjectsAreRefused) {
  EXPECT_EQ(messageOfRow([](PackTable &table) { table.code[0].bytes = 1000; }),
            "code object 0 of 1000 bytes at 640 leaves the pack of 960");
  EXPECT_EQ(messageOfRow([](PackTable &table) { table.code[0].bytes = UINT64_MAX; }),
            "code object 0 of 18446744073709551615 bytes at 640 leaves the pack of 960");
  EXPECT_EQ(messageOfRow([](PackTable &table) { table.code[0].checksum = 1; }),
            "code object 0: its checksum is wrong: the pack is damaged");
  EXPECT_EQ(messageOfRow([](PackTable &table) { table.code.clear(); }),
            "kernel 0 ('uwt_skinny_inplace12_n8'): it is in code object 0 of 0");
  EXPECT_EQ(messageOfRow([](PackTable &table) {
              table.code.clear();
              table.kernels.clear();
            }),
            "320 bytes follow the last code object");
}

TEST(PackLies, OfKernelsAreRefused) {
  using Edit = std::function<void(KernelEntry &)>;
  const std::pair<Edit, const char *> cases[] = {
      {[](auto &e) { e.code = 1; }, "it is in code object 1 of 1"},
      {[](auto &e) { e.result = e.format; }, "it has a result's format, but is of kind skinny"},
      {[](auto &e) { e.kind = GpuKernelKind::Transcode; },
       "it is of kind transcode without a result's format"},
      {[](auto &e) { e.format.storage = Storage::KMajor; },
       "its format 'inplace<12>, storage=k_major' says how tensors lie; leave out storage and "
       "fold"},
      {[](auto &e) { e.n = {5, 4, 1}; }, "n is from 5 to 4"},
      {[](auto &e) { e.k.multiple = 0; }, "k is a multiple of 0"},
      {[](auto &e) { e.mFrom = 9; }, "m is from 9 to 8"},
      {[](auto &e) { e.launch.threads = 0; }, "0 threads are no multiple of 32 from 32 to 1024"},
      {[](auto &e) { e.launch.threads = 1056; },
       "1056 threads are no multiple of 32 from 32 to 1024"},
      {[](auto &e) { e.launch.sharedBytes = 232449; },
       "232449 bytes of shared memory are more than 232448"},
      {[](auto &e) { e.launch.cluster = 3; }, "a cluster has 1, 2, 4, 8 or 16 CTAs, not 3"},
      {[](auto &e) { e.launch.cluster = 0; }, "a cluster has 1, 2, 4, 8 or 16 CTAs, not 0"},
      {[](auto &e) { e.launch.ctasPerMultiprocessor = 33; },
       "a multiprocessor runs 1 to 32 CTAs, not 33"},
  };
  for (const auto &[edit, message] : cases)
    EXPECT_EQ(messageOfKernel(edit), message);
}

TEST(PackLies, OfArgumentsAreRefused) {
  using Edit = std::function<void(std::vector<KernelArgument> &)>;
  const std::pair<Edit, const char *> cases[] = {
      {[](auto &a) { a[13].type = ArgumentType::F32; },
       "argument 13 (n): it is a number of type f32, and has to be i32 or i64"},
      {[](auto &a) { a[0].type = ArgumentType::I32; },
       "argument 0 (panels): its elements are i32, and have to be i64"},
      {[](auto &a) { a[6].alignment = 0; }, "argument 6 (x): it has the alignment 0"},
      {[](auto &a) { a[6].alignment = 512; }, "argument 6 (x): it has the alignment 512"},
      {[](auto &a) { a[1].alignment = 2; }, "argument 1 (code): it has the alignment 2"},
      {[](auto &a) { a[1].number = 2; }, "argument 1 (code): it has the number 2"},
      {[](auto &a) { a[11].number = 0; },
       "argument 11 (extra): it has the number 0, and 1 comes next"},
      {[](auto &a) { a[17].constant = uint64_t(1) << 32; },
       "argument 17 (constant): its constant has more than 32 bits"},
      {[](auto &a) { a[7].constant = 1; }, "argument 7 (y): its constant has more than 0 bits"},
      {[](auto &a) { a[2] = a[1]; }, "argument 2 (code): it is there twice"},
      // The sample's tiles have all of m, so none has a matrix of its own.
      {[](auto &a) { a.push_back({ArgumentKind::Slices, ArgumentType::I32, 4, 0, 0}); },
       "it has the argument slices, and is no product whose tiles have some of m"},
      {[](auto &a) { a.resize(65); },
       "the table is invalid: kernel 0: 65 arguments are more than 64"},
  };
  for (const auto &[edit, message] : cases)
    EXPECT_EQ(messageOfKernel([&](KernelEntry &entry) { edit(entry.arguments); }), message);
  EXPECT_EQ(messageOfKernel([](KernelEntry &entry) {
              entry.launch.tileM = 8;
              entry.arguments.push_back({ArgumentKind::Slices, ArgumentType::I64, 4, 0, 0});
            }),
            "argument 18 (slices): its elements are i64, and have to be i32");
}

TEST(PackLies, OfPreparationsAreRefused) {
  using Edit = void (*)(PackTable &);
  const std::pair<Edit, const char *> cases[] = {
      {[](PackTable &) {}, "no error"},
      {[](PackTable &t) { t.kernels[0].prepare = 3; },
       "it is prepared by kernel 2 of 2, which has to be another"},
      {[](PackTable &t) { t.kernels[0].prepare = UINT32_MAX; },
       "it is prepared by kernel 4294967294 of 2, which has to be another"},
      {[](PackTable &t) { t.kernels[0].prepare = 1; },
       "it is prepared by kernel 0 of 2, which has to be another"},
      {[](PackTable &t) { t.kernels[1].prepare = 1; },
       "it is prepared by kernel 1 ('uwt_pack_n64'), which is prepared by one that is prepared "
       "itself; a launch has at most three kernels"},
      {[](PackTable &t) { t.kernels[1].code = 1; },
       "it is prepared by kernel 1 ('uwt_pack_n64'), which is for another target"},
      {[](PackTable &t) { t.kernels[1].code = 2; },
       "it is prepared by kernel 1 ('uwt_pack_n64'), which is for another target"},
      {[](PackTable &t) { t.kernels[1].element = ElementType::F16; },
       "it is prepared by kernel 1 ('uwt_pack_n64'), which is for another kernel kind, format or "
       "element"},
      {[](PackTable &t) { t.kernels[1].mTo = 7; },
       "it is prepared by kernel 1 ('uwt_pack_n64'), which does not fit all of its problems"},
      {[](PackTable &t) { t.kernels[1].k.multiple = 0; },
       "it is prepared by kernel 1 ('uwt_pack_n64'), which does not fit all of its problems"},
      {[](PackTable &t) { t.kernels[1].k.multiple = 32; },
       "it is prepared by kernel 1 ('uwt_pack_n64'), which does not fit all of its problems"},
      {[](PackTable &t) { t.kernels[1].workspace.perCta = 33; },
       "it is prepared by kernel 1 ('uwt_pack_n64'), which asks for more scratch memory"},
      {[](PackTable &t) {
         for (uint32_t number : {0, 1, 2})
           t.kernels[1].arguments.push_back({ArgumentKind::Extra, ArgumentType::F32, 8, number, 0});
       },
       "it is prepared by kernel 1 ('uwt_pack_n64'), which takes more operands of the epilogue"},
  };
  const std::string start = "kernel 0 ('uwt_skinny_inplace12_n8'): ";
  for (const auto &[edit, message] : cases) {
    std::string text = messageOfRow([edit = edit](PackTable &table) {
      table.code.push_back(table.code[0]);
      table.code[1].target = "sm_80";
      table.code[1].bytes = 0;
      table.kernels.push_back(samplePreparation());
      table.kernels[0].prepare = 2;
      edit(table);
      if (table.kernels[1].code == 0)
        table.code.pop_back();
    });
    EXPECT_EQ(text.starts_with(start) ? text.substr(start.size()) : text, message);
  }
}

//===----------------------------------------------------------------------===//
// pack-6
//===----------------------------------------------------------------------===//

TEST(PackCode, ThatIsNotWholeIsRefused) {
  auto cubin = [](size_t offset, uint64_t value, unsigned size) {
    Bytes bytes = sampleCubin();
    put(bytes, offset, value, size);
    return messageOf(checkCode(CodeKind::Cubin, bytes));
  };
  EXPECT_EQ(cubin(0, 0x7F, 1), "no error");
  EXPECT_EQ(cubin(4, 1, 1), "it is not a 64-bit ELF file");
  EXPECT_EQ(cubin(18, 62, 2), "it is for machine 62, and CUDA is 190");
  EXPECT_EQ(cubin(32, UINT64_MAX, 8), "its table of segments leaves it");
  EXPECT_EQ(cubin(56, 0xFFFF, 2), "its table of segments leaves it");
  EXPECT_EQ(cubin(80 + 32, UINT64_MAX, 8), "its segment 0 leaves it");
  EXPECT_EQ(cubin(40, 137, 8), "its table of sections leaves it");
  EXPECT_EQ(cubin(60, 0, 2), "its table of sections leaves it");
  EXPECT_EQ(cubin(62, 2, 2), "its section of names is not there");
  EXPECT_EQ(cubin(200 + 32, 1000, 8), "its section 1 leaves it");
  auto ptx = [](std::string_view text) {
    return messageOf(
        checkCode(CodeKind::Ptx, {reinterpret_cast<const uint8_t *>(text.data()), text.size()}));
  };
  EXPECT_EQ(ptx({"ab\0", 3}), "no error");
  EXPECT_EQ(ptx("ab"), "it is PTX without the zero byte that ends it");
  EXPECT_EQ(ptx({"a\0b\0", 4}), "it is PTX with a zero byte inside");
  EXPECT_EQ(ptx(""), "it is PTX without the zero byte that ends it");
}

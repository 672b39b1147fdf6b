//===- SamplePack.cpp - A small kernel pack -------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SamplePack.h"

using namespace uwt;
using namespace uwt::test;

static Format formatOf(std::string_view text) { return *Format::parse(text); }

std::vector<uint8_t> uwt::test::sampleCubin(uint8_t filling) {
  // Header, 16 bytes of code, a program header, two section headers.
  std::vector<uint8_t> elf(64 + 16 + 56 + 2 * 64);
  auto put = [&](size_t offset, uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i)
      elf[offset + i] = static_cast<uint8_t>(value >> (8 * i));
  };
  put(0, 0x464C457F, 4);
  elf[4] = 2;
  elf[5] = 1;
  put(18, 190, 2);
  put(32, 80, 8);
  put(40, 136, 8);
  put(54, 56, 2);
  put(56, 1, 2);
  put(58, 64, 2);
  put(60, 2, 2);
  put(62, 1, 2);
  for (size_t i = 64; i < 80; ++i)
    elf[i] = filling;
  put(80 + 8, 64, 8);
  put(80 + 32, 16, 8);
  // The first section is SHT_NOBITS with a size beyond the file; the second one has the code.
  put(136 + 4, 8, 4);
  put(136 + 32, 1 << 20, 8);
  put(200 + 4, 1, 4);
  put(200 + 24, 64, 8);
  put(200 + 32, 16, 8);
  return elf;
}

static std::vector<KernelArgument> sampleArguments() {
  auto memref = [](ArgumentKind kind, ArgumentType type, uint32_t alignment = 1) {
    return KernelArgument{kind, type, alignment, 0, 0};
  };
  return {memref(ArgumentKind::Panels, ArgumentType::I64),
          memref(ArgumentKind::Code, ArgumentType::I32),
          memref(ArgumentKind::Words, ArgumentType::I32),
          memref(ArgumentKind::Patch, ArgumentType::I32),
          memref(ArgumentKind::Records, ArgumentType::I64),
          memref(ArgumentKind::Table, ArgumentType::I32),
          memref(ArgumentKind::X, ArgumentType::BF16, 16),
          memref(ArgumentKind::Y, ArgumentType::F32, 4),
          memref(ArgumentKind::Workspace, ArgumentType::I32, 16),
          memref(ArgumentKind::Counters, ArgumentType::I32, 4),
          {ArgumentKind::Extra, ArgumentType::F32, 8, 0, 0},
          {ArgumentKind::Extra, ArgumentType::BF16, 2, 1, 0},
          memref(ArgumentKind::M, ArgumentType::I32),
          memref(ArgumentKind::N, ArgumentType::I64),
          memref(ArgumentKind::K, ArgumentType::I64),
          memref(ArgumentKind::XStride, ArgumentType::I64),
          memref(ArgumentKind::YStride, ArgumentType::I32),
          {ArgumentKind::Constant, ArgumentType::F32, 1, 0, 0x3F800000}};
}

KernelEntry uwt::test::sampleKernel() {
  KernelEntry entry;
  entry.kernel = "uwt_skinny_inplace12_n8";
  entry.kind = GpuKernelKind::Skinny;
  entry.strategy = "direct";
  entry.format = formatOf("inplace<12>");
  entry.n = {1, UINT64_MAX, 1};
  entry.k = {16, UINT64_MAX, 16};
  entry.mFrom = 1;
  entry.mTo = 8;
  entry.launch = {GridRule::Persistent, 288, 98304, 2, true, 2, 64, 1024, 0};
  entry.workspace = {4, 256, 16, 32, 4};
  entry.arguments = sampleArguments();
  return entry;
}

KernelEntry uwt::test::samplePreparation() {
  KernelEntry entry = sampleKernel();
  entry.kernel = "uwt_pack_n64";
  entry.mTo = 64;
  entry.launch = {GridRule::Tiles, 256, 0, 1, false, 1, 0, 64, 8};
  entry.workspace = {};
  entry.arguments = {{ArgumentKind::X, ArgumentType::BF16, 2, 0, 0},
                     {ArgumentKind::XStride, ArgumentType::I64, 1, 0, 0},
                     {ArgumentKind::M, ArgumentType::I64, 1, 0, 0},
                     {ArgumentKind::Workspace, ArgumentType::I32, 16, 0, 0}};
  return entry;
}

KernelPackWriter uwt::test::samplePack() {
  static constexpr std::string_view ptx = ".version 8.0\n.target sm_80\n.address_size 64\n";
  KernelPackWriter pack;
  pack.addTool("ptxas", "13.0.88");
  pack.addTool("uwt", "0.1.0");
  uint32_t hopper = pack.addCode(CodeKind::Cubin, "sm_90a", sampleCubin(1));
  uint32_t ampere = pack.addCode(CodeKind::Cubin, "sm_80", sampleCubin(2));
  uint32_t text = pack.addCode(CodeKind::Ptx, "sm_80",
                               {reinterpret_cast<const uint8_t *>(ptx.data()), ptx.size()});
  KernelEntry entry = sampleKernel();
  entry.code = hopper;
  pack.addKernel(entry);
  // Kernel 5 comes before it.
  entry.prepare = 6;
  entry.kernel = "uwt_skinny_inplace12_n64";
  entry.mFrom = 9;
  entry.mTo = 64;
  pack.addKernel(entry);
  entry.prepare = 0;
  entry.mFrom = 1;
  entry.launch.cluster = 1;
  entry.launch.dependent = false;
  for (uint32_t code : {ampere, text}) {
    entry.kernel = "uwt_shared_inplace12";
    entry.kind = GpuKernelKind::Shared;
    entry.code = code;
    pack.addKernel(entry);
  }
  KernelEntry transcode;
  transcode.kernel = "uwt_transcode_huffman";
  transcode.code = hopper;
  transcode.kind = GpuKernelKind::Transcode;
  transcode.strategy = "transcode";
  transcode.format = formatOf("huffman<12,2>");
  transcode.result = formatOf("inplace<12>");
  transcode.launch.grid = GridRule::Tiles;
  transcode.launch.threads = 128;
  pack.addKernel(transcode);
  pack.addKernel(samplePreparation());
  return pack;
}

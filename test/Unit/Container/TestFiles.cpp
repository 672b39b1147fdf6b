//===- TestFiles.cpp - Files and weights for tests ------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "uwt/Support/Checksum.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

namespace uwt::test {

Bytes readBytes(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

void writeBytes(const std::string &path, const Bytes &bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char *>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

void writeText(const std::string &path, const std::string &text) {
  writeBytes(path, Bytes(text.begin(), text.end()));
}

std::string readText(const std::string &path) {
  Bytes bytes = readBytes(path);
  return std::string(bytes.begin(), bytes.end());
}

std::vector<std::string> namesIn(const std::string &folder) {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::map<std::string, std::string> contentsOf(const std::string &folder) {
  std::map<std::string, std::string> contents;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(folder)) {
    Bytes bytes = entry.is_regular_file() ? readBytes(entry.path().string()) : Bytes();
    contents[entry.path().lexically_relative(folder).string()] =
        std::to_string(bytes.size()) + " " + toHex64(xxh3(bytes));
  }
  return contents;
}

CheckpointOptions onOneThread() {
  CheckpointOptions options;
  options.compress.threads = 1;
  return options;
}

Bytes bf16Weights(uint64_t elements, unsigned seed) {
  // Box-Muller on a plain generator: std::normal_distribution differs between
  // libraries.
  std::mt19937_64 random(seed);
  auto uniform = [&] { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; };
  Bytes bytes;
  for (uint64_t i = 0; i < elements; ++i) {
    double value = std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform());
    uint32_t bits = std::bit_cast<uint32_t>(static_cast<float>(value * 0.02));
    bytes.push_back(static_cast<uint8_t>(bits >> 16));
    bytes.push_back(static_cast<uint8_t>(bits >> 24));
  }
  return bytes;
}

Bytes randomBytes(uint64_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(count);
  for (uint8_t &byte : bytes)
    byte = static_cast<uint8_t>(random());
  return bytes;
}

Bytes safetensors(const std::string &header, const Bytes &data) {
  Bytes bytes;
  for (unsigned i = 0; i < 8; ++i)
    bytes.push_back(static_cast<uint8_t>(uint64_t(header.size()) >> (8 * i)));
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

CompressOptions compressOnOneThread() {
  CompressOptions options;
  options.threads = 1;
  return options;
}

VerifyOptions verifyOnOneThread(bool decode) {
  VerifyOptions options;
  options.threads = 1;
  options.decode = decode;
  return options;
}

void writeTensors(const std::string &path, const std::vector<TestTensor> &tensors,
                  const MetadataEntries &metadata) {
  std::vector<SafetensorsOutput> outputs;
  for (const TestTensor &tensor : tensors)
    outputs.push_back(
        {tensor.name, findSafetensorsDtype(tensor.dtype), tensor.shape, tensor.bytes});
  ASSERT_TRUE(holds(writeSafetensors(path, outputs, metadata, true)));
}

} // namespace uwt::test

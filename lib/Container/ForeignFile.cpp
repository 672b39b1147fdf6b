//===- ForeignFile.cpp - Files that are not safetensors -------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Magic numbers are those that the formats' own specifications give. Protocol buffers (ONNX,
// TensorFlow) have none: there, the first fields that every writer begins with are looked at.
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/ForeignFile.h"
#include "CheckpointRewrite.h"
#include "FileTree.h"
#include "uwt/Container/Checkpoint.h"
#include <algorithm>

namespace uwt {

static std::string_view textOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// A length of a header that a file can hold, and the brace that its JSON begins with.
static bool looksLikeSafetensors(std::string_view text) {
  if (text.size() < 9 || text[8] != '{')
    return false;
  uint64_t length = 0;
  for (unsigned i = 0; i < 8; ++i)
    length |= uint64_t(static_cast<uint8_t>(text[i])) << (8 * i);
  return length <= safetensorsHeaderLimit;
}

namespace {
/// What a file is, and the next step.
struct Description {
  std::string_view what, step;
};

/// What a file is that has `magic` at `offset`.
struct Magic {
  size_t offset;
  std::string_view magic;
  Description description;
};
} // namespace

static constexpr std::string_view convert =
    "convert it to safetensors first, 'uwt help convert' has the commands";
static constexpr Description pyTorch = {"a PyTorch checkpoint, not safetensors", convert};
static constexpr Description pickle = {"a Python pickle, not safetensors", convert};

using namespace std::string_view_literals;

/// The first that fits is taken.
static constexpr Magic magics[] = {
    {0,
     "version https://git-lfs"sv,
     {"a Git LFS pointer, not the weights", "fetch them with git lfs pull"}},
    // Protocol 2 and the number that torch.save wrote before it wrote zip archives.
    {0, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"sv, pyTorch},
    {0, "\x80\x02"sv, pickle},
    {0, "\x80\x03"sv, pickle},
    {0, "\x80\x04"sv, pickle},
    {0, "\x80\x05"sv, pickle},
    {0,
     "GGUF"sv,
     {"a GGUF file, not safetensors",
      "compress the safetensors model that it was made from, or convert it, 'uwt help convert' "
      "has the commands"}},
    {0, "\x89HDF\r\n\x1a\n"sv, {"an HDF5 file (Keras), not safetensors", convert}},
    {0, "\x93NUMPY"sv, {"a NumPy array (.npy), not safetensors", convert}},
    {4,
     "TFL3"sv,
     {"a TensorFlow Lite model, not safetensors",
      "compress the safetensors model that it was made from"}},
    {0, "UWTPACK\0"sv, {"a pack of GPU kernels, not weights", "'uwt inspect' shows it"}},
    {0, "ML\xefR"sv, {"an MLIR module, not weights", "'uwt run' and 'uwt compile' take it"}},
    {0,
     "\x1f\x8b"sv,
     {"compressed by gzip",
      "unpack it with gunzip (a .tar.gz with tar xzf) and give what is in it"}},
    {0,
     "\x28\xb5\x2f\xfd"sv,
     {"compressed by zstd", "unpack it with unzstd and give what is in it"}},
    {0, "\xfd\x37zXZ\0"sv, {"compressed by xz", "unpack it with unxz and give what is in it"}},
    {0, "BZh"sv, {"compressed by bzip2", "unpack it with bunzip2 and give what is in it"}},
    {257, "ustar"sv, {"a tar archive", "unpack it with tar xf and give what is in it"}},
};

/// What a zip archive holds is told by the names in its directory, which is its end.
static Description describeZip(std::string_view text) {
  constexpr size_t most = size_t(1) << 20;
  std::string_view directory = text.substr(text.size() - std::min(text.size(), most));
  auto holds = [&](std::string_view name) {
    return directory.find(name) != std::string_view::npos;
  };
  if (holds("/data.pkl"))
    return pyTorch;
  if (holds(".npy"))
    return {"a NumPy archive (.npz), not safetensors", convert};
  if (holds("model.weights.h5"))
    return {"a Keras model, not safetensors", convert};
  return {"a zip archive, not safetensors", "unpack it with unzip and give what is in it"};
}

/// Whether `text` is the rest of a field of bytes: a length of up to 64 bits, and at least so many
/// bytes.
static bool isWholeField(std::string_view text) {
  uint64_t length = 0;
  for (size_t i = 0; i < std::min<size_t>(text.size(), 10); ++i) {
    auto byte = static_cast<uint8_t>(text[i]);
    length |= uint64_t(byte & 0x7f) << (7 * i);
    if (byte < 0x80)
      return length > 0 && length <= text.size() - i - 1;
  }
  return false;
}

/// Field 1 of the first message is a small version. Field 2 is a text or a message: ONNX writes the
/// name of its producer there, a SavedModel of TensorFlow has version 1 and then its graph. Without
/// a producer ONNX has its graph next, which is field 7.
static std::optional<Description> describeProtocolBuffer(std::string_view text) {
  constexpr Description onnx = {"an ONNX model, not safetensors", convert};
  if (text.size() < 5 || text[0] != 0x08 || text[1] < 1 || text[1] > 30)
    return std::nullopt;
  if (text[2] == 0x3a && isWholeField(text.substr(3)))
    return onnx;
  if (text[2] != 0x12)
    return std::nullopt;
  if (text[1] == 1)
    return Description{"a TensorFlow SavedModel, not safetensors", convert};
  auto length = static_cast<uint8_t>(text[3]);
  std::string_view producer = text.substr(4, length);
  bool isName =
      length > 0 && length < 64 && producer.size() == length &&
      std::all_of(producer.begin(), producer.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!isName)
    return std::nullopt;
  return onnx;
}

/// The last eight bytes of a table of LevelDB, which indexes of TensorFlow's checkpoints are.
static bool isTensorFlowIndex(std::string_view text) {
  return text.ends_with("\x57\xfb\x80\x8b\x24\x75\x47\xdb"sv);
}

static std::optional<Description> describeText(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  size_t begin = std::min(text.find_first_not_of(space), text.size());
  size_t next = std::min(text.find_first_not_of(space, begin + 1), text.size());
  if (next == text.size())
    return std::nullopt;
  if (text[begin] == '{' && (text[next] == '"' || text[next] == '}')) {
    if (text.find("\"weight_map\"") != std::string_view::npos)
      return Description{"the index of a model, not its weights",
                         "give the folder that it lies in"};
    return Description{"JSON, not weights",
                       "give the folder that it lies in, or a .safetensors file of it"};
  }
  bool isMarkup = text[next] == '!' || text[next] == '?' || text.substr(begin).starts_with("<html");
  if (text[begin] == '<' && isMarkup)
    return Description{"a web page, not weights",
                       "the download went wrong (perhaps a login or a licence stood before it), "
                       "download it again"};
  return std::nullopt;
}

static std::optional<Description> describe(std::string_view text) {
  if (looksLikeSafetensors(text))
    return std::nullopt;
  for (std::string_view zip : {"PK\3\4", "PK\5\6", "PK\6\6"})
    if (text.starts_with(zip))
      return describeZip(text);
  for (const Magic &known : magics)
    if (text.size() >= known.offset && text.substr(known.offset).starts_with(known.magic))
      return known.description;
  if (isTensorFlowIndex(text))
    return Description{"the index of a TensorFlow checkpoint, not safetensors", convert};
  if (auto description = describeProtocolBuffer(text))
    return description;
  return describeText(text);
}

std::optional<std::string> describeForeignFile(std::span<const uint8_t> bytes) {
  std::optional<Description> known = describe(textOf(bytes));
  if (!known)
    return std::nullopt;
  return "this is " + std::string(known->what) + "; " + std::string(known->step);
}

/// The description of a file that can be read.
static std::optional<std::string> describeFile(const std::string &path) {
  auto file = MappedFile::open(path);
  if (!file)
    return std::nullopt;
  auto description = describeForeignFile(file->bytes());
  return file->checkRead() ? description : std::nullopt;
}

Error noWeights(const std::string &folder) {
  std::string text = folder + ": has no .safetensors files";
  if (isFolder(joinPath(folder, "snapshots")) && isFolder(joinPath(folder, "blobs")))
    return usageError(text + "; this is a hub cache, give one of the folders in snapshots/");
  auto tree = FileTree::read(folder);
  if (!tree)
    return tree.takeError();
  for (const TreeFile &file : tree->files)
    if (lowerCase(file.name()).ends_with(weightEnding))
      return usageError(text + ", but " + file.path +
                        ", which is spelled otherwise; rename it to end in .safetensors");
  // Enough to meet the weights of any model.
  constexpr size_t most = 1000;
  for (size_t i = 0; i < tree->files.size() && i < most; ++i) {
    const TreeFile &file = tree->files[i];
    if (file.name().ends_with(".json") || file.name().ends_with(".html"))
      continue;
    if (auto description = describeFile(file.full))
      return usageError(text + ", but " + file.path + ": " + *description);
  }
  return usageError(text);
}

Status checkNotForeign(const std::string &path) {
  if (isFolder(path)) {
    auto files = weightFiles(path);
    return files && files->empty() ? Status(noWeights(path)) : ok();
  }
  auto description = describeFile(path);
  return description ? Status(invalidError(path + ": " + *description)) : ok();
}

} // namespace uwt

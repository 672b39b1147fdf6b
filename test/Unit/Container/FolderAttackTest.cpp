//===- FolderAttackTest.cpp - Hostile and unlucky model folders -----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rules folder-1 to folder-9 of docs/container.md, where someone means harm, or where files
// change while they are read.
//
//===----------------------------------------------------------------------===//

#include "Container/TestFiles.h"
#include "lib/Container/Manifest.h"
#include "uwt/Container/Checkpoint.h"
#include "uwt/Container/FileOperations.h"
#include "uwt/Support/Checksum.h"
#include <filesystem>
#include <functional>
#include <gmock/gmock.h>
#include <sys/stat.h>

using namespace uwt;
using namespace uwt::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

namespace {

unsigned modeOf(const std::string &path) {
  struct stat there{};
  EXPECT_EQ(::stat(path.c_str(), &there), 0) << path;
  return there.st_mode & 07777;
}

/// Two shards of equal size in `model`, compressed into `out`.
class FolderAttackTest : public testing::Test {
protected:
  void SetUp() override {
    fs::create_directory(folder / "model");
    in = folder / "model";
    out = folder / "out";
    back = folder / "back";
    for (unsigned i : {0u, 1u})
      writeTensors(in + "/" + std::to_string(i) + ".safetensors",
                   {{"w" + std::to_string(i), "BF16", {64, 64}, bf16Weights(64 * 64, i + 1)}});
    writeText(in + "/config.json", "{}");
    writeText(in + "/script.py", "print()");
  }

  void compressModel() { ASSERT_TRUE(holds(compress(in, out, onOneThread()))); }

  /// Changes the manifest of `out` and seals it again.
  void changeManifest(const std::function<void(Manifest &)> &change) {
    auto manifest = Manifest::parse(readText(out + "/uwt.json"));
    ASSERT_TRUE(holds(manifest));
    change(*manifest);
    writeText(out + "/uwt.json", manifest->str());
  }

  TemporaryFolder folder;
  std::string in, out, back;
};

/// While it lives, calls a function before the first write of data.
class BeforeWrite final : public FileOperations {
public:
  explicit BeforeWrite(std::function<void()> action) : action(std::move(action)) {
    setFileOperationsForTesting(this);
  }
  ~BeforeWrite() override { setFileOperationsForTesting(nullptr); }
  Status write(int descriptor, std::span<const uint8_t> bytes, uint64_t offset,
               const std::string &path) override {
    if (std::exchange(isFirst, false))
      action();
    return FileOperations::write(descriptor, bytes, offset, path);
  }

private:
  std::function<void()> action;
  bool isFirst = true;
};

/// While it lives, flips a bit of everything that is written behind the header.
class FlipsWrites final : public FileOperations {
public:
  FlipsWrites() { setFileOperationsForTesting(this); }
  ~FlipsWrites() override { setFileOperationsForTesting(nullptr); }
  Status write(int descriptor, std::span<const uint8_t> bytes, uint64_t offset,
               const std::string &path) override {
    Bytes copy(bytes.begin(), bytes.end());
    if (offset != 0)
      copy[copy.size() / 2] ^= 1;
    return FileOperations::write(descriptor, copy, offset, path);
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Files that are not those of the manifest
//===----------------------------------------------------------------------===//

TEST_F(FolderAttackTest, SwappedShardsAreFoundBeforeAnythingIsWritten) {
  compressModel();
  fs::rename(out + "/0.uwt.safetensors", out + "/x");
  fs::rename(out + "/1.uwt.safetensors", out + "/0.uwt.safetensors");
  fs::rename(out + "/x", out + "/1.uwt.safetensors");
  EXPECT_EQ(messageOf(decompress(out, back, {})),
            out + "/0.uwt.safetensors: is not the file that uwt.json lists: it was made of other "
                  "weights or with other options; nothing was written");
  EXPECT_FALSE(fs::exists(back));
}

TEST_F(FolderAttackTest, ADamagedFolderWritesNothing) {
  compressModel();
  Bytes sound = readBytes(out + "/1.uwt.safetensors"), bytes = sound;
  bytes[bytes.size() - 300] ^= 1;
  writeBytes(out + "/1.uwt.safetensors", bytes);
  auto restored = decompress(out, back, {});
  EXPECT_THAT(messageOf(restored), HasSubstr("1.uwt.safetensors: tensor 'w1': panel 0"));
  EXPECT_EQ(restored.error().getKind(), ErrorKind::Invalid);
  EXPECT_FALSE(fs::exists(back));
  // Without checksums, whatever can be had is written.
  DecompressOptions unchecked;
  unchecked.check = false;
  EXPECT_TRUE(holds(decompress(out, back, unchecked)));

  writeText(out + "/script.py", "exit()");
  writeBytes(out + "/1.uwt.safetensors", sound);
  EXPECT_EQ(messageOf(decompress(out, folder / "b2", {})),
            out + "/script.py: its size or checksum is not the one in uwt.json: the file is "
                  "damaged or was changed; nothing was written");
  fs::remove(out + "/0.uwt.safetensors");
  auto missing = decompress(out, folder / "b2", {});
  EXPECT_EQ(messageOf(missing),
            out + "/0.uwt.safetensors: is missing, but uwt.json lists it; get it again");
  EXPECT_EQ(missing.error().getKind(), ErrorKind::IO);
  EXPECT_FALSE(fs::exists(folder / "b2"));
}

TEST_F(FolderAttackTest, WhatWasMadeIsTakenBackWhereAFileIsDamagedMeanwhile) {
  compressModel();
  fs::create_directory(back);
  writeText(back + "/mine", "stays");
  changeManifest([&](Manifest &manifest) {
    ManifestFile file;
    file.path = file.originalPath = "zzz/deep/last";
    file.kind = ManifestFile::Kind::Carried;
    file.checksum = xxh3(asBytes("abc"));
    file.bytes = 3;
    manifest.files.push_back(file);
  });
  fs::create_directories(out + "/zzz/deep");
  writeText(out + "/zzz/deep/last", "abc");
  // The file changes between the check of the folder and its copy.
  unsigned calls = 0;
  DecompressOptions options;
  options.progress = [&](uint64_t) {
    if (++calls == 6)
      writeText(out + "/zzz/deep/last", "xyz");
    return true;
  };
  auto restored = decompress(out, back, options);
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().getKind(), ErrorKind::Invalid) << messageOf(restored);
  EXPECT_THAT(namesIn(back), ElementsAre("mine"));
}

TEST_F(FolderAttackTest, VerifyNamesFilesThatAreNotListed) {
  compressModel();
  writeText(out + "/modeling.py", "import os");
  auto report = verify(out, {});
  ASSERT_TRUE(holds(report));
  EXPECT_TRUE(report->passed());
  ASSERT_EQ(report->notes.size(), 1u);
  EXPECT_EQ(report->notes[0].where, out + "/modeling.py");
  EXPECT_EQ(report->notes[0].message, "is not listed in uwt.json");
  // Weights would be read with the model's own.
  fs::copy_file(in + "/0.safetensors", out + "/extra.safetensors");
  report = verify(out, {});
  ASSERT_TRUE(holds(report));
  ASSERT_EQ(report->findingCount, 1u);
  EXPECT_EQ(report->findings[0].message,
            "is not listed in uwt.json, but would be read as a part of the model");
  EXPECT_EQ(messageOf(compress(in, out, onOneThread())),
            out + "/extra.safetensors: is no part of the model that is written, but would be read "
                  "as one; remove it, name another output, or use -f to replace the model that is "
                  "there");
}

TEST_F(FolderAttackTest, OutputsInsideInputsAreRefused) {
  compressModel();
  std::string message = ": lies in the folder that is decompressed, or around it; give another one";
  EXPECT_EQ(messageOf(decompress(out, out + "/sub", {})), out + "/sub" + message);
  EXPECT_EQ(messageOf(decompress(out, folder.path, {})), folder.path + message);
}

TEST_F(FolderAttackTest, OldFoldersAreReadAndGivenBack) {
  compressModel();
  // Version 1: the names of the originals, no modes.
  for (const char *name : {"0", "1"})
    fs::rename(out + "/" + name + ".uwt.safetensors", out + "/" + name + ".safetensors");
  changeManifest([](Manifest &manifest) {
    for (ManifestFile &file : manifest.files) {
      file.path = file.originalPath;
      file.mode.reset();
    }
  });
  std::string text = readText(out + "/uwt.json");
  for (const char *key : {"\"checkpoint\": ", "\"reader\": "})
    text.replace(text.find(key) + std::string(key).size(), 1, "1");
  text.replace(text.find("\"checksum\": \"") + 13, 16, zeroHex64);
  text.replace(text.find(zeroHex64), 16, toHex64(xxh3(asBytes(text))));
  writeText(out + "/uwt.json", text);

  auto report = verify(out, {});
  ASSERT_TRUE(holds(report));
  EXPECT_TRUE(report->passed());
  EXPECT_TRUE(verifyAgainst(out, in, {})->passed());
  ASSERT_TRUE(holds(Checkpoint::open(out)));
  ASSERT_TRUE(holds(decompress(out, back, {})));
  EXPECT_EQ(namesIn(back), namesIn(in));
  EXPECT_EQ(readBytes(back + "/1.safetensors"), readBytes(in + "/1.safetensors"));
}

//===----------------------------------------------------------------------===//
// Sources that cannot become a compressed folder
//===----------------------------------------------------------------------===//

TEST_F(FolderAttackTest, NamesThatJsonCannotHoldAreRefusedEarly) {
  writeText(in + "/caf\xe9.txt", "latin-1");
  EXPECT_EQ(messageOf(compress(in, out, onOneThread())),
            in + "/caf\xe9.txt: its name is not valid UTF-8, which the list of a compressed "
                 "model's files cannot hold; rename it");
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(FolderAttackTest, CompressedFilesInASourceAreRefusedEarly) {
  ASSERT_TRUE(holds(compressFile(in + "/0.safetensors", in + "/0.uwt.safetensors", {})));
  EXPECT_EQ(messageOf(compress(in, out, onOneThread())),
            in + "/0.uwt.safetensors: is compressed already; decompress it, or move it out of the "
                 "folder");
  EXPECT_FALSE(fs::exists(out));
  // A plain file of such a name gets one of its own.
  fs::remove(in + "/0.uwt.safetensors");
  fs::copy_file(in + "/1.safetensors", in + "/0.uwt.safetensors");
  compressModel();
  EXPECT_TRUE(fs::exists(out + "/0.uwt.safetensors"));
  EXPECT_TRUE(fs::exists(out + "/0.uwt.uwt.safetensors"));
  ASSERT_TRUE(holds(decompress(out, back, {})));
  EXPECT_EQ(namesIn(back), namesIn(in));
  EXPECT_EQ(readBytes(back + "/0.uwt.safetensors"), readBytes(in + "/0.uwt.safetensors"));
}

TEST_F(FolderAttackTest, LongNamesComeBack) {
  for (size_t length : {242u, 251u, 255u}) {
    fs::copy_file(in + "/0.safetensors", in + "/" + std::string(length - 12, 'n') + ".safetensors");
    writeText(in + "/" + std::string(length, 'c'), "carried");
  }
  compressModel();
  ASSERT_TRUE(holds(decompress(out, back, {})));
  EXPECT_EQ(namesIn(back), namesIn(in));
  EXPECT_TRUE(verifyAgainst(out, in, {})->passed());
}

TEST_F(FolderAttackTest, AFileThatChangesWhileItIsReadIsAnError) {
  std::string source = in + "/0.safetensors", target = folder / "c";
  for (bool isReplaced : {false, true}) {
    BeforeWrite change([&] {
      Bytes other = readBytes(source);
      other.back() ^= 1;
      if (isReplaced)
        fs::remove(source);
      writeBytes(source, other);
    });
    EXPECT_EQ(messageOf(compressFile(source, target, {})),
              source + ": changed while it was read; run again when nothing writes to it");
    EXPECT_FALSE(fs::exists(target));
  }
  // Also without reading back, and where another file of the folder is being compressed.
  CheckpointOptions quick = onOneThread();
  quick.compress.verify = false;
  BeforeWrite change([&] { writeText(in + "/script.py", "changed"); });
  EXPECT_THAT(messageOf(compress(in, out, quick)),
              HasSubstr(in + "/script.py: changed while it was read; run again when nothing writes "
                             "to it"));
  EXPECT_FALSE(fs::exists(out + "/uwt.json"));
}

TEST_F(FolderAttackTest, WhatWasWrittenIsReadBack) {
  std::string source = in + "/0.safetensors", target = folder / "c";
  {
    FlipsWrites flips;
    auto report = compressFile(source, target, {});
    EXPECT_THAT(messageOf(report),
                testing::StartsWith(source + ": what was written does not give it back, and was "
                                             "removed: tensor 'w0': "));
    EXPECT_EQ(report.error().getKind(), ErrorKind::IO);
    EXPECT_THAT(namesIn(folder.path), ElementsAre("model"));
  }
  FlipsWrites flips;
  CompressOptions unchecked;
  unchecked.verify = false;
  EXPECT_TRUE(holds(compressFile(source, target, unchecked)));
}

//===----------------------------------------------------------------------===//
// Permissions
//===----------------------------------------------------------------------===//

TEST_F(FolderAttackTest, PermissionsAreKept) {
  ::chmod((in + "/0.safetensors").c_str(), 0600);
  ::chmod((in + "/script.py").c_str(), 04755); // setuid is not kept
  ::chmod((in + "/config.json").c_str(), 0640);
  ::chmod(in.c_str(), 0700);
  compressModel();
  EXPECT_EQ(modeOf(out), 0700u);
  EXPECT_EQ(modeOf(out + "/0.uwt.safetensors"), 0600u);
  EXPECT_EQ(modeOf(out + "/script.py"), 0755u);
  EXPECT_EQ(modeOf(out + "/config.json"), 0640u);
  EXPECT_EQ(modeOf(out + "/uwt.json"), 0640u); // it holds the text of config.json
  ASSERT_TRUE(holds(decompress(out, back, {})));
  EXPECT_EQ(modeOf(back), 0700u);
  EXPECT_EQ(modeOf(back + "/0.safetensors"), 0600u);
  EXPECT_EQ(modeOf(back + "/script.py"), 0755u);
  EXPECT_EQ(modeOf(back + "/config.json"), 0640u);

  ::chmod((out + "/0.uwt.safetensors").c_str(), 0640);
  ASSERT_TRUE(holds(decompressFile(out + "/0.uwt.safetensors", folder / "one", {})));
  EXPECT_EQ(modeOf(folder / "one"), 0640u);
}

TEST_F(FolderAttackTest, AManifestOpensNothingThatWasClosed) {
  compressModel();
  changeManifest([](Manifest &manifest) {
    for (ManifestFile &file : manifest.files)
      file.mode = 0777;
  });
  ::chmod((out + "/script.py").c_str(), 0600);
  ::chmod((out + "/0.uwt.safetensors").c_str(), 0644);
  ASSERT_TRUE(holds(decompress(out, back, {})));
  EXPECT_EQ(modeOf(back + "/script.py"), 0700u);
  EXPECT_EQ(modeOf(back + "/0.safetensors"), 0755u);
}

//===----------------------------------------------------------------------===//
// Limits
//===----------------------------------------------------------------------===//

TEST_F(FolderAttackTest, MoreBytesThanAllowedAreRefusedBeforeAnythingIsWritten) {
  uint64_t bytes = 0;
  for (const auto &entry : fs::directory_iterator(in))
    bytes += entry.file_size();
  compressModel();
  DecompressOptions options;
  options.maxBytes = bytes - 1;
  auto refused = decompress(out, back, options);
  EXPECT_EQ(messageOf(refused), out + ": would become " + std::to_string(bytes) +
                                    " bytes, more than the " + std::to_string(bytes - 1) +
                                    " that are allowed");
  EXPECT_EQ(refused.error().getKind(), ErrorKind::Usage);
  EXPECT_FALSE(fs::exists(back));
  // What the manifest says does not count.
  changeManifest([](Manifest &manifest) {
    for (ManifestFile &file : manifest.files) {
      file.originalBytes = 0;
      file.bytes = file.kind == ManifestFile::Kind::Carried ? 0 : file.bytes;
    }
  });
  EXPECT_EQ(messageOf(decompress(out, back, options)), messageOf(refused));
  auto report = verify(out, {});
  ASSERT_TRUE(holds(report));
  EXPECT_EQ(report->originalBytes, bytes);
  EXPECT_EQ(report->findingCount, 3u); // both shards and script.py
}

TEST_F(FolderAttackTest, SharedTensorsCount) {
  Bytes weights = bf16Weights(64 * 64, 7);
  std::vector<TestTensor> tensors;
  for (unsigned i = 0; i < 40; ++i)
    tensors.push_back({"t" + std::to_string(i), "BF16", {64, 64}, weights});
  writeTensors(folder / "many", tensors);
  uint64_t bytes = fs::file_size(folder / "many");
  ASSERT_TRUE(holds(compressFile(folder / "many", folder / "c", {})));
  EXPECT_LT(fs::file_size(folder / "c"), bytes / 8);
  auto report = verifyFile(folder / "c", {});
  ASSERT_TRUE(holds(report));
  EXPECT_EQ(report->originalBytes, bytes);
  DecompressOptions options;
  options.maxBytes = bytes - 1;
  EXPECT_THAT(messageOf(decompressFile(folder / "c", folder / "x", options)),
              HasSubstr(": would become " + std::to_string(bytes) + " bytes"));
  options.maxBytes = bytes;
  EXPECT_TRUE(holds(decompressFile(folder / "c", folder / "x", options)));
}

//===- ManifestTest.cpp - The list of a compressed model's files ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rule folder-4 of docs/container.md.
//
//===----------------------------------------------------------------------===//

#include "lib/Container/Manifest.h"
#include "Container/TestFiles.h"
#include "lib/Container/FileNames.h"
#include "uwt/Support/Checksum.h"

using namespace uwt;
using namespace uwt::test;

static ManifestFile fileOf(const std::string &path, const std::string &originalPath) {
  ManifestFile file;
  file.path = path;
  file.originalPath = originalPath;
  return file;
}

static ManifestFile fileOf(const std::string &path) { return fileOf(path, path); }

/// The message of reading back a manifest of these files and folders.
static std::string messageFor(std::vector<ManifestFile> files,
                              std::vector<std::string> folders = {}) {
  Manifest manifest;
  manifest.files = std::move(files);
  manifest.folders = std::move(folders);
  return messageOf(Manifest::parse(manifest.str()));
}

TEST(Manifest, RoundTripsAndFindsEveryFlippedBit) {
  Manifest manifest;
  manifest.files = {fileOf("a/b"), fileOf("c.uwt.safetensors", "c.safetensors")};
  manifest.files[0].kind = ManifestFile::Kind::Rewritten;
  manifest.files[0].bytes = 5;
  manifest.files[0].checksum = 0x0123456789abcdef;
  manifest.files[0].original = "te\"xt\n";
  manifest.files[0].mode = 0640;
  manifest.files[1].kind = ManifestFile::Kind::Container;
  manifest.files[1].originalBytes = 9;
  manifest.folders = {"d"};
  manifest.leftOut = {".git"};
  std::string text = manifest.str();
  auto parsed = Manifest::parse(text);
  ASSERT_TRUE(holds(parsed));
  EXPECT_EQ(parsed->str(), text);
  EXPECT_EQ(parsed->files[0].original, "te\"xt\n");
  EXPECT_EQ(parsed->files[0].mode, FileMode(0640));
  EXPECT_EQ(parsed->files[1].originalBytes, 9u);
  EXPECT_EQ(parsed->files[1].originalPath, "c.safetensors");
  EXPECT_FALSE(parsed->files[1].mode);
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(Manifest::parse(flipped)) << bit;
  }
}

TEST(Manifest, OldVersionsAreReadAndNewOnesAreNot) {
  std::string text = "{\n  \"checksum\": \"0000000000000000\",\n  \"checkpoint\": 1,\n"
                     "  \"reader\": 1,\n  \"files\": [{\"path\": \"model.safetensors\", "
                     "\"kind\": \"carried\", \"bytes\": 3, \"xxh3\": \"00000000000000ff\"}]}";
  auto sealed = [](std::string text) {
    std::string digits = toHex64(xxh3(asBytes(text)));
    return text.replace(text.find(zeroHex64), digits.size(), digits);
  };
  auto old = Manifest::parse(sealed(text));
  ASSERT_TRUE(holds(old));
  EXPECT_EQ(old->files[0].originalPath, "model.safetensors");
  EXPECT_FALSE(old->files[0].mode);
  text.replace(text.find("\"reader\": 1"), 11, "\"reader\": 3");
  EXPECT_EQ(messageOf(Manifest::parse(sealed(text))),
            "needs a reader of version 3, this is version 2; use a newer uwt");
}

TEST(Manifest, PathsAreThoseOfAModel) {
  for (const char *path : {"../x", "/x", "a/../../x", "a//b", "", ".", "a/", "uwt.json",
                           ".git/config", "a/.git/hooks/x", ".GIT/config", ".cache/x", ".uwt-ab/x",
                           ".UWT-x", "x.uwt-partial", ".x.uwt-partial/y"}) {
    std::string message = "'path' is " + std::string("'") + path + "', which is no path of a model";
    EXPECT_EQ(messageFor({fileOf(path)}), message);
    EXPECT_EQ(messageFor({fileOf("good", path)}).substr(0, 15), "'original_path'") << path;
    EXPECT_EQ(messageFor({}, {path}), "'folders' holds something that is no path of a model");
  }
  EXPECT_FALSE(isModelPath(std::string(5000, 'a')));
  // A file system would refuse it in the middle of the work.
  EXPECT_FALSE(isModelPath("a/" + std::string(256, 'b') + "/c"));
  EXPECT_TRUE(isModelPath("a/" + std::string(255, 'b') + "/c"));
  EXPECT_EQ(messageFor({fileOf("a/uwt.json")}), "no error");
}

TEST(Manifest, NoPathOccursTwice) {
  EXPECT_EQ(messageFor({fileOf("a"), fileOf("a")}), "the path 'a' occurs twice");
  EXPECT_EQ(messageFor({fileOf("a", "x"), fileOf("b", "x")}), "the path 'x' occurs twice");
  EXPECT_EQ(messageFor({fileOf("a"), fileOf("a/b")}), "the path 'a' is both a file and a folder");
  EXPECT_EQ(messageFor({fileOf("a/b")}, {"a"}), "the path 'a' is both a file and a folder");
  EXPECT_EQ(messageFor({fileOf("A"), fileOf("a")}), "no error");
}

TEST(Manifest, HoldsAnyNumberOfShortPaths) {
  Manifest manifest;
  for (char a = 'a'; a <= 'z'; ++a)
    for (unsigned i = 0; i < 800; ++i)
      manifest.folders.push_back(std::string(1, a) + std::to_string(i));
  EXPECT_TRUE(holds(Manifest::parse(manifest.str())));
}

TEST(Manifest, ModesAreThreeDigits) {
  std::string text = "{\"mode\": ";
  Manifest manifest;
  manifest.files = {fileOf("a")};
  manifest.files[0].mode = 0755;
  std::string sound = manifest.str();
  for (const char *mode : {"\"75\"", "\"4755\"", "\"799\"", "493"}) {
    std::string bad = sound;
    bad.replace(bad.find("\"755\""), 5, mode);
    bad.replace(bad.find("\"checksum\": \"") + 13, 16, zeroHex64);
    bad.replace(bad.find(zeroHex64), 16, toHex64(xxh3(asBytes(bad))));
    EXPECT_EQ(messageOf(Manifest::parse(bad)), "file 'a': 'mode' is not three octal digits");
  }
}

TEST(FileNames, CompressedFilesHaveNamesThatOtherLoadersDoNotFind) {
  EXPECT_EQ(compressedWeightPath("model.safetensors"), "model.uwt.safetensors");
  EXPECT_EQ(compressedWeightPath("unet/a.fp16.safetensors"), "unet/a.fp16.uwt.safetensors");
  EXPECT_EQ(compressedWeightPath("a.uwt.safetensors"), "a.uwt.uwt.safetensors");
  EXPECT_EQ(compressedIndexPath("model.safetensors.index.json"),
            "model.uwt.safetensors.index.json");
  EXPECT_EQ(compressedIndexPath("unet/x.safetensors.index.fp16.json"),
            "unet/x.uwt.safetensors.index.fp16.json");
}

TEST(FileNames, LongNamesAreCutAndStayDistinct) {
  std::string stem(243, 'x'); // with its ending, 255 bytes
  std::string name = compressedWeightPath("a/" + stem + ".safetensors");
  EXPECT_EQ(name.size(), 2u + 255);
  EXPECT_TRUE(name.ends_with(".uwt.safetensors"));
  EXPECT_NE(name, compressedWeightPath("a/" + stem.substr(1) + "y.safetensors"));
  // Not in the middle of a character.
  std::string accents;
  for (unsigned i = 0; i < 121; ++i)
    accents += "\u00e9";
  EXPECT_TRUE(isUtf8(fittingName("x" + accents, ".uwt.safetensors")));
  EXPECT_EQ(fittingName("." + std::string(241, 'n'), ".uwt-partial"),
            "." + std::string(241, 'n') + ".uwt-partial");
}

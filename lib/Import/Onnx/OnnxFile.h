//===- OnnxFile.h - Initializers and nodes of an ONNX file ------*- C++ -*-===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What onnx.proto calls ModelProto, as far as weights need it (onnx-1 and onnx-2 of
// docs/quantised.md).
//
// Private to lib/Import.
//
//===----------------------------------------------------------------------===//

#ifndef UWT_LIB_IMPORT_ONNX_ONNXFILE_H
#define UWT_LIB_IMPORT_ONNX_ONNXFILE_H

#include "uwt/Container/File.h"
#include "uwt/Format/QuantizedElement.h"
#include <map>
#include <set>

namespace uwt {

/// A type of TensorProto that weights, scales or zero points have.
struct OnnxType {
  uint32_t number;
  /// As compositions call it: "f16", "int<4>".
  std::string_view name;
  unsigned bits;
  /// Of codes.
  std::optional<QuantizedElement> element = {};

  /// Null where this build does not know it.
  static const OnnxType *find(uint64_t number);
};

/// An initializer, or what a Constant holds.
struct OnnxTensor {
  std::string name;
  std::vector<uint64_t> shape;
  uint64_t typeNumber = 0;
  /// Null where this build does not know it.
  const OnnxType *type = nullptr;
  /// Its elements, little-endian, codes of less than 8 bits low first without gaps. They belong to
  /// the model; as many as the shape says only where `refusal` is empty.
  std::span<const uint8_t> bytes;
  /// Why they are not there.
  std::string refusal;

  /// Product of the shape, or nothing where that is too large.
  std::optional<uint64_t> elements() const;
  /// Precondition: they are of F32, F16 or BF16, and `refusal` is empty.
  std::vector<float> floats() const;
};

/// Names of the attributes of an operation: those that are read, by their types, and those that
/// have no say in weights.
struct KnownAttributes {
  std::vector<std::string_view> integers, floats, lists, ignored;
};

struct OnnxNode {
  std::string name, operation, domain;
  /// Names of values; empty ones are not given.
  std::vector<std::string> inputs, outputs;
  /// Attributes that are an integer, several integers, or a float.
  std::map<std::string, int64_t, std::less<>> integers;
  std::map<std::string, std::vector<uint64_t>, std::less<>> lists;
  std::map<std::string, float, std::less<>> floats;
  /// Names of attributes of other types, and of those that the node has twice.
  std::set<std::string, std::less<>> others;

  /// Whether it is that operation of ONNX itself, or of onnxruntime.
  bool is(std::string_view operation) const;
  bool isOfOnnxruntime(std::string_view operation) const;
  /// The name of an input, or empty.
  std::string_view input(size_t index) const;
  /// The name of the only output, or empty.
  std::string_view output() const;
  /// Returns why an attribute of the node is not read, or empty.
  std::string unreadAttribute(const KnownAttributes &known) const;
};

/// A graph, with all graphs inside of it, and the files that have its numbers. It does not move.
class OnnxModel {
public:
  /// Opens the file and those that it refers to. Errors: Invalid, where it is damaged or refers to
  /// what is not there; IO.
  static Expected<std::shared_ptr<const OnnxModel>> open(const std::string &path);

  const std::vector<OnnxTensor> &initializers() const { return tensors; }
  const std::vector<OnnxNode> &nodes() const { return operations; }
  /// The initializer of that name; null where there is none, or it is empty.
  const OnnxTensor *find(std::string_view name) const;
  /// An IO error where some bytes could not be read.
  Status checkRead() const;

private:
  friend class OnnxParser;

  explicit OnnxModel(MappedFile file) : file(std::move(file)) {}

  MappedFile file;
  /// By their names relative to the file's folder.
  std::map<std::string, MappedFile> data;
  std::vector<OnnxTensor> tensors;
  std::vector<OnnxNode> operations;
  std::map<std::string_view, const OnnxTensor *> byName;
  /// Elements that the file has in another form than that of `bytes`.
  std::vector<std::vector<uint8_t>> unpacked;
};

} // namespace uwt

#endif // UWT_LIB_IMPORT_ONNX_ONNXFILE_H

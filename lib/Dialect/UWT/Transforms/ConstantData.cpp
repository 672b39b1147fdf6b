//===- ConstantData.cpp - Bytes of constants ------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Dialect/UWT/Transforms/ConstantData.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "uwt/Support/CheckedMath.h"

using namespace mlir;

namespace uwt {

/// Resources are aligned as the planes of a container are.
static constexpr size_t resourceAlignment = 64;

static std::span<const uint8_t> asBytes(ArrayRef<char> data) {
  return {reinterpret_cast<const uint8_t *>(data.data()), data.size()};
}

bool isElided(Attribute constant) {
  auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(constant);
  return resource && !resource.getRawHandle().getBlob();
}

/// Bytes of a constant of `type`, or nothing where they are not whole or too many.
static std::optional<uint64_t> sizeOf(ShapedType type) {
  if (!type.getElementType().isIntOrFloat() || type.getElementTypeBitWidth() % 8 != 0)
    return std::nullopt;
  std::optional<uint64_t> size = type.getElementTypeBitWidth() / 8;
  for (int64_t extent : type.getShape())
    if (size)
      size = checkedMultiply(*size, static_cast<uint64_t>(extent));
  return size;
}

Expected<ConstantBytes> denseBytes(ElementsAttr constant) {
  std::optional<uint64_t> size = sizeOf(constant.getShapedType());
  if (!size)
    return unsupportedError("a constant's elements are not whole bytes");
  ConstantBytes result;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return invalidError("dense_resource<" + resource.getRawHandle().getKey().str() +
                          "> has no data");
    result.bytes = asBytes(blob->getData());
  } else if (auto dense = dyn_cast<DenseElementsAttr>(constant)) {
    ArrayRef<char> data = dense.getRawData();
    result.bytes = asBytes(data);
    if (dense.isSplat() && *size != data.size()) {
      result.expanded.reserve(*size);
      while (result.expanded.size() < *size)
        result.expanded.insert(result.expanded.end(), data.begin(), data.end());
      result.bytes = result.expanded;
    }
  } else {
    return unsupportedError("a constant is neither dense nor dense_resource");
  }
  if (result.bytes.size() != *size)
    return invalidError("a constant has " + std::to_string(result.bytes.size()) +
                        " bytes, expected " + std::to_string(*size));
  return result;
}

Expected<ConstantPlanes> planesOf(ConstantOp constant) {
  ConstantPlanes result;
  for (NamedAttribute plane : constant.getPlanes()) {
    auto kind = parsePlaneName(std::string_view(plane.getName().strref()));
    auto attribute = dyn_cast<ElementsAttr>(plane.getValue());
    if (!kind || !attribute)
      return invalidError("a plane that is no constant");
    Expected<ConstantBytes> bytes = denseBytes(attribute);
    if (!bytes)
      return bytes.takeError().in("plane '" + plane.getName().str() + "'");
    auto index = static_cast<unsigned>(*kind);
    result.storage[index] = std::move(*bytes);
    result.views[index] = result.storage[index].bytes;
  }
  return result;
}

DenseResourceElementsAttr makeResource(RankedTensorType type, StringRef key,
                                       std::span<const uint8_t> bytes) {
  ArrayRef<char> data(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  return DenseResourceElementsAttr::get(
      type, key, HeapAsmResourceBlob::allocateAndCopyWithAlign(data, resourceAlignment));
}

DictionaryAttr makePlanes(MLIRContext *context, StringRef key, const MemoryPlanes &planes) {
  SmallVector<NamedAttribute> attributes;
  for (unsigned k = 0; k < planeKinds; ++k) {
    const std::vector<uint8_t> &bytes = planes.planes[k];
    if (bytes.empty())
      continue;
    std::string_view name = planeName(static_cast<PlaneKind>(k));
    auto type =
        RankedTensorType::get({static_cast<int64_t>(bytes.size())}, IntegerType::get(context, 8));
    std::string planeKey = (key + "." + StringRef(name)).str();
    attributes.emplace_back(StringAttr::get(context, name), makeResource(type, planeKey, bytes));
  }
  return DictionaryAttr::get(context, attributes);
}

StringRef keyOf(Attribute constant) {
  if (auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(constant))
    return resource.getRawHandle().getKey();
  return "constant";
}

} // namespace uwt

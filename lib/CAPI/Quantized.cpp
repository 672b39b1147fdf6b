//===- Quantized.cpp - Weights of quantised checkpoints in the C API ------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Objects.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <cstddef>
#include <cstring>

using namespace uwt;

UWTContainer::~UWTContainer() { delete quantizedWeights.load(); }

Expected<const UWTContainer::Quantized *> UWTContainer::quantized() const {
  if (const Quantized *found = quantizedWeights.load(std::memory_order_acquire))
    return found;
  // Without a lock, which a process that is forked meanwhile would wait for without end: threads
  // that come at the same time search each for itself, and the first result stays.
  UWT_ASSIGN_OR_RETURN(ImportedWeights weights, ImportedWeights::open(checkpoint, path));
  auto made = std::make_unique<Quantized>(Quantized{std::move(weights), {}});
  for (const auto &[name, weight] : made->weights.all()) {
    QuantizedNames names = {std::string(weight.recipe), {}};
    for (const std::string &part : weight.parts)
      names.parts.push_back(part.c_str());
    made->names.emplace(name, std::move(names));
  }
  const Quantized *published = nullptr;
  if (quantizedWeights.compare_exchange_strong(published, made.get(), std::memory_order_acq_rel))
    return made.release();
  return published;
}

static Expected<const ImportedWeight *> findQuantized(const UWTContainer &container,
                                                      std::string_view name) {
  UWT_ASSIGN_OR_RETURN(const UWTContainer::Quantized *quantized, container.quantized());
  if (const ImportedWeight *found = quantized->weights.find(name))
    return found;
  std::vector<std::string_view> names;
  for (const auto &[other, weight] : quantized->weights.all())
    names.push_back(other);
  return usageError("no quantised weight " + inQuotes(name) + " in " + container.path +
                    didYouMean(name, names) + quantized->weights.hint());
}

/// `use` of a weight, with errors that name it.
template <typename Use>
static Status withQuantized(const UWTContainer &container, std::string_view name, Use use) {
  UWT_ASSIGN_OR_RETURN(const ImportedWeight *weight, findQuantized(container, name));
  Status used = use(*weight);
  return used ? ok() : Status(used.takeError().in("weight " + inQuotes(name)));
}

static Status describe(const UWTContainer &container, const ImportedWeight &weight,
                       UWTQuantizedInfo *info) {
  // What the first version had.
  constexpr size_t least = offsetof(UWTQuantizedInfo, runFormat);
  UWT_RETURN_IF_ERROR(checkSize(info->size, least, "info", "UWTQuantizedInfo"));
  UWT_ASSIGN_OR_RETURN(const UWTContainer::Quantized *quantized, container.quantized());
  const UWTContainer::QuantizedNames &names = quantized->names.find(weight.name)->second;
  const std::string &runFormat = weight.runFormat.empty() ? weight.format : weight.runFormat;
  giveInfo(info, {info->size, weight.name.c_str(), names.recipe.c_str(), weight.format.c_str(),
                  weight.shape.size(), weight.shape.data(), names.parts.size(), names.parts.data(),
                  weight.refusal.empty() ? nullptr : weight.refusal.c_str(), runFormat.c_str()});
  return ok();
}

UWTError *uwtContainerQuantizedSize(const UWTContainer *container, size_t *size) {
  return runFunction({{container, "container"}, {size, "size"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(const UWTContainer::Quantized *quantized, container->quantized());
    *size = quantized->weights.all().size();
    return ok();
  });
}

UWTError *uwtContainerQuantized(const UWTContainer *container, size_t index,
                                UWTQuantizedInfo *info) {
  return runFunction({{container, "container"}, {info, "info"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(const UWTContainer::Quantized *quantized, container->quantized());
    const auto &weights = quantized->weights.all();
    UWT_RETURN_IF_ERROR(checkIndex(index, weights.size(), "quantised weights"));
    auto weight = std::next(weights.begin(), static_cast<ptrdiff_t>(index));
    return describe(*container, weight->second, info);
  });
}

UWTError *uwtContainerCheckPlain(const UWTContainer *container, const char *name) {
  return runFunction({{container, "container"}, {name, "name"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(const auto found, container->checkpoint.find(name));
    UWT_ASSIGN_OR_RETURN(const UWTContainer::Quantized *quantized, container->quantized());
    Status plain = quantized->weights.checkPlain(*found.first, *found.second);
    return plain ? ok()
                 : Status(plain.takeError().in("tensor " + inQuotes(std::string_view(name))));
  });
}

UWTError *uwtContainerFindQuantized(const UWTContainer *container, const char *name,
                                    UWTQuantizedInfo *info) {
  return runFunction({{container, "container"}, {name, "name"}, {info, "info"}}, [&]() -> Status {
    UWT_ASSIGN_OR_RETURN(const ImportedWeight *weight, findQuantized(*container, name));
    return describe(*container, *weight, info);
  });
}

static Expected<ElementType> valueTypeOf(std::string_view dtype) {
  UWT_ASSIGN_OR_RETURN(ElementType type, elementOf(dtype));
  if (canDecodeTo(type))
    return type;
  return usageError("values of quantised weights are BF16, F16 or F32, not " + std::string(dtype));
}

UWTError *uwtContainerQuantizedPartShape(const UWTContainer *container, const char *name,
                                         const char *dtype, const UWTTensorPart *part, size_t *rank,
                                         uint64_t *shape, uint64_t *bytes) {
  return runFunction(
      {{container, "container"},
       {name, "name"},
       {dtype, "dtype"},
       {rank, "rank"},
       {shape, "shape"},
       {bytes, "bytes"}},
      [&]() -> Status {
        UWT_ASSIGN_OR_RETURN(ElementType type, valueTypeOf(dtype));
        return withQuantized(*container, name, [&](const ImportedWeight &weight) -> Status {
          UWT_ASSIGN_OR_RETURN(TensorSlice slice, sliceOf(part, weight.shape));
          UWT_ASSIGN_OR_RETURN(std::vector<uint64_t> sizes, sliceShape(weight, slice));
          *bytes = getTraits(type).bytes;
          for (uint64_t size : sizes)
            *bytes *= size;
          *rank = sizes.size();
          std::ranges::copy(sizes, shape);
          return ok();
        });
      });
}

UWTError *uwtContainerReadQuantized(UWTContext *context, const UWTContainer *container,
                                    const char *name, const char *dtype, const UWTTensorPart *part,
                                    void *buffer, uint64_t bytes) {
  return runFunction(
      {{context, "context"}, {container, "container"}, {name, "name"}, {dtype, "dtype"}},
      [&]() -> Status {
        if (bytes != 0 && !buffer)
          return usageError("buffer is NULL");
        UWT_ASSIGN_OR_RETURN(ElementType type, valueTypeOf(dtype));
        return withQuantized(*container, name, [&](const ImportedWeight &weight) -> Status {
          UWT_ASSIGN_OR_RETURN(TensorSlice slice, sliceOf(part, weight.shape));
          return readValues(weight, type, slice, context->pool(),
                            {static_cast<uint8_t *>(buffer), bytes});
        });
      });
}

UWTError *uwtContainerReadCodes(UWTContext *context, const UWTContainer *container,
                                const char *name, const UWTTensorPart *part, UWTCodes **codes) {
  return runFunction(
      {{context, "context"}, {container, "container"}, {name, "name"}, {codes, "codes"}},
      [&]() -> Status {
        return withQuantized(*container, name, [&](const ImportedWeight &weight) -> Status {
          UWT_ASSIGN_OR_RETURN(TensorSlice slice, sliceOf(part, weight.shape));
          UWT_ASSIGN_OR_RETURN(QuantizedPart read,
                               readQuantizedPart(weight, slice, context->pool()));
          *codes = new UWTCodes(std::move(read));
          return ok();
        });
      });
}

const UWTCodes::Tensors &UWTCodes::tensors() const {
  std::call_once(isMade, [&] { made = part.tensors(); });
  return made;
}

Expected<std::vector<const QuantizedPart *>> uwt::partsOf(std::span<const UWTCodes *const> codes) {
  std::vector<const QuantizedPart *> parts;
  for (size_t i = 0; i < codes.size(); ++i) {
    if (!codes[i])
      return usageError("codes " + std::to_string(i) + " are NULL");
    parts.push_back(&codes[i]->part);
  }
  return parts;
}

void uwtCodesDestroy(UWTCodes *codes) { delete codes; }

const char *uwtCodesFormat(const UWTCodes *codes) { return codes ? codes->format.c_str() : ""; }

size_t uwtCodesSize(const UWTCodes *codes) { return codes ? codes->tensors().size() : 0; }

UWTError *uwtCodesTensor(const UWTCodes *codes, size_t index, UWTTensorInfo *info,
                         const void **data) {
  return runFunction({{codes, "codes"}, {info, "info"}, {data, "data"}}, [&]() -> Status {
    UWT_RETURN_IF_ERROR(checkIndex(index, codes->tensors().size(), "tensors"));
    const auto &[name, tensor] = codes->tensors()[index];
    *info = {name.c_str(),
             tensor.dtype->cName(),
             tensor.shape.size(),
             tensor.shape.data(),
             tensor.bytes.size(),
             tensor.bytes.size(),
             nullptr};
    *data = tensor.bytes.data();
    return ok();
  });
}

//===- DevicePack.cpp - A pack on a device --------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CodeVersions.h"
#include "CudaError.h"
#include "uwt/Cuda/Launch.h"

using namespace uwt;
using namespace uwt::cuda;

DevicePack::DevicePack(CudaDevicePtr device, std::shared_ptr<const KernelPack> pack, Note note)
    : owner(std::move(device)), file(std::move(pack)), note(std::move(note)),
      modules(file->codeObjects().size()), refusals(file->codeObjects().size()) {}

static KernelQuery queryOf(const CudaDevicePtr &device, const DeviceWeightDescription &weight,
                           uint32_t m) {
  KernelQuery query;
  query.target = device->properties().target;
  query.format = weight.format();
  query.element = weight.element();
  query.n = weight.rows();
  query.k = weight.columns();
  query.m = m;
  return query;
}

Expected<const KernelEntry *> DevicePack::select(const DeviceWeightDescription &weight, uint32_t m,
                                                 std::optional<GpuKernelKind> kind) {
  KernelQuery query = queryOf(owner, weight, m);
  query.kind = kind;
  return select(query);
}

Expected<const KernelEntry *> DevicePack::selectGrouped(const DeviceWeightDescription &weight,
                                                        uint32_t m) {
  KernelQuery query = queryOf(owner, weight, m);
  query.grouped = true;
  return select(query);
}

Expected<const KernelEntry *> DevicePack::selectTranscode(const DeviceWeightDescription &weight,
                                                          const Format &result) {
  KernelQuery query = queryOf(owner, weight, 1);
  query.kind = GpuKernelKind::Transcode;
  query.result = result.ofMatrices();
  return select(query);
}

/// Whether an error of cuModuleLoadDataEx is about the code: others (memory) say nothing of it.
static bool isAboutCode(const Error &error) {
  return error.getKind() == ErrorKind::Invalid || error.getKind() == ErrorKind::Unsupported;
}

Expected<const KernelEntry *> DevicePack::select(const KernelQuery &query) {
  UWT_ASSIGN_OR_RETURN(const KernelEntry *entry, file->select(query));
  auto loaded = module(*entry);
  if (loaded)
    return entry;
  Error refusal = loaded.takeError();
  if (!isAboutCode(refusal) || file->codeObjects()[entry->code].kind == CodeKind::Ptx)
    return refusal;
  // select-4.
  KernelQuery asText = query;
  asText.code = CodeKind::Ptx;
  auto text = file->select(asText);
  if (!text)
    return refusal;
  if (auto compiled = module(**text); !compiled)
    return isAboutCode(compiled.error())
               ? Error(ErrorKind::Unsupported,
                       refusal.message() + "; nor is its PTX taken: " + compiled.error().message())
               : compiled.takeError();
  sayOnce("kernels are compiled from PTX by the driver, which takes longer when they are loaded: " +
          refusal.message());
  return *text;
}

void DevicePack::sayOnce(const std::string &text) {
  std::lock_guard lock(mutex);
  if (note)
    note(text);
  note = {};
}

bool DevicePack::owns(const KernelEntry &entry) const {
  return std::ranges::any_of(file->kernels(),
                             [&](const KernelEntry &own) { return &own == &entry; });
}

Expected<std::shared_ptr<const CudaModule>> DevicePack::module(const KernelEntry &entry) {
  std::lock_guard lock(mutex);
  std::shared_ptr<const CudaModule> &loaded = modules[entry.code];
  if (loaded)
    return loaded;
  std::optional<Error> &refusal = refusals[entry.code];
  if (refusal)
    return *refusal;
  auto made = load(file->codeObjects()[entry.code]);
  if (made)
    return loaded = *std::move(made);
  if (isAboutCode(made.error()))
    refusal = made.error();
  return made.takeError();
}

Expected<std::shared_ptr<const CudaModule>> DevicePack::load(const CodeObject &code) const {
  int version = owner->driver().version();
  auto tooOld = [&] { return needText(*file, code, version) + "; update the NVIDIA driver"; };
  bool isOlder = neededCuda(*file, code) > version;
  // A driver would only say that it does not know the file.
  if (isOlder && code.kind == CodeKind::Cubin)
    return unsupportedError(tooOld());
  auto made = CudaModule::load(owner, code.bytes);
  if (made || !isAboutCode(made.error()) || !isOlder)
    return made;
  return unsupportedError(tooOld() + " (" + made.error().message() + ")");
}

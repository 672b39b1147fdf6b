//===- Bench.cpp - Kernels of packs against cuBLASLt ----------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BenchRun.h"
#include "Transcode.h"
#include "uwt/Bench/BenchWeights.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>

using namespace uwt;
using namespace uwt::bench;

bool BenchResult::hasWrong() const { return std::ranges::any_of(refused, &RefusedRow::isWrong); }

//===----------------------------------------------------------------------===//
// A run
//===----------------------------------------------------------------------===//

Expected<OpenPack> BenchRun::openPack(const std::string &path) {
  UWT_ASSIGN_OR_RETURN(std::shared_ptr<const KernelPack> pack, KernelPack::open(path));
  OpenPack opened;
  opened.path = path;
  opened.pack = std::make_unique<cuda::DevicePack>(
      session.device, std::move(pack),
      [this, path](const std::string &note) { progress.say(path + ": " + note); });
  return opened;
}

/// Whether a kernel multiplies, or codes a weight anew: others are not measured.
static bool isMeasured(const KernelEntry &entry) {
  bool isTranscode = entry.kind == GpuKernelKind::Transcode && entry.format != denseFormat() &&
                     entry.result != denseFormat();
  return isTranscode || isProduct(entry.kind);
}

Status BenchRun::openPacks() {
  for (const std::string &path : options.packs) {
    UWT_ASSIGN_OR_RETURN(OpenPack opened, openPack(path));
    const KernelPack &pack = opened.pack->pack();
    for (const KernelEntry &entry : pack.kernels()) {
      OpenPack::Kind kind{entry.format, entry.result};
      if (isMeasured(entry) && !pack.isPreparation(entry) &&
          std::ranges::find(opened.kinds, kind) == opened.kinds.end())
        opened.kinds.push_back(kind);
    }
    packs.push_back(std::move(opened));
  }
  for (const std::string &path : options.twins) {
    UWT_ASSIGN_OR_RETURN(OpenPack opened, openPack(path));
    packs.push_back(std::move(opened));
  }
  // Rows refer to them.
  for (const OpenPack &opened : packs)
    result.packs.push_back(opened.pack->sharedPack());
  return ok();
}

Status BenchRun::measureMachine() {
  // It is PTX, which not every driver can compile.
  auto made = cuda::ReadProbe::create(session.device);
  if (made)
    probe = *std::move(made);
  else if (made.error().getKind() == ErrorKind::Unsupported)
    progress.say("reading alone is not timed: " + made.error().message());
  else
    return made.takeError();
  UWT_ASSIGN_OR_RETURN(
      result.copyBytesPerSecond,
      copyBandwidth(session.device, session.stream, options.copyBytes, options.timing.samples));
  if (options.noPeers) {
    result.cublasMissing = "not asked for";
    return ok();
  }
  auto opened = cuda::CublasLt::open(session.device, options.cublasLt);
  if (opened) {
    cublas = *opened;
    result.cublasVersion = cublas->version();
    return openPyTorchPeer();
  }
  // One that was named has to be there.
  if (!options.cublasLt.empty())
    return opened.takeError();
  result.cublasMissing = opened.error().message();
  progress.say("no baseline: " + result.cublasMissing);
  return ok();
}

Status BenchRun::openPyTorchPeer() {
  auto opened = cuda::Cublas::open(session.device, cublas->path());
  if (opened)
    pyTorch = *std::move(opened);
  else if (opened.error().getKind() == ErrorKind::Unsupported)
    result.pyTorchMissing = opened.error().message();
  else
    return opened.takeError();
  return ok();
}

Status BenchRun::prepare(const cuda::CudaDevicePtr &device) {
  result.device = device->properties();
  result.cudaVersion = device->driver().version();
  UWT_ASSIGN_OR_RETURN(result.busId, device->busId());
  UWT_RETURN_IF_ERROR(openPacks());
  return options.checkOnly || options.profile ? ok() : measureMachine();
}

TimingOptions BenchRun::timingFor(size_t copyCount) const {
  TimingOptions timing = options.timing;
  auto count = static_cast<unsigned>(copyCount);
  timing.launches = (std::max(timing.launches, 1U) + count - 1) / count * count;
  return timing;
}

Expected<const KernelEntry *> BenchRun::select(const OpenPack &pack,
                                               std::optional<GpuKernelKind> kernelKind,
                                               const OpenPack::Kind &kind, uint32_t m) const {
  KernelQuery query;
  query.target = session.device->properties().target;
  query.format = kind.format;
  query.result = kind.result;
  query.n = shape.rows;
  query.k = shape.columns;
  query.m = m;
  query.kind = kernelKind;
  return pack.pack->select(query);
}

void BenchRun::refuse(const std::string &kernel, const Format &format, uint32_t m,
                      const Error &error) {
  bool isWrong = error.getKind() == ErrorKind::Differs;
  result.refused.push_back({shape, m, kernel, format.str(), error.message(), isWrong});
  if (isWrong)
    progress.say("WRONG: " + kernel + ", n " + std::to_string(shape.rows) + ", k " +
                 std::to_string(shape.columns) + ", m " + std::to_string(m) + ": " +
                 error.message());
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// Whether two kernels add up in the same order, given the same number of CTAs.
static bool addAlike(const KernelEntry &a, const KernelEntry &b) {
  return a.launch.grid == b.launch.grid && a.launch.cluster == b.launch.cluster &&
         a.launch.tileN == b.launch.tileN && a.launch.tileK == b.launch.tileK &&
         a.launch.tileM == b.launch.tileM;
}

Expected<BenchRun::Twin> BenchRun::findTwin(OpenPack &own, const BenchRow &row) {
  const Format &raw = rawFormat();
  Twin twin{&own, row.entry, row.entry->kernel + ", all panels as words", {}};
  auto takeRawOf = [&](OpenPack &pack) {
    auto entry = select(pack, row.entry->kind, {raw, {}}, row.m);
    bool isAlike = entry && addAlike(*row.entry, **entry);
    if (isAlike)
      twin = {&pack, *entry, (*entry)->kernel, {}};
    return isAlike;
  };
  bool isRaw = takeRawOf(own) || std::ranges::any_of(packs, takeRawOf);
  std::vector<cuda::DeviceWeight> &weight = isRaw ? hand.rawTwin : asWords;
  if (weight.empty()) {
    UWT_ASSIGN_OR_RETURN(weight, upload(DrawnValues::Plausible, twin.entry->format, /*copies=*/1,
                                        /*asWords=*/true));
  }
  twin.weight = weight;
  return twin;
}

Status BenchRun::checkAgainstTwin(OpenPack &pack, BenchRow &row, std::vector<float> &y) {
  UWT_ASSIGN_OR_RETURN(Twin twin, findTwin(pack, row));
  row.checks.twin = twin.name;
  std::span<const cuda::DeviceWeight> weight = copies;
  UWT_ASSIGN_OR_RETURN(Product product,
                       Product::create(session, *pack.pack, *row.entry, weight.first(1), row.m));
  UWT_ASSIGN_OR_RETURN(Product other, Product::create(session, *twin.pack->pack, *twin.entry,
                                                      twin.weight, row.m, product.size().grid));
  UWT_ASSIGN_OR_RETURN(row.checks.twinOutputs,
                       checkTwin(product, other, std::span(x).first(row.m * shape.columns), y));
  row.size = product.size();
  row.resources = product.resources();
  return ok();
}

Status BenchRun::check(OpenPack &pack, BenchRow &row, std::vector<float> &y) {
  // Once a kernel: its decoding does not depend on m.
  if (decodedBy != row.entry) {
    uint32_t most = std::min(row.entry->mTo, std::max(row.entry->mFrom, 64U));
    UWT_ASSIGN_OR_RETURN(Product product,
                         Product::create(session, *pack.pack, *row.entry,
                                         std::span<const cuda::DeviceWeight>(copies).first(1),
                                         most));
    UWT_ASSIGN_OR_RETURN(decodedColumns,
                         checkDecode(product, hand.words, options.decodeLaunches, session.pool));
    decodedBy = row.entry;
  }
  row.checks.decodedColumns = decodedColumns;
  if (hand.exact->hasSums()) {
    UWT_ASSIGN_OR_RETURN(Product sums,
                         Product::create(session, *pack.pack, *row.entry, exactCopy, row.m));
    UWT_ASSIGN_OR_RETURN(row.checks.exactOutputs, hand.exact->check(sums));
  }
  return checkAgainstTwin(pack, row, y);
}

//===----------------------------------------------------------------------===//
// Times
//===----------------------------------------------------------------------===//

Status BenchRun::time(OpenPack &pack, BenchRow &row, std::span<const float> y) {
  UWT_ASSIGN_OR_RETURN(Product product,
                       Product::create(session, *pack.pack, *row.entry, copies, row.m));
  UWT_RETURN_IF_ERROR(product.setX(std::span(x).first(row.m * shape.columns)));
  TimingOptions timing = timingFor(copies.size());
  auto timed = [&](bool isSerial) {
    return timeGraph(session.device, session.stream, timing, [&](unsigned i, void *stream) {
      return product.enqueue(i, isSerial, stream);
    });
  };
  progress.takeLoad();
  UWT_ASSIGN_OR_RETURN(row.dependent, timed(false));
  // What was timed is right too: launches that follow each other closely may race.
  auto checkLast = [&](const char *which) -> Status {
    UWT_ASSIGN_OR_RETURN(std::vector<float> last, product.readY());
    return compareOutputs(last, y, shape.rows,
                          std::string("before it was timed ") + which + " it was");
  };
  UWT_RETURN_IF_ERROR(checkLast("in a graph"));
  UWT_ASSIGN_OR_RETURN(row.serial, timed(true));
  UWT_RETURN_IF_ERROR(checkLast("one by one"));
  row.load = progress.takeLoad();
  if (product.decodesFirst()) {
    unsigned launches = timing.launches;
    // All of them are one call.
    timing.launches = 1;
    UWT_ASSIGN_OR_RETURN(row.ahead, timeGraph(session.device, session.stream, timing,
                                              [&](unsigned /*number*/, void *stream) {
                                                return product.enqueueAhead(launches, stream);
                                              }));
    for (double &time : row.ahead.seconds)
      time /= launches;
    UWT_RETURN_IF_ERROR(checkLast("with weights decoded ahead"));
  }
  UWT_ASSIGN_OR_RETURN(row.probe, timeProbe());
  return ok();
}

Expected<Samples> BenchRun::timeProbe() {
  if (!probe)
    return Samples();
  return timeGraph(session.device, session.stream, timingFor(copies.size()),
                   [&](unsigned i, void *stream) {
                     const cuda::DeviceWeight &weight = copies[i % copies.size()];
                     return probe->launch(weight.address(), weight.bytes(), stream);
                   });
}

static std::string rowText(const BenchRow &row, double copyBytesPerSecond,
                           const BaselineRow *baseline) {
  char text[512];
  double time = row.dependent.median();
  double share =
      static_cast<double>(row.weightBytes + row.writtenBytes) / time / copyBytesPerSecond;
  int length = std::snprintf(
      text, sizeof(text),
      "%6llu x %-6llu m %-4u %-16s %8.2f us (p10 %.2f, p90 %.2f), %.2f of "
      "copy bandwidth",
      static_cast<unsigned long long>(row.shape.rows),
      static_cast<unsigned long long>(row.shape.columns), row.m, row.entry->format.str().c_str(),
      time * 1e6, row.dependent.quantile(0.1) * 1e6, row.dependent.quantile(0.9) * 1e6, share);
  if (baseline && length > 0 && static_cast<size_t>(length) < sizeof(text))
    std::snprintf(text + length, sizeof(text) - static_cast<size_t>(length), ", %.3f x cuBLASLt",
                  baseline->timing.median() / std::max(time, 1e-15));
  return text;
}

Expected<BenchRow> BenchRun::checkAndTime(OpenPack &pack, const KernelEntry &entry, uint32_t m) {
  BenchRow row = rowOf(pack, entry, m);
  std::vector<float> y;
  UWT_RETURN_IF_ERROR(check(pack, row, y));
  if (!options.checkOnly)
    UWT_RETURN_IF_ERROR(time(pack, row, y));
  return row;
}

Status BenchRun::profileOnly(OpenPack &pack, const KernelEntry &entry, uint32_t m) {
  UWT_ASSIGN_OR_RETURN(Product product, Product::create(session, *pack.pack, entry, copies, m));
  UWT_RETURN_IF_ERROR(product.setX(std::span(x).first(m * shape.columns)));
  constexpr unsigned launches = 3;
  for (unsigned i = 0; i < launches; ++i)
    UWT_RETURN_IF_ERROR(product.enqueue(i, false, session.stream.get()));
  return session.stream.synchronize();
}

//===----------------------------------------------------------------------===//
// Values of m, formats, shapes
//===----------------------------------------------------------------------===//

Status BenchRun::runKernel(OpenPack &pack, const KernelEntry &entry, uint32_t m) {
  if (Status served = checkProductEntry(pack.pack->pack(), entry); !served) {
    refuse(entry.kernel, entry.format, m, served.error());
    return ok();
  }
  if (options.profile)
    return profileOnly(pack, entry, m);
  return keep(checkAndTime(pack, entry, m), entry, m);
}

Status BenchRun::keep(Expected<BenchRow> row, const KernelEntry &entry, uint32_t m) {
  if (!row) {
    Error error = row.takeError();
    // The machine's errors leave nothing to go on with.
    if (error.getKind() != ErrorKind::Differs && error.getKind() != ErrorKind::Unsupported &&
        error.getKind() != ErrorKind::Usage)
      return error;
    refuse(entry.kernel, entry.format, m, error);
    return ok();
  }
  if (options.profile)
    return ok();
  const BaselineRow *baseline = nullptr;
  for (const BaselineRow &one : result.baselines)
    if (one.library == BaselineRow::Library::CublasLt && one.m == m &&
        one.shape.rows == shape.rows && one.shape.columns == shape.columns)
      baseline = &one;
  if (options.checkOnly)
    progress.say("right: " + entry.kernel + ", n " + std::to_string(shape.rows) + ", k " +
                 std::to_string(shape.columns) + ", m " + std::to_string(m));
  else
    progress.say(rowText(*row, result.copyBytesPerSecond, baseline));
  result.rows.push_back(*std::move(row));
  // Another kernel may fault, or never end.
  return progress.save(result);
}

BenchRow BenchRun::rowOf(const OpenPack &pack, const KernelEntry &entry, uint32_t m) const {
  BenchRow row;
  row.shape = shape;
  row.m = m;
  row.entry = &entry;
  row.pack = pack.path;
  const CodeObject &code = pack.pack->pack().codeObjects()[entry.code];
  row.target = code.target;
  row.code = code.kind;
  row.weightBytes = copies.front().bytes();
  row.copies = static_cast<unsigned>(copies.size());
  row.entropy = hand.entropy;
  return row;
}

Expected<BenchRow> BenchRun::checkAndTimeTranscode(OpenPack &pack, const KernelEntry &entry) {
  UWT_ASSIGN_OR_RETURN(Transcoding transcoding,
                       Transcoding::create(session, *pack.pack, entry, copies, hand.words));
  BenchRow row = rowOf(pack, entry, 0);
  row.size = transcoding.size();
  row.resources = transcoding.resources();
  row.writtenBytes = transcoding.resultBytes();
  row.checks.twin = "host";
  UWT_ASSIGN_OR_RETURN(row.checks.twinOutputs, transcoding.check());
  if (options.checkOnly || options.profile)
    return row;
  for (bool isSerial : {false, true}) {
    Samples &timing = isSerial ? row.serial : row.dependent;
    UWT_ASSIGN_OR_RETURN(timing, timeGraph(session.device, session.stream, timingFor(copies.size()),
                                           [&](unsigned i, void *stream) {
                                             return transcoding.enqueue(i, isSerial, stream);
                                           }));
    UWT_RETURN_IF_ERROR(transcoding.compare());
  }
  UWT_ASSIGN_OR_RETURN(row.probe, timeProbe());
  return row;
}

Expected<BenchRow> BenchRun::checkAndTimeCoding(OpenPack &pack, const KernelEntry &entry) {
  UWT_ASSIGN_OR_RETURN(Coding coding, Coding::create(session, *pack.pack, copies.front(),
                                                     *entry.result, hand.words));
  BenchRow row = rowOf(pack, entry, 0);
  row.writtenBytes = coding.resultBytes();
  row.checks.twin = "host";
  UWT_ASSIGN_OR_RETURN(row.checks.twinOutputs, coding.check());
  if (options.checkOnly || options.profile)
    return row;
  UWT_ASSIGN_OR_RETURN(row.dependent, coding.time(options.timing.samples));
  return row;
}

Status BenchRun::runTranscode(OpenPack &pack, const OpenPack::Kind &kind) {
  auto entry = select(pack, GpuKernelKind::Transcode, kind, 1);
  Status served = entry ? checkTranscodeEntry(**entry) : Status(entry.error());
  if (!served) {
    refuse(entry ? (*entry)->kernel : "", kind.format, 0, served.error());
    return ok();
  }
  bool makesRaw = kind.result == rawFormat();
  UWT_RETURN_IF_ERROR(takeWeight(kind.format));
  UWT_ASSIGN_OR_RETURN(copies, upload(DrawnValues::Plausible, kind.format,
                                      options.checkOnly || !makesRaw ? 1 : options.copies));
  Expected<BenchRow> row =
      makesRaw ? checkAndTimeTranscode(pack, **entry) : checkAndTimeCoding(pack, **entry);
  copies.clear();
  return keep(std::move(row), **entry, 0);
}

Status BenchRun::uploadBoth(const Format &format) {
  UWT_RETURN_IF_ERROR(takeWeight(format));
  UWT_ASSIGN_OR_RETURN(
      copies, upload(DrawnValues::Plausible, format, options.checkOnly ? 1 : options.copies));
  if (hand.exact && hand.exact->hasSums()) {
    UWT_ASSIGN_OR_RETURN(exactCopy, upload(DrawnValues::Exact, format, 1));
  }
  return ok();
}

Status BenchRun::runProducts(OpenPack &pack, const Format &format) {
  std::vector<std::pair<uint32_t, const KernelEntry *>> found;
  for (uint32_t m : mValues) {
    auto entry = select(pack, std::nullopt, {format, {}}, m);
    if (entry)
      found.emplace_back(m, *entry);
    else
      refuse("", format, m, entry.error());
  }
  if (found.empty())
    return ok();
  UWT_RETURN_IF_ERROR(uploadBoth(format));
  for (auto [m, entry] : found)
    UWT_RETURN_IF_ERROR(runKernel(pack, *entry, m));
  copies.clear();
  exactCopy.clear();
  asWords.clear();
  decodedBy = nullptr;
  return ok();
}

std::vector<uint32_t> BenchRun::mValuesFor(const GridShape &wanted) const {
  // Kernels that only decode have no m: they are measured along with an m of 1.
  auto fits = [&](uint32_t m) {
    for (const OpenPack &pack : packs)
      for (const KernelEntry &entry : pack.pack->pack().kernels())
        if (!pack.kinds.empty() && entry.n.admits(wanted.rows) && entry.k.admits(wanted.columns) &&
            (isProduct(entry.kind) || m == 1) && m >= entry.mFrom && m <= entry.mTo &&
            !pack.pack->pack().isPreparation(entry))
          return true;
    return false;
  };
  std::vector<uint32_t> found;
  std::ranges::copy_if(options.mValues, std::back_inserter(found), fits);
  return found;
}

/// Adds the shapes that kernels of a pack are for alone.
static void addOwnShapes(const KernelPack &pack, std::vector<GridShape> &shapes) {
  for (const KernelEntry &entry : pack.kernels())
    if (entry.n.least == entry.n.most && entry.k.least == entry.k.most)
      addShape(shapes, {"pack", entry.n.least, entry.k.least});
}

Expected<std::vector<GridShape>> uwt::bench::shapesOfPacks(const std::vector<std::string> &packs) {
  std::vector<GridShape> shapes;
  for (const std::string &path : packs) {
    UWT_ASSIGN_OR_RETURN(std::shared_ptr<const KernelPack> pack, KernelPack::open(path));
    addOwnShapes(*pack, shapes);
  }
  return shapes;
}

std::vector<GridShape> BenchRun::ownShapes() const {
  std::vector<GridShape> shapes;
  for (const OpenPack &pack : packs)
    if (!pack.kinds.empty())
      addOwnShapes(pack.pack->pack(), shapes);
  return shapes;
}

std::vector<GridShape> BenchRun::chooseShapes() const {
  std::vector<GridShape> shapes = options.shapes, own = ownShapes();
  auto fits = [this](const GridShape &one) { return !mValuesFor(one).empty(); };
  switch (options.choice) {
  case ShapeChoice::Given:
    return shapes;
  case ShapeChoice::WithOwn:
    for (const GridShape &one : own)
      addShape(shapes, one);
    return shapes;
  case ShapeChoice::OrOwn:
    return std::ranges::any_of(shapes, fits) ? shapes : own;
  case ShapeChoice::Own:
    return own;
  case ShapeChoice::Smallest:
    std::erase_if(own, [&](const GridShape &one) { return !fits(one); });
    auto least = std::ranges::min_element(own, {}, &GridShape::elements);
    return least == own.end() ? own : std::vector<GridShape>{*least};
  }
  return shapes;
}

/// Whether an error says that a format cannot be measured, and others can.
static bool isOfFormat(const Status &status) {
  return !status && (status.error().getKind() == ErrorKind::Unsupported ||
                     status.error().getKind() == ErrorKind::Usage);
}

Status BenchRun::runKind(OpenPack &pack, const OpenPack::Kind &kind) {
  Status done = kind.result ? runTranscode(pack, kind) : runProducts(pack, kind.format);
  if (!kind.format.isQuantized() || !isOfFormat(done))
    return done;
  refuse("", kind.format, 0, done.error());
  return ok();
}

Status BenchRun::runShape(const GridShape &wanted, const MatrixSource &weights) {
  shape = wanted;
  source = &weights;
  mValues = mValuesFor(shape);
  if (mValues.empty()) {
    result.refused.push_back(
        {shape, 0, "", "", "the packs have no kernel for this shape and m", false});
    return ok();
  }
  hand = {};
  x = drawX(maxM(), shape.columns, options.seed, session.pool);
  if (cublas)
    UWT_RETURN_IF_ERROR(runBaselines());
  for (OpenPack &pack : packs)
    for (const OpenPack::Kind &kind : pack.kinds)
      UWT_RETURN_IF_ERROR(runKind(pack, kind));
  hand = {};
  return progress.save(result);
}

Status uwt::bench::runBench(const cuda::CudaDevicePtr &device, const BenchOptions &options,
                            const BenchProgress &progress, ThreadPool &pool, BenchResult &result) {
  if (options.mValues.empty())
    return usageError("there is no m; see --m");
  UWT_ASSIGN_OR_RETURN(std::unique_ptr<MatrixSource> source,
                       openMatrices(options.weights, options.seed));
  std::vector<GridShape> shapes = source->shapes();
  UWT_ASSIGN_OR_RETURN(cuda::CudaStream stream, cuda::CudaStream::create(device));
  GpuSession session{device, std::move(stream), pool, options.observer};
  BenchRun run(session, options, progress, result);
  UWT_RETURN_IF_ERROR(run.prepare(device));
  if (isSyntheticWeights(options.weights))
    shapes = run.chooseShapes();
  for (const GridShape &shape : shapes)
    UWT_RETURN_IF_ERROR(run.runShape(shape, *source));
  if (result.rows.empty() && !options.profile && !result.hasWrong())
    return usageError(
        "nothing was measured: " +
        (result.refused.empty() ? "there are no shapes" : result.refused.front().reason) +
        "; see --shapes and --m, and 'uwt inspect' of the packs");
  return ok();
}

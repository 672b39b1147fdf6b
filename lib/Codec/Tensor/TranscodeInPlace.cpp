//===- TranscodeInPlace.cpp - Prefix codes to packing=inplace -------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Drives the loops over a panel, eight lanes of a unit at a time. All that is rare is here: ends
// of streams, columns that a group lacks, escapes. What is wrong with a panel is not said
// here: the caller decodes it to words, and the decoder says it.
//
//===----------------------------------------------------------------------===//

#include "TranscodeInPlace.h"
#include "../Fixed/FieldPlane.h"
#include "../Fixed/FixedRate.h"
#include "uwt/Codec/Transcode.h"
#include <algorithm>

using namespace uwt;

const InPlaceKernels *uwt::inPlaceKernels(CodePath path) {
#if defined(__x86_64__)
  if (path == CodePath::Avx512 && hostSimdLevel() >= SimdLevel::Avx512)
    return &avx512InPlaceKernels();
#endif
  (void)path;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// What is made once
//===----------------------------------------------------------------------===//

struct DirectTranscoder::State {
  State(const TensorDecoder &from, const CodingPlan &to, const InPlaceKernels &kernels);

  /// The stored word of an element from its rotated symbol and its raw field.
  uint32_t wordOf(uint32_t rotated, uint32_t raw) const {
    uint32_t symbols = 1u << source.split.symbolBits;
    return source.split.join((rotated + rotation) & (symbols - 1), raw);
  }
  uint16_t rotate(uint32_t symbol) const {
    return static_cast<uint16_t>((symbol - rotation) << (16 - source.split.symbolBits));
  }

  const TensorDecoder &from;
  const CodingPlan &source, &target;
  const InPlaceKernels &kernels;
  /// What is taken from every symbol: the window's base, as a symbol of the source.
  uint32_t rotation;
  /// Tables of the rotated alphabet.
  PrefixTablesPtr tables;
  /// The code that escapes and padding have, at its offset in scratch memory.
  uint16_t commonest;
};

static CodingPlan rotatedPlan(const CodingPlan &source, uint32_t rotation) {
  CodingPlan plan = source;
  for (uint16_t &symbol : plan.model.symbols)
    symbol = static_cast<uint16_t>((symbol - rotation) & ((1u << source.split.symbolBits) - 1));
  return plan;
}

DirectTranscoder::State::State(const TensorDecoder &from, const CodingPlan &to,
                               const InPlaceKernels &kernels)
    : from(from), source(from.plan()), target(to), kernels(kernels),
      rotation(uint32_t(to.model.symbols[0]) << source.format.codedMantissa),
      tables(makePrefixTables(rotatedPlan(source, rotation))),
      commonest(static_cast<uint16_t>((to.model.commonest - to.model.symbols[0]) << 8)) {}

DirectTranscoder::DirectTranscoder(std::unique_ptr<const State> state) : state(std::move(state)) {}
DirectTranscoder::DirectTranscoder(DirectTranscoder &&) noexcept = default;
DirectTranscoder::~DirectTranscoder() = default;

static bool hasRuns(const Format &format) { return format.escapes == Escapes::Rows64; }

std::optional<DirectTranscoder> DirectTranscoder::make(const TensorDecoder &from,
                                                       const CodingPlan &to, CodePath path) {
  const CodingPlan &source = from.plan();
  const InPlaceKernels *kernels = inPlaceKernels(path);
  bool readable = source.traits.rate == Rate::Prefix &&
                  source.format.layout == Layout::Fragment16x16 && !hasRuns(source.format) &&
                  (source.split.rawBits() == 8 || source.split.rawBits() == 6);
  bool writable =
      to.format.packing == Packing::InPlace && to.traits.codeBits == 4 && !hasRuns(to.format);
  if (!kernels || !readable || !writable || source.format.storage != to.format.storage)
    return std::nullopt;
  return DirectTranscoder(std::make_unique<State>(from, to, *kernels));
}

//===----------------------------------------------------------------------===//
// A panel
//===----------------------------------------------------------------------===//

namespace {

/// Where an element of a fixed unit lies.
struct UnitElement {
  uint32_t block, lane, reg, half;
  uint32_t position() const { return ((block * fragmentLanes + lane) * 4 + reg) * 2 + half; }
};

/// Its raw field of 8 or 6 bits (plane-1).
uint32_t rawFieldOf(const uint8_t *unit, uint32_t bits, UnitElement at) {
  uint32_t word = at.lane * 4 + at.block;
  if (bits == 8)
    return unit[at.reg / 2 * 512 + word * 4 + at.half * 2 + at.reg % 2];
  uint32_t four = loadWord(unit + word * 4) >> (16 * at.half + 4 * at.reg) & 15;
  uint32_t two =
      loadWord(unit + 512 + word / 2 * 4) >> (16 * at.half + 8 * (at.block & 1) + 2 * at.reg) & 3;
  return four | two << 4;
}

/// One panel on its way. A template only because DirectTranscoder::State is private.
template <typename State> class PanelTranscoder {
public:
  PanelTranscoder(const State &state, uint64_t panel, std::span<uint8_t> code, EncodedPanel &out)
      : state(state), source(state.source), code(code), out(out),
        blob(state.from.panelBytes(panel, PlaneKind::Code)),
        raw(state.from.panelBytes(panel, PlaneKind::Raw)),
        classes(state.from.panelRowClasses(panel)),
        rows(source.matrix.rowsOfPanel(panel % source.matrix.panels())),
        context{source, *state.tables, classes},
        pack(source.split.rawBits() == 8 ? state.kernels.pack8 : state.kernels.pack6) {}

  bool run();

private:
  bool isComplete(const PanelUnit &unit) const;
  const uint8_t *readableStream(const StreamUnitView &view);
  bool codeUnit(const StreamUnitView &view);
  bool decodeLanes(const StreamUnitView &view, const uint8_t *stream, uint32_t g);
  void setPadding(const PanelUnit &unit, uint32_t g);
  bool readRecords(const StreamUnitView &view);
  bool packStrip(const PanelUnit &unit, uint32_t strip, uint32_t g);
  bool takeEscapes(const PanelUnit &unit, uint32_t strip, uint32_t group, uint32_t quad);
  void takeEscape(const PanelUnit &unit, uint32_t strip, uint32_t group, UnitElement at,
                  uint16_t &symbol);
  bool finish();

  /// The index of an element in `symbols`.
  size_t scratchOf(uint32_t strip, uint32_t group, uint32_t lane, uint32_t block, uint32_t reg,
                   uint32_t half) const {
    size_t at = (size_t(strip) * groups + group) * groupScratch + reg * registerScratch +
                lane % jointLanes * groupBlocks + block;
    return at * 2 + half;
  }
  size_t strips() const { return divideUp(rows, stripRows); }
  size_t rawUnitBytes() const { return size_t(unitBitBytes) * source.split.rawBits(); }
  uint64_t fixedUnitOf(const PanelUnit &unit, uint32_t strip, uint32_t group) const {
    return (unit.firstColumn / fixedUnitColumns + group) * strips() + unit.firstRow / stripRows +
           strip; // order-4
  }

  const State &state;
  const CodingPlan &source;
  std::span<uint8_t> code;
  EncodedPanel &out;
  std::span<const uint8_t> blob, raw, classes;
  uint32_t rows;
  PrefixContext context;
  uint32_t (*pack)(const InPlaceJob &);
  /// Groups of 64 columns in a strip of the unit at hand.
  uint32_t groups = 0;
  std::vector<uint8_t> padded;
  /// Elements of the unit at hand that the stream does not have, by pass of eight lanes.
  struct Escaped {
    uint32_t pass;
    size_t scratch;
    uint16_t symbol;
  };
  std::vector<Escaped> escaped;
  /// Fixed unit << 32 | record, in the order in which they were found.
  std::vector<uint64_t> escapes;
  /// Up to 1,024 columns of a strip, or 512 of four.
  alignas(64) uint16_t symbols[2 * 4 * (wholePanelUnitColumns / fixedUnitColumns) * groupScratch];
};

} // namespace

template <typename State> bool PanelTranscoder<State>::isComplete(const PanelUnit &unit) const {
  // Lookups give a symbol for any bits: right where every code word exists.
  for (uint32_t row = 0; row < unit.strips * stripRows; ++row)
    if (context.classOf(unit, row).cover != PrefixClass::Cover::Complete)
      return false;
  return true;
}

/// The unit's stream with all bytes behind it that lanes may read.
template <typename State>
const uint8_t *PanelTranscoder<State>::readableStream(const StreamUnitView &view) {
  uint64_t need =
      (view.start[view.lanes] + uint64_t(view.codeWords) * state.tables->longest) / 8 + 16;
  if (need <= blob.size() - view.streamBegin)
    return blob.data() + view.streamBegin;
  padded.assign(need, 0);
  std::copy(blob.begin() + static_cast<ptrdiff_t>(view.streamBegin),
            blob.begin() + static_cast<ptrdiff_t>(view.end), padded.begin());
  return padded.data();
}

template <typename State>
bool PanelTranscoder<State>::decodeLanes(const StreamUnitView &view, const uint8_t *stream,
                                         uint32_t g) {
  const PanelUnit &unit = view.unit;
  const void *lookups[panelRows / stripRows * jointRows];
  for (uint32_t i = 0; i < unit.strips * jointRows; ++i) {
    uint32_t row = i / jointRows * stripRows + g + i % 2 + i % jointRows / 2 * 8;
    const PrefixClass &of = context.classOf(unit, row);
    lookups[i] = source.traits.codeSymbols == 1 ? static_cast<const void *>(of.narrow.data())
                                                : of.wide.data();
  }
  LaneJob job{};
  job.stream = stream;
  job.start = view.start.data() + 4 * g;
  job.end = job.start + 1;
  job.tables = lookups;
  job.mask = (1ull << state.tables->longest) - 1;
  job.strips = unit.strips;
  job.blocks = unit.blocks;
  job.symbols = symbols;
  job.ahead = raw.data() + fixedUnitOf(unit, 0, 0) * rawUnitBytes() + g * 64;
  job.aheadStrip = rawUnitBytes();
  job.aheadGroup = rawUnitBytes() * strips();
  job.aheadChunk = source.split.rawBits() == 6 ? 512 - g * 32 : 512;
  size_t quarter = (view.end - view.begin) / 4;
  job.next = blob.data() + view.end + quarter * (g / 2);
  job.nextStride = quarter / (unit.strips * unit.blocks);
  return state.kernels.lanes[source.traits.codeSymbols - 1][state.tables->longest > 14](job);
}

/// order-7: elements that do not exist have the commonest symbol of the target.
template <typename State>
void PanelTranscoder<State>::setPadding(const PanelUnit &unit, uint32_t g) {
  for (uint32_t strip = 0; strip < unit.strips; ++strip)
    for (uint32_t block = 0; block < groups * groupBlocks; ++block) {
      ElementCoordinate last{strip * stripRows + stripRows - 1,
                             block * blockColumns + blockColumns - 1};
      if (existsInUnit(unit, last))
        continue;
      for (uint32_t i = 0; i < jointLanes * 8; ++i) {
        uint32_t lane = g * 4 + i / 8, reg = i / 2 % 4, half = i % 2;
        ElementCoordinate at{strip * stripRows + fragmentRow(lane, reg),
                             block * blockColumns + fragmentColumn(lane, reg, half)};
        if (!existsInUnit(unit, at))
          symbols[scratchOf(strip, block / groupBlocks, lane, block % groupBlocks, reg, half)] =
              state.commonest;
      }
    }
}

/// Reads the unit's records; false where one is not what a record may be.
template <typename State> bool PanelTranscoder<State>::readRecords(const StreamUnitView &view) {
  const PanelUnit &unit = view.unit;
  escaped.clear();
  int64_t last = -1;
  for (uint64_t i = 0; i < view.records; ++i) {
    uint32_t record = loadWord(blob.data() + view.recordsBegin + 4 * i), at = record >> 16;
    if (at <= last || !existsInUnit(unit, coordinateInUnit(unit, at)))
      return false;
    last = at;
    uint32_t lane = at / 8 % fragmentLanes, block = at / 256;
    escaped.push_back({lane / jointLanes,
                       scratchOf(block / unit.blocks, block % unit.blocks / groupBlocks, lane,
                                 block % unit.blocks % groupBlocks, at / 2 % 4, at % 2),
                       state.rotate(source.split.symbolOf(record & 0xFFFF))});
  }
  return true;
}

/// Makes records of the symbols beyond the window of a group's four lanes. False where the target
/// has no records.
template <typename State>
bool PanelTranscoder<State>::takeEscapes(const PanelUnit &unit, uint32_t strip, uint32_t group,
                                         uint32_t quad) {
  size_t first = scratchOf(strip, group, quad * 4, 0, 0, 0);
  for (uint32_t i = 0; i < 4 * 16; ++i) {
    // [register][lane][block]; a look at both halves at a time, since nearly all are inside.
    uint16_t *both = symbols + first + size_t(i / 16 * registerScratch + i % 16) * 2;
    for (uint32_t half = 0; ((both[0] | both[1]) & 0xF000) != 0 && half < 2; ++half)
      if (both[half] & 0xF000)
        takeEscape(unit, strip, group, {i % groupBlocks, quad * 4 + i / 4 % 4, i / 16, half},
                   both[half]);
  }
  return state.target.hasEscapes();
}

template <typename State>
void PanelTranscoder<State>::takeEscape(const PanelUnit &unit, uint32_t strip, uint32_t group,
                                        UnitElement at, uint16_t &symbol) {
  uint64_t index = fixedUnitOf(unit, strip, group);
  uint32_t field = rawFieldOf(raw.data() + index * rawUnitBytes(), source.split.rawBits(), at);
  uint32_t word = state.wordOf(symbol >> (16 - source.split.symbolBits), field);
  escapes.push_back(index << 32 | at.position() << 16 | word);
  symbol = static_cast<uint16_t>((symbol & 0x00FF) | state.commonest);
}

template <typename State>
bool PanelTranscoder<State>::packStrip(const PanelUnit &unit, uint32_t strip, uint32_t g) {
  constexpr size_t codeUnit = 1536; // panel-3
  for (uint32_t quad = g; quad < g + 2; ++quad)
    for (uint32_t group = 0; group < groups;) {
      uint64_t index = fixedUnitOf(unit, strip, group);
      InPlaceJob job{};
      job.symbols =
          reinterpret_cast<const uint32_t *>(symbols + scratchOf(strip, group, quad * 4, 0, 0, 0));
      job.raw = raw.data() + index * rawUnitBytes();
      job.rawStride = rawUnitBytes() * strips();
      job.code = code.data() + index * codeUnit;
      job.codeStride = codeUnit * strips();
      job.quad = quad;
      job.groups = groups - group;
      group += pack(job);
      if (group < groups && !takeEscapes(unit, strip, group, quad))
        return false;
    }
  return true;
}

template <typename State> bool PanelTranscoder<State>::codeUnit(const StreamUnitView &view) {
  const PanelUnit &unit = view.unit;
  if (!isComplete(unit))
    return false;
  const uint8_t *stream = readableStream(view);
  groups = static_cast<uint32_t>(divideUp(unit.blocks, groupBlocks));
  if (!readRecords(view))
    return false;
  for (uint32_t g = 0; g < 8; g += 2) {
    if (!decodeLanes(view, stream, g))
      return false;
    setPadding(unit, g);
    for (const Escaped &element : escaped)
      if (element.pass == g / 2)
        symbols[element.scratch] = element.symbol;
    for (uint32_t strip = 0; strip < unit.strips; ++strip)
      if (!packStrip(unit, strip, g))
        return false;
  }
  return true;
}

/// Records by unit and position, and their counts.
template <typename State> bool PanelTranscoder<State>::finish() {
  std::sort(escapes.begin(), escapes.end());
  if (state.target.hasEscapes())
    out.counts.assign(fixedPanelSizes(state.target, rows).counts, 0);
  for (uint64_t escape : escapes) {
    out.patch.push_back(static_cast<uint32_t>(escape));
    if (++out.counts[escape >> 32] > 0xFF)
      return false;
  }
  out.escapes = escapes.size();
  return true;
}

template <typename State> bool PanelTranscoder<State>::run() {
  StreamUnitView view;
  for (uint64_t number = 0; number < streamUnitCount(source, rows); ++number)
    if (!readNextStreamUnit(source, blob, rows, number, view) || !codeUnit(view))
      return false;
  state.kernels.fence();
  return finish();
}

bool DirectTranscoder::code(uint64_t panel, std::span<uint8_t> code, EncodedPanel &out) const {
  out.reset();
  if (state->from.panelStoredAsWords(panel))
    return false;
  return PanelTranscoder(*state, panel, code, out).run();
}

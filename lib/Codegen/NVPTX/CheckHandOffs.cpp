//===- CheckHandOffs.cpp - Data handed over between CTAs ------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckHandOffs.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"

using namespace uwt;

namespace {
/// An instruction of PTX text, as far as the flow of its registers is concerned.
struct PtxInstruction {
  llvm::StringRef text, opcode;
  /// The predicate in front of it, registers that it writes, and those that it reads.
  llvm::StringRef guard;
  llvm::SmallVector<llvm::StringRef, 4> results, operands;

  bool isLoad() const { return opcode.starts_with("ld."); }
  bool isBranch() const { return opcode.starts_with("bra"); }
};
} // namespace

/// The registers that a list of operands names: "%r1", "%rd2", "%p3".
static void appendRegisters(llvm::StringRef text, llvm::SmallVectorImpl<llvm::StringRef> &to) {
  for (size_t at = text.find('%'); at != llvm::StringRef::npos; at = text.find('%', at + 1))
    to.push_back(text.drop_front(at).take_while(
        [](char c) { return c == '%' || c == '_' || c == '.' || llvm::isAlnum(c); }));
}

/// The operands of one that writes come first: one register, two of a predicate and its opposite
/// or a shuffle, or a vector in braces.
static PtxInstruction parse(llvm::StringRef line) {
  PtxInstruction code;
  code.text = line;
  llvm::StringRef rest = line;
  if (rest.consume_front("@")) {
    rest.consume_front("!");
    std::tie(code.guard, rest) = rest.split(' ');
  }
  std::tie(code.opcode, rest) = rest.ltrim().split(' ');
  rest = rest.ltrim();
  bool writes = rest.starts_with("%") || (rest.starts_with("{") && !code.opcode.starts_with("st."));
  size_t end = !writes ? 0 : rest.starts_with("{") ? rest.find('}') : rest.find(',');
  appendRegisters(rest.substr(0, end), code.results);
  appendRegisters(rest.drop_front(std::min(end, rest.size())), code.operands);
  return code;
}

static bool isRelaxedAtomic(const PtxInstruction &code) {
  if (!code.opcode.starts_with("atom.") || code.opcode.contains(".shared"))
    return false;
  return llvm::none_of(llvm::ArrayRef<llvm::StringRef>({".acquire", ".acq_rel"}),
                       [&](llvm::StringRef order) { return code.opcode.contains(order); });
}

/// What depends on `results`, through registers: the first branch or load, or null.
static const PtxInstruction *findUse(llvm::ArrayRef<PtxInstruction> code,
                                     llvm::ArrayRef<llvm::StringRef> results) {
  llvm::StringSet<> known;
  for (llvm::StringRef result : results)
    known.insert(result);
  auto isKnown = [&](llvm::StringRef name) { return known.contains(name); };
  for (bool isMore = true; isMore;) {
    isMore = false;
    for (const PtxInstruction &next : code) {
      bool depends = isKnown(next.guard) || llvm::any_of(next.operands, isKnown);
      if (depends && (next.isLoad() || next.isBranch()))
        return &next;
      for (llvm::StringRef result : depends ? next.results : llvm::ArrayRef<llvm::StringRef>())
        isMore |= known.insert(result).second;
    }
  }
  return nullptr;
}

static Status checkKernel(llvm::ArrayRef<PtxInstruction> code) {
  for (const PtxInstruction &atomic : code) {
    if (!isRelaxedAtomic(atomic))
      continue;
    if (const PtxInstruction *use = findUse(code, atomic.results))
      return unsupportedError("the relaxed atomic '" + atomic.text.str() + "' decides '" +
                              use->text.str() +
                              "': it orders no memory, so what others wrote need not be there; "
                              "use uwt.atomic_add");
  }
  return ok();
}

Status uwt::codegen::checkHandOffs(llvm::StringRef ptx) {
  llvm::SmallVector<PtxInstruction> code;
  llvm::SmallVector<llvm::StringRef> lines;
  // Registers have their names in one function.
  ptx.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (llvm::StringRef line : lines) {
    line = line.split("//").first.trim();
    if (line.contains(".entry ") || line.contains(".func ")) {
      UWT_RETURN_IF_ERROR(checkKernel(code));
      code.clear();
    }
    if (line.consume_back(";"))
      code.push_back(parse(line));
  }
  return checkKernel(code);
}

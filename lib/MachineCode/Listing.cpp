//===- Listing.cpp - Parser of nvdisasm's listing -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/MachineCode/MachineCode.h"
#include "uwt/Support/Suggest.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

using namespace uwt;
using namespace uwt::machine_code;
using llvm::StringRef;

namespace {

class ListingParser {
public:
  Expected<std::vector<MachineKernel>> parse(StringRef text);

private:
  Status parseLine(StringRef line);
  Status parseInstruction(StringRef line);
  Status finishKernel();

  std::vector<MachineKernel> kernels;
  /// Labels of the section of code that is read, by the instruction that follows.
  llvm::StringMap<size_t> labels;
  bool isInCode = false;
};

} // namespace

/// Splits at commas outside of brackets.
static std::vector<std::string> splitOperands(StringRef text) {
  std::vector<std::string> operands;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size()) {
      depth += text[i] == '[' || text[i] == '(' ? 1 : 0;
      depth -= text[i] == ']' || text[i] == ')' ? 1 : 0;
      if (text[i] != ',' || depth > 0)
        continue;
    }
    StringRef operand = text.slice(begin, i).trim();
    operand.consume_back(".reuse");
    if (!operand.empty())
      operands.push_back(operand.str());
    begin = i + 1;
  }
  return operands;
}

/// "/*0150*/  @!P0 BRA `(.L_x_1) ;  /* 0x... */"
Status ListingParser::parseInstruction(StringRef line) {
  auto bad = [&] {
    return invalidError("listing of machine code: expected an instruction, got " +
                        inQuotes(line.str()));
  };
  auto [address, rest] = line.drop_front(2).split("*/");
  Instruction instruction;
  if (address.getAsInteger(16, instruction.address))
    return bad();
  size_t end = rest.find(';');
  if (end == StringRef::npos)
    return bad();
  StringRef text = rest.take_front(end).trim();
  if (text.starts_with("@")) {
    instruction.predicate = text.take_until([](char c) { return c == ' '; }).str();
    text = text.drop_front(instruction.predicate.size()).ltrim();
  }
  StringRef opcode = text.take_until([](char c) { return c == ' '; });
  if (opcode.empty())
    return bad();
  instruction.opcode = opcode.str();
  instruction.operands = splitOperands(text.drop_front(opcode.size()));
  kernels.back().instructions.push_back(std::move(instruction));
  return ok();
}

Status ListingParser::parseLine(StringRef line) {
  if (line.consume_front(".section\t") || line.consume_front(".section ")) {
    UWT_RETURN_IF_ERROR(finishKernel());
    StringRef name = line.trim().take_until([](char c) { return c == ','; });
    isInCode = name.consume_front(".text.");
    if (isInCode) {
      kernels.emplace_back();
      kernels.back().name = name.str();
    }
    return ok();
  }
  if (!isInCode || line.empty() || line.starts_with("//"))
    return ok();
  // A scheduling word on a line of its own has no text.
  if (line.starts_with("/*"))
    return line.contains(';') || !line.ends_with("*/") ? parseInstruction(line) : ok();
  if (line.consume_back(":"))
    labels[line] = kernels.back().instructions.size();
  return ok();
}

/// The label that a branch names: "`(.L_x_1)".
static StringRef branchTarget(const Instruction &instruction) {
  if (instruction.base() != "BRA")
    return {};
  for (StringRef operand : instruction.operands)
    if (operand.consume_front("`(") && operand.consume_back(")"))
      return operand;
  return {};
}

Status ListingParser::finishKernel() {
  if (!isInCode)
    return ok();
  isInCode = false;
  MachineKernel &kernel = kernels.back();
  size_t size = kernel.size();
  for (size_t i = 0; i < size; ++i) {
    StringRef target = branchTarget(kernel.instructions[i]);
    if (target.empty())
      continue;
    auto label = labels.find(target);
    if (label == labels.end())
      return invalidError("listing of machine code: " + kernel.name +
                          " branches to a label that is not there: " + inQuotes(target.str()));
    kernel.instructions[i].target = label->second;
  }
  findLoops(kernel);
  labels.clear();
  return ok();
}

Expected<std::vector<MachineKernel>> ListingParser::parse(StringRef text) {
  while (!text.empty()) {
    StringRef line;
    std::tie(line, text) = text.split('\n');
    UWT_RETURN_IF_ERROR(parseLine(line.trim()));
  }
  UWT_RETURN_IF_ERROR(finishKernel());
  return std::move(kernels);
}

Expected<std::vector<MachineKernel>> uwt::machine_code::parseListing(std::string_view listing) {
  return ListingParser().parse(listing);
}

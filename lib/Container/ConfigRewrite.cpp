//===- ConfigRewrite.cpp - config.json beside compressed weights ----------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConfigRewrite.h"
#include "uwt/Container/ConfigSources.h"
#include "uwt/Support/Json.h"
#include <algorithm>
#include <vector>

namespace uwt {

static constexpr std::string_view quantizationKey = "quantization_config";
/// Where transformers looks up the name of the weight file. A name that is none makes it
/// fail, and it prints this name; a quant_method that it does not know only makes it warn.
static constexpr std::string_view weightsKey = "transformers_weights";
static constexpr std::string_view weightsText =
    "compressed weights; 'uwt decompress' gives the original files back";

//===----------------------------------------------------------------------===//
// Where things are in a JSON text
//===----------------------------------------------------------------------===//

namespace {

/// A member of an object, by the offset of its value in the text.
struct Member {
  std::string key;
  /// 1 in the outermost object.
  unsigned depth = 0;
  size_t begin = 0, end = 0;
};

/// Lists the members of all objects of a text that is valid JSON.
class MemberFinder {
public:
  explicit MemberFinder(std::string_view text) : text(text) {}
  std::vector<Member> run() {
    readValue();
    return std::move(members);
  }

private:
  char next() {
    at = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
    return at < text.size() ? text[at] : '\0';
  }
  std::string readKey() {
    next();
    size_t begin = at;
    at = jsonStringEnd(text, at);
    auto key = parseJsonValue(text.substr(begin, at - begin));
    return key ? key->text : std::string();
  }
  void readValue();
  void readItems(bool isObject);

  std::string_view text;
  size_t at = 0;
  unsigned depth = 0;
  std::vector<Member> members;
};

} // namespace

void MemberFinder::readItems(bool isObject) {
  char end = isObject ? '}' : ']';
  depth += isObject;
  ++at;
  while (next() != end && at < text.size()) {
    Member member;
    if (isObject) {
      member.key = readKey();
      next();
      ++at; // the colon
    }
    next();
    member.depth = depth;
    member.begin = at;
    readValue();
    member.end = at;
    if (isObject)
      members.push_back(std::move(member));
    if (next() == ',')
      ++at;
  }
  ++at;
  depth -= isObject;
}

void MemberFinder::readValue() {
  char first = next();
  if (first == '{' || first == '[')
    return readItems(first == '{');
  if (first == '"')
    at = jsonStringEnd(text, at);
  else
    at = std::min(text.find_first_of(",]} \t\r\n", at), text.size());
}

static const Member *findMember(const std::vector<Member> &members, std::string_view key) {
  auto found = std::find_if(members.begin(), members.end(), [&](const Member &member) {
    return member.depth == 1 && member.key == key;
  });
  return found == members.end() ? nullptr : &*found;
}

//===----------------------------------------------------------------------===//
// rewriteConfig
//===----------------------------------------------------------------------===//

/// choice-5: loaders widen weights to the dtype that config.json names.
static std::string withCastDtypes(std::string_view text, const std::vector<Member> &members) {
  const Member *quantization = findMember(members, quantizationKey);
  auto isQuantization = [&](const Member &member) {
    return quantization && member.begin >= quantization->begin && member.end <= quantization->end;
  };
  std::vector<const Member *> changed;
  for (const Member &member : members) {
    std::string_view value = text.substr(member.begin, member.end - member.begin);
    bool isDtype = member.key == "dtype" || member.key == "torch_dtype";
    if (isDtype && (value == "\"float32\"" || value == "\"float16\"") && !isQuantization(member))
      changed.push_back(&member);
  }
  std::sort(changed.begin(), changed.end(),
            [](const Member *a, const Member *b) { return a->begin > b->begin; });
  std::string out(text);
  for (const Member *member : changed)
    out.replace(member->begin, member->end - member->begin, "\"bfloat16\"");
  return out;
}

/// `text` with a member of the outermost object that has this key and value, in place of the one
/// that has the key, or as the last one. Everything else stays as it is.
static std::string withMember(const std::string &text, std::string_view key,
                              const std::string &value) {
  std::vector<Member> members = MemberFinder(withoutSpecialNumbers(text)).run();
  std::string out = text;
  if (const Member *there = findMember(members, key))
    return out.replace(there->begin, there->end - there->begin, value);
  // The last brace is the object's end.
  size_t brace = text.rfind('}');
  size_t last = text.find_last_not_of(" \t\r\n", brace - 1);
  bool isEmpty = text[last] == '{';
  bool hasLines = text.find('\n', last) < brace;
  std::string member = isEmpty ? "" : ",";
  member += hasLines ? "\n  " : isEmpty ? "" : " ";
  member.append("\"").append(key).append("\": ").append(value);
  return out.insert(last + 1, member);
}

/// Returns the value of our quantization_config, around what says how the weights are quantised,
/// wherever that is: readers of the model look for ours first.
static std::string quantizationConfig(const std::string &text, const std::vector<Member> &members,
                                      const std::vector<ConfigSource> &sources) {
  std::string value = "{\"quant_method\": \"uwt\", \"version\": 1";
  const Member *there = findMember(members, quantizationKey);
  bool isElsewhere = there ? text[there->begin] != '{' : true;
  if (!sources.empty() && isElsewhere)
    value.append(", \"original\": ").append(sources.front().value.dump());
  else if (there)
    value.append(", \"original\": ").append(text, there->begin, there->end - there->begin);
  return value + "}";
}

Expected<RewrittenConfig> rewriteConfig(std::string_view text, bool castToBF16) {
  std::string strict = withoutSpecialNumbers(text);
  Status object = checkJsonObject(strict);
  if (!object)
    return invalidError(object.error().message() +
                        "; mend it, or leave it as it is with --keep-config");
  RewrittenConfig config;
  std::vector<Member> members = MemberFinder(strict).run();
  config.original = castToBF16 ? withCastDtypes(text, members) : std::string(text);
  if (castToBF16)
    members = MemberFinder(withoutSpecialNumbers(config.original)).run();
  // What is no configuration is kept as it is: readers of weights refuse it.
  Expected<ModelConfig> model = modelConfigOf(config.original);
  std::string quantization = quantizationConfig(
      config.original, members, model ? model->sources : std::vector<ConfigSource>());
  config.text = withMember(config.original, quantizationKey, quantization);
  config.text = withMember(config.text, weightsKey, jsonQuoted(weightsText));
  // Ours is one deeper.
  UWT_RETURN_IF_ERROR(checkJsonObject(withoutSpecialNumbers(config.text)));
  return config;
}

bool saysQuantized(std::string_view text) {
  std::string strict = withoutSpecialNumbers(text);
  if (!checkJsonObject(strict))
    return false;
  std::vector<Member> members = MemberFinder(strict).run();
  return std::any_of(members.begin(), members.end(), [&](const Member &member) {
    bool isKnown = member.key == quantizationKey || member.key == "compression_config" ||
                   member.key == "quantization";
    return isKnown && strict[member.begin] == '{';
  });
}

} // namespace uwt

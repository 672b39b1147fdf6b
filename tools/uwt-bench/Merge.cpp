//===- Merge.cpp - Results of several runs as one -------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"
#include "uwt/Container/File.h"
#include "uwt/Support/JsonTree.h"
#include <algorithm>

using namespace uwt;
using namespace uwt::bench;

/// Members stay in the order in which they were added.
using Json = nlohmann::ordered_json;

static Expected<Json> readResult(const std::string &path) {
  constexpr uint64_t most = uint64_t(256) << 20;
  UWT_ASSIGN_OR_RETURN(std::string text, readTextFile(path, most));
  Json json = parseJsonTreeOrNone<Json>(text);
  bool isResult = json.is_object() && json.value("schema", Json()) == "uwt.gpu-bench/5";
  for (const char *list : {"packs", "baselines", "rows", "refused"})
    isResult = isResult && json.value(list, Json()).is_array();
  for (const char *list : {"baselines", "packs"})
    isResult = isResult && std::ranges::all_of(json[list], &Json::is_object);
  if (!isResult)
    return invalidError(path + ": it has no results of uwt-bench (schema uwt.gpu-bench/5)");
  return json;
}

/// Whether `members` of two objects are the same.
static bool areAlike(const Json &a, const Json &b, std::initializer_list<const char *> members) {
  return std::ranges::all_of(
      members, [&](const char *name) { return a.value(name, Json()) == b.value(name, Json()); });
}

/// Adds those of `more` of which `all` has none with the same `members`; all without members.
static void append(Json &all, const Json &more, std::initializer_list<const char *> members) {
  for (const Json &one : more) {
    bool isKnown = members.size() != 0 && std::ranges::any_of(all, [&](const Json &known) {
                     return areAlike(known, one, members);
                   });
    if (!isKnown)
      all.push_back(one);
  }
}

Expected<std::string> uwt::bench::mergeResults(const std::vector<std::string> &paths) {
  Json all;
  for (const std::string &path : paths) {
    UWT_ASSIGN_OR_RETURN(Json one, readResult(path));
    if (all.is_null()) {
      all = std::move(one);
      continue;
    }
    if (!areAlike(all, one, {"weights", "seed", "version"}) ||
        !areAlike(all["machine"], one["machine"], {"gpu", "bus", "host", "nvidia_driver"}))
      return usageError(path + ": is of another machine, version, kind of weights or seed than " +
                        paths.front() + "; merge results of one machine");
    if (!all["cublaslt"].contains("version"))
      all["cublaslt"] = one["cublaslt"];
    all["written"] = one["written"];
    append(all["packs"], one["packs"], {"path"});
    append(all["baselines"], one["baselines"], {"library", "n", "k", "m"});
    append(all["rows"], one["rows"], {});
    append(all["refused"], one["refused"], {});
  }
  return all.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

//===- Checkpoint.cpp - An open model -------------------------------------===//
//
// Part of the UWT project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "uwt/Container/Checkpoint.h"
#include "CheckpointRewrite.h"
#include "FileTree.h"
#include "Manifest.h"
#include "ModelFiles.h"
#include "Shards.h"
#include "uwt/Support/Suggest.h"
#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <span>

namespace uwt {

Expected<std::vector<std::string>> weightFiles(const std::string &path) {
  if (!isFolder(path))
    return std::vector<std::string>{path};
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(path));
  std::vector<std::string> files;
  for (const TreeFile &file : tree.files)
    if (isWeightFile(file))
      files.push_back(file.full);
  return files;
}

/// Bytes of the original of a weight file, which has `bytes` itself.
static uint64_t originalBytes(const std::string &path, uint64_t bytes) {
  ReadOptions unchecked;
  unchecked.check = false;
  auto container = Container::open(path, unchecked);
  return container ? container->originalBytes() : bytes;
}

Expected<uint64_t> totalBytes(const std::string &path) {
  if (!isFolder(path)) {
    UWT_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
    return originalBytes(path, file.bytes().size());
  }
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(path));
  uint64_t total = 0;
  for (const TreeFile &file : tree.files)
    total += isWeightFile(file) ? originalBytes(file.full, file.bytes) : file.bytes;
  return total;
}

Expected<uint64_t> totalBytes(const std::string &path, const CheckpointOptions &options) {
  if (!options.shardCount || !isFolder(path))
    return totalBytes(path);
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(path));
  std::vector<const TreeFile *> weights;
  for (const TreeFile &file : tree.files)
    if (isWeightFile(file))
      weights.push_back(&file);
  uint64_t total = 0;
  for (const TreeFile *file : shardOf(std::move(weights), options))
    total += file->bytes;
  return total;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// Finds out for each name which of a model's files has its tensor (model-2 to model-5).
class ModelResolver {
public:
  ModelResolver(const FileTree *tree, const ModelFiles &chosen, Checkpoint &model)
      : tree(tree), chosen(chosen), model(model) {}
  void run();

private:
  /// A tensor of a file.
  struct Candidate {
    uint32_t file, entry;
  };
  using Candidates = std::span<const Candidate>;

  const TensorEntry &entryOf(const Candidate &candidate) const {
    return model.containers[candidate.file].entries()[candidate.entry];
  }
  std::string_view nameOf(const Candidate &candidate) const { return entryOf(candidate).name; }
  /// Relative to the folder; empty of a model that is a file.
  std::string_view pathOf(const Candidate &candidate) const {
    return tree ? std::string_view(chosen.files[candidate.file].file->path) : std::string_view();
  }
  const std::string &fullOf(const Candidate &candidate) const {
    return model.containers[candidate.file].path();
  }

  std::vector<Candidate> candidates() const;
  Candidate resolve(Candidates sameName);
  void addFault(std::string_view name, Error error) {
    model.faulty.push_back({std::string(name), std::move(error)});
  }
  Error inTwoFiles(std::string_view name, const std::vector<Candidate> &left) const;
  Error notWhereIndexSays(std::string_view name, const ModelIndex &index, const std::string &file,
                          Candidates elsewhere);
  bool isNamed(std::string_view name) const;
  void checkIndexes();
  void addAliases();
  void sortNames();

  const FileTree *tree;
  const ModelFiles &chosen;
  Checkpoint &model;
  /// What otherSpelling gives of files that indexes name.
  std::map<std::string, std::string> spellings;
};

std::vector<ModelResolver::Candidate> ModelResolver::candidates() const {
  std::vector<Candidate> found;
  for (uint32_t file = 0; file < model.containers.size(); ++file)
    for (uint32_t entry = 0; entry < model.containers[file].entries().size(); ++entry)
      found.push_back({file, entry});
  std::stable_sort(found.begin(), found.end(),
                   [&](const Candidate &a, const Candidate &b) { return nameOf(a) < nameOf(b); });
  return found;
}

// model-4.
Error ModelResolver::inTwoFiles(std::string_view name, const std::vector<Candidate> &left) const {
  std::string text = "tensor " + inQuotes(name) + " is in " +
                     (left.size() == 2 ? "two" : std::to_string(left.size())) +
                     " files: " + fullOf(left[0]) + " and " + fullOf(left[1]);
  if (left.size() > 2)
    text += " and others";
  return usageError(text + "; give one of the files in place of the folder");
}

Error ModelResolver::notWhereIndexSays(std::string_view name, const ModelIndex &index,
                                       const std::string &file, Candidates elsewhere) {
  std::string text = joinPath(model.path, index.path) + ": says that tensor " + inQuotes(name) +
                     " is in " + inQuotes(file) + ", which ";
  const TreeFile *there = tree->find(file);
  text += there && isWeightFile(*there)
              ? "has no such tensor"
              : "is not there; the model may not be downloaded completely";
  auto [spelling, isNew] = spellings.try_emplace(file);
  if (isNew && !there)
    spelling->second = otherSpelling(*tree, file);
  if (!spelling->second.empty())
    text += "; " + inQuotes(spelling->second) + " is spelled otherwise";
  if (!elsewhere.empty())
    text += "; " + fullOf(elsewhere.front()) + " has one: give that in place of the folder";
  return invalidError(text);
}

/// Decides between the files that have a name: an index for its own files, and then only one may
/// be left. Returns what the list of tensors has of the name.
ModelResolver::Candidate ModelResolver::resolve(Candidates sameName) {
  std::vector<Candidate> left(sameName.begin(), sameName.end());
  std::string_view name = nameOf(left.front());
  for (const ModelIndex &index : chosen.indexes) {
    const std::string *file = index.find(name);
    if (!file)
      continue;
    bool isThere =
        std::ranges::any_of(sameName, [&](const Candidate &c) { return pathOf(c) == *file; });
    if (!isThere) {
      addFault(name, notWhereIndexSays(name, index, *file, sameName));
      return left.front();
    }
    std::erase_if(left,
                  [&](const Candidate &c) { return pathOf(c) != *file && index.names(pathOf(c)); });
  }
  // Two indexes may each name a file that has the tensor, and each rule out the other's.
  if (left.empty())
    left.assign(sameName.begin(), sameName.end());
  if (left.size() > 1)
    addFault(name, inTwoFiles(name, left));
  return left.front();
}

/// Returns whether a file of the model has a tensor of that name.
bool ModelResolver::isNamed(std::string_view name) const {
  return std::ranges::binary_search(model.byName, name, {}, [&](uint32_t i) {
    return std::string_view(model.all[i].entry->name);
  });
}

/// Finds the names of indexes that no file of the model has.
void ModelResolver::checkIndexes() {
  std::set<std::string_view> known;
  for (const ModelIndex &index : chosen.indexes)
    for (const auto &[name, file] : index.fileOf) {
      auto alias = std::ranges::lower_bound(model.otherNames, name, {}, &Checkpoint::Alias::name);
      bool isAlias = alias != model.otherNames.end() && alias->name == name &&
                     alias->file->path() == joinPath(model.path, file);
      if (!isNamed(name) && !isAlias && known.insert(name).second)
        addFault(name, notWhereIndexSays(name, index, file, {}));
    }
}

/// Entries of metadata whose value is a tensor of the same file, by names that are no tensor's
/// (model-5).
void ModelResolver::addAliases() {
  std::map<std::string, std::vector<Candidate>> found;
  for (uint32_t file = 0; file < model.containers.size(); ++file) {
    const Container &container = model.containers[file];
    for (const auto &[name, target] : container.metadata()) {
      const TensorEntry *entry = container.lookUp(target);
      if (entry && !isNamed(name))
        found[name].push_back({file, static_cast<uint32_t>(entry - container.entries().data())});
    }
  }
  std::vector<std::pair<std::string, Error>> wrong;
  for (const auto &[name, targets] : found) {
    auto meant = model.lookUp(nameOf(targets.front()));
    if (targets.size() > 1)
      wrong.emplace_back(name, inTwoFiles(name, targets));
    else if (!meant)
      wrong.emplace_back(name, meant.takeError().in(inQuotes(name)));
    else
      model.otherNames.push_back({name, (*meant)->first, (*meant)->second});
  }
  for (auto &[name, error] : wrong)
    addFault(name, std::move(error));
}

void ModelResolver::sortNames() {
  model.byName.resize(model.all.size());
  std::iota(model.byName.begin(), model.byName.end(), 0u);
  std::ranges::sort(model.byName, {},
                    [&](uint32_t i) -> std::string_view { return model.all[i].entry->name; });
}

void ModelResolver::run() {
  std::vector<Candidate> sorted = candidates(), kept;
  for (size_t begin = 0; begin < sorted.size();) {
    size_t end = begin + 1;
    while (end < sorted.size() && nameOf(sorted[end]) == nameOf(sorted[begin]))
      ++end;
    kept.push_back(resolve({sorted.data() + begin, end - begin}));
    begin = end;
  }
  std::ranges::sort(kept, {}, [](const Candidate &c) { return std::pair(c.file, c.entry); });
  for (const Candidate &each : kept)
    model.all.push_back(
        {&model.containers[each.file], &entryOf(each), tree ? chosen.files[each.file].part : 0});
  sortNames();
  std::ranges::sort(model.faulty, {}, &Checkpoint::Fault::name);
  addAliases();
  checkIndexes();
  std::ranges::sort(model.faulty, {}, &Checkpoint::Fault::name);
}

//===----------------------------------------------------------------------===//
// Checkpoint
//===----------------------------------------------------------------------===//

Expected<Checkpoint> Checkpoint::open(const std::string &path, const ReadOptions &options) {
  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.options = options;
  if (!isFolder(path)) {
    UWT_ASSIGN_OR_RETURN(Container container, Container::open(path, options));
    checkpoint.containers.push_back(std::move(container));
    ModelResolver(nullptr, {}, checkpoint).run();
    return checkpoint;
  }
  UWT_ASSIGN_OR_RETURN(FileTree tree, FileTree::read(path));
  if (std::ranges::none_of(tree.files, isWeightFile))
    return noWeights(path);
  UWT_ASSIGN_OR_RETURN(ModelFiles chosen, chooseModelFiles(tree));
  for (const ModelFiles::File &each : chosen.files) {
    UWT_ASSIGN_OR_RETURN(Container container, Container::open(each.file->full, options));
    checkpoint.containers.push_back(std::move(container));
  }
  for (const ModelFiles::Other &each : chosen.others)
    checkpoint.others.push_back({each.file->full, each.why});
  for (const std::string &file : chosen.missing)
    checkpoint.missing.push_back(joinPath(path, file));
  ModelResolver(&tree, chosen, checkpoint).run();
  return checkpoint;
}

uint64_t Checkpoint::originalBytes() const {
  uint64_t total = 0;
  for (const Container &container : containers)
    total += std::min(container.originalBytes(), UINT64_MAX - total);
  return total;
}

Expected<std::vector<Container>> Checkpoint::openOthers() const {
  std::vector<Container> opened;
  for (const OtherFile &other : others) {
    UWT_ASSIGN_OR_RETURN(Container container, Container::open(other.path, options));
    opened.push_back(std::move(container));
  }
  return opened;
}

/// Tensors by the files that have them, as indexes of paths, and by the one of these that counts.
using RepeatedNames =
    std::map<std::pair<std::vector<size_t>, std::optional<size_t>>, std::vector<std::string_view>>;

static std::string repeatedText(const std::vector<std::string> &paths,
                                const RepeatedNames::value_type &repeated) {
  const auto &[where, names] = repeated;
  const auto &[files, counts] = where;
  std::vector<std::string> quoted;
  for (std::string_view name : names)
    quoted.push_back(inQuotes(name));
  std::string text =
      names.size() == 1 ? "1 tensor is" : std::to_string(names.size()) + " tensors are";
  text += " in " + (files.size() == 2 ? "two" : std::to_string(files.size())) + " files, ";
  for (size_t i = 0; i < files.size(); ++i)
    text += (i == 0 ? "" : i + 1 == files.size() ? " and " : ", ") + paths[files[i]];
  text += ": " + someOf(quoted) + "; ";
  if (!counts)
    return text + "none of them counts: give one of the files in place of the folder";
  return text + paths[*counts] + " counts";
}

std::vector<std::string> Checkpoint::repeated() const {
  std::vector<std::string> paths;
  std::vector<Container> opened;
  std::map<std::string_view, std::vector<size_t>> filesOf;
  auto add = [&](const Container &container) {
    for (const TensorEntry &entry : container.entries())
      filesOf[entry.name].push_back(paths.size());
    size_t begin = path.ends_with('/') ? path.size() : path.size() + 1;
    paths.push_back(container.path().substr(std::min(begin, container.path().size())));
  };
  opened.reserve(others.size());
  for (const Container &container : containers)
    add(container);
  for (const OtherFile &other : others)
    if (auto container = Container::open(other.path, options))
      add(opened.emplace_back(*std::move(container)));
  RepeatedNames repeated;
  for (const auto &[name, files] : filesOf) {
    if (files.size() < 2)
      continue;
    auto found = lookUp(name);
    std::optional<size_t> counts;
    if (found && *found)
      counts = static_cast<size_t>((*found)->first - containers.data());
    repeated[{files, counts}].push_back(name);
  }
  std::vector<std::string> lines;
  for (const auto &each : repeated)
    lines.push_back(repeatedText(paths, each));
  return lines;
}

std::vector<std::string> Checkpoint::remarks() const {
  std::vector<std::string> lines = repeated();
  std::vector<const Fault *> unfounded;
  for (const Fault &fault : faulty)
    if (fault.error.getKind() == ErrorKind::Invalid)
      unfounded.push_back(&fault);
  if (!unfounded.empty())
    lines.push_back(unfounded.front()->error.message() +
                    (unfounded.size() == 1
                         ? ""
                         : " (and so of " + std::to_string(unfounded.size() - 1) + " more)"));
  return lines;
}

Expected<std::optional<Checkpoint::Found>> Checkpoint::lookUp(std::string_view name) const {
  auto fault = std::ranges::lower_bound(faulty, name, {}, &Fault::name);
  if (fault != faulty.end() && fault->name == name)
    return fault->error;
  auto at = std::ranges::lower_bound(
      byName, name, {}, [&](uint32_t i) { return std::string_view(all[i].entry->name); });
  if (at != byName.end() && all[*at].entry->name == name)
    return std::optional(Found(all[*at].file, all[*at].entry));
  auto alias = std::ranges::lower_bound(otherNames, name, {}, &Alias::name);
  if (alias != otherNames.end() && alias->name == name)
    return std::optional(Found(alias->file, alias->entry));
  return std::optional<Found>();
}

// model-3.
std::optional<Error> Checkpoint::explainMissing(std::string_view name) const {
  for (const OtherFile &other : others) {
    auto container = Container::open(other.path, options);
    if (container && container->lookUp(name))
      return usageError("tensor " + inQuotes(name) + " is in " + other.path +
                        ", which is not part of the model: " + other.why +
                        "; give that file in place of the folder to read it");
  }
  for (const Container &container : containers)
    for (const auto &[key, value] : container.metadata())
      if (key == name &&
          std::ranges::find(container.metadata(), value, &MetadataEntries::value_type::first) !=
              container.metadata().end())
        return usageError("tensor " + inQuotes(name) + ": " + container.path() +
                          " says that it is the same as " + inQuotes(value) +
                          ", which is no tensor but another such entry");
  if (missing.empty())
    return std::nullopt;
  return usageError("no tensor " + inQuotes(name) + ", but " + missing.front() +
                    " is not there; the model may not be downloaded completely");
}

Expected<Checkpoint::Found> Checkpoint::find(std::string_view name) const {
  UWT_ASSIGN_OR_RETURN(std::optional<Found> found, lookUp(name));
  if (found)
    return *found;
  if (std::optional<Error> known = explainMissing(name))
    return *std::move(known);
  std::vector<std::string_view> names;
  for (const ModelTensor &tensor : all)
    names.push_back(tensor.entry->name);
  for (const Alias &alias : otherNames)
    names.push_back(alias.name);
  return usageError("no tensor " + inQuotes(name) + suggestNames(name, names));
}

} // namespace uwt

// SPDX-License-Identifier: Apache-2.0
#include "format/shortlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/memory_file.h"
#include "tensor/safetensors.h"

namespace dragoman {
namespace {

constexpr char kFrequent[] = "frequent", kBegin[] = "begin", kTargets[] = "targets";
constexpr char kVocabularies[] = "vocabularies";  // of the metadata
constexpr int64_t kMostBytes = int64_t{1} << 30;

std::string FingerprintOf(const VocabularyPair& vocabs) {
  return fmt::format("{:016x} {:016x}", vocabs.src->ids_fingerprint(), vocabs.tgt->ids_fingerprint());
}

TensorView ViewOf(const char* name, const std::vector<int32_t>& ids) {
  return {.name = name,
          .shape = {static_cast<int64_t>(ids.size())},
          .dtype = DType::kI32,
          .bytes = BytesOf(std::span<const int32_t>(ids))};
}

std::vector<int32_t> Read(SafetensorsReader& file, const char* name) {
  const std::vector<int64_t> shape = {file.Find(name).elements};
  const std::string_view bytes = file.Mapped(name, DType::kI32, shape, /*alignment=*/1);
  std::vector<int32_t> ids(bytes.size() / sizeof(int32_t));
  if (!ids.empty()) std::memcpy(ids.data(), bytes.data(), bytes.size());
  return ids;
}

// In [0, rows), each greater than the one before.
bool AreSortedIds(std::span<const int32_t> ids, int32_t rows) {
  if (ids.empty()) return true;
  return ids.front() >= 0 && ids.back() < rows &&
         std::ranges::adjacent_find(ids, std::ranges::greater_equal()) == ids.end();
}

void Require(const ShortlistTables& tables, const std::string& path, const VocabularyPair& vocabs) {
  const auto fail = [&](const std::string& what) {
    throw FormatError(path, what + "; make it again with `dragoman shortlist`");
  };
  const int32_t sources = vocabs.src->rows(), targets = vocabs.tgt->rows();
  const auto& begin = tables.begin;
  if (begin.size() != static_cast<size_t>(sources) + 1 || begin.front() != 0 || !std::ranges::is_sorted(begin) ||
      begin.back() != static_cast<int64_t>(tables.targets.size())) {
    fail(fmt::format("its lists are not those of {} source tokens", sources));
  }
  if (!AreSortedIds(tables.frequent, targets)) fail(fmt::format("{} are not ids below {}, sorted", kFrequent, targets));
  for (int32_t id = 0; id < sources; ++id) {
    const auto at = static_cast<size_t>(id);
    const auto list = std::span(tables.targets)
                          .subspan(static_cast<size_t>(begin[at]), static_cast<size_t>(begin[at + 1] - begin[at]));
    if (!AreSortedIds(list, targets))
      fail(fmt::format("the list of source token {} is not ids below {}, sorted", id, targets));
  }
}

}  // namespace

ShortlistTables MakeShortlist(std::vector<int32_t> frequent,
                              const std::function<std::vector<int32_t>(int32_t source)>& targets_of,
                              const VocabularyPair& vocabs) {
  const auto sort = [](std::vector<int32_t>* ids) {
    std::ranges::sort(*ids);
    ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  };
  ShortlistTables tables{.frequent = std::move(frequent), .begin = {0}, .targets = {}};
  sort(&tables.frequent);
  const bool ids_are_joint = IdsAreJoint(vocabs);
  for (int32_t id = 0; id < vocabs.src->rows(); ++id) {
    std::vector<int32_t> targets = targets_of(id);
    if (ids_are_joint && vocabs.src->Has(id) && vocabs.tgt->Has(id)) targets.push_back(id);
    sort(&targets);
    tables.targets.insert(tables.targets.end(), targets.begin(), targets.end());
    tables.begin.push_back(static_cast<int32_t>(tables.targets.size()));
  }
  return tables;
}

std::string ShortlistBytes(const ShortlistTables& tables, const VocabularyPair& vocabs) {
  MemoryWriter file;
  WriteSafetensors({ViewOf(kFrequent, tables.frequent), ViewOf(kBegin, tables.begin), ViewOf(kTargets, tables.targets)},
                   {{"format", "dragoman shortlist"}, {kVocabularies, FingerprintOf(vocabs)}}, file);
  return std::move(file.written);
}

Shortlist::Shortlist(std::string bytes, const std::string& path, const VocabularyPair& vocabs)
    : bytes_(std::move(bytes)) {
  SafetensorsReader file(std::make_unique<MemoryFile>(bytes_), path);
  const auto made_with = file.metadata().find(kVocabularies);
  if (made_with == file.metadata().end()) {
    throw FormatError(path, "no shortlist; expected a file that `dragoman shortlist` has made");
  }
  if (made_with->second != FingerprintOf(vocabs)) {
    throw FormatError(
        path, "made with other vocabularies than the model's; make one with `dragoman shortlist` and this model");
  }
  tables_ = {Read(file, kFrequent), Read(file, kBegin), Read(file, kTargets)};
  Require(tables_, path, vocabs);
}

std::shared_ptr<const Shortlist> Shortlist::Load(FileSystem& files, const std::string& path,
                                                 const VocabularyPair& vocabs) {
  return std::make_shared<const Shortlist>(ReadFile(files, path, kMostBytes), path, vocabs);
}

std::vector<int32_t> Shortlist::For(std::span<const int32_t> source) const {
  std::vector<int32_t> tokens = tables_.frequent;
  for (const int32_t id : source) {
    const auto at = static_cast<size_t>(id);
    tokens.insert(tokens.end(), tables_.targets.begin() + tables_.begin[at],
                  tables_.targets.begin() + tables_.begin[at + 1]);
  }
  std::ranges::sort(tokens);
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  return tokens;
}

}  // namespace dragoman

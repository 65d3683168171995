// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/byte_hash.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/hash.h"

namespace dragoman {
namespace {

[[noreturn]] void Fail(const std::string& path, const std::string& what) {
  throw FormatError(path, what + "; take the file that the model came with");
}

// Throws FormatError unless the ids are ones of this vocabulary.
void CheckIds(const TokenizerSettings& settings, const Segmenter& segmenter, const std::string& path) {
  const SegmenterInfo& info = segmenter.info();
  if (!settings.ids.empty() && std::ssize(settings.ids) != info.size) {
    Fail(path, fmt::format("ids has {} numbers, but {} has {} pieces, expected one for each", settings.ids.size(),
                           info.path, info.size));
  }
  std::vector<int32_t> all = settings.ids;
  std::erase(all, IdMap::kNone);
  for (const auto& [name, id] : settings.added) {
    if (settings.ids.empty() && id < info.size) all.push_back(id);  // a piece's
    all.push_back(id);
  }
  std::ranges::sort(all);
  if (const auto twice = std::ranges::adjacent_find(all); twice != all.end()) {
    Fail(path, fmt::format("id {} is given twice, expected one for each piece and added token", *twice));
  }
  for (const int32_t piece : {info.unk_id, info.eos_id}) {
    if (settings.ids.empty() || settings.ids[static_cast<size_t>(piece)] != IdMap::kNone) continue;
    Fail(path, fmt::format("ids gives {} none, expected one, as every model needs it", segmenter.Piece(piece)));
  }
  for (const auto& [name, id] : settings.added) {
    const std::optional<int32_t> piece = segmenter.Find(name);
    if (!piece || (!settings.ids.empty() && settings.ids[static_cast<size_t>(*piece)] == IdMap::kNone)) continue;
    Fail(path, fmt::format("added has \"{}\", which is a piece, expected a name of its own", name));
  }
}

}  // namespace

Tokenizer Tokenizer::Load(const std::string& path) {
  return FromBytes(
      path == kStdinPath ? ReadStdin(kMaxVocabularyBytes) : ReadFile(RealFileSystem(), path, kMaxVocabularyBytes),
      InputName(path));
}

Tokenizer Tokenizer::FromBytes(std::string bytes, const std::string& path) {
  return {MakeSegmenter(std::move(bytes), path), {}, path};
}

Tokenizer::Tokenizer(std::shared_ptr<const Segmenter> segmenter, TokenizerSettings settings,
                     const std::string& settings_path)
    : segmenter_(std::move(segmenter)), settings_(std::move(settings)), ids_(info().size) {
  CheckIds(settings_, *segmenter_, settings_path);
  if (!settings_.ids.empty()) ids_ = IdMap(settings_.ids);
  size_ = ids_.size();
  for (const auto& [name, id] : settings_.added) {
    added_[id] = name;
    size_ = std::max(size_, id + 1);
  }
  sentence_ = {settings_.prefix, settings_.suffix.value_or(std::vector<int32_t>{eos_id()})};
  for (const auto* ids : {&sentence_.prefix, &sentence_.suffix, &settings_.banned}) {
    const auto is_chosen_later = [&](int32_t id) {
      return ids != &settings_.banned && !settings_.languages.empty() && (id == kSrcLanguage || id == kTgtLanguage);
    };
    const auto unknown = std::ranges::find_if(*ids, [&](int32_t id) { return !Has(id) && !is_chosen_later(id); });
    if (unknown == ids->end()) continue;
    Fail(settings_path, fmt::format("{} holds {}, which is the id of no piece or added token, expected such a one",
                                    ids == &sentence_.prefix   ? "prefix"
                                    : ids == &sentence_.suffix ? "suffix"
                                                               : "banned",
                                    *unknown));
  }
  for (const auto* ids : {&sentence_.prefix, &settings_.banned}) {
    if (std::ranges::find(*ids, eos_id()) == ids->end()) continue;
    Fail(settings_path, fmt::format("{} holds {}, the id of </s>, expected others, since it is what ends a sentence",
                                    ids == &sentence_.prefix ? "prefix" : "banned", eos_id()));
  }
  for (const auto& [code, id] : settings_.languages) {
    if (Has(id) && id != eos_id()) continue;
    Fail(settings_path,
         fmt::format("languages has {} for \"{}\", expected the id of a piece or added token, not that of "
                     "</s>",
                     id, code));
  }
  const auto with = [&](const TokenizerSettings& some) {
    const uint64_t pieces = HashBytes(serialized());
    if (some == TokenizerSettings{}) return pieces;
    return HashCombine(pieces, HashBytes(TokenizerSettingsPair{some, {}}.ToJson()));
  };
  fingerprint_ = with(settings_);
  TokenizerSettings numbering;
  numbering.ids = settings_.ids;
  numbering.added = settings_.added;
  ids_fingerprint_ = with(numbering);
}

std::vector<int32_t> Tokenizer::Encode(std::string_view text) const {
  std::vector<int32_t> ids = segmenter_->Encode(text);
  if (settings_.ids.empty()) return ids;
  for (int32_t& id : ids) {
    id = ids_.ToId(id);
    if (id == IdMap::kNone) id = unk_id();
  }
  return ids;
}

int64_t Tokenizer::CountUnknown(std::string_view text) const {
  int64_t count = segmenter_->CountUnknown(text);
  if (settings_.ids.empty()) return count;
  for (const int32_t piece : segmenter_->Encode(text)) {
    if (ids_.ToId(piece) == IdMap::kNone) count += CharactersIn(segmenter_->Piece(piece));
  }
  return count;
}

void Tokenizer::RequireIds(std::span<const int32_t> ids) const {
  const auto unknown = std::ranges::find_if(ids, [&](int32_t id) { return !Has(id); });
  if (unknown == ids.end()) return;
  throw OptionError(
      fmt::format("token id {} is not in the vocabulary; expected 0 to {}{}; use the vocabulary that the "
                  "ids were made with",
                  *unknown, size_ - 1, *unknown >= 0 && *unknown < size_ ? ", without those that are no piece's" : ""));
}

std::string Tokenizer::Decode(std::span<const int32_t> ids) const {
  RequireIds(ids);
  if (settings_.ids.empty() && added_.empty()) return segmenter_->Decode(ids);
  std::vector<int32_t> pieces;
  for (const int32_t id : ids) {
    if (HasPiece(id)) pieces.push_back(ids_.ToPiece(id));
  }
  return segmenter_->Decode(pieces);
}

const std::string& Tokenizer::Piece(int32_t id) const {
  RequireIds({&id, 1});
  return HasPiece(id) ? segmenter_->Piece(ids_.ToPiece(id)) : added_.at(id);
}

std::optional<float> Tokenizer::Score(int32_t id) const {
  RequireIds({&id, 1});
  return HasPiece(id) ? segmenter_->Score(ids_.ToPiece(id)) : std::nullopt;
}

std::optional<std::pair<int32_t, int32_t>> Tokenizer::LastMerge(int32_t id) const {
  RequireIds({&id, 1});
  if (!HasPiece(id)) return std::nullopt;
  const auto merged = segmenter_->LastMerge(ids_.ToPiece(id));
  if (!merged) return std::nullopt;
  const int32_t left = ids_.ToId(merged->first), right = ids_.ToId(merged->second);
  if (left == IdMap::kNone || right == IdMap::kNone) return std::nullopt;
  return std::pair(left, right);
}

std::optional<int32_t> Tokenizer::Find(std::string_view piece) const {
  if (const auto added = settings_.added.find(std::string(piece)); added != settings_.added.end()) return added->second;
  const std::optional<int32_t> found = segmenter_->Find(piece);
  const int32_t id = found ? ids_.ToId(*found) : IdMap::kNone;
  return id == IdMap::kNone ? std::nullopt : std::optional(id);
}

}  // namespace dragoman

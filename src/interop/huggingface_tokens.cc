// SPDX-License-Identifier: Apache-2.0
#include "interop/huggingface_tokens.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "text/id_map.h"

namespace dragoman {
namespace {

// The tokens of languages, without what other tokens there are.
TokenIds LanguagesAmong(const TokenIds& tokens) {
  TokenIds languages;
  for (const auto& [name, id] : tokens) {
    if (IsM2m100Language(name)) {
      languages[name.substr(2, name.size() - 4)] = id;
    } else if (!name.starts_with("<")) {
      languages[name] = id;
    }
  }
  return languages;
}

}  // namespace

TokenIds WithoutPieces(const TokenIds& tokens, const Segmenter& segmenter, const std::vector<int32_t>& ids) {
  TokenIds left;
  for (const auto& [name, id] : tokens) {
    const std::optional<int32_t> piece = segmenter.Find(name);
    if (piece && (ids.empty() || ids[static_cast<size_t>(*piece)] != IdMap::kNone)) continue;
    left[name] = id;
  }
  return left;
}

TokenizerSettingsPair MarianTokens(const Segmenter& src, const Segmenter& tgt, const TokenIds& src_tokens,
                                   const TokenIds& tgt_tokens) {
  const auto settle = [](const Segmenter& segmenter, const TokenIds& tokens, TokenizerSettings* settings) {
    settings->ids = IdsOfPieces(segmenter, tokens);
    for (const auto& [token, id] : WithoutPieces(tokens, segmenter, settings->ids)) {
      if (token == kPadToken || !CodeOfTag(token).empty()) settings->added[token] = id;
    }
  };
  TokenizerSettingsPair settings;
  settle(src, src_tokens, &settings.src);
  settle(tgt, tgt_tokens, &settings.tgt);
  for (const auto& [token, id] : src_tokens) {
    if (const std::string code = CodeOfTag(token); !code.empty()) settings.src.languages[code] = id;
  }
  if (!settings.src.languages.empty()) settings.src.prefix = {kTgtLanguage};
  return settings;
}

std::vector<int32_t> FairseqIds(const Segmenter& segmenter) {
  std::vector<int32_t> ids(static_cast<size_t>(segmenter.info().size));
  for (size_t piece = 0; piece < ids.size(); ++piece) ids[piece] = static_cast<int32_t>(piece) + 1;
  const auto set = [&](int32_t piece, int32_t id) {
    if (piece >= 0) ids[static_cast<size_t>(piece)] = id;
  };
  set(segmenter.info().bos_id, 0);
  set(segmenter.info().eos_id, 2);
  set(segmenter.info().unk_id, 3);
  return ids;
}

TokenizerSettingsPair MultilingualTokens(const Segmenter& segmenter, std::vector<int32_t> ids, const TokenIds& added,
                                         int32_t eos, LanguagePlaces places) {
  TokenizerSettings side;
  side.ids = std::move(ids);
  side.added = WithoutPieces(added, segmenter, side.ids);
  side.languages = LanguagesAmong(side.added);
  TokenizerSettingsPair settings{side, side};
  if (places == LanguagePlaces::kBefore) {
    settings.src.prefix = {kSrcLanguage};
  } else {
    settings.src.suffix = {{eos, kSrcLanguage}};
  }
  if (places == LanguagePlaces::kBehindAlone) {
    settings.tgt.languages.clear();
  } else {
    settings.tgt.prefix = {kTgtLanguage};
  }
  return settings;
}

bool IsM2m100Language(const std::string& token) {
  return token.starts_with("__") && token.ends_with("__") && token.size() > 4;
}

TokenizerSettingsPair T5Tokens(const Segmenter& segmenter, std::vector<int32_t> ids, const TokenIds& added) {
  constexpr int32_t kSentinels = 100;
  TokenizerSettings side;
  side.ids = std::move(ids);
  side.added = WithoutPieces(added, segmenter, side.ids);
  if (side.ids.empty() && !segmenter.Find("<extra_id_0>")) {
    for (int32_t i = 0; i < kSentinels; ++i) {
      side.added[fmt::format("<extra_id_{}>", i)] = segmenter.info().size + kSentinels - 1 - i;
    }
  }
  TokenizerSettingsPair settings{side, side};
  TokenIds tags;
  const auto add_tag = [&](const std::string& text, int32_t id) {
    if (text.starts_with("<2") && text.ends_with(">") && text.size() > 3) tags[text.substr(2, text.size() - 3)] = id;
  };
  for (int32_t piece = 0; piece < segmenter.info().size; ++piece) {
    add_tag(segmenter.Piece(piece), side.ids.empty() ? piece : side.ids[static_cast<size_t>(piece)]);
  }
  for (const auto& [name, id] : side.added) add_tag(name, id);
  constexpr size_t kFewTags = 8;  // else a word that happens to look so
  if (tags.size() > kFewTags) {
    settings.src.languages = tags;
    settings.src.prefix = {kTgtLanguage};
  }
  return settings;
}

TokenizerSettingsPair PegasusTokens(const Segmenter& segmenter, const TokenIds& added, std::vector<int32_t> ids) {
  constexpr int32_t kOffset = 103;
  TokenizerSettings side;
  side.ids = std::move(ids);
  for (int32_t piece = static_cast<int32_t>(side.ids.size()); piece < segmenter.info().size; ++piece) {
    side.ids.push_back(piece < 2 ? piece : piece + kOffset);
  }
  side.added = WithoutPieces(added, segmenter, side.ids);
  return {side, side};
}

TokenizerSettingsPair BartTokens(int32_t bos) {
  TokenizerSettingsPair settings;
  settings.src.prefix = {bos};
  return settings;
}

}  // namespace dragoman

// SPDX-License-Identifier: Apache-2.0
#include "interop/vocabulary_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "interop/model_proto_writer.h"
#include "text/id_map.h"
#include "text/model_proto_check.h"
#include "text/word_segmenter.h"

namespace dragoman {
namespace {

constexpr char kAdvice[] = "take the files that the model came with";

}  // namespace

TokenIds ReadTokenIds(FileSystem& files, const std::string& path) {
  const JsonDocument document(ReadFile(files, path, kMaxVocabularyBytes), {path, kAdvice});
  TokenIds ids;
  const JsonObject tokens = document.root().Object("this");
  for (const JsonObject::Member& token : tokens.members()) {
    ids[token.key] = static_cast<int32_t>(token.value.Integer(token.key, 0, kMaxVocabularyPieces - 1));
  }
  return ids;
}

std::string RowName(int32_t id) { return fmt::format("<row-{}>", id); }

std::string CodeOfTag(const std::string& token) {
  const bool is_tag = token.size() > 4 && token.starts_with(">>") && token.ends_with("<<");
  return is_tag ? token.substr(2, token.size() - 4) : "";
}

std::shared_ptr<const Segmenter> OpenSegmenter(FileSystem& files, const std::string& path) {
  return Tokenizer::FromBytes(ReadFile(files, path, kMaxVocabularyBytes), path).segmenter();
}

std::vector<int32_t> IdsOfPieces(const Segmenter& segmenter, const TokenIds& tokens) {
  std::vector<int32_t> ids;
  for (int32_t piece = 0; piece < segmenter.info().size; ++piece) {
    const auto found = tokens.find(segmenter.Piece(piece));
    ids.push_back(found == tokens.end() ? IdMap::kNone : found->second);
  }
  return ids;
}

// Fields that repeat may stand anywhere, so also at the end.
std::string WithUnusedPieces(std::string model, std::span<const std::string> pieces) {
  for (const std::string& piece : pieces) AppendPiece(piece, kOutsideOfMerges, ProtoPieceType::kUnused, &model);
  return model;
}

void PadTo(int32_t rows, const Segmenter& segmenter, TokenizerSettings* settings) {
  int32_t size = settings->ids.empty() ? segmenter.info().size : 0;
  for (const int32_t id : settings->ids) size = std::max(size, id + 1);
  for (const auto& [name, id] : settings->added) size = std::max(size, id + 1);
  settings->padding_rows = std::max(0, rows - size);
}

std::shared_ptr<const Segmenter> NumberSegmenter(int32_t rows, int32_t eos, int32_t unk) {
  std::vector<std::string> pieces;
  for (int32_t id = 0; id < rows; ++id) {
    pieces.push_back(id == eos ? "</s>" : id == unk ? "<unk>" : std::to_string(id));
  }
  return Tokenizer::FromBytes(WordListOf(pieces), "token ids").segmenter();
}

VocabularyPair PairOf(std::shared_ptr<const Segmenter> src, std::shared_ptr<const Segmenter> tgt,
                      const TokenizerSettingsPair& settings, const std::string& path) {
  const auto one = std::make_shared<const Tokenizer>(std::move(src), TokenizerSettings{}, path);
  const auto other =
      tgt == one->segmenter() ? one : std::make_shared<const Tokenizer>(std::move(tgt), TokenizerSettings{}, path);
  return WithSettings({one, other}, settings, path);
}

}  // namespace dragoman

// SPDX-License-Identifier: Apache-2.0
#include "text/sentencepiece_segmenter.h"

#include <sentencepiece_processor.h>

#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "text/blank.h"
#include "text/model_proto_check.h"

namespace dragoman {
namespace {

// Bytes of a run of unknown characters. Much more where rules may yet make known ones of them.
constexpr size_t kMaxUnknownRun = 1024, kMaxRunBeforeRules = 1 << 16;

// ASCII white space other than the space itself.
constexpr std::string_view kOtherWhiteSpace = "\t\n\v\f\r";

void RequireEncoded(const sentencepiece::util::Status& status) {
  if (status.ok()) return;
  throw FormatError("text", "SentencePiece cannot encode it (" + status.ToString() +
                                "); expected a sound vocabulary; make it again with `dragoman vocab`");
}

// What of it is to become a space. A trained model never has pieces for it, and a line of output could not show them.
// But where a model's own rules leave nothing of it, they stand: some make a space of a tab and drop a vertical one.
std::string WhiteSpaceWithoutRules(const sentencepiece::SentencePieceProcessor& processor) {
  std::string left;
  for (const char c : kOtherWhiteSpace) {
    std::vector<int> pieces;
    RequireEncoded(processor.Encode(std::string(1, c), &pieces));
    if (!pieces.empty()) left += c;
  }
  return left;
}

// Which code points a piece holds that text becomes, and the space.
std::vector<bool> CharactersOf(const sentencepiece::SentencePieceProcessor& processor, bool passes_unused) {
  std::vector<bool> known(0x110000);
  known[' '] = true;
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    if (processor.IsControl(id) || processor.IsUnknown(id) || (passes_unused && processor.IsUnused(id))) continue;
    const std::string& piece = processor.IdToPiece(id);
    for (size_t i = 0; i < piece.size(); i += Utf8Length(piece[i])) known[CodePointAt(piece, i)] = true;
  }
  return known;
}

// SentencePiece makes one <unk> of a run of unknown characters, in time quadratic in its length. So this returns the
// text with only the beginning of a long run.
std::string ShortenUnknownRuns(std::string_view text, const std::vector<bool>& known, size_t max_run) {
  std::string kept;
  size_t run = 0;  // bytes
  for (size_t i = 0; i < text.size();) {
    const size_t length = Utf8Length(text[i]);
    run = known[CodePointAt(text, i)] ? 0 : run + length;
    if (run <= max_run) kept.append(text, i, length);
    i += length;
  }
  return kept;
}

// What a model needs of a vocabulary, besides <unk>, which CheckModelProto has seen to.
void RequireEndOfSentence(const sentencepiece::SentencePieceProcessor& processor, const SegmenterInfo& info) {
  if (info.eos_id >= 0) return;
  const bool is_there = processor.PieceToId("</s>") != info.unk_id;
  throw FormatError(info.path, std::string(is_there ? "its </s> is no control token" : "it has no </s>") +
                                   "; expected one, since it ends every sentence; make the vocabulary with `dragoman "
                                   "vocab`, or take the one that the model was trained with");
}

class SentencePieceSegmenter : public Segmenter {
 public:
  SentencePieceSegmenter(std::string bytes, const std::string& path);

  std::vector<int32_t> Encode(std::string_view text) const override;
  int64_t CountUnknown(std::string_view text) const override;
  std::string Decode(std::span<const int32_t> pieces) const override;
  const std::string& Piece(int32_t piece) const override;
  std::optional<int32_t> Find(std::string_view text) const override;
  std::optional<float> Score(int32_t piece) const override;

 private:
  std::string_view Prepare(std::string_view text, std::string* changed) const;

  const sentencepiece::SentencePieceProcessor& encoder() const { return encoder_ ? *encoder_ : processor_; }

  sentencepiece::SentencePieceProcessor processor_;
  std::optional<sentencepiece::SentencePieceProcessor> encoder_;  // where that is not the same: kOutsideOfMerges
  bool passes_unused_ = false;                                    // unused pieces are in no segmentation
  std::string white_space_;                                       // that becomes a space
  std::vector<bool> ordinary_;                                    // [pieces]
  std::vector<bool> known_;                                       // code points; empty when unknown ones become bytes
  size_t max_unknown_run_ = kMaxUnknownRun;
};

// What SentencePiece is given of a text: `text` itself or, where that will not do, *changed.
std::string_view SentencePieceSegmenter::Prepare(std::string_view text, std::string* changed) const {
  RequireSoundText(text);
  if (IsBlank(text)) return {};
  if (text.find_first_of(white_space_) != std::string_view::npos) {
    *changed = text;
    for (char& c : *changed) {
      if (white_space_.find(c) != std::string::npos) c = ' ';
    }
    text = *changed;
  }
  if (text.size() <= max_unknown_run_ || known_.empty()) return text;
  return *changed = ShortenUnknownRuns(text, known_, max_unknown_run_);
}

void Load(const std::string& bytes, const std::string& path, sentencepiece::SentencePieceProcessor* processor) {
  std::string problem;
  try {
    const auto status = processor->LoadFromSerializedProto(bytes);
    if (!status.ok()) problem = status.ToString();
  } catch (const std::exception& e) {  // its trie builder throws
    problem = e.what();
  }
  if (problem.empty()) return;
  throw FormatError(path, "SentencePiece cannot load this vocabulary (" + problem +
                              "); expected a SentencePiece model; make it again with `dragoman vocab`");
}

SentencePieceSegmenter::SentencePieceSegmenter(std::string bytes, const std::string& path) : Segmenter({}) {
  const ModelProtoSummary summary = CheckModelProto(bytes, path);
  Load(summary.loadable, path, &processor_);
  if (!summary.encodable.empty()) Load(summary.encodable, path, &encoder_.emplace());
  DRAGOMAN_CHECK(processor_.GetPieceSize() == summary.pieces);
  passes_unused_ = summary.traits.type == "unigram";
  white_space_ = WhiteSpaceWithoutRules(encoder());
  ordinary_ = summary.ordinary;
  if (!processor_.IsByte(processor_.PieceToId("<0x00>"))) known_ = CharactersOf(encoder(), passes_unused_);
  if (summary.normalizes) max_unknown_run_ = kMaxRunBeforeRules;
  info_ = {.path = path,
           .bytes = std::move(bytes),
           .size = summary.pieces,
           .unk_id = summary.unk_id,
           .bos_id = processor_.bos_id(),
           .eos_id = processor_.eos_id(),
           .pad_id = processor_.pad_id(),
           .traits = summary.traits};
  RequireEndOfSentence(processor_, info_);
}

std::vector<int32_t> SentencePieceSegmenter::Encode(std::string_view text) const {
  std::string changed;
  text = Prepare(text, &changed);
  std::vector<int32_t> pieces;
  static_assert(sizeof(int) == sizeof(int32_t));
  RequireEncoded(encoder().Encode(text, &pieces));
  return pieces;
}

int64_t SentencePieceSegmenter::CountUnknown(std::string_view text) const {
  std::string changed;
  text = Prepare(text, &changed);
  std::vector<std::string> pieces;
  RequireEncoded(encoder().Encode(text, &pieces));
  int64_t count = 0;
  for (const std::string& piece : pieces) {
    const int id =
        encoder().PieceToId(piece);  // of an unused piece where the text is one that a unigram model passes by
    if (id == info_.unk_id || (passes_unused_ && encoder().IsUnused(id))) count += CharactersIn(piece);
  }
  return count;
}

std::string SentencePieceSegmenter::Decode(std::span<const int32_t> pieces) const {
  std::string text;
  const auto status = processor_.Decode(std::vector<int>(pieces.begin(), pieces.end()), &text);
  if (!status.ok()) {
    throw FormatError("tokens", "SentencePiece cannot decode them (" + status.ToString() +
                                    "); expected a sound vocabulary; make it again with `dragoman vocab`");
  }
  return text;
}

const std::string& SentencePieceSegmenter::Piece(int32_t piece) const {
  DRAGOMAN_CHECK(piece >= 0 && piece < info_.size);
  return processor_.IdToPiece(piece);
}

std::optional<int32_t> SentencePieceSegmenter::Find(std::string_view text) const {
  const int32_t piece = processor_.PieceToId(text);  // <unk>'s for what it does not know
  if (piece != info_.unk_id || text == Piece(piece)) return piece;
  return std::nullopt;
}

std::optional<float> SentencePieceSegmenter::Score(int32_t piece) const {
  DRAGOMAN_CHECK(piece >= 0 && piece < info_.size);
  if (!ordinary_[static_cast<size_t>(piece)]) return std::nullopt;
  return processor_.GetScore(piece);
}

}  // namespace

std::unique_ptr<const Segmenter> MakeSentencePieceSegmenter(std::string bytes, const std::string& path) {
  return std::make_unique<SentencePieceSegmenter>(std::move(bytes), path);
}

}  // namespace dragoman

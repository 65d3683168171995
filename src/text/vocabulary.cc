// SPDX-License-Identifier: Apache-2.0
#include "text/vocabulary.h"

#include <sentencepiece_processor.h>

#include <cstring>
#include <utility>

#include "base/byte_hash.h"
#include "base/check.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/utf8.h"
#include "text/blank.h"
#include "text/model_proto_check.h"

namespace dragoman {
namespace {

// Bytes of a run of unknown characters. Much more where rules may yet make known ones of them.
constexpr size_t kMaxUnknownRun = 1024, kMaxRunBeforeRules = 1 << 16;

// ASCII white space other than the space itself. A trained model never has pieces for these, and a line of output
// could not show them.
constexpr const char* kOtherWhiteSpace = "\t\n\v\f\r";

// Which code points a piece holds, and the space.
std::vector<bool> CharactersOf(const sentencepiece::SentencePieceProcessor& processor) {
  std::vector<bool> known(0x110000);
  known[' '] = true;
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    if (processor.IsControl(id) || processor.IsUnknown(id)) continue;
    const std::string& piece = processor.IdToPiece(id);
    for (size_t i = 0; i < piece.size(); i += Utf8Length(piece[i])) known[CodePointAt(piece, i)] = true;
  }
  return known;
}

// Characters of `piece`, but for SentencePiece's own mark of a space.
int64_t CharactersIn(const std::string& piece) {
  constexpr char32_t kSpaceMark = 0x2581;
  int64_t count = 0;
  for (size_t i = 0; i < piece.size(); i += Utf8Length(piece[i])) count += CodePointAt(piece, i) != kSpaceMark;
  return count;
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

void RequireEncoded(const sentencepiece::util::Status& status) {
  if (status.ok()) return;
  throw FormatError("text", "SentencePiece cannot encode it (" + status.ToString() +
                                "); expected a sound vocabulary; make it again with `dragoman vocab`");
}

}  // namespace

struct Vocabulary::Impl {
  sentencepiece::SentencePieceProcessor processor;
  std::string path;
  std::string bytes;
  std::vector<bool> known;  // code points; empty when unknown ones become bytes
  size_t max_unknown_run = kMaxUnknownRun;
  uint64_t fingerprint = 0;
  int32_t size = 0;
  int32_t unk_id = -1;
  int32_t bos_id = -1;
  int32_t eos_id = -1;
  VocabularyTraits traits;

  // What a model needs of it, besides <unk>, which CheckModelProto has seen to.
  void RequireEndOfSentence() const {
    if (eos_id >= 0) return;
    const bool is_there = processor.PieceToId("</s>") != unk_id;
    throw FormatError(path, std::string(is_there ? "its </s> is no control token" : "it has no </s>") +
                                "; expected one, since it ends every sentence; make the vocabulary with `dragoman "
                                "vocab`, or take the one that the model was trained with");
  }
  std::string_view Prepare(std::string_view text, std::string* changed) const;

  void CheckId(int32_t id) const {
    if (id < 0 || id >= size) {
      throw OptionError("token id " + std::to_string(id) + " is not in the vocabulary; expected 0 to " +
                        std::to_string(size - 1) + "; use the vocabulary that the ids were made with");
    }
  }
};

// What SentencePiece is given of a text: `text` itself or, where that will not do, *changed.
std::string_view Vocabulary::Impl::Prepare(std::string_view text, std::string* changed) const {
  const size_t nul = text.find('\0');
  const size_t bad = nul == std::string_view::npos ? FindInvalidUtf8(text) : nul;
  if (bad != std::string_view::npos) {
    throw FormatError("text", "byte " + std::to_string(bad + 1) +
                                  (nul == std::string_view::npos ? " is not valid UTF-8" : " is NUL") +
                                  "; expected UTF-8 text; convert it first");
  }
  if (IsBlank(text)) return {};
  if (text.find_first_of(kOtherWhiteSpace) != std::string_view::npos) {
    *changed = text;
    for (char& c : *changed) {
      if (std::strchr(kOtherWhiteSpace, c) != nullptr) c = ' ';
    }
    text = *changed;
  }
  if (text.size() <= max_unknown_run || known.empty()) return text;
  return *changed = ShortenUnknownRuns(text, known, max_unknown_run);
}

Vocabulary::Vocabulary(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Vocabulary::Vocabulary(Vocabulary&&) noexcept = default;
Vocabulary& Vocabulary::operator=(Vocabulary&&) noexcept = default;
Vocabulary::~Vocabulary() = default;

Vocabulary Vocabulary::Load(const std::string& path) {
  return FromBytes(
      path == kStdinPath ? ReadStdin(kMaxVocabularyBytes) : ReadFile(RealFileSystem(), path, kMaxVocabularyBytes),
      InputName(path));
}

Vocabulary Vocabulary::FromBytes(std::string bytes, const std::string& path) {
  const ModelProtoSummary summary = CheckModelProto(bytes, path);
  auto impl = std::make_unique<Impl>();
  std::string problem;
  try {
    const auto status = impl->processor.LoadFromSerializedProto(summary.loadable);
    if (!status.ok()) problem = status.ToString();
  } catch (const std::exception& e) {  // its trie builder throws
    problem = e.what();
  }
  if (!problem.empty()) {
    throw FormatError(path, "SentencePiece cannot load this vocabulary (" + problem +
                                "); expected a SentencePiece model; make it again with `dragoman vocab`");
  }
  impl->size = impl->processor.GetPieceSize();
  DRAGOMAN_CHECK(impl->size == summary.pieces);
  impl->unk_id = summary.unk_id;
  impl->bos_id = impl->processor.bos_id();
  impl->eos_id = impl->processor.eos_id();
  if (!impl->processor.IsByte(impl->processor.PieceToId("<0x00>"))) impl->known = CharactersOf(impl->processor);
  if (summary.normalizes) impl->max_unknown_run = kMaxRunBeforeRules;
  impl->traits = summary.traits;
  impl->path = path;
  impl->RequireEndOfSentence();
  impl->bytes = std::move(bytes);
  impl->fingerprint = HashBytes(impl->bytes);
  return Vocabulary(std::move(impl));
}

std::vector<int32_t> Vocabulary::Encode(std::string_view text) const {
  std::string changed;
  text = impl_->Prepare(text, &changed);
  std::vector<int32_t> ids;
  static_assert(sizeof(int) == sizeof(int32_t));
  RequireEncoded(impl_->processor.Encode(text, &ids));
  return ids;
}

int64_t Vocabulary::CountUnknown(std::string_view text) const {
  std::string changed;
  text = impl_->Prepare(text, &changed);
  std::vector<std::string> pieces;
  RequireEncoded(impl_->processor.Encode(text, &pieces));
  int64_t count = 0;
  for (const std::string& piece : pieces) {
    if (impl_->processor.PieceToId(piece) == impl_->unk_id) count += CharactersIn(piece);
  }
  return count;
}

std::string Vocabulary::Decode(std::span<const int32_t> ids) const {
  for (const int32_t id : ids) impl_->CheckId(id);
  std::string text;
  const auto status = impl_->processor.Decode(std::vector<int>(ids.begin(), ids.end()), &text);
  if (!status.ok()) {
    throw FormatError("tokens", "SentencePiece cannot decode them (" + status.ToString() +
                                    "); expected a sound vocabulary; make it again with `dragoman vocab`");
  }
  return text;
}

const std::string& Vocabulary::Piece(int32_t id) const {
  impl_->CheckId(id);
  return impl_->processor.IdToPiece(id);
}

std::optional<int32_t> Vocabulary::Find(std::string_view piece) const {
  const int32_t id = impl_->processor.PieceToId(piece);  // <unk>'s for what it does not know
  if (id != impl_->unk_id || piece == Piece(id)) return id;
  return std::nullopt;
}

const std::string& Vocabulary::path() const { return impl_->path; }
int32_t Vocabulary::size() const { return impl_->size; }
int32_t Vocabulary::unk_id() const { return impl_->unk_id; }
int32_t Vocabulary::bos_id() const { return impl_->bos_id; }
int32_t Vocabulary::eos_id() const { return impl_->eos_id; }
int32_t Vocabulary::pad_id() const { return impl_->processor.pad_id(); }
const VocabularyTraits& Vocabulary::traits() const { return impl_->traits; }
const std::string& Vocabulary::serialized() const { return impl_->bytes; }
uint64_t Vocabulary::fingerprint() const { return impl_->fingerprint; }

}  // namespace dragoman

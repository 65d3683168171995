// SPDX-License-Identifier: Apache-2.0
// Files of ours, which may have come from anybody all the same: what is read can be written, and is the same again.
#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "base/byte_hash.h"
#include "base/check.h"
#include "base/checked_size.h"
#include "base/crc32.h"
#include "cli/training_log.h"
#include "data/token_corpus.h"
#include "data/token_spool.h"
#include "dragoman/options.h"
#include "format/about.h"
#include "format/manifest.h"
#include "format/model_directory.h"
#include "format/shortlist.h"
#include "interop/marian_shortlist.h"
#include "model/transformer_config.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/memory_files.h"
#include "tests/fuzz/small_vocabulary.h"
#include "tests/fuzz/targets.h"
#include "text/tokenizer_settings.h"
#include "train/train_state.h"

namespace dragoman {
namespace {

template <typename T>
T ReadTwice(std::string_view bytes) {
  const T value = T::FromJson(std::string(bytes), "f");
  DRAGOMAN_CHECK(WithoutError([&] { return T::FromJson(value.ToJson(), "f"); }) == value);
  return value;
}

void UseVocabularies(const VocabularyPair& vocabs) {
  for (const Tokenizer* const vocab : {vocabs.src.get(), vocabs.tgt.get()}) {
    std::vector<int32_t> ids;
    vocab->sentence().OpenTo(&ids);
    for (const int32_t id : vocab->Encode("a b zebra <de>")) ids.push_back(id);
    vocab->sentence().CloseTo(&ids);
    for (const int32_t id : ids) DRAGOMAN_CHECK(id >= 0 && id < vocab->rows());
    vocab->Decode(ids);
    for (const char* const word : {"a", "</s>", "<de>"}) {
      const auto found = vocab->Find(word);
      DRAGOMAN_CHECK(!found || vocab->Has(*found));
    }
  }
  IdsAreJoint(vocabs);
}

// Sets the last length such that all together are as many ids as the trailer says: else a change of one is found out by
// the sum, and of two that make up for each other hardly any comes by chance.
void BalanceLengths(const SpoolTrailer& trailer, std::span<char> body) {
  const auto ids_end = CheckedProduct({static_cast<int64_t>(trailer.ids), static_cast<int64_t>(trailer.id_bytes)});
  const auto size = CheckedProduct({trailer.report.pairs, sizeof(PairLengths)});
  if (!ids_end || !size || *size == 0 || *ids_end > std::ssize(body) || *size > std::ssize(body) - *ids_end) return;
  std::vector<PairLengths> pairs(static_cast<size_t>(trailer.report.pairs));
  char* const at = body.data() + *ids_end;
  std::memcpy(pairs.data(), at, static_cast<size_t>(*size));
  uint64_t ids = 0;
  for (const PairLengths& pair : pairs) ids += pair.src + pair.tgt - 2u;
  pairs.back().tgt = static_cast<uint16_t>(pairs.back().tgt + trailer.ids - ids);
  std::memcpy(at, pairs.data(), static_cast<size_t>(*size));
}

// The bytes with sums and hashes that are right: what damages a file does not make them, but who means harm does.
std::string Rehashed(std::string bytes) {
  SpoolTrailer trailer;
  if (bytes.size() < sizeof trailer) return bytes;
  const size_t body = bytes.size() - sizeof trailer;
  std::memcpy(&trailer, bytes.data() + body, sizeof trailer);
  BalanceLengths(trailer, std::span(bytes).first(body));
  trailer.body_hash = HashBytes(std::string_view(bytes).substr(0, body));
  std::memcpy(bytes.data() + body, &trailer, sizeof trailer);
  trailer.trailer_hash = HashBytes(std::string_view(bytes).substr(body, offsetof(SpoolTrailer, trailer_hash)));
  std::memcpy(bytes.data() + body, &trailer, sizeof trailer);
  return bytes;
}

uint64_t FingerprintIn(const std::string& bytes) {
  SpoolTrailer trailer;
  if (bytes.size() >= sizeof trailer) {
    std::memcpy(&trailer, bytes.data() + bytes.size() - sizeof trailer, sizeof trailer);
  }
  return trailer.fingerprint;
}

}  // namespace

void ReadModelConfig(std::string_view bytes) {
  const auto config = ReadTwice<TransformerConfig>(bytes);
  DRAGOMAN_CHECK(Differences(config, config).empty());
  DRAGOMAN_CHECK(std::isfinite(config.Operations().src_token));
}

void ReadTokenizerSettings(std::string_view bytes) {
  const auto settings = ReadTwice<TokenizerSettingsPair>(bytes);
  const VocabularyPair vocabs = WithSettings(SmallVocabulary(), settings, "f");
  DRAGOMAN_CHECK(WithoutError([&] { return TokenizerSettingsPair::FromJson(SettingsOf(vocabs), "f"); }) == settings);
  const bool wants_languages = settings.src.Wants(kSrcLanguage) || settings.src.Wants(kTgtLanguage) ||
                               settings.tgt.Wants(kSrcLanguage) || settings.tgt.Wants(kTgtLanguage);
  UseVocabularies(wants_languages ? InLanguages(vocabs, {"de", "en"}) : vocabs);
}

void ReadAboutFile(std::string_view bytes) { ReadTwice<ModelAbout>(bytes); }

// The bytes without the manifest's last lines, its checksum.
void ReadManifestFile(std::string_view bytes) {
  const std::string text(bytes);
  MemoryFiles files("d", {{kManifestName, text + fmt::format("  \"manifest_crc32\": \"{:08x}\"\n}}\n", Crc32(text))},
                          {"config.json", "{}"}});
  const Manifest manifest = ReadManifest(files, "d");
  for (const ManifestFile& file : manifest.files) {
    DRAGOMAN_CHECK(file.size >= 0 && file.name.find('/') == std::string::npos);
  }
  VerifyCheckpoint(files, "d");
}

void ReadTrainStateFile(std::string_view bytes) { ReadTwice<TrainState>(bytes); }

void ReadDecodeOptions(std::string_view bytes) { ReadTwice<DecodeOptions>(bytes).Validate(); }

void ReadTrainingLogFiles(std::string_view bytes) {
  MemoryFiles files("run", FilesIn(bytes));
  const TrainingLog log = ReadTrainingLog(files, "run", ScoreOfRun(files, "run"));
  for (const auto* const points : {&log.training, &log.validation, &log.scores}) {
    for (const LogPoint& point : *points) {
      DRAGOMAN_CHECK(point.minutes >= 0 && point.step >= 0 && std::isfinite(point.value));
    }
  }
}

void ReadTokenCorpus(std::string_view bytes) {
  const std::string spool = Rehashed(std::string(bytes));
  MemoryFiles files("d", {{"corpus.tokens", spool}});
  const Tokenizer& vocab = *SmallVocabulary().src;
  const auto corpus = TokenCorpus::Open("d/corpus.tokens", FingerprintIn(spool), vocab, vocab, files);
  if (!corpus) throw FormatError("d/corpus.tokens", "is not used");
  for (int64_t pair = 0; pair < corpus->size(); ++pair) {
    std::vector<int32_t> src, tgt;
    corpus->AppendPair(pair, &src, &tgt);
    const PairLengths lengths = corpus->lengths()[static_cast<size_t>(pair)];
    DRAGOMAN_CHECK(src.size() == lengths.src && tgt.size() == lengths.tgt);
    for (const int32_t id : src) DRAGOMAN_CHECK(id >= 0 && id < vocab.size());
  }
}

void ReadForeignShortlist(std::string_view bytes) {
  constexpr size_t kSum = 8;  // where the binary form has its checksum
  const VocabularyPair& vocabs = SmallVocabulary();
  std::string file(bytes);
  constexpr char kFirst = '\xF5';  // of its magic number
  if (file.size() >= 2 * kSum && file[0] == kFirst) {
    const uint64_t sum = MarianShortlistChecksum(file);
    std::memcpy(file.data() + kSum, &sum, sizeof sum);
  }
  MemoryFiles files("d", {{"lex.s2t", file}});
  IsBinaryMarianShortlist(files, "d/lex.s2t");
  const std::string made = ShortlistBytes(ReadMarianShortlist(files, "d/lex.s2t", {}, vocabs), vocabs);
  WithoutError([&] { return Shortlist(made, "f", vocabs).bytes(); });
}

void ReadShortlist(std::string_view bytes) {
  const VocabularyPair& vocabs = SmallVocabulary();
  const Shortlist shortlist(std::string(bytes), "f", vocabs);
  std::vector<int32_t> sources(static_cast<size_t>(vocabs.src->rows()));
  std::iota(sources.begin(), sources.end(), 0);
  for (const int32_t id : shortlist.For(sources)) DRAGOMAN_CHECK(id >= 0 && id < vocabs.tgt->rows());
}

}  // namespace dragoman

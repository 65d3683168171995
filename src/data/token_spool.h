// SPDX-License-Identifier: Apache-2.0
// The file that holds a tokenised corpus, RUN/corpus.tokens: written once front to back, then read anywhere. Only
// corpus_builder.cc and token_corpus.cc use it.
//
//   token ids    pair after pair, source then target, without </s>; 2 bytes an id, or 4 when a vocabulary is larger
//   lengths      pair after pair, source and target, 2 bytes each, </s> counted
//   reports      CorpusReport of each text that the corpus is made of, as it lies in memory
//   trailer      SpoolTrailer, 64-bit little-endian integers; at the end, because it holds what is known last
//
// It is no archive: a file that is not whole is made again from the text.
#ifndef DRAGOMAN_DATA_TOKEN_SPOOL_H_
#define DRAGOMAN_DATA_TOKEN_SPOOL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_hash.h"
#include "base/file_system.h"
#include "data/corpus_report.h"

namespace dragoman {

// Tokens of one pair, </s> counted on both sides.
struct PairLengths {
  uint16_t src = 0;
  uint16_t tgt = 0;
};
constexpr int kMaxPairLength = 65535;

struct SpoolTrailer {
  uint64_t fingerprint = 0;  // of the text, the vocabularies and the options
  uint64_t id_bytes = 0;     // 2 or 4
  uint64_t ids = 0;          // token ids in the file
  uint64_t texts = 0;        // reports in the file
  CorpusReport report;       // of all texts together
  uint64_t body_hash = 0;    // of everything before the trailer
  uint64_t version = 0;
  uint64_t trailer_hash = 0;  // of the fields above
  uint64_t magic = 0;
};

// Writes to PATH.tmp and renames at the end, so that PATH is absent, whole or an older one (but for what a crash does
// to files that are not synced, which the hashes find out). Throws FileError.
class SpoolWriter {
 public:
  SpoolWriter(FileSystem* files, const std::string& path, int id_bytes);
  ~SpoolWriter();  // removes what was not finished
  SpoolWriter(const SpoolWriter&) = delete;
  SpoolWriter& operator=(const SpoolWriter&) = delete;

  void AddPair(std::span<const int32_t> src, std::span<const int32_t> tgt);  // without </s>
  void Finish(std::span<const CorpusReport> reports, uint64_t fingerprint);  // of each text, in order

 private:
  void AddIds(std::span<const int32_t> ids);
  void Append(std::string_view bytes);

  FileSystem* files_;
  std::string path_;
  std::string temporary_;
  std::unique_ptr<WritableFile> file_;  // null once finished
  SpoolTrailer trailer_;
  ByteHash hash_;
  int64_t unwatched_ = 0;  // bytes since the disk's free space was looked at
  std::string buffer_;
  std::vector<PairLengths> lengths_;
};

struct OpenSpool {
  std::unique_ptr<ReadableFile> file;
  SpoolTrailer trailer;
  std::vector<PairLengths> lengths;
  std::vector<CorpusReport> reports;
};

// Opens the spool at `path` and checks all of its bytes. Returns nothing when there is no such file, when it is
// damaged or incomplete, or when its fingerprint is another.
std::optional<OpenSpool> TryOpenSpool(FileSystem* files, const std::string& path, uint64_t fingerprint);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_TOKEN_SPOOL_H_

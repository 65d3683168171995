// SPDX-License-Identifier: Apache-2.0
// Lexical shortlists: which target tokens a source may be translated as, so that only their logits are computed. A file
// of them is described in docs/formats.md. Source: Jean 2015, §3.3.
#ifndef DRAGOMAN_FORMAT_SHORTLIST_H_
#define DRAGOMAN_FORMAT_SHORTLIST_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "format/model_directory.h"

namespace dragoman {

// What a file holds.
struct ShortlistTables {
  std::vector<int32_t> frequent;  // target tokens that any source may become, sorted
  std::vector<int32_t> begin;     // [source tokens + 1], into targets
  std::vector<int32_t> targets;   // of each source token: what it may become, sorted
};

std::string ShortlistBytes(const ShortlistTables& tables, const VocabularyPair& vocabs);

// Never changes, so any number of threads may ask it.
class Shortlist {
 public:
  // Of the vocabularies that it was made with. `path` names the bytes in messages. Throws FormatError: they are not
  // trusted.
  Shortlist(std::string bytes, const std::string& path, const VocabularyPair& vocabs);
  static std::shared_ptr<const Shortlist> Load(FileSystem& files, const std::string& path,
                                               const VocabularyPair& vocabs);

  // Target tokens, sorted: what the source's tokens may become, and what any may.
  std::vector<int32_t> For(std::span<const int32_t> source) const;

  const std::string& bytes() const { return bytes_; }  // the file's
  const ShortlistTables& tables() const { return tables_; }

 private:
  std::string bytes_;
  ShortlistTables tables_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_FORMAT_SHORTLIST_H_

// SPDX-License-Identifier: Apache-2.0
// Lexical shortlists: which target tokens a source may be translated as, so that only their logits are computed. A file
// of them is described in docs/formats.md. Source: Jean 2015, §3.3.
#ifndef DRAGOMAN_FORMAT_SHORTLIST_H_
#define DRAGOMAN_FORMAT_SHORTLIST_H_

#include <cstdint>
#include <functional>
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

// Tables of such a list, in any order, for each token of the source: targets_of(id) is asked once, in the order of ids.
// Where ids mean the same on both sides a list has its own token, too: what is in the source (a name, a number) may be
// said as it is.
ShortlistTables MakeShortlist(std::vector<int32_t> frequent,
                              const std::function<std::vector<int32_t>(int32_t source)>& targets_of,
                              const VocabularyPair& vocabs);

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

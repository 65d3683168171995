// SPDX-License-Identifier: Apache-2.0
#include "train/input_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "data/byte_source.h"
#include "train/run_files.h"

namespace dragoman {
namespace {

void CheckReadable(const std::string& option, const std::string& path) {
  if (path.empty() || path == kStdinPath) return;
  std::error_code error;
  const int reason = access(path.c_str(), R_OK) != 0 ? errno : std::filesystem::is_directory(path, error) ? EISDIR : 0;
  if (reason != 0) {
    const char* where = path.starts_with('/') ? "" : ", which counts from the current directory";
    throw FileError(path, fmt::format("cannot be read: {}; expected a file for {}; check the path{}",
                                      std::strerror(reason), option, where));
  }
}

// What is no text is told before anything is made of the rest.
void RefuseForeignText(const std::string& path) {
  if (path.empty() || CanBeReadOnlyOnce(path)) return;
  char first = 0;
  ByteSource(path).Read(&first, 1, /*line=*/1);
}

}  // namespace

void CheckInputFiles(const TrainOptions& o) {
  const std::vector<InputPath> inputs = {{"`train_src`", o.train_src}, {"`train_tgt`", o.train_tgt},
                                         {"`train_tsv`", o.train_tsv}, {"`train_jsonl`", o.train_jsonl},
                                         {"`valid_src`", o.valid_src}, {"`valid_tgt`", o.valid_tgt},
                                         {"`vocab`", o.vocab},         {"`src_vocab`", o.src_vocab},
                                         {"`tgt_vocab`", o.tgt_vocab}};
  for (const auto& [option, path] : inputs) CheckReadable(option, path);
  const std::string unfinished_corpus = std::string(kCorpusFile) + ".tmp";
  for (const char* name : {kRunLogFile, kCorpusFile, unfinished_corpus.c_str(), kRunConfigFile, kLockFile}) {
    RefuseOverwriting("of `output`, the file", JoinPath(o.output, name), inputs);
  }
  RefuseOverwriting("`output`", o.output, {{"`init_from`", o.init_from}});
  for (const std::string& text : {o.train_src, o.train_tgt, o.train_tsv, o.train_jsonl, o.valid_src, o.valid_tgt}) {
    RefuseForeignText(text);
  }
}

}  // namespace dragoman

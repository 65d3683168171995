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
#include "train/training_data.h"

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
  std::vector<InputPath> texts = TrainingFiles(o);
  texts.push_back({"`valid_src`", o.valid_src});
  texts.push_back({"`valid_tgt`", o.valid_tgt});
  std::vector<InputPath> inputs = texts;
  inputs.push_back({"`vocab`", o.vocab});
  inputs.push_back({"`src_vocab`", o.src_vocab});
  inputs.push_back({"`tgt_vocab`", o.tgt_vocab});
  for (const auto& [option, path] : inputs) CheckReadable(option, path);
  const std::string unfinished_corpus = std::string(kCorpusFile) + ".tmp";
  for (const char* name : {kRunLogFile, kCorpusFile, unfinished_corpus.c_str(), kRunConfigFile, kLockFile}) {
    RefuseOverwriting("of `output`, the file", JoinPath(o.output, name), inputs);
  }
  RefuseOverwriting("`output`", o.output, {{"`init_from`", o.init_from}});
  for (const InputPath& text : texts) RefuseForeignText(text.path);
}

}  // namespace dragoman

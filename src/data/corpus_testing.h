// SPDX-License-Identifier: Apache-2.0
// Files and corpora for the tests of data/.
#ifndef DRAGOMAN_DATA_CORPUS_TESTING_H_
#define DRAGOMAN_DATA_CORPUS_TESTING_H_

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>
#include <sstream>
#include <string>

#include "base/error.h"
#include "base/file_system.h"
#include "data/token_corpus.h"
#include "text/vocabulary_testing.h"

namespace dragoman {

// A directory that lives as long as the object.
class TestDirectory {
 public:
  TestDirectory() {
    path_ = testing::TempDir() + "/dragoman_data_XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) throw Error("cannot make a directory for the test");
  }
  ~TestDirectory() { RemoveAll(RealFileSystem(), path_); }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  std::string Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(*this / name, std::ios::binary) << bytes;
    return *this / name;
  }

 private:
  std::string path_;
};

inline std::string FileBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

inline std::string Gzip(const std::string& text) {
  z_stream stream = {};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(compressBound(static_cast<uLong>(text.size())) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

// English and Chinese sentences of TestSentences, `copies` times, as two files en and zh.
inline ParallelInput WriteTestPairs(const TestDirectory& directory, int copies = 1) {
  std::string en;
  std::string zh;
  const auto sentences = TestSentences();
  for (int copy = 0; copy < copies; ++copy) {
    for (size_t i = 0; i + 1 < sentences.size(); i += 2) {
      en += sentences[i] + "\n";
      zh += sentences[i + 1] + "\n";
    }
  }
  ParallelInput input;
  input.source = directory.Write("en", en);
  input.target = directory.Write("zh", zh);
  return input;
}

// stdin reads from a file while the object lives.
class StdinFrom {
 public:
  explicit StdinFrom(const std::string& path) : saved_(dup(STDIN_FILENO)) {
    if (freopen(path.c_str(), "rb", stdin) == nullptr) throw Error("cannot redirect stdin");
  }
  ~StdinFrom() {
    dup2(saved_, STDIN_FILENO);
    close(saved_);
  }

 private:
  int saved_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_CORPUS_TESTING_H_

// SPDX-License-Identifier: Apache-2.0
// Zip files that anybody may have made, read by libzip: NumPy's .npz, PyTorch's .bin, packages of models.
#ifndef DRAGOMAN_ARCHIVE_ZIP_FILE_H_
#define DRAGOMAN_ARCHIVE_ZIP_FILE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "archive/file_origin.h"
#include "base/file_system.h"

namespace dragoman {

// What opens has members that are stored or deflated, not encrypted, whose packed bytes lie in the file without
// exceeding it together, and which claim no more than they can hold: no more than deflate can pack into each of them,
// and, together, kMostExpansion times the file (but always kMostSmall bytes). Names differ, and none is absolute or has
// ".." in it. Any number of threads may read at once.
class ZipFile {
 public:
  static constexpr int64_t kMostExpansion = 100;
  static constexpr int64_t kMostSmall = int64_t{1} << 26;

  struct Member {
    uint64_t index = 0;   // in the zip's directory
    int64_t size = 0;     // bytes when unpacked
    int64_t packed = 0;   // bytes in the file
    bool stored = false;  // as it is, not deflated
    uint32_t crc = 0;     // 0: of none of its bytes, or not computed
    int64_t begin = 0;    // byte of the file where a stored one begins
  };

  // Throws FormatError. `path` is for messages, as is `advice` on what to do about a damaged file.
  ZipFile(std::shared_ptr<ReadableFile> file, const std::string& path,
          const std::string& advice = "the file is damaged or no zip: fetch it again");
  ~ZipFile();
  ZipFile(const ZipFile&) = delete;
  ZipFile& operator=(const ZipFile&) = delete;

  const std::string& path() const { return origin_.path; }
  const std::map<std::string, Member>& members() const { return members_; }  // files, no folders
  bool Has(const std::string& name) const { return members_.count(name) > 0; }

  // Throws FormatError if there is none, with the nearest name there is.
  const Member& Find(const std::string& name) const;

  // All of a member's bytes, once their checksum has been seen to be right. Throws FormatError if it is not, and,
  // before anything is unpacked, if there are more than `most`. A stored member is a view of the file, which it keeps
  // open, a deflated one is in memory.
  std::unique_ptr<ReadableFile> Open(const std::string& name, int64_t most) const;
  std::string Read(const std::string& name, int64_t most) const;

  // Its first bytes, at most so many, without a look at the checksum.
  std::string ReadBeginning(const std::string& name, int64_t most) const;

 private:
  class Zip;

  void AddMember(uint64_t index);
  void CheckName(const std::string& name) const;
  void CheckSizes(const std::string& name, const Member& member) const;
  void CheckTotals() const;
  void CheckChecksum(const std::string& name, const Member& member) const;
  const Member& FindWithin(const std::string& name, int64_t most) const;
  std::string_view StoredBytes(const Member& member) const;
  std::string Unpack(const std::string& name, const Member& member, int64_t most, bool to_the_end) const;

  FileOrigin origin_;
  std::shared_ptr<ReadableFile> file_;
  std::string_view bytes_;  // all of the file
  std::unique_ptr<Zip> zip_;
  std::map<std::string, Member> members_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_ZIP_FILE_H_

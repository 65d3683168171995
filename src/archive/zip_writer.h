// SPDX-License-Identifier: Apache-2.0
// Zip files of members as they are, not deflated, by libzip.
#ifndef DRAGOMAN_ARCHIVE_ZIP_WRITER_H_
#define DRAGOMAN_ARCHIVE_ZIP_WRITER_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"

namespace dragoman {

// A file in a zip. Owns no bytes.
struct NewZipMember {
  std::string name;
  std::string head;            // its first bytes, and
  std::string_view rest = {};  // those that follow
};

// Writes a whole zip, its members in this order and all of the same date. All of it is in memory before it is written.
// Does not sync. Names differ.
void WriteStoredZip(const std::vector<NewZipMember>& members, WritableFile& file);

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_ZIP_WRITER_H_

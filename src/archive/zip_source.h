// SPDX-License-Identifier: Apache-2.0
// Members of a zip, for tensors to lie in.
#ifndef DRAGOMAN_ARCHIVE_ZIP_SOURCE_H_
#define DRAGOMAN_ARCHIVE_ZIP_SOURCE_H_

#include <memory>
#include <string>

#include "archive/tensor_table.h"
#include "archive/zip_file.h"

namespace dragoman {

// The bytes of a member, which the zip has: where they are stored, or inflated each time.
inline ByteSource MemberSource(std::shared_ptr<const ZipFile> zip, const std::string& name) {
  const int64_t size = zip->Find(name).size;
  return {[zip = std::move(zip), name, size] { return MappedSource(zip->Open(name, size)).get(); }, size};
}

}  // namespace dragoman

#endif  // DRAGOMAN_ARCHIVE_ZIP_SOURCE_H_

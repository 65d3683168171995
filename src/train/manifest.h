// SPDX-License-Identifier: Apache-2.0
// MANIFEST.json: what a checkpoint's directory holds, with the size and checksum of each file. It is written last, so
// its presence says that the rest was written, and its checksums that it is still what was written.
#ifndef DRAGOMAN_TRAIN_MANIFEST_H_
#define DRAGOMAN_TRAIN_MANIFEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace dragoman {

inline constexpr char kManifestName[] = "MANIFEST.json";

struct ManifestFile {
  std::string name;
  int64_t size = 0;
  uint32_t crc32 = 0;  // zlib's, of all bytes
};

struct Manifest {
  int64_t step = 0;
  std::optional<double> score;
  std::vector<ManifestFile> files;
};

// The text of MANIFEST.json, which ends in a checksum of itself.
std::string ManifestText(const Manifest& manifest);

// Reads DIR/MANIFEST.json. Throws FormatError if it is damaged, FileError if it cannot be read.
Manifest ReadManifest(FileSystem& files, const std::string& directory);

// Compares the files of DIR with its manifest; those named in only, or all if it is empty. Returns the manifest, or
// none if DIR has none (a model made by hand). Throws FormatError naming the first file that is missing or differs.
// Reads each file once from end to end.
std::optional<Manifest> VerifyCheckpoint(FileSystem& files, const std::string& directory,
                                         const std::vector<std::string>& only = {});

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_MANIFEST_H_

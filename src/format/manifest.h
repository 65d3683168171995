// SPDX-License-Identifier: Apache-2.0
// MANIFEST.json: what a checkpoint's directory holds, with the size and checksum of each file. It is written last, so
// its presence says that the rest was written, and its checksums that it is still what was written.
#ifndef DRAGOMAN_FORMAT_MANIFEST_H_
#define DRAGOMAN_FORMAT_MANIFEST_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace dragoman {

inline constexpr char kManifestName[] = "MANIFEST.json";

// One file of a checkpoint to be written: its name (no directories), and what writes its bytes, but neither syncs nor
// closes.
struct CheckpointFile {
  std::string name;
  std::function<void(WritableFile&)> write;
  bool is_sealed = true;  // false: not in the manifest, since people may change it
};
CheckpointFile FileOfBytes(std::string name, std::string bytes);

struct CheckpointContents {
  int64_t step = 0;             // optimizer updates made, >= 0; 0 for a model that is of no single step
  std::optional<double> score;  // of validation, if there was one: higher is better; not finite counts as none
  std::vector<CheckpointFile> files;
};

struct ManifestFile {
  std::string name;
  int64_t size = 0;
  uint32_t crc32 = 0;  // zlib's, of all bytes
};

// Writes DIR, in the place of anything there: the files, each synced, whose names are not. Returns what a manifest says
// of them. Throws FileError, and what a writer throws.
std::vector<ManifestFile> WriteFiles(FileSystem& files, const std::string& directory,
                                     const std::vector<CheckpointFile>& sources);

// Writes DIR, in the place of anything there: the files, each synced, and last the manifest. That DIR itself outlives
// a power cut is left to the caller, who renames it. Throws FileError, and what a writer throws.
void WriteCheckpoint(FileSystem& files, const std::string& directory, const CheckpointContents& contents);

struct Manifest {
  int64_t step = 0;
  std::optional<double> score;
  std::vector<ManifestFile> files;
};

// Reads DIR/MANIFEST.json. Throws FormatError if it is damaged, FileError if it cannot be read.
Manifest ReadManifest(FileSystem& files, const std::string& directory);

// What is looked at when a model is opened.
enum class Checks {
  kAll,           // checksums, and that every number is finite: takes reading all of it
  kAllButNumbers  // of the weights only names, sizes and shapes: no checksum, and whatever number
};

// Compares a file of DIR with what its manifest says: that it is there, its size and, with kAll, its checksum. Throws
// FormatError.
void VerifyFile(FileSystem& files, const std::string& directory, const ManifestFile& expected, Checks checks);

// Compares the files of DIR with its manifest; those named in only, or all if it is empty. Returns the manifest, or
// none if DIR has none (a model made by hand). Throws FormatError naming the first file that is missing or differs.
std::optional<Manifest> VerifyCheckpoint(FileSystem& files, const std::string& directory,
                                         const std::vector<std::string>& only = {}, Checks checks = Checks::kAll);

}  // namespace dragoman

#endif  // DRAGOMAN_FORMAT_MANIFEST_H_

// SPDX-License-Identifier: Apache-2.0
// about.json: what a model is called, who may use it and where it came from. No computation looks at it, and it is in
// no manifest: whoever gives a model away may edit it. See docs/formats.md.
#ifndef DRAGOMAN_FORMAT_ABOUT_H_
#define DRAGOMAN_FORMAT_ABOUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "format/manifest.h"

namespace dragoman {

inline constexpr char kAboutFile[] = "about.json";

// Whatever is empty, or 0, is not said.
struct ModelAbout {
  std::string name;
  std::string licence;  // an SPDX identifier (CC-BY-4.0) or any text
  std::string origin;   // who made it, or a link to where it is from
  std::string notes;
  std::string trained_with;             // program and version
  std::vector<std::string> trained_on;  // names of files, without their directories
  int64_t pairs = 0;                    // sentence pairs in them
  std::vector<ModelAbout> made_from;    // models that it was tuned from or is the mean of

  // Bytes that are no UTF-8 become U+FFFD; of models made from models, and so on, only the nearest few are kept.
  std::string ToJson() const;
  // Throws FormatError naming `path` and the key that is unknown or of another type.
  static ModelAbout FromJson(const std::string& json, const std::string& path);

  bool operator==(const ModelAbout&) const = default;
};

// DIR/about.json; nothing if there is none. Throws FileError, FormatError.
std::optional<ModelAbout> ReadAbout(FileSystem& files, const std::string& directory);

// The same to be written.
CheckpointFile AboutFile(const ModelAbout& about);

}  // namespace dragoman

#endif  // DRAGOMAN_FORMAT_ABOUT_H_

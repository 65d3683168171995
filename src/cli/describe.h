// SPDX-License-Identifier: Apache-2.0
// What `dragoman info` finds out about a path.
#ifndef DRAGOMAN_CLI_DESCRIBE_H_
#define DRAGOMAN_CLI_DESCRIBE_H_

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/file_system.h"

namespace dragoman {

// The object that docs/formats.md describes under `dragoman info`, of a model's directory, a run's or a vocabulary,
// which may be "-", stdin. Whatever is damaged or missing is told in its list "problems" and left out elsewhere. Reads
// the headers of weights and no numbers, unless `verify` is set: then all checksums are compared and all numbers looked
// at. Throws FileError when nothing of ours is at `path`.
nlohmann::ordered_json Describe(FileSystem& files, const std::string& path, bool verify);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_DESCRIBE_H_

// SPDX-License-Identifier: Apache-2.0
// YAML as JSON, so that one reader (interop/source_settings.h) has all settings. Marian describes models and
// vocabularies in YAML.
#ifndef DRAGOMAN_INTEROP_YAML_JSON_H_
#define DRAGOMAN_INTEROP_YAML_JSON_H_

#include <string>

namespace dragoman {

// The same values as JSON: words that are not quoted are null, bools and numbers where they look so. NULs at the end
// are dropped. Throws FormatError naming `path` and line for what is no YAML, has anchors, or is nested deep.
std::string JsonOfYaml(std::string yaml, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_INTEROP_YAML_JSON_H_

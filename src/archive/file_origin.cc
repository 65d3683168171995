// SPDX-License-Identifier: Apache-2.0
#include "archive/file_origin.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace dragoman {

void FileOrigin::Fail(const std::string& what) const { throw FormatError(path, what + "; " + advice); }

std::string Quoted(std::string_view name) {
  constexpr size_t kMostBytes = 200;
  const std::string text =
      name.size() > kMostBytes ? std::string(name.substr(0, kMostBytes)) + "..." : std::string(name);
  return nlohmann::json(text).dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
}

}  // namespace dragoman

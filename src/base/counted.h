// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them, for messages.
#ifndef DRAGOMAN_BASE_COUNTED_H_
#define DRAGOMAN_BASE_COUNTED_H_

#include <cstdint>
#include <cstdio>
#include <string>

namespace dragoman {

// "1 line", "2 lines"; "2 batches" with the plural's ending "es".
inline std::string Counted(int64_t count, const std::string& noun, const char* ending = "s") {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : ending);
}

// "1 byte", "12.3 MiB".
inline std::string BytesText(int64_t bytes) {
  if (bytes < 1024) return Counted(bytes, "byte");
  const char* units[] = {"KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes) / 1024;
  int unit = 0;
  for (; value >= 1024 && unit < 3; ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", value, units[unit]);
  return text;
}

// "1,234,567".
inline std::string Grouped(int64_t number) {
  std::string text = std::to_string(number);
  const size_t first = number < 0 ? 1 : 0;  // digit
  for (size_t at = text.size(); at > first + 3;) text.insert(at -= 3, ",");
  return text;
}

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_COUNTED_H_

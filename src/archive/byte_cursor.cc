// SPDX-License-Identifier: Apache-2.0
#include "archive/byte_cursor.h"

namespace dragoman {

std::string_view ByteCursor::Until(char end, std::string_view what) {
  const size_t found = bytes_.find(end, at_);
  if (found == std::string_view::npos) FailAtEnd(left() + 1, what);
  const std::string_view bytes = bytes_.substr(at_, found - at_);
  at_ = found + 1;
  return bytes;
}

void ByteCursor::Fail(const std::string& what) const { origin_.Fail(subject_.empty() ? what : subject_ + ": " + what); }

void ByteCursor::FailAtEnd(uint64_t count, std::string_view what) const {
  Fail(std::string(what) + " would take " + std::to_string(count) + " bytes from byte " + std::to_string(at_) +
       " on, but only " + std::to_string(left()) + " are left");
}

}  // namespace dragoman

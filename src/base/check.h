// SPDX-License-Identifier: Apache-2.0
// DRAGOMAN_CHECK(condition): an invariant of ours; throws InternalError with file and line when it is broken.
// For bad input use the other errors of base/error.h: a user can do nothing about a failed check.
#ifndef DRAGOMAN_BASE_CHECK_H_
#define DRAGOMAN_BASE_CHECK_H_

namespace dragoman {

[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace dragoman

#define DRAGOMAN_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::dragoman::CheckFailed(#condition, __FILE__, __LINE__))

#endif  // DRAGOMAN_BASE_CHECK_H_

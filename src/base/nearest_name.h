// SPDX-License-Identifier: Apache-2.0
// "Did you mean ...?"
#ifndef DRAGOMAN_BASE_NEAREST_NAME_H_
#define DRAGOMAN_BASE_NEAREST_NAME_H_

#include <string>
#include <vector>

namespace dragoman {

// The name with the fewest single-character edits from `name`; empty when `names` is empty. Of equals, the first.
std::string NearestName(const std::string& name, const std::vector<std::string>& names);

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_NEAREST_NAME_H_

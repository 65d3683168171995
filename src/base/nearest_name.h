// SPDX-License-Identifier: Apache-2.0
// "Did you mean ...?"
#ifndef DRAGOMAN_BASE_NEAREST_NAME_H_
#define DRAGOMAN_BASE_NEAREST_NAME_H_

#include <string>
#include <vector>

namespace dragoman {

// The name with the fewest single-character edits from `name`; of equals, the first. Empty when none is near: with
// edits of a third of its letters at most, and three: further off lie other words.
std::string NearestName(const std::string& name, const std::vector<std::string>& names);

// ", did you mean NEAREST?", the name between `before` and `after`; or ";" when none is near.
std::string DidYouMean(const std::string& name, const std::vector<std::string>& names, const std::string& before = "",
                       const std::string& after = "");

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_NEAREST_NAME_H_

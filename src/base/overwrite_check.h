// SPDX-License-Identifier: Apache-2.0
// No command writes over what it reads.
#ifndef DRAGOMAN_BASE_OVERWRITE_CHECK_H_
#define DRAGOMAN_BASE_OVERWRITE_CHECK_H_

#include <string>
#include <vector>

namespace dragoman {

// A file or directory to be read, and the option that names it; "-" is stdin, "" none.
struct InputPath {
  std::string option;
  std::string path;
};

// Throws OptionError when `output` (a file, or a directory that will be replaced; "-" is stdout) is one of the inputs
// or a directory that holds one: by any spelling of the path, through links of both kinds, /dev/stdin, or a
// redirection. An input that is not there counts by its name. Devices and pipes may be both. Opens and changes nothing,
// so to be called before anything is written.
void RefuseOverwriting(const std::string& option, const std::string& output, const std::vector<InputPath>& inputs);

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_OVERWRITE_CHECK_H_

// SPDX-License-Identifier: Apache-2.0
#include "decode/restrictions.h"

#include <algorithm>

namespace dragoman {

void AppendForbidden(const DecodeOptions& options, int32_t eos, std::span<const int32_t> said,
                     std::vector<int32_t>* forbidden) {
  if (said.size() + 1 < static_cast<size_t>(options.min_length)) forbidden->push_back(eos);
  if (options.no_repeat_ngram == 0) return;
  const auto context = static_cast<size_t>(options.no_repeat_ngram - 1);
  if (said.size() < context) return;
  const auto newest = said.last(context);
  for (size_t last = context; last < said.size(); ++last) {  // of an earlier n-gram
    if (std::ranges::equal(said.subspan(last - context, context), newest)) forbidden->push_back(said[last]);
  }
}

}  // namespace dragoman

// SPDX-License-Identifier: Apache-2.0
#include "decode/restrictions.h"

#include <algorithm>
#include <cmath>

namespace dragoman {

void Restrict(const DecodeOptions& options, int32_t eos, std::span<const int32_t> said, std::span<float> log_probs) {
  if (said.size() + 1 < static_cast<size_t>(options.min_length)) log_probs[static_cast<size_t>(eos)] = -INFINITY;
  if (options.no_repeat_ngram == 0) return;
  const auto context = static_cast<size_t>(options.no_repeat_ngram - 1);
  if (said.size() < context) return;
  const auto newest = said.last(context);
  for (size_t end = context; end < said.size(); ++end) {  // an earlier n-gram's last token
    if (!std::ranges::equal(said.subspan(end - context, context), newest)) continue;
    log_probs[static_cast<size_t>(said[end])] = -INFINITY;
  }
}

}  // namespace dragoman

// SPDX-License-Identifier: Apache-2.0
#include "decode/restrictions.h"

#include <algorithm>
#include <cmath>

namespace dragoman {
namespace {

constexpr size_t kAlwaysBanned = 300;  // ids that search never says, at most: byte pieces and some more

}  // namespace

void Restrict(const DecodeOptions& options, int32_t eos, std::span<const int32_t> said, std::span<float> log_probs) {
  float& end = log_probs[static_cast<size_t>(eos)];
  const float end_as_it_was = end;
  if (said.size() + 1 < static_cast<size_t>(options.min_length)) end = -INFINITY;
  if (options.no_repeat_ngram == 0) return;
  const auto context = static_cast<size_t>(options.no_repeat_ngram - 1);
  if (said.size() < context) return;
  const auto newest = said.last(context);
  for (size_t last = context; last < said.size(); ++last) {  // of an earlier n-gram
    if (!std::ranges::equal(said.subspan(last - context, context), newest)) continue;
    log_probs[static_cast<size_t>(said[last])] = -INFINITY;
  }
  // Where nothing is left to say, it ends.
  if (said.size() + kAlwaysBanned < log_probs.size()) return;
  if (std::ranges::none_of(log_probs, [](float p) { return p > -INFINITY; })) end = end_as_it_was;
}

}  // namespace dragoman

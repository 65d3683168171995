// SPDX-License-Identifier: Apache-2.0
// What a translation may not say next, given what it has said.
#ifndef DRAGOMAN_DECODE_RESTRICTIONS_H_
#define DRAGOMAN_DECODE_RESTRICTIONS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "decode/options.h"

namespace dragoman {

// Appends what min_length and no_repeat_ngram forbid after `said`: ids, some perhaps twice.
void AppendForbidden(const DecodeOptions& options, int32_t eos, std::span<const int32_t> said,
                     std::vector<int32_t>* forbidden);

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_RESTRICTIONS_H_

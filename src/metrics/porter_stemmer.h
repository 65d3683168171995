// SPDX-License-Identifier: Apache-2.0
// Porter's stemmer for English: "connected", "connecting" and "connections" all become "connect".
// Source: Porter 1980, with the extensions that NLTK's PorterStemmer applies by default (marked "extension" in the
// code), because ROUGE's usual implementation stems with that.
#ifndef DRAGOMAN_METRICS_PORTER_STEMMER_H_
#define DRAGOMAN_METRICS_PORTER_STEMMER_H_

#include <string>
#include <string_view>

namespace dragoman {

// The stem of a word in lower-case ASCII. Words of one or two letters stay as they are.
std::string PorterStem(std::string_view word);

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_PORTER_STEMMER_H_

// SPDX-License-Identifier: Apache-2.0
// What other toolkits call our options: Marian, fairseq, OpenNMT, Hugging Face, CTranslate2, Joey NMT, sacreBLEU.
#ifndef DRAGOMAN_CLI_OTHER_NAMES_H_
#define DRAGOMAN_CLI_OTHER_NAMES_H_

#include <span>
#include <string>
#include <vector>

namespace dragoman {

struct OtherName {
  const char* name;       // without dashes in front, in lower case, words joined by "-": "lr"
  const char* ours;       // one or several of our flags: "--encoder-layers --decoder-layers"; "" where there is none
  const char* note = "";  // what differs, or what to do where there is none; follows a semicolon
};

// A name may stand several times: then the first whose flags the command has counts.
std::span<const OtherName> OtherNames();

// `name` as OtherName::name is written: "--learning_rate" -> "learning-rate".
std::string CanonicalName(const std::string& flag);

// What follows "unknown option --lr" when that is an option of another toolkit: ", did you mean --learning-rate?" or
// what to do instead; empty for a name that none has, or that means nothing to this command, whose long flags `known`
// are, without dashes.
std::string HintForOtherName(const std::string& flag, const std::vector<std::string>& known);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_OTHER_NAMES_H_

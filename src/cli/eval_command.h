// SPDX-License-Identifier: Apache-2.0
// `dragoman eval`: compares hypotheses with references, line by line, and prints the scores of metrics/.
#ifndef DRAGOMAN_CLI_EVAL_COMMAND_H_
#define DRAGOMAN_CLI_EVAL_COMMAND_H_

#include <iosfwd>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "metrics/bleu.h"

namespace CLI {
class App;
}

namespace dragoman {

enum class EvalMetric { kBleu, kChrf, kChrfPlusPlus, kRouge, kExactMatch };
const EnumNames<EvalMetric>& NamesOf(EvalMetric);

enum class EvalFormat { kText, kJson };
const EnumNames<EvalFormat>& NamesOf(EvalFormat);

struct EvalOptions {
  std::vector<EvalMetric> metrics = {EvalMetric::kBleu};
  std::vector<std::string> references;           // files, plain or gzip, each with one line per hypothesis
  std::string hypotheses = "-";                  // a file, plain or gzip; - is standard input
  BleuTokenizer tokenize = BleuTokenizer::k13a;  // of BLEU; with zh, ROUGE counts Chinese characters as well
  BleuSmoothing smooth = BleuSmoothing::kExp;
  bool lowercase = false;
  bool stem = false;   // ROUGE compares Porter stems
  bool quiet = false;  // nothing but numbers, in text
  EvalFormat format = EvalFormat::kText;
  int width = 2;  // digits after the point, 0…15; JSON always has them all

  // Throws OptionError naming the flag, the value and what is allowed.
  void Validate() const;
};

void AddEvalCommand(CLI::App& app);

// What the command does once its options are read. Memory does not grow with the files.
// Throws OptionError for options that make no sense, FileError for a file that cannot be read or has another number
// of lines.
void RunEval(const EvalOptions& options, std::ostream& out);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_EVAL_COMMAND_H_

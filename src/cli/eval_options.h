// SPDX-License-Identifier: Apache-2.0
// What `dragoman eval` is asked for.
#ifndef DRAGOMAN_CLI_EVAL_OPTIONS_H_
#define DRAGOMAN_CLI_EVAL_OPTIONS_H_

#include <string>
#include <vector>

#include "base/enum_names.h"
#include "metrics/bleu.h"
#include "metrics/significance.h"
#include "metrics/ter_tokenizer.h"

namespace dragoman {

enum class EvalMetric { kBleu, kChrf, kChrfPlusPlus, kTer, kRouge, kRougeLsum, kExactMatch, kSquad };
const EnumNames<EvalMetric>& NamesOf(EvalMetric);

enum class EvalFormat { kText, kJson };
const EnumNames<EvalFormat>& NamesOf(EvalFormat);

// The test by which systems are held against the first.
enum class PairedTest { kNone, kBootstrap, kRandomisation };
const EnumNames<PairedTest>& NamesOf(PairedTest);

struct EvalOptions {
  std::vector<EvalMetric> metrics = {EvalMetric::kBleu};
  std::vector<std::string> references;  // files, plain or gzip, each with one line per hypothesis
  std::vector<std::string> hypotheses = {
      "-"};  // one a system, as files; - is standard input; the first is the baseline
  BleuTokenizer tokenize = BleuTokenizer::k13a;  // of BLEU; with zh, ROUGE counts Chinese characters as well
  BleuSmoothing smooth = BleuSmoothing::kExp;
  bool lowercase = false;  // of BLEU, chrF and exact match
  TerOptions ter;
  bool stem = false;                       // ROUGE compares Porter stems
  std::string sentence_separator = "<n>";  // ROUGE: stands in a line where a text has a line break
  bool confidence = false;                 // intervals of one system, too; several always have them
  PairedTest paired = PairedTest::kNone;   // of several systems
  ResamplingOptions resampling;
  bool sentence_level = false;  // of one system: the scores of each line by itself, BLEU's by the orders it has
  bool quiet = false;           // nothing but scores, in text
  EvalFormat format = EvalFormat::kText;
  int width = 2;  // digits after the point, 0…15; JSON always has them all

  bool SeveralSystems() const { return hypotheses.size() > 1; }
  bool HasIntervals() const { return confidence || (SeveralSystems() && !quiet); }

  // Throws OptionError naming the flag, the value and what is allowed.
  void Validate() const;
};

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_EVAL_OPTIONS_H_

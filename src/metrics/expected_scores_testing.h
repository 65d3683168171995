// SPDX-License-Identifier: Apache-2.0
// For tests only: the scores recorded from sacreBLEU and rouge-score by tests/metrics/record_expected.py.
#ifndef DRAGOMAN_METRICS_EXPECTED_SCORES_TESTING_H_
#define DRAGOMAN_METRICS_EXPECTED_SCORES_TESTING_H_

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace dragoman {

// Both sides work in double and differ in the order of a few additions and multiplications by 100.
inline constexpr double kScoreTolerance = 1e-10;

inline const nlohmann::json& ExpectedScores() {  // tests run in the repository's root
  static const nlohmann::json kExpected = nlohmann::json::parse(std::ifstream("tests/metrics/expected_scores.json"));
  return kExpected;
}

struct TestCorpus {
  explicit TestCorpus(const nlohmann::json& json)
      : name(json.at("name")), hypotheses(json.at("hypotheses")), references(json.at("references")) {}

  std::string name;
  std::vector<std::string> hypotheses;
  std::vector<std::vector<std::string>> references;
};

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_EXPECTED_SCORES_TESTING_H_

// SPDX-License-Identifier: Apache-2.0
// Our side of bench/translate-speed: translates through the library (dragoman/translator.h), from raw text to raw text.
// One JSON object a line on stdin, one back on stdout: translate_worker.py has the protocol.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/timer.h"
#include "base/version.h"
#include "dragoman/translator.h"
#include "infer/projection.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

// Of /proc/self/status, in bytes.
int64_t MemoryOf(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return std::stoll(line.substr(key.size() + 1)) * 1024;
  }
  throw std::runtime_error("/proc/self/status has no " + key);
}

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

class Side {
 public:
  Json Answer(const Json& command) {
    const std::string& name = command.at("cmd").get_ref<const std::string&>();
    if (name == "open") return Open(command);
    if (name == "translate" && translator_) return Translate(command);
    throw std::runtime_error("no such command, or no model yet: " + name);
  }

 private:
  Json Open(const Json& command) {
    const auto precision = ParseEnum<WeightFormat>(command.at("precision").get<std::string>());
    if (!precision) throw std::runtime_error("precision: expected " + EnumChoices<WeightFormat>());
    const int64_t before = MemoryOf("VmRSS");
    const Timer timer;
    TranslatorOptions options{
        .threads = command.at("threads"), .precision = precision, .verify = command.value("verify", false)};
    options.shortlist = command.value("shortlist", "");
    translator_.emplace(command.at("model").get<std::string>(), options);
    return {{"seconds", timer.Seconds()},
            {"rss_before", before},
            {"rss_after", MemoryOf("VmRSS")},
            {"version", ProgramVersion()}};
  }

  Json Translate(const Json& command) const {
    const std::vector<std::string> lines = LinesOf(command.at("input"));
    const DecodeOptions options{.beam_size = command.at("beam"),
                                .length_penalty = command.at("length_penalty"),
                                .length_penalty_form = LengthPenaltyForm::kPower,
                                // As the peers do. Of a beam it changes nothing.
                                .skip_scores = true};
    std::ofstream("/proc/self/clear_refs") << "5";  // VmHWM begins anew
    std::vector<std::string> translations;
    std::vector<double> latencies_ms;
    const Timer timer;
    if (command.at("mode") == "single") {
      for (const std::string& line : lines) {
        const Timer alone;
        translations.push_back(translator_->Translate(line, options).n_best.front().text);
        latencies_ms.push_back(alone.Seconds() * 1e3);
      }
    } else {
      for (const TranslatedLine& line : translator_->TranslateAll(lines, options)) {
        translations.push_back(line.n_best.front().text);
      }
    }
    Json answer = {{"seconds", timer.Seconds()}, {"sentences", lines.size()}, {"peak_rss", MemoryOf("VmHWM")}};
    if (!latencies_ms.empty()) answer["latencies_ms"] = latencies_ms;
    std::ofstream output(command.at("output").get<std::string>());
    for (const std::string& text : translations) output << text << '\n';
    return answer;
  }

  std::optional<Translator> translator_;
};

}  // namespace
}  // namespace dragoman

int main() {
  dragoman::Side side;
  for (std::string line; std::getline(std::cin, line);) {
    nlohmann::ordered_json answer;
    try {
      answer = side.Answer(nlohmann::ordered_json::parse(line));
    } catch (const std::exception& error) {
      answer = {{"error", error.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
}

// SPDX-License-Identifier: Apache-2.0
#include "cli/info_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/counted.h"
#include "base/option_text.h"
#include "cli/stdout.h"
#include "format/model_directory.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

// A value as text: of a string its characters, of whatever else its JSON.
std::string Text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  return value.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

int64_t NumberAt(const Json& json, const char* key) {
  const Json value = json.value(key, Json(0));
  return value.is_number_integer() ? value.get<int64_t>() : 0;
}

// "key value" of each member, with commas between.
std::string Members(const Json& json, const std::vector<std::string>& left_out = {}) {
  std::vector<std::string> texts;
  for (const auto& item : json.items()) {
    if (std::find(left_out.begin(), left_out.end(), item.key()) != left_out.end()) continue;
    texts.push_back(item.key() + " " + Text(item.value()));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

// "trained_with" as a label.
std::string Spaced(std::string key) {
  std::ranges::replace(key, '_', ' ');
  return key;
}

class Page {
 public:
  void Line(const std::string& label, const std::string& text) {
    text_ += fmt::format("{:<14}{}\n", OneLine(label), OneLine(text));
  }
  void Run(const Json& run);
  void Model(const Json& model);
  void Vocabulary(const std::string& label, const Json& vocabulary);
  void Tokenizer(const std::string& side, const Json& tokenizer);
  void About(const Json& about);
  std::string Take() { return std::move(text_); }

 private:
  void Parameters(const Json& model);
  void Architecture(const Json& config);
  void Training(const Json& training);
  std::string text_;
};

void Page::Run(const Json& run) {
  std::vector<std::string> names;
  for (const Json& checkpoint : run["checkpoints"]) {
    const std::string name = Text(checkpoint["name"]);
    std::string notes;
    for (const char* link : {kBestLink, kLastLink}) {
      if (run.contains(link) && run[link] == name) notes += std::string(notes.empty() ? "" : ", ") + link;
    }
    if (checkpoint.contains("score")) notes += (notes.empty() ? "score " : ", score ") + Text(checkpoint["score"]);
    Line(names.empty() ? "checkpoints" : "", name + (notes.empty() ? "" : " (" + notes + ")"));
    names.push_back(name);
  }
  if (run.contains("averaged")) Line("", "averaged (the mean of the best)");
  if (run.contains("bytes")) Line("size in all", BytesText(NumberAt(run, "bytes")));
  if (run.contains("validations")) Line("validations", Grouped(NumberAt(run, "validations")));
  for (const char* which : {"best_validation", "last_validation"}) {
    if (run.contains(which)) {
      Line(which == std::string("best_validation") ? "  best" : "  last",
           Members(run[which], {"event", "best", "seconds"}));
    }
  }
  if (run.contains("end")) Line("ended", Members(run["end"], {"event"}));
}

void Page::Parameters(const Json& model) {
  const Json& parameters = model["parameters"];
  Line("parameters", fmt::format("{} ({})", Grouped(NumberAt(parameters, "total")),
                                 fmt::join(model["types"].get<std::vector<std::string>>(), ", ")));
  const std::string tying = model.contains("config") ? Text(model["config"]["tying"]) : "";
  for (const auto& item : parameters.items()) {
    if (item.key() == "total") continue;
    std::string note;
    if (item.key() == "embeddings" && tying == "all") note = " (one table for source, target and output)";
    if (item.key() == "embeddings" && tying == "embeddings") note = " (one table for source and target)";
    if (item.key() == "output" && tying == "decoder") note = " (tied to the target's embeddings)";
    if (item.key() == "output" && tying == "all") note = " (tied to the embeddings)";
    Line("  " + item.key(), Grouped(item.value().get<int64_t>()) + note);
  }
}

void Page::Architecture(const Json& config) {
  const auto at = [&](const char* key) { return Text(config[key]); };
  Line("architecture",
       fmt::format("{} + {} layers, d_model {}, {} heads, d_ff {}{}, {}, norm {}, positions {}", at("encoder_layers"),
                   at("decoder_layers"), at("d_model"), at("heads"), at("d_ff"),
                   config["gated"] == true ? " gated" : "", at("activation"), at("norm_order"), at("positions")));
  Line("  limits", fmt::format("{} source and {} target tokens", at("max_src_len"), at("max_tgt_len")));
  Line("  other", Members(config, {"format", "encoder_layers", "decoder_layers", "d_model", "heads", "d_ff", "gated",
                                   "activation", "norm_order", "positions", "max_src_len", "max_tgt_len"}));
}

void Page::Training(const Json& training) {
  Line("training", fmt::format("step {}, after {} and {}; {} pairs seen, {} target tokens; {:.1f} minutes",
                               Grouped(NumberAt(training, "step")), Counted(NumberAt(training, "epoch"), "epoch"),
                               Counted(NumberAt(training, "batch_in_epoch"), "batch", "es"),
                               Grouped(NumberAt(training, "sentences")), Grouped(NumberAt(training, "tgt_tokens")),
                               training["seconds"].get<double>() / 60));
  std::string scores = Counted(NumberAt(training, "validations"), "validation");
  if (training["has_best"] == true) {
    scores +=
        fmt::format(", best score {} (by {}; higher is better), {} since", Text(training["best_quality"]),
                    Text(training["options"].value("metric", Json("?"))), NumberAt(training, "validations_since_best"));
  }
  Line("  scores", scores);
  Line("  options",
       fmt::format("seed {}, {}, {}{}{}", Text(training["seed"]), Counted(NumberAt(training, "threads"), "thread"),
                   Counted(NumberAt(training, "ranks"), "process", "es"), training["options"].empty() ? "" : ", ",
                   Members(training["options"])));
}

void Page::About(const Json& about) {
  for (const auto& item : about.items()) {
    if (item.key() == "made_from") continue;
    std::string text = Text(item.value());
    if (item.value().is_array())
      text = fmt::format("{}", fmt::join(item.value().get<std::vector<std::string>>(), ", "));
    if (item.key() == "pairs") text = Grouped(NumberAt(about, "pairs"));
    Line(Spaced(item.key()), text);
  }
  if (!about.contains("licence")) Line("licence", "not said");
  for (const Json& parent : about.value("made_from", Json::array())) {
    Line("made from", Members(parent));
  }
}

void Page::Model(const Json& model) {
  Line("model", Text(model["directory"]));
  Line("size", BytesText(NumberAt(model, "bytes")));
  for (const Json& file : model["files"]) {
    Line("", fmt::format("{:<28}{:>12}", OneLine(Text(file["name"])), BytesText(NumberAt(file, "bytes"))));
  }
  if (model.contains("manifest")) {
    const Json& manifest = model["manifest"];
    Line("manifest", fmt::format("{}{}", Members(manifest), model["verified"] == true ? "" : "; --verify compares it"));
  } else {
    Line("manifest", "none, so nothing to compare with");
  }
  if (model.contains("parameters")) Parameters(model);
  if (model.contains("config")) Architecture(model["config"]);
  for (const auto& item : model["vocabularies"].items()) {
    Vocabulary(item.key() == "joint" ? "vocabulary" : item.key() + " vocab", item.value());
  }
  const Json tokenizers = model.value("tokenizers", Json::object());
  for (const auto& item : tokenizers.items()) Tokenizer(item.key(), item.value());
  if (model.contains("training")) Training(model["training"]);
  if (model.contains("decode_options")) Line("search", Members(model["decode_options"]));
  About(model.value("about", Json::object()));
}

void Page::Vocabulary(const std::string& label, const Json& vocabulary) {
  if (!vocabulary.contains("type")) return Line(label, Members(vocabulary));
  Line(label, fmt::format("{}: {}, {} pieces, {}", Text(vocabulary["file"]), Text(vocabulary["type"]),
                          Grouped(NumberAt(vocabulary, "pieces")), BytesText(NumberAt(vocabulary, "bytes"))));
  Line("  special", Members(vocabulary["special_ids"]));
  Line("  text",
       fmt::format("normalization {}, {}, {}", Text(vocabulary["normalization"]),
                   vocabulary["byte_fallback"] == true ? "byte fallback" : "no byte fallback",
                   vocabulary["removes_extra_spaces"] == true ? "extra spaces are dropped" : "spaces are kept"));
  Line("  pieces", fmt::format("{} of the user's own, {} unused; longest {}", NumberAt(vocabulary, "user_defined"),
                               NumberAt(vocabulary, "unused"), Text(vocabulary.value("longest_piece", Json("-")))));
}

// side: "source". What is none is not told.
void Page::Tokenizer(const std::string& side, const Json& tokenizer) {
  std::vector<std::string> counts;
  for (const auto& item : tokenizer.items()) {
    if (item.value().is_number() && item.value() != 0) counts.push_back(Spaced(item.key()) + " " + Text(item.value()));
  }
  Line(side + " ids", fmt::format("{}; {}", Members(tokenizer["special_ids"]), fmt::join(counts, ", ")));
  if (!tokenizer.contains("languages")) return;
  const auto codes = tokenizer["languages"].get<std::vector<std::string>>();
  Line("  languages", fmt::format("{}: {}", codes.size(), fmt::join(codes, ", ")));
}

}  // namespace

std::string InfoText(const Json& found) {
  Page page;
  page.Line("path", Text(found["path"]));
  page.Line("kind", Text(found["kind"]));
  if (found.contains("run")) page.Run(found["run"]);
  if (found.contains("model")) page.Model(found["model"]);
  if (found.contains("vocabulary")) page.Vocabulary("vocabulary", found["vocabulary"]);
  for (const Json& problem : found["problems"]) page.Line("wrong", Text(problem));
  return page.Take();
}

}  // namespace dragoman

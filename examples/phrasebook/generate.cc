// SPDX-License-Identifier: Apache-2.0
// phrasebook_generate FOLDER: reads the folder's lexicon.tsv, phrases.tsv, patterns.tsv and held_out.tsv and writes
// train.{en,zh}, valid.{en,zh} and test.{en,zh} beside them; with --check it only says whether they are up to date.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "base/error.h"
#include "base/file_system.h"
#include "book.h"

namespace dragoman::phrasebook {
namespace {

void Check(const std::string& path, const std::string& expected) {
  const std::string found = ReadFile(RealFileSystem(), path);
  if (found == expected) return;
  const auto differ = std::mismatch(found.begin(), found.end(), expected.begin(), expected.end());
  const auto line = 1 + std::count(found.begin(), differ.first, '\n');
  throw FileError(path, line,
                  "differs from what the generator makes of the lexicon, phrases and patterns, expected "
                  "the same bytes; run phrasebook_generate without --check and commit the result");
}

void Run(const std::string& folder, const BookOptions& options, bool check) {
  const Grammar grammar = ReadGrammar(folder);
  const Book book = MakeBook(grammar, options);
  for (const auto& [name, text] : BookFiles(book)) {
    const std::string path = folder + "/" + name;
    if (check) {
      Check(path, text);
    } else {
      WriteFileAtomically(RealFileSystem(), path, text);
    }
  }
  std::cout << grammar.words.size() << " words, " << grammar.phrases.size() << " phrases, " << grammar.patterns.size()
            << " patterns: " << book.train.size() << " pairs to train on, " << book.valid.size() << " to validate, "
            << book.test.size() << " held out" << (check ? "; the files are up to date" : "") << "\n";
}

}  // namespace
}  // namespace dragoman::phrasebook

int main(int argc, char** argv) {
  std::string folder;
  dragoman::phrasebook::BookOptions options;
  bool check = false;
  CLI::App app("Generates the English-Chinese phrase book from its lexicon, phrases and patterns.");
  app.add_option("folder", folder, "the folder of lexicon.tsv, phrases.tsv, patterns.tsv, held_out.tsv")->required();
  app.add_flag("--check", check, "write nothing; fail when the generated files are not up to date");
  app.add_option("--seed", options.seed, "another seed draws other sentences")->capture_default_str();
  app.add_option("--train", options.train_pairs, "number of training pairs")->capture_default_str();
  app.add_option("--valid", options.valid_pairs, "number of validation pairs")->capture_default_str();
  app.add_option("--test", options.test_pairs, "number of held-out pairs")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    dragoman::phrasebook::Run(folder, options, check);
  } catch (const dragoman::Error& error) {
    std::cerr << "phrasebook_generate: " << error.what() << "\n";
    return 1;
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// `dragoman encode` and `dragoman decode`: what a vocabulary makes of text, and text of that.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/counted.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "base/stderr.h"
#include "cli/commands.h"
#include "cli/decode_flags.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "data/line_reader.h"
#include "format/model_directory.h"
#include "text/tokenizer.h"

namespace dragoman {

enum class PieceFormat { kPieces, kIds };
const EnumNames<PieceFormat>& NamesOf(PieceFormat) {
  static const EnumNames<PieceFormat> names = {{"pieces", PieceFormat::kPieces}, {"ids", PieceFormat::kIds}};
  return names;
}

enum class Side { kSource, kTarget };
const EnumNames<Side>& NamesOf(Side) {
  static const EnumNames<Side> names = {{"src", Side::kSource}, {"tgt", Side::kTarget}};
  return names;
}

namespace {

constexpr char kEncodeExamples[] = R"(Prints one line a line read: its pieces, or their ids, with a space between two.
Examples:
  dragoman encode --vocab V.model < text
  dragoman encode --model RUN --side tgt --output-format ids --input test.de.gz --output test.ids
  dragoman encode --model RUN --special-tokens < text     as the model sees it, with </s>
A character that the vocabulary has no piece for is <unk>, and cannot come back.)";

constexpr char kDecodeExamples[] = R"(Prints one line of text a line read: of pieces, or of ids, with spaces between.
Examples:
  dragoman decode --vocab V.model < pieces
  echo '42 7 2' | dragoman decode --model RUN --side tgt --input-format ids
</s> and other special tokens leave no trace in the text; <unk> becomes U+2047.)";

constexpr char kBlanks[] = " \t";  // between pieces

struct PieceFlags {
  std::string model, vocab, input = kStdinPath, output = kStdoutPath;
  Side side = Side::kSource;
  PieceFormat format = PieceFormat::kPieces;
  bool special_tokens = false;
  LanguagePair languages;  // of special tokens, where the model wants to know
};

std::shared_ptr<const Tokenizer> OpenVocabulary(const PieceFlags& flags, bool side_is_given) {
  if (flags.model.empty() == flags.vocab.empty()) {
    throw OptionError(
        fmt::format("--model and --vocab are {} given, expected one of them: a model's directory, or a "
                    "vocabulary file",
                    flags.model.empty() ? "not" : "both"));
  }
  const bool has_languages = !flags.languages.src.empty() || !flags.languages.tgt.empty();
  if (has_languages && (!flags.special_tokens || flags.model.empty())) {
    throw OptionError(
        "--src-lang and --tgt-lang decide special tokens of a model, expected --model and --special-tokens");
  }
  if (!flags.vocab.empty()) {
    if (side_is_given) throw OptionError("--side is given with --vocab, expected --model, which may have one for each");
    if (flags.vocab == kStdinPath && flags.input == kStdinPath) {
      throw OptionError(
          "--vocab and --input are both \"-\", expected at most one of them from stdin; give a file for one");
    }
    return std::make_shared<const Tokenizer>(Tokenizer::Load(flags.vocab));
  }
  FileSystem& files = RealFileSystem();
  VocabularyPair pair = LoadVocabularies(files, ResolveModelDirectory(files, flags.model));
  if (flags.special_tokens) pair = InLanguages(pair, flags.languages);
  return flags.side == Side::kSource ? pair.src : pair.tgt;
}

// The lines of --input through `convert` to --output, which is there, whole, only if all went well.
template <class Convert>
void ConvertLines(const PieceFlags& flags, const Convert& convert) {
  constexpr size_t kMuch = size_t{1} << 16;
  std::vector<InputPath> inputs;
  if (!flags.model.empty()) inputs = ModelInputs("--model", flags.model);
  inputs.insert(inputs.end(), {{"--input", flags.input}, {"--vocab", flags.vocab}});
  RefuseOverwriting("--output", flags.output, inputs);
  if (flags.input == kStdinPath) GreetTerminal("a line to convert");
  LineReader reader(flags.input);
  const bool to_stdout = flags.output == kStdoutPath;
  std::optional<AtomicFile> file;
  if (!to_stdout) file.emplace(RealFileSystem(), flags.output);
  // A person, or a program behind a pipe, may wait for each answer.
  const size_t enough = to_stdout && CanBeReadOnlyOnce(flags.input) ? 1 : kMuch;
  std::string text;
  const auto write = [&] {
    if (to_stdout) {
      std::cout << text;
      FlushStdout();
    } else {
      file->Append(text);
    }
    text.clear();
  };
  for (std::string_view line; reader.Next(&line);) {
    text += convert(line, reader);
    text += '\n';
    if (text.size() >= enough) write();
  }
  write();
  if (file) file->Commit();
}

// Encode does not say which character it was, but who reads pieces can see the place.
struct Unknown {
  int64_t tokens = 0, lines = 0;
  void Report(const Tokenizer& vocabulary) const {
    if (tokens == 0) return;
    std::cerr << fmt::format("dragoman: {} {} in {}: {} has no piece for what stood there, so it cannot come back\n",
                             tokens, vocabulary.Piece(vocabulary.unk_id()), Counted(lines, "line"), vocabulary.path());
  }
};

[[noreturn]] void FailAt(const LineReader& reader, const std::string& what) {
  throw FileError(reader.name(), reader.line_number(), what);
}

std::string Joined(const Tokenizer& vocabulary, const std::vector<int32_t>& ids, const LineReader& reader) {
  std::string joined;
  for (const int32_t id : ids) {
    const std::string& piece = vocabulary.Piece(id);
    if (piece.find_first_of(kBlanks) != std::string::npos) {
      FailAt(reader,
             fmt::format("the vocabulary's piece {} has a blank in it, so that pieces with spaces between could "
                         "not be told apart; expected none; use --output-format ids",
                         id));
    }
    joined += joined.empty() ? "" : " ";
    joined += piece;
  }
  return joined;
}

void Encode(const PieceFlags& flags, bool side_is_given) {
  const auto vocabulary = OpenVocabulary(flags, side_is_given);
  Unknown unknown;
  ConvertLines(flags, [&](std::string_view line, const LineReader& reader) {
    std::vector<int32_t> ids = vocabulary->Encode(line);
    const auto count = std::count(ids.begin(), ids.end(), vocabulary->unk_id());
    unknown.tokens += count;
    unknown.lines += count > 0;
    if (flags.special_tokens) vocabulary->sentence().Wrap(&ids);
    if (flags.format == PieceFormat::kIds) return fmt::format("{}", fmt::join(ids, " "));
    return Joined(*vocabulary, ids, reader);
  });
  unknown.Report(*vocabulary);
}

int32_t IdOf(const Tokenizer& vocabulary, PieceFormat format, std::string_view word, const LineReader& reader) {
  if (format == PieceFormat::kPieces) {
    if (const auto id = vocabulary.Find(word)) return *id;
    FailAt(reader,
           fmt::format("\"{}\" is not a piece of {}, expected its pieces with spaces between; was the line made "
                       "with another vocabulary, or is it --input-format ids?",
                       word, vocabulary.path()));
  }
  int32_t id = -1;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
  if (error == std::errc() && end == word.data() + word.size() && vocabulary.Has(id)) return id;
  FailAt(reader, fmt::format("\"{}\" is not an id of {}, expected whole numbers from 0 to {} with spaces between; was "
                             "the line made with another vocabulary, or is it --input-format pieces?",
                             word, vocabulary.path(), vocabulary.size() - 1));
}

// Byte pieces can stand for any character, also those that would make two lines of one, or none.
std::string WithoutLineEnds(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
  return text;
}

void Decode(const PieceFlags& flags, bool side_is_given) {
  const auto vocabulary = OpenVocabulary(flags, side_is_given);
  ConvertLines(flags, [&](std::string_view line, const LineReader& reader) {
    std::vector<int32_t> ids;
    for (size_t at = line.find_first_not_of(kBlanks); at != line.npos; at = line.find_first_not_of(kBlanks, at)) {
      const size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
      ids.push_back(IdOf(*vocabulary, flags.format, line.substr(at, end - at), reader));
      at = end;
    }
    return WithoutLineEnds(vocabulary->Decode(ids));
  });
}

// All flags but --input-format or --output-format.
void AddFlags(CLI::App& command, PieceFlags* flags) {
  command
      .add_option("--vocab", flags->vocab,
                  "vocabulary file (dragoman vocab, SentencePiece, tokenizer.json, list of words); -: stdin")
      ->type_name("FILE");
  command.add_option("--model", flags->model, "or the vocabulary of this model directory, or run's directory")
      ->type_name("DIR");
  const FlagRegistrar flag{&command};
  flag("side", flags->side, "with --model: the source's vocabulary or the target's");
  command.add_option("--input", flags->input, "lines to read, plain or gzip; -: stdin")
      ->type_name("FILE")
      ->default_str("-");
  command.add_option("--output", flags->output, "file to write; -: stdout")->type_name("FILE")->default_str("-");
}

}  // namespace

void AddEncodeCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("encode", "Cut text into a vocabulary's pieces, or their ids");
  command->footer(kEncodeExamples);
  auto flags = std::make_shared<PieceFlags>();
  AddFlags(*command, flags.get());
  const FlagRegistrar flag{command};
  flag("output_format", flags->format, "what is printed");
  flag("special_tokens", flags->special_tokens,
       "put around each line what a model sees there: usually </s> at its end");
  AddLanguageFlags(*command, &flags->languages);
  command->callback([command, flags] { Encode(*flags, command->count("--side") > 0); });
}

void AddDecodeCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("decode", "Make text of a vocabulary's pieces, or their ids");
  command->footer(kDecodeExamples);
  auto flags = std::make_shared<PieceFlags>();
  AddFlags(*command, flags.get());
  const FlagRegistrar flag{command};
  flag("input_format", flags->format, "what is read");
  command->callback([command, flags] { Decode(*flags, command->count("--side") > 0); });
}

}  // namespace dragoman

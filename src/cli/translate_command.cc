// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <iostream>
#include <memory>
#include <utility>

#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "base/stderr.h"
#include "base/timer.h"
#include "cli/chunk_dealer.h"
#include "cli/chunk_output.h"
#include "cli/commands.h"
#include "cli/decode_flags.h"
#include "cli/line_input.h"
#include "cli/option_flags.h"
#include "cli/ranks.h"
#include "cli/translate_chunk.h"
#include "train/share_model.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    R"(Reads lines from stdin, writes one translation a line to stdout, in order, none left out. Lines that come singly,
from a person or a program that waits, are answered singly.
Examples:
  dragoman translate --model RUN < test.en > test.de
  echo 'I love you' | dragoman translate --model RUN --beam-size 8 --n-best 3
  dragoman translate --model RUN --format jsonl < test.en    scores and flags as JSON, a line each
  dragoman translate --model RUN --ids < test.ids    ids in, ids out, as dragoman encode and decode have them
  mpirun -n 4 dragoman translate --model RUN --input big.en --output big.de    four processes; start again after a crash
n-best lines are LINE ||| TRANSLATION ||| SCORE, with LINE counted from 0. JSON keys: line (from 0), translation,
score (log_prob over length penalty), log_prob, complete (false: cut at the length limit), truncated (the source was
longer than the model's limit), repaired (it held invalid UTF-8 or NUL), unknown (characters of it that the vocabulary
lacks), error (why the translation is empty: the model computes no finite number for it), and with --n-best a list
n_best of translations.)";

// A line of progress for a person who waits for a file to be done.
class Progress {
 public:
  explicit Progress(const TranslateFlags& flags)
      : is_wanted_(isatty(STDERR_FILENO) != 0 && (!flags.input.empty() || isatty(STDIN_FILENO) == 0) &&
                   (!flags.output.empty() || isatty(STDOUT_FILENO) == 0)) {}
  void Show(int64_t lines) {
    if (!is_wanted_) return;
    std::cerr << fmt::format("\r{}, {:.0f} lines/s", Counted(lines, "line"),
                             static_cast<double>(lines) / timer_.Seconds())
              << std::flush;
    is_shown_ = true;
  }
  ~Progress() {
    if (is_shown_) std::cerr << std::endl;
  }

 private:
  const bool is_wanted_;
  bool is_shown_ = false;
  Timer timer_;
};

// "-", as other commands have it, is stdin and stdout, too.
std::string WithoutDash(const std::string& path) { return path == "-" ? "" : path; }

// What can be told before the model is opened.
void CheckFiles(const TranslateFlags& flags) {
  const bool to_stdout = flags.output.empty();
  std::vector<InputPath> inputs = ModelInputs("--model", flags.model.path);
  inputs.push_back({"--input", flags.input.empty() ? "-" : flags.input});
  if (!flags.shortlist.empty()) inputs.push_back({"--shortlist", flags.shortlist});
  FileSystem& files = RealFileSystem();
  if (files.Type(flags.output) == FileType::kDirectory) CheckOutputFile(files, flags.output);  // whatever is in it
  RefuseOverwriting("--output", to_stdout ? "-" : flags.output, inputs);
  if (to_stdout) return;
  RefuseOverwriting("parts of --output", PartsOf(flags.output), inputs);
  CheckOutputFile(files, flags.output);
}

void Validate(const TranslateFlags& flags) {
  DecodeOptions said = flags.decode;  // where n_best may still be 0, and how many the beam has the model's business
  said.n_best = std::max(said.n_best, 1);
  if (!flags.decode_given.contains("beam_size")) said.beam_size = std::max(said.beam_size, said.n_best);
  said.Validate();
  if (flags.chunk_lines < 0) {
    throw OptionError(fmt::format("--chunk-lines is {}, expected 1 or more lines, or 0: chosen", flags.chunk_lines));
  }
}

// Large chunks are sorted well by length; several ranks need enough of them to share out. What a file keeps of a run
// must fit the next one, of however many processes.
int ChunkLines(const TranslateFlags& flags, const Communicator& comm, int threads) {
  if (flags.chunk_lines > 0) return flags.chunk_lines;
  if (!flags.output.empty()) return 1024;
  return comm.size() == 1 ? 4096 : std::clamp(256 * threads, 256, 4096);
}

// stdin, or the file of --input.
class Input {
 public:
  explicit Input(const std::string& path) : lines_(path.empty() ? kStdinPath : path), waits_(!IsFile(path)) {}

  // Whether more may be long in coming: from a pipe, or a person.
  bool waits() const { return waits_; }

  // Empty at the end. whole: full, however slowly the lines come, so that the same input makes the same chunks.
  Chunk Next(size_t lines, bool whole) {
    constexpr size_t kMostBytes = size_t{16} << 20;
    Chunk chunk{number_, lines_.Next(whole ? 1 : lines)};
    size_t bytes = chunk.lines.empty() ? 0 : chunk.lines.front().size();
    while (whole && !chunk.lines.empty() && chunk.lines.size() < lines && bytes < kMostBytes) {
      std::vector<std::string> more = lines_.Next(1);
      if (more.empty()) break;
      bytes += more.front().size();
      chunk.lines.push_back(std::move(more.front()));
    }
    number_ += static_cast<int64_t>(chunk.lines.size());
    return chunk;
  }

 private:
  static bool IsFile(const std::string& path) {
    struct stat about = {};
    const int failed = path.empty() ? fstat(STDIN_FILENO, &about) : stat(path.c_str(), &about);
    return failed == 0 && S_ISREG(about.st_mode);
  }

  LineInput lines_;
  bool waits_;
  int64_t number_ = 0;
};

// ahead: how many chunks begin before the oldest one is done, so that its last sentences are not alone.
void TranslateChunks(const ChunkTranslator& translator, const std::function<Chunk()>& next, size_t ahead,
                     ChunkOutput& output, const std::function<void(int64_t lines)>& progress) {
  struct Begun {
    int64_t index, first_line, lines;
    uint64_t fingerprint;
    TranslationJob job;
  };
  std::deque<Begun> begun;
  int64_t index = 0, done = 0;
  const auto finish_oldest = [&] {
    Begun oldest = std::move(begun.front());
    begun.pop_front();
    output.Put(oldest.index, oldest.fingerprint, translator.Finish(std::move(oldest.job), oldest.first_line));
    progress(done += oldest.lines);
  };
  const auto finish_all = [&] {
    while (!begun.empty()) finish_oldest();
  };
  // What was begun before an error is translated all the same.
  const auto or_finish = [&](const auto& step) {
    try {
      return step();
    } catch (...) {
      finish_all();
      throw;
    }
  };
  for (Chunk chunk = or_finish(next); !chunk.lines.empty(); chunk = or_finish(next), ++index) {
    const uint64_t fingerprint = translator.Fingerprint(chunk);
    const auto lines = static_cast<int64_t>(chunk.lines.size());
    if (output.Has(index, fingerprint)) {
      progress(done += lines);
    } else {
      TranslationJob job = or_finish([&] { return translator.Begin(chunk); });
      begun.push_back({index, chunk.first_line, lines, fingerprint, std::move(job)});
    }
    while (begun.size() > ahead) finish_oldest();
  }
  finish_all();
}

void TranslateAll(const TranslateFlags& flags, Communicator& comm, ChunkTranslator& translator, size_t chunk_lines) {
  if (flags.decode_given.contains("max_length") && flags.decode.max_length > translator.model().max_target_tokens) {
    std::cerr << fmt::format("dragoman: --max-length is {}, but the model's limit of {} tokens holds\n",
                             flags.decode.max_length, translator.model().max_target_tokens);
  }
  const auto input = std::make_shared<Input>(flags.input);
  if (flags.input.empty()) GreetTerminal("a line to translate");
  const bool to_file = !flags.output.empty();
  const auto output = to_file ? OutputToFile(RealFileSystem(), flags.output) : OutputToStdout();
  const auto next = [=] { return input->Next(chunk_lines, to_file); };
  {
    Progress line(flags);
    const auto progress = [&](int64_t lines) { line.Show(lines); };
    if (comm.size() == 1) {
      TranslateChunks(translator, next, /*ahead=*/input->waits() ? 0 : 1, *output, progress);
    } else {
      DealChunks(comm, translator, next, *output, progress);
    }
  }
  const TranslationCounts counts = output->Finish();
  counts.Report(translator.model());
  if (counts.AllFailed()) {
    throw NumericError(
        "no line could be translated; are the model's weights damaged? Translate with another checkpoint");
  }
}

// Options of decoding: those given and of the rest the model's. How many translations are shown is the flags' alone.
void SettleDecodeOptions(const DecodeDefaults& defaults, TranslateFlags* flags) {
  const int n_best = std::exchange(flags->decode.n_best, 1);
  DecodeOptions& decode = flags->decode = WithDefaults(flags->decode, flags->decode_given, defaults);
  decode.n_best = n_best > 0 ? n_best : decode.beam_size;
  if (!flags->n_best && flags->format == LineFormat::kText) decode.skip_scores = true;  // nobody sees them
  decode.Validate();
}

void Translate(TranslateFlags flags, Communicator& comm) {
  Validate(flags);
  const int threads = flags.threads == 0 ? comm.cores() : ThreadsOrCores(flags.threads);
  InferenceBundle opened;
  if (comm.rank() == 0) {
    CheckFiles(flags);
    FileSystem& files = RealFileSystem();
    opened.decode_defaults = ReadDecodeDefaults(files, ResolveModelDirectory(files, flags.model.path));
    SettleDecodeOptions(opened.decode_defaults, &flags);  // or an error, before much is read
    opened = OpenInference(flags.model, flags.precision);
    if (!flags.shortlist.empty()) OpenShortlist(RealFileSystem(), flags.shortlist, &opened);
  }
  ShareInference(comm, flags.precision, &opened);
  if (comm.rank() != 0) SettleDecodeOptions(opened.decode_defaults, &flags);
  ChunkTranslator translator(flags, std::move(opened), threads);
  if (comm.rank() == 0) {
    const auto lines = static_cast<size_t>(ChunkLines(flags, comm, threads));
    TranslateAll(flags, comm, translator, lines);
  } else {
    TakeChunks(comm, translator);
  }
  comm.Leave();
}

// --n-best, --n-best 3: how many; without a number as many as the beam has.
void AddNBestFlag(CLI::App& command, TranslateFlags* flags) {
  const auto read = [flags](const CLI::results_t& values) {
    flags->n_best = true;
    flags->decode.n_best = 0;
    if (values.empty() || values.front().empty()) return true;
    ParseValue("--n-best", values.front(), &flags->decode.n_best);
    if (flags->decode.n_best < 1)
      throw OptionError(fmt::format("--n-best is {}, expected 1 to 256", flags->decode.n_best));
    return true;
  };
  command
      .add_option("--n-best", read,
                  "print the N best translations (or samples) with scores; without N, --beam-size of them")
      ->expected(0, 1)
      ->type_name("[N]");
}

}  // namespace

void AddTranslateCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("translate", "Translate lines from stdin to stdout");
  command->footer(kExamples);
  auto flags = std::make_shared<TranslateFlags>();
  AddModelFlags(*command, &flags->model);
  AddLanguageFlags(*command, &flags->model.languages);
  AddDecodeFlags(*command, &flags->decode);
  AddNBestFlag(*command, flags.get());
  const FlagRegistrar flag{command};
  flag("format", flags->format, "what is printed");
  flag("input", flags->input, "file to translate, plain or gzip, instead of stdin; - is stdin");
  flag("output", flags->output,
       "file to write, instead of stdout; a start after a crash goes on from OUTPUT.parts; - is stdout");
  AddThreadsFlag(*command, &flags->threads);
  AddPrecisionFlag(*command, &flags->precision);
  flag("max_memory_mb", flags->max_memory_mb,
       "memory of the process at most, by fewer sentences at a time; 0: as much as is fast");
  flag("shortlist", flags->shortlist, "say only what this file lists for the source's tokens: dragoman shortlist");
  flag("chunk_lines", flags->chunk_lines,
       "lines read, sorted by length and translated together at most; 0: 4096, with --output 1024, fewer under mpirun");
  command->callback([flags, command] {
    flags->decode_given = GivenDecodeOptions(*command);
    flags->input = WithoutDash(flags->input);
    flags->output = WithoutDash(flags->output);
    RunAsRank([&](Communicator& comm) { Translate(*flags, comm); });
  });
}

}  // namespace dragoman

// SPDX-License-Identifier: Apache-2.0
// Writes the seeds of all fuzz targets: make_seeds DIRECTORY. All text in them is ours. Those that a crash has left are
// called "found-..."; they stay as they are.
#include <zlib.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "archive/archive_testing.h"
#include "base/file_system.h"
#include "data/corpus_testing.h"
#include "data/token_corpus.h"
#include "format/packed_model.h"
#include "format/shortlist.h"
#include "interop/tiny_models_testing.h"
#include "model/model_testing.h"
#include "tests/fuzz/memory_files.h"
#include "tests/fuzz/small_vocabulary.h"
#include "text/byte_bpe_testing.h"
#include "text/vocabulary_testing.h"
#include "train/optimizer.h"
#include "train/run_checkpoint.h"

namespace dragoman {
namespace {

using Files = std::map<std::string, std::string>;
using Seeds = std::map<std::string, Files>;  // of each target

const std::string kNumbers = RawList<float>({0, 1, 2, 3, 4, 5});
constexpr char kRecorded[] = "tests/interop/recorded/";

std::string Recorded(const std::string& name) { return ReadFile(RealFileSystem(), kRecorded + name, 1 << 20); }

Files RecordedFiles(const std::string& directory, const std::vector<std::string>& names) {
  Files files;
  for (const std::string& name : names) files[name] = Recorded(directory + "/" + name);
  return files;
}

Files BytesOfFiles(const std::vector<CheckpointFile>& files) {
  Files bytes;
  for (const CheckpointFile& file : files) {
    MemoryWriter writer;
    file.write(writer);
    bytes[file.name] = writer.written;
  }
  return bytes;
}

// --- Texts ---

void AddTexts(Seeds* seeds) {
  (*seeds)["json"] = {
      {"all", R"({"a": [1, -2.5e3, true, false, null, "é\u00e9\ud83d\ude00\n"], "b": {"": {}}, "c": []})"},
      {"deep", std::string(100, '[') + std::string(100, ']')},
      {"mark", "\xEF\xBB\xBF [\"a\", 18446744073709551616, 1e999]\r\n"}};
  (*seeds)["toml"] = {
      {"options", "# how\nsteps = 1_000\nrate = 1e-3\noutput = \"a\\u00e9b\"\nresume = true\n"},
      {"others", "rate = inf\nsteps = 0x1F\noutput = '''\na\n'''\n"},
      {"tables", "[a.b]\nc = [1, [2.5, {x = 1}], 1979-05-27T07:32:00Z]\n[[d]]\ne.f.\"g\" = \"\"\"h\"\"\"\n"}};
  (*seeds)["yaml"] = {{"vocabulary", kTinyMarianVocabulary},
                      {"settings", kTinyMarianSettings},
                      {"styles", "--- # c\na: [1, 'x', \"y\\n\", ~]\nb:\n  - {c: 1.5, d: null}\n  - |\n    e\n    f\n"},
                      {"anchors", "a: &x [1]\nb: *x\nc: !!str 1\n? d\n: e\n"}};
  (*seeds)["text"] = {
      {"lines", "a b\n\n\tc d \r\né 你好\xE2\x80\xA8\nlast"},
      {"tabs", "a\tb\nc d\te f\r\n\n"},
      {"jsonl", "{\"source\": \"a\", \"target\": \"b\\n\", \"x\": [1]}\n\n{\"target\": \"\", \"source\": \"c\"}\n"},
      {"gzip", Gzip("a\tb\nc\td\n") + Gzip("e\tf\n")},
      {"utf16", std::string("\xFF\xFE"
                            "a\0b\0\n\0",
                            8)}};
}

// --- Archives ---

std::string NpzSeed(bool deflate, bool checksums) {
  const auto crc = checksums ? std::optional<uint32_t>() : 0;
  return ZipOf({{.name = "a.npy", .bytes = NpyOf("<f4", "(2, 3)", kNumbers), .deflate = deflate, .claimed_crc = crc},
                {.name = "b/c.npy", .bytes = NpyOf("|i1", "()", "x"), .deflate = deflate, .claimed_crc = crc}});
}

std::string StateDict(bool legacy) {
  const std::string storage = PickledStorage("FloatStorage", "0", 6, legacy);
  return PickleOf(PickledStateDict({{"w", PickledTensor(storage, 0, {3, 2}, {1, 3})},
                                    {"b", PickledTensor(PickledStorage("HalfStorage", "1", 1, legacy), 0, {}, {})}}));
}

void AddArchives(Seeds* seeds) {
  const std::vector<StoragePart> storages = {{"0", 6, kNumbers}, {"1", 1, "xy"}};
  (*seeds)["safetensors"] = {
      {"one", SafetensorsOf(R"("w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]})", kNumbers)},
      {"more", SafetensorsOf(R"("__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]},)"
                             R"("b":{"dtype":"I64","shape":[],"data_offsets":[6,14]},)"
                             R"("c":{"dtype":"F16","shape":[0,4],"data_offsets":[14,14]})",
                             "abcdefghijklmn")}};
  (*seeds)["npz"] = {{"stored", NpzSeed(false, true)},
                     {"deflated", NpzSeed(true, true)},
                     {"unchecked", NpzSeed(false, false)},
                     {"deflated_unchecked", NpzSeed(true, false)},
                     {"versions", Recorded("archives/versions.npz")}};
  (*seeds)["npy"] = {{"floats", NpyOf("<f4", "(2, 3)", kNumbers)},
                     {"second", NpyOf("{\"shape\": (3,), 'descr': '<i8', 'fortran_order': True}", "", 2)}};
  (*seeds)["zip"] = {
      {"stored", ZipOf({{"a", "text"}, {"b/c", std::string(200, 'x')}})},
      {"deflated", ZipOf({{"a", "text", true}, {"b/c", std::string(200, 'x'), true}})},
      {"unchecked", ZipOf({{.name = "a", .bytes = std::string(200, 'x'), .deflate = true, .claimed_crc = 0}})},
      {"numpy", Recorded("archives/deflated.npz")}};
  (*seeds)["pickle"] = {
      {"state",
       PickleOf(PickledStateDict({{"w", PickledTensor(PickledStorage("FloatStorage", "0", 6), 0, {3, 2}, {1, 3})}}))},
      {"kinds", PickleOf("](" + PickledText("a") + PickledInteger(-7) + "NK\5M\1\2\x8a\3abcG\x3f\xf0" +
                         std::string(6, '\0') + "\x88\x89)\x85\x86h\1e")},
      {"dict", PickleOf("}q\1(" + PickledText("a") + PickledIntegers({1, 2}) + "u")}};
  (*seeds)["torch"] = {
      {"zip", TorchZipOf(StateDict(false), storages)},      {"stream", TorchStreamOf(StateDict(true), storages)},
      {"unchecked", Recorded("archives/no_checksums.bin")}, {"recorded_stream", Recorded("archives/stream.bin")},
      {"parameter", Recorded("archives/parameter.bin")},    {"nested", Recorded("archives/nested.bin")}};
  (*seeds)["marian_binary"] = {{"types", MarianOf({{"w", 0x0404, {2, 3}, kNumbers},
                                                   {"Wemb", 0x4101, {2, 3}, std::string(6, 'x') + Raw(2.0f)},
                                                   {"q", 0x10002, {3, 1}, std::string(6, 'x') + Raw(2.0f)}})}};
  (*seeds)["ctranslate2_binary"] = {
      {"new", CTranslate2Of(6, {{"w", {2, 3}, 0, 24, kNumbers}, {"w_scale", {2}, 5, 4, "abcd"}}, {{"v", "w"}})},
      {"old", CTranslate2Of(2, {{"w", {2, 3}, 4, 6, kNumbers}})},
      {"int8", Recorded("archives/ctranslate2_int8.bin")}};
  (*seeds)["shards"] = {
      {"two", BundleOf(RecordedFiles("archives/safetensors_shards",
                                     {"model.safetensors.index.json", "model-00001-of-00002.safetensors",
                                      "model-00002-of-00002.safetensors"}))}};
}

// --- Vocabularies ---

// A trie with the one rule "a" -> "b", as charsmap_check_test.cc explains it.
std::string Charsmap() {
  std::vector<uint32_t> units(512, 1u << 31);
  constexpr uint32_t kRootBase = 256, kA = kRootBase ^ 'a';
  units[0] = kRootBase << 10;
  units[kA] = (1u << 10) | (1u << 8) | 'a';
  units[kA ^ 1] = 1u << 31;
  const std::string bytes(BytesOf(std::span<const uint32_t>(units)));
  return Raw(static_cast<uint32_t>(bytes.size())) + bytes + std::string("b\0", 2);
}

// What transformers saved, with few of its pieces and tokens.
std::string SmallUnigram() {
  auto json = nlohmann::ordered_json::parse(Recorded("unigram/t5/tokenizer.json"));
  auto& pieces = json["model"]["vocab"];
  auto& added = json["added_tokens"];
  pieces.erase(pieces.begin() + 60, pieces.end());
  added.erase(added.begin() + 3, added.end());
  return json.dump();
}

void AddVocabularies(Seeds* seeds) {
  (*seeds)["byte_bpe"] = {{"tiny", TinyByteBpe()}, {"recorded", RecordedByteBpe("tokenizer.json")}};
  (*seeds)["byte_bpe_pair"] = {
      {"tiny",
       BundleOf({{"vocab.json", R"({"<s>": 0, "</s>": 1, "<unk>": 2, "a": 3, "b": 4, "Ġ": 5, "ab": 6, "Ġab": 7})"},
                 {"merges.txt", "#version: 0.2\na b\n\nĠ ab\n"}})}};
  (*seeds)["words"] = {{"small", SmallWordList()}};
  VocabOptions bpe = SmallVocabOptions(60), bytes = SmallVocabOptions(320);
  bpe.type = VocabType::kBpe;
  bytes.byte_fallback = true;
  bytes.symbols = {"<de>", "<d"};
  (*seeds)["sentencepiece"] = {{"unigram", TrainTestModel(SmallVocabOptions(60))},
                               {"bpe", TrainTestModel(bpe)},
                               {"bytes", TrainTestModel(bytes)}};
  (*seeds)["charsmap"] = {{"rule", Charsmap()}};
  (*seeds)["unigram"] = {{"t5", SmallUnigram()}};
}

// --- Files of ours ---

TransformerConfig SmallConfig() {
  TransformerConfig config = TinyConfig();
  config.src_vocab = config.tgt_vocab = SmallVocabulary().src->rows();
  config.encoder_layers = config.decoder_layers = 1;
  return config;
}

// Without its last lines, the checksum.
std::string ManifestSeed() {
  const TestDirectory directory;
  WriteCheckpoint(RealFileSystem(), directory / "d",
                  {.step = 7, .score = 1.5, .files = {FileOfBytes("config.json", "{}")}});
  const std::string text = FileBytes(directory / "d/MANIFEST.json");
  return text.substr(0, text.find("  \"manifest_crc32\""));
}

std::string TokenCorpusSeed() {
  const TestDirectory directory;
  const ParallelInput input{.format = PairFormat::kTsv, .source = directory.Write("text", "a b\tb\nc\ta a c\n")};
  const Tokenizer& vocab = *SmallVocabulary().src;
  TokenCorpus::OpenOrBuild(input, vocab, vocab, {}, directory / "corpus.tokens");
  return FileBytes(directory / "corpus.tokens");
}

std::string ShortlistSeed() {
  return ShortlistBytes({.frequent = {2, 3}, .begin = {0, 0, 0, 0, 2, 3, 4, 4}, .targets = {3, 4, 4, 5}},
                        SmallVocabulary());
}

// Marian's binary form, of as many source words as the small vocabulary has, one target each.
std::string MarianShortlistSeed() {
  const auto words = static_cast<uint64_t>(SmallVocabulary().src->size());
  std::string bytes;
  const auto add = [&](auto number) { bytes.append(reinterpret_cast<const char*>(&number), sizeof number); };
  for (const uint64_t number :
       {uint64_t{0xF11A48D5013417F5}, uint64_t{0}, uint64_t{2}, uint64_t{1}, words + 1, words}) {
    add(number);
  }
  for (uint64_t offset = 0; offset <= words; ++offset) add(offset);
  for (uint64_t word = 0; word < words; ++word) add(static_cast<int32_t>(word));
  return bytes;
}

void AddOwnFiles(Seeds* seeds) {
  TransformerConfig odd = SmallConfig();
  odd.gated = odd.copy = odd.decoder_ssru = true;
  odd.relative_buckets = 8;
  (*seeds)["config"] = {{"usual", SmallConfig().ToJson()}, {"odd", odd.ToJson()}};
  TokenizerSettingsPair languages;
  languages.src.languages = languages.tgt.languages = {{"de", 6}, {"en", 5}};
  languages.src.prefix = {kSrcLanguage, 1};
  languages.tgt.prefix = {kTgtLanguage};
  languages.tgt.banned = {1};
  (*seeds)["tokenizer_settings"] = {{"odd", OddSettings(*SmallVocabulary().src).ToJson()},
                                    {"languages", languages.ToJson()}};
  ModelAbout about{.name = "n",
                   .licence = "CC0-1.0",
                   .origin = "here",
                   .notes = "é",
                   .trained_with = "dragoman",
                   .trained_on = {"a.tsv"},
                   .pairs = 3};
  about.made_from = {about};
  (*seeds)["about"] = {{"all", about.ToJson()}};
  (*seeds)["manifest"] = {{"one", ManifestSeed()}};
  TrainState state;
  state.step = 7;
  state.has_best = true;
  state.options = {{"metric", "bleu"}};
  (*seeds)["train_state"] = {{"new", TrainState().ToJson()}, {"later", state.ToJson()}};
  (*seeds)["decode_options"] = {{"all", DecodeOptions().ToJson()}, {"none", "{}"}};
  (*seeds)["training_log"] = {
      {"run",
       BundleOf({{"train.jsonl",
                  "{\"event\": \"start\", \"step\": 0}\n"
                  "{\"event\": \"train\", \"step\": 1, \"seconds\": 2.5, \"nll\": 3.25}\n"
                  "{\"event\": \"valid\", \"step\": 1, \"seconds\": 3, \"nll\": 3.5, \"bleu\": 1, \"chrf\": null}\n"},
                 {"config.toml", "metric = \"chrf\"\n"}})}};
  (*seeds)["token_corpus"] = {{"pairs", TokenCorpusSeed()}};
  (*seeds)["shortlist"] = {{"small", ShortlistSeed()}};
  (*seeds)["marian_shortlist"] = {{"text", "a b 0.5\nb a 0.25\nNULL a 0.1\nc NULL 1\nz c 1e-3\n"},
                                  {"binary", MarianShortlistSeed()}};
}

// --- Models ---

void AddCheckpoints(Seeds* seeds) {
  const VocabularyPair& vocabs = SmallVocabulary();
  const auto model = RandomModel(SmallConfig());
  Optimizer optimizer({}, static_cast<int64_t>(model->parameters().values().size()));
  Files trained = BytesOfFiles(CheckpointFiles(TrainState(), {.name = "n"}, vocabs, *model, optimizer));
  trained["shortlist"] = ShortlistSeed();
  Files odd = BytesOfFiles(ModelFiles(*model, model->parameters().values(),
                                      WithSettings(vocabs, OddSettings(*vocabs.src).ToJson(), "settings"), nullptr));
  (*seeds)["checkpoint"] = {{"trained", BundleOf(trained)}, {"odd", BundleOf(odd)}};
  for (const WeightFormat format : {WeightFormat::kInt8, WeightFormat::kBf16}) {
    const Files packed = BytesOfFiles(PackedModelFiles(*model, format, vocabs, nullptr));
    (*seeds)["checkpoint"][std::string(EnumName(format))] = BundleOf(packed);
  }
}

void AddForeignModels(Seeds* seeds) {
  const std::vector<std::string> hf_files = {"config.json", "generation_config.json", "model.safetensors"};
  Files bart = RecordedFiles("huggingface/bart", hf_files);
  (*seeds)["huggingface"] = {{"t5", BundleOf(RecordedFiles("huggingface/t5_v1_1", hf_files))}};
  bart["tokenizer.json"] = TinyByteBpe();  // of another size, which is said only when it has been read
  (*seeds)["huggingface"]["bart"] = BundleOf(bart);
  Files marian = RecordedFiles("huggingface/marian", hf_files);
  const std::string spm = TrainTestModel(SmallVocabOptions(60));
  marian["source.spm"] = marian["target.spm"] = spm;
  marian["vocab.json"] = R"({"</s>": 0, "<unk>": 1, "a": 2, "b": 3, "<pad>": 4, ">>fra<<": 5})";
  (*seeds)["huggingface"]["marian"] = BundleOf(marian);
  (*seeds)["marian"] = {
      {"binary", BundleOf({{"model.bin", TinyMarianBinary()}, {"vocab.yml", kTinyMarianVocabulary}})},
      {"npz", BundleOf({{"model.npz", TinyMarianNpz()},
                        {"decoder.yml", "models:\n  - model.npz\nvocabs:\n  - vocab.yml\n  - vocab.yml\n"},
                        {"vocab.yml", kTinyMarianVocabulary}})}};
  (*seeds)["ctranslate2"] = {{"usual", BundleOf({{"model.bin", TinyCTranslate2Binary()},
                                                 {"config.json", kCTranslate2Config},
                                                 {"shared_vocabulary.json", kCTranslate2Vocabulary}})},
                             {"txt", BundleOf({{"model.bin", TinyCTranslate2Binary()},
                                               {"shared_vocabulary.txt", "<unk>\n<s>\n</s>\na\nb\nc\nd\ne\n"}})}};
  const Tokenizer tokenizer = Tokenizer::FromBytes(spm, "plain");
  std::string pieces;
  for (int32_t id = 0; id < tokenizer.size(); ++id) {
    pieces += (id > 0 ? "," : "[") + nlohmann::json(tokenizer.Piece(id)).dump();
  }
  const auto package = [&](std::optional<uint32_t> crc) {
    return ZipOf({{.name = "en_de/metadata.json",
                   .bytes = R"({"type": "translate", "from_name": "English", "to_name": "German"})",
                   .claimed_crc = crc},
                  {.name = "en_de/sentencepiece.model", .bytes = spm, .claimed_crc = crc},
                  {.name = "en_de/model/model.bin",
                   .bytes = TinyCTranslate2Binary(tokenizer.size()),
                   .deflate = true,
                   .claimed_crc = crc},
                  {.name = "en_de/model/shared_vocabulary.json", .bytes = pieces + "]", .claimed_crc = crc}});
  };
  (*seeds)["argos"] = {{"package", package({})}, {"unchecked", package(0)}};
}

void Write(const Seeds& seeds, const std::filesystem::path& directory) {
  for (const auto& [target, files] : seeds) {
    std::filesystem::create_directories(directory / target);
    for (const auto& [name, bytes] : files) {
      WriteFile(RealFileSystem(), (directory / target / name).string(), bytes);
    }
  }
}

}  // namespace
}  // namespace dragoman

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "give the directory to write to: tests/fuzz/seeds\n";
    return 2;
  }
  dragoman::Seeds seeds;
  dragoman::AddTexts(&seeds);
  dragoman::AddArchives(&seeds);
  dragoman::AddVocabularies(&seeds);
  dragoman::AddOwnFiles(&seeds);
  dragoman::AddCheckpoints(&seeds);
  dragoman::AddForeignModels(&seeds);
  dragoman::Write(seeds, argv[1]);
}

// SPDX-License-Identifier: Apache-2.0
// The fuzz targets' functions; fuzz_target.cc has their table. "Files" says that the bytes are several files in one
// (memory_files.h).
#ifndef DRAGOMAN_TESTS_FUZZ_TARGETS_H_
#define DRAGOMAN_TESTS_FUZZ_TARGETS_H_

#include <string_view>

namespace dragoman {

// text_targets.cc
void ReadJson(std::string_view bytes);
void ReadTomlConfig(std::string_view bytes);
void ReadYaml(std::string_view bytes);
void ReadText(std::string_view bytes);  // a corpus: plain or gzip, alone, with tabs, or of JSON

// archive_targets.cc
void ReadSafetensors(std::string_view bytes);
void ReadNpz(std::string_view bytes);
void ReadNpy(std::string_view bytes);
void ReadZip(std::string_view bytes);
void ReadPickleBytes(std::string_view bytes);
void ReadTorch(std::string_view bytes);
void ReadMarianBinary(std::string_view bytes);
void ReadCTranslate2Binary(std::string_view bytes);
void ReadShardFiles(std::string_view bytes);  // files model.safetensors.index.json and what it names

// vocabulary_targets.cc
void ReadByteBpe(std::string_view bytes);
void ReadByteBpePair(std::string_view bytes);  // files vocab.json, merges.txt
void ReadWords(std::string_view bytes);
void ReadSentencePiece(std::string_view bytes);
void ReadUnigram(std::string_view bytes);   // tokenizer.json of what was a SentencePiece model
void ReadCharsmap(std::string_view bytes);  // of a SentencePiece model that is sound but for that

// own_file_targets.cc
void ReadModelConfig(std::string_view bytes);
void ReadTokenizerSettings(std::string_view bytes);
void ReadAboutFile(std::string_view bytes);
void ReadManifestFile(std::string_view bytes);
void ReadTrainStateFile(std::string_view bytes);
void ReadDecodeOptions(std::string_view bytes);
void ReadTrainingLogFiles(std::string_view bytes);  // files train.jsonl, config.toml
void ReadTokenCorpus(std::string_view bytes);
void ReadShortlist(std::string_view bytes);
void ReadForeignShortlist(std::string_view bytes);  // of Marian's

// model_targets.cc: files of a directory, but the zip
void ReadCheckpoint(std::string_view bytes);
void ReadHuggingFace(std::string_view bytes);
void ReadMarian(std::string_view bytes);
void ReadCTranslate2(std::string_view bytes);
void ReadArgos(std::string_view bytes);

}  // namespace dragoman

#endif  // DRAGOMAN_TESTS_FUZZ_TARGETS_H_

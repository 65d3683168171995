// SPDX-License-Identifier: Apache-2.0
// Translates lines from stdin, as they come, and shows each translation while it grows.
//   translate MODEL < text
#include <dragoman/translator.h>

#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: translate MODEL < text\n";
    return 2;
  }
  try {
    const dragoman::Translator translator(argv[1]);
    dragoman::JobCallbacks callbacks;
    callbacks.on_settled = [](size_t, const std::string& text) { std::cerr << "  " << text << " ...\n"; };
    for (std::string line; std::getline(std::cin, line);) {
      dragoman::TranslationJob job = translator.Submit({line}, {.beam_size = 2}, callbacks);
      for (const dragoman::TranslatedLine& found : job.Get()) {
        std::cout << found.n_best.front().text << std::endl;
        if (!found.error.empty()) std::cerr << "not translated: " << found.error << "\n";
      }
    }
  } catch (const dragoman::Error& error) {
    std::cerr << "translate: " << error.what() << "\n";
    return 1;
  }
}

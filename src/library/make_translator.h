// SPDX-License-Identifier: Apache-2.0
// A translator of a model that is open already.
#ifndef DRAGOMAN_LIBRARY_MAKE_TRANSLATOR_H_
#define DRAGOMAN_LIBRARY_MAKE_TRANSLATOR_H_

#include "dragoman/translator.h"
#include "format/packed_model.h"

namespace dragoman {

// `options`: threads and memory count; the rest was decided when the model was opened. Throws Error (kOption,
// kResource).
Translator MakeTranslator(InferenceBundle model, const TranslatorOptions& options);

}  // namespace dragoman

#endif  // DRAGOMAN_LIBRARY_MAKE_TRANSLATOR_H_

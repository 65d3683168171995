#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Models that the program trains for some updates and exports to CTranslate2: what CTranslate2 says of targets and finds,
and what the program does. And random models of CTranslate2's own, imported and exported: CTranslate2 sees no difference.

  build/venv-parity/bin/python tests/interop/check_export_ctranslate2.py PROGRAM [--json FILE] [--case NAME]
"""

import json
import pathlib
import tempfile

import ctranslate2
import sentencepiece
import transformers

import checking
import exporting
import record_ctranslate2
from check_huggingface import LARGER

CASES = {
    "as the paper has it": (),
    "pre-norm, gated, rms": ("--norm-order", "pre", "--final-norm", "--norm-kind", "rms", "--no-norm-bias", "--no-bias",
                             "--gated", "--activation", "silu", "--norm-epsilon", 1e-3),
    "relative positions": ("--positions", "none", "--relative-buckets", 8, "--relative-max-distance", 20, "--norm-order", "pre",
                           "--final-norm", "--attention-scale", 0.7, "--logit-scale", 0.4, "--no-scale-embedding",
                           "--activation", "gelu_tanh"),
    "learned positions, two vocabularies": ("--positions", "learned", "--tying", "decoder", "--embedding-norm", "--output-bias",
                                            "--activation", "gelu", "--d-head", 6, "--decoder-start", -1),
    "other sinusoids": ("--sinusoid-layout", "halves", "--sinusoid-exponent", "tensor2tensor", "--first-position", 2,
                        "--tying", "embeddings", "--decoder-start", -1),
    "no positions, no norm biases": ("--positions", "none", "--no-norm-bias", "--tying", "none", "--activation", "gelu_sigmoid"),
}
FAMILIES = ("marian", "bart", "pegasus_gelu", "m2m100", "t5", "t5_v1_1")


def opened(directory, compute_type="float32"):
    return ctranslate2.Translator(str(directory), compute_type=compute_type, intra_threads=1)


def scores(translator, sources, targets):
    return [sum(found.log_probs) for found in translator.score_batch(sources, targets)]


def pieces(folder, lines, side):
    joint = folder / "sentencepiece.model"
    model = joint if joint.exists() else folder / f"{side}.spm"
    segmenter = sentencepiece.SentencePieceProcessor(model_file=str(model))
    return segmenter, [segmenter.encode(line, out_type=str) for line in lines]


def check(program, case, folder):
    model = exporting.trained(program, folder, CASES[case], two_vocabularies="two vocabularies" in case)
    theirs, _ = exporting.exported(program, model, "ctranslate2", folder / "theirs")
    lines = {name: (folder / name).read_text(encoding="utf-8").splitlines() for name in ("src", "tgt")}
    _, sources = pieces(theirs, lines["src"], "source")
    joiner, targets = pieces(theirs, lines["tgt"], "target")
    translator = opened(theirs)
    scored = scores(translator, sources, targets)
    ours = checking.scores(program, model, folder)
    result = {"case": case, "log-probabilities": max(abs(a - b) for a, b in zip(scored, ours, strict=True))}
    for beam in (1, 4):
        found = translator.translate_batch(sources, beam_size=beam, length_penalty=1, max_decoding_length=63)
        texts = [joiner.decode(one.hypotheses[0]) for one in found]
        result[f"beam {beam}"] = exporting.agreement(
            exporting.translations(program, model, folder, beam, "--stopping", "beam", "--min-length", 2, "--max-length-factor", 1000), texts)
    # Its own rounding to 8 bits finds what it finds, but it takes the model.
    rounded = opened(theirs, "int8").translate_batch(sources, beam_size=1, max_decoding_length=63)
    result["int8"] = exporting.agreement(exporting.translations(program, model, folder, 1, "--min-length", 2),
                                         [joiner.decode(one.hypotheses[0]) for one in rounded])
    # And back: what is imported says what was exported.
    again = checking.imported(program, theirs, folder / "again")
    result["again"] = max(abs(a - b) for a, b in zip(checking.scores(program, again, folder), ours, strict=True))
    result["passed"] = (result["log-probabilities"] <= 1e-3 and result["again"] <= 1e-5
                        and result["int8"]["equal"] >= 0.5 * result["int8"]["of"]
                        and all(result[f"beam {beam}"]["equal"] >= share * result[f"beam {beam}"]["of"] > 0
                                for beam, share in ((1, 0.99), (4, 0.95))))
    return result


def check_family(program, name, folder):
    theirs = folder / "theirs"
    record_ctranslate2.record(theirs, name, None, exporting.LINES, LARGER)
    ours = checking.imported(program, theirs, folder / "ours")
    again, _ = exporting.exported(program, ours, "ctranslate2", folder / "again")
    lines = {file: [line.split() for line in (theirs / file).read_text(encoding="utf-8").splitlines()] for file in ("src", "tgt")}
    came, went = opened(theirs), opened(again)
    expected, found = (scores(one, lines["src"], lines["tgt"]) for one in (came, went))
    result = {"case": f"{name} of CTranslate2's", "log-probabilities": max(abs(a - b) for a, b in zip(found, expected, strict=True))}
    result["passed"] = result["log-probabilities"] == 0
    for beam in (1, 4):
        expected, found = ([one.hypotheses[0] for one in translator.translate_batch(lines["src"], beam_size=beam, max_decoding_length=20)]
                           for translator in (came, went))
        result[f"beam {beam}"] = {"equal": sum(a == b for a, b in zip(found, expected, strict=True)), "of": len(expected)}
        result["passed"] &= found == expected
    return result


def main():
    parser = checking.arguments(__doc__)
    parser.add_argument("--case", choices=[*CASES, *FAMILIES])
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    results = []
    for case in [options.case] if options.case else [*CASES, *FAMILIES]:
        with tempfile.TemporaryDirectory() as folder:
            run = check if case in CASES else check_family
            results.append(run(options.program, case, pathlib.Path(folder)))
        print(json.dumps(results[-1]), flush=True)
    checking.finish(results, options.json)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""What the live checks of exports share: small models trained here, to say sentences of made-up words backwards, and what
the program itself makes of a text."""

import json
import random

import checking

SIZES = ("--encoder-layers", 2, "--decoder-layers", 2, "--d-model", 32, "--heads", 4, "--d-ff", 64, "--max-src-len", 64,
         "--max-tgt-len", 64)
LINES = 100


def sentences(count, seed):
    """Sources and targets."""
    choice = random.Random(seed)
    words = ["".join(choice.choice("bdfgklmnprst") + choice.choice("aeiou") for _ in range(choice.randint(1, 3)))
             for _ in range(80)]
    choice.seed(count)
    sources = [choice.choices(words, k=choice.randint(1, 9)) for _ in range(count)]
    return [" ".join(words) for words in sources], [" ".join(reversed(words)) for words in sources]


def write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def trained(program, folder, flags, two_vocabularies=False, steps=150):
    """A model of some updates; folder gets src and tgt, which it has not seen."""
    src, tgt = sentences(3000, 1)
    files = [write(folder / "train.src", src), write(folder / "train.tgt", tgt)]
    unseen = sentences(LINES, 1)
    write(folder / "src", unseen[0])
    write(folder / "tgt", unseen[1])

    def vocab(name, *inputs):
        checking.run(program, "vocab", "--input", *inputs, "--size", 100, "--output", folder / name, "--quiet")
        return folder / name

    vocabs = (("--src-vocab", vocab("src.vocab", files[0]), "--tgt-vocab", vocab("tgt.vocab", files[1])) if two_vocabularies
              else ("--vocab", vocab("joint.vocab", *files)))
    checking.run(program, "train", "--train-src", files[0], "--train-tgt", files[1], "--valid-src", folder / "src",
                 "--valid-tgt", folder / "tgt", *vocabs, "--output", folder / "run", *SIZES, "--batch-tokens", 1000,
                 "--learning-rate", 0.005, "--warmup", 30, "--max-steps", steps, "--valid-every", steps, "--quiet",
                 "--no-tensorboard", "--valid-beam-size", 1, *flags)
    return folder / "run"


def exported(program, model, target, folder):
    """The directory, and what the program says of it."""
    printed = checking.run(program, "export", "--model", model, "--to", target, "--output", folder)
    return folder, printed


def translations(program, model, folder, beam, *flags):
    """Of folder/src, with whether each is complete."""
    printed = checking.run(program, "translate", "--model", model, "--beam-size", beam, "--format", "jsonl",
                           *checking.SEARCH, *flags, text=(folder / "src").read_text(encoding="utf-8"))
    return [(found["translation"], found["complete"]) for found in map(json.loads, printed.splitlines())]


def agreement(ours, theirs):
    """How many of ours that are complete they find, too."""
    pairs = [(text, other) for (text, complete), other in zip(ours, theirs, strict=True) if complete]
    return {"equal": sum(text == other for text, other in pairs), "of": len(pairs)}

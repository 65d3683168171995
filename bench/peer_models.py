#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a model of ours for other programs: the same weights, in their formats.

  build/venv-translate/bin/python bench/peer_models.py MODEL FOLDER
      FOLDER/marian/         model.npz, vocab.spm (Marian, Bergamot), and FORM.bin for each form of int8 weights;
                             lexicon.bin says what FOLDER/shortlist does, where there is that
      FOLDER/ctranslate2-f32/, ctranslate2-int8/    (but for a model with an SSRU, which CTranslate2 does not have);
                             with the vmap that says what FOLDER/shortlist says, where there is that
      FOLDER/transformers/   (likewise) MarianMT, as transformers has it: with its own position vectors

The model has to have Marian's conventions, as bench/translate-models trains it. Rows of the vocabulary come in Marian's
order: </s>, <unk>, then the others.
"""

import argparse
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
from sentencepiece import sentencepiece_model_pb2

INT8_FORMS = ("intgemm8avx512", "intgemm8avx2", "packed8avx512", "packed8avx2")  # of Marian
CONVENTIONS = {
    "scale_embedding": True, "positions": "sinusoidal", "sinusoid_layout": "halves",
    "sinusoid_exponent": "tensor2tensor", "tying": "all", "output_bias": True, "norm_order": "post",
    "activation": "relu", "decoder_start": -1,
}
# Ours, then Marian's; {i} is a layer's number, from 0 here and from 1 there.
LINEAR = {"self_attn.q_proj": ("self", "q"), "self_attn.k_proj": ("self", "k"), "self_attn.v_proj": ("self", "v"),
          "self_attn.out_proj": ("self", "o"), "cross_attn.q_proj": ("context", "q"),
          "cross_attn.k_proj": ("context", "k"), "cross_attn.v_proj": ("context", "v"),
          "cross_attn.out_proj": ("context", "o"), "ffn.in_proj": ("ffn", "1"), "ffn.out_proj": ("ffn", "2"),
          "ssru.f_proj": ("rnn", "f"), "ssru.x_proj": ("rnn", "")}
TRANSFORMERS = {"cross_attn": "encoder_attn", "self_attn_norm": "self_attn_layer_norm",
                "cross_attn_norm": "encoder_attn_layer_norm", "ffn_norm": "final_layer_norm", "ffn.in_proj": "fc1",
                "ffn.out_proj": "fc2"}
NORMS = {"self_attn_norm": "self_Wo", "cross_attn_norm": "context_Wo", "ffn_norm": "ffn_ffn", "ssru_norm": "rnn_ffn"}


def read_safetensors(path):
    """Name to array, of a file of F32 and I32 alone (docs/formats.md)."""
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    kinds = {"F32": "<f4", "I32": "<i4"}
    return {name: np.frombuffer(data, kinds[entry["dtype"]], int(np.prod(entry["shape"])),
                                begin + entry["data_offsets"][0]).reshape(entry["shape"])
            for name, entry in header.items()}


def write_safetensors(path, tensors):
    header, end = {}, 0
    for name, value in tensors.items():
        begin, end = end, end + value.nbytes
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for value in tensors.values():
            file.write(np.ascontiguousarray(value, "<f4").tobytes())


def check(model, config):
    for key, wanted in CONVENTIONS.items():
        if config.get(key) != wanted:
            sys.exit(f"{model}: config.json has {key} = {config.get(key)}, Marian needs {wanted}; "
                     "bench/translate-models trains such models")


def marian_vocabulary(ours):
    """The SentencePiece model in Marian's order, and which rows of ours its rows are. None is left out: intgemm wants
    their number to be a multiple of 8."""
    spec, first = ours.trainer_spec, (ours.trainer_spec.eos_id, ours.trainer_spec.unk_id)
    rows = [*first, *(i for i in range(len(ours.pieces)) if i not in first)]
    theirs = sentencepiece_model_pb2.ModelProto()
    theirs.CopyFrom(ours)
    del theirs.pieces[:]
    theirs.pieces.extend(ours.pieces[i] for i in rows)
    theirs.trainer_spec.eos_id, theirs.trainer_spec.unk_id, theirs.trainer_spec.bos_id = 0, 1, rows.index(spec.bos_id)
    return theirs, rows


def marian_name(name):
    """Such as encoder_l1_self_Wq of encoder.layers.0.self_attn.q_proj.weight."""
    stack, _, layer, *module, kind = name.split(".")
    scope, module = f"{stack}_l{int(layer) + 1}", ".".join(module)
    if module in NORMS:
        return f"{scope}_{NORMS[module]}_ln_{'scale' if kind == 'weight' else 'bias'}"
    block, suffix = LINEAR[module]
    return f"{scope}_{block}_{'W' if kind == 'weight' else 'b'}{suffix}"


def marian_weights(ours, rows):
    weights = {"Wemb": ours["src_embed.weight"][rows], "decoder_ff_logit_out_b": ours["output.bias"][rows]}
    weights.update((marian_name(name), value) for name, value in ours.items() if ".layers." in name)
    return {name: value if value.ndim == 2 else value[None, :] for name, value in weights.items()}


def marian_config(config, vocab):
    """The model's own description, as in special:model.yml; JSON is YAML, too."""
    return json.dumps({
        "type": "transformer", "dim-emb": config["d_model"], "dim-vocabs": [vocab, vocab], "tied-embeddings-all": True,
        "enc-depth": config["encoder_layers"], "dec-depth": config["decoder_layers"],
        "transformer-heads": config["heads"], "transformer-dim-ffn": config["d_ff"],
        "transformer-ffn-activation": "relu", "transformer-ffn-depth": 2, "transformer-preprocess": "",
        "transformer-postprocess": "dan", "transformer-postprocess-emb": "d", "transformer-postprocess-top": "",
        "transformer-decoder-autoreg": "rnn" if config["decoder_ssru"] else "self-attention",
        "dec-cell": "ssru" if config["decoder_ssru"] else "gru", "dec-cell-base-depth": 2, "dec-cell-high-depth": 1,
        "transformer-no-projection": False, "transformer-guided-alignment-layer": "last",
        "transformer-train-position-embeddings": False, "version": "v1.12.0",
    }, indent=1) + "\n"


def sinusoids(positions, width):
    """Marian's position vectors: sin, then cos, of position / 10000^(i / (width / 2 - 1))."""
    angles = np.arange(positions)[:, None] * np.exp(np.arange(width // 2) * -(np.log(10000.0) / (width // 2 - 1)))
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def write_npz(path, weights, config):
    description = np.frombuffer(config.encode() + b"\0", np.int8)
    np.savez(path, **{"special:model.yml": description, **weights})


def marian_convert(*arguments):
    subprocess.run([sys.executable, "-c", "import sys, _pymarian; _pymarian.main(sys.argv[1:])", "convert",
                    *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def write_marian(folder, weights, config, vocabulary):
    (folder / "vocab.spm").write_bytes(vocabulary.SerializeToString())
    write_npz(folder / "model.npz", weights, config)
    for form in INT8_FORMS if importlib.util.find_spec("_pymarian") else ():
        marian_convert("--from", folder / "model.npz", "--to", folder / f"{form}.bin", "--gemm-type", form)


def write_vmap(shortlist, pieces, path):
    """Line by line a source piece, a tab, what it may become; first, for no piece, what any may. docs/formats.md has
    the shortlist's format."""
    tables = read_safetensors(shortlist)
    lists = [("", [*tables["frequent"], pieces.index("</s>")])]
    lists += [(piece, tables["targets"][tables["begin"][i]:tables["begin"][i + 1]]) for i, piece in enumerate(pieces)]
    path.write_text("".join(f"{piece}\t{' '.join(pieces[id] for id in ids)}\n" for piece, ids in lists if len(ids)),
                    encoding="utf-8")


def write_lexicon(shortlist, pieces, folder):
    """Marian's shortlist, from a text that has a target piece, a source piece and a probability, here all the same;
    </s> and <unk>, the first two, are of every sentence, and of a piece's list all."""
    tables = read_safetensors(shortlist)
    lists = [{*tables["frequent"], *tables["targets"][tables["begin"][i]:tables["begin"][i + 1]]}
             for i in range(len(pieces))]
    text = folder / "lexicon.txt"
    text.write_text("".join(f"{pieces[id]} {piece} 1\n" for piece, ids in zip(pieces, lists) for id in sorted(ids)),
                    encoding="utf-8")
    marian_convert("--shortlist", text, "2", "1000", "0", "--dump-shortlist", folder / "lexicon.bin", "--vocabs",
                   folder / "vocab.spm", folder / "vocab.spm")
    text.unlink()


def write_ctranslate2(folder, weights, config, width, epsilon, vocabulary):
    """Through its own converter, which takes position vectors from the file where there are some."""
    from ctranslate2.converters import MarianConverter

    class Converter(MarianConverter):
        def _load(self):
            spec = super()._load()
            spec.config.layer_norm_epsilon = epsilon
            return spec

    npz, yml = folder / "with-positions.npz", folder / "vocab.yml"
    write_npz(npz, {**weights, "Wpos": sinusoids(1024, width)}, config)
    yml.write_text("".join(f"{json.dumps(piece.piece, ensure_ascii=False)}: {i}\n"
                           for i, piece in enumerate(vocabulary.pieces)), encoding="utf-8")
    for name, quantization in (("f32", None), ("int8", "int8")):
        output = folder / f"ctranslate2-{name}"
        Converter(str(npz), [str(yml)] * 2).convert(str(output), quantization=quantization, force=True)
        (output / "vocab.spm").write_bytes(vocabulary.SerializeToString())
    npz.unlink()
    yml.unlink()


def transformers_name(name):
    """Such as model.decoder.layers.0.encoder_attn.q_proj.weight of decoder.layers.0.cross_attn.q_proj.weight."""
    for ours, theirs in TRANSFORMERS.items():
        name = name.replace(f".{ours}.", f".{theirs}.")
    return f"model.{name}"


def write_transformers(folder, ours, rows, config, vocabulary):
    """MarianMT: a row of zeros more, from which the decoder starts, and which, as <unk>, is never said."""
    folder.mkdir()
    pad = len(rows)
    weights = {"model.shared.weight": np.pad(ours["src_embed.weight"][rows], ((0, 1), (0, 0))),
               "final_logits_bias": np.pad(ours["output.bias"][rows], (0, 1))[None, :]}
    weights.update((transformers_name(name), value.T) for name, value in ours.items() if ".layers." in name)
    write_safetensors(folder / "model.safetensors", weights)
    ids = {"eos_token_id": 0, "pad_token_id": pad, "decoder_start_token_id": pad, "bad_words_ids": [[pad], [1]]}
    settings = {"model_type": "marian", "architectures": ["MarianMTModel"], "d_model": config["d_model"],
                "vocab_size": pad + 1, "scale_embedding": True, "activation_function": "relu",
                "max_position_embeddings": 512, "tie_word_embeddings": True, **ids}
    for stack in ("encoder", "decoder"):
        settings |= {f"{stack}_layers": config[f"{stack}_layers"], f"{stack}_attention_heads": config["heads"],
                     f"{stack}_ffn_dim": config["d_ff"]}
    (folder / "config.json").write_text(json.dumps(settings))
    (folder / "generation_config.json").write_text(json.dumps(ids))
    names = {piece.piece: i for i, piece in enumerate(vocabulary.pieces)} | {"<pad>": pad}
    (folder / "vocab.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    for name in ("source.spm", "target.spm"):
        (folder / name).write_bytes(vocabulary.SerializeToString())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path, help="a model's directory, of f32 weights")
    parser.add_argument("folder", type=pathlib.Path, help="where the others' forms of it go")
    options = parser.parse_args()
    if not (options.model / "config.json").exists():
        parser.error(f"{options.model}: no model there; DATA=dir make bench-models trains it")
    config = json.loads((options.model / "config.json").read_text())
    check(options.model, config)
    ours = sentencepiece_model_pb2.ModelProto.FromString((options.model / "vocab.model").read_bytes())
    vocabulary, rows = marian_vocabulary(ours)
    ours_weights = read_safetensors(options.model / "model.safetensors")
    weights = marian_weights(ours_weights, rows)
    description = marian_config(config, len(rows))
    marian, shortlist = options.folder / "marian", options.folder / "shortlist"
    for theirs in (marian, options.folder / "transformers"):
        shutil.rmtree(theirs, ignore_errors=True)
    marian.mkdir(parents=True)
    write_marian(marian, weights, description, vocabulary)
    pieces = [piece.piece for piece in ours.pieces]
    if shortlist.exists() and importlib.util.find_spec("_pymarian"):
        write_lexicon(shortlist, pieces, marian)
    if not config["decoder_ssru"]:
        write_transformers(options.folder / "transformers", ours_weights, rows, config, vocabulary)
    if config["decoder_ssru"] or not importlib.util.find_spec("ctranslate2"):
        return
    write_ctranslate2(options.folder, weights, description, config["d_model"], config["norm_epsilon"], vocabulary)
    for folder in options.folder.glob("ctranslate2-*") if shortlist.exists() else ():
        write_vmap(shortlist, pieces, folder / "vmap.txt")


if __name__ == "__main__":
    main()

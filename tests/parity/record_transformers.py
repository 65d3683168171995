#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what Hugging Face's transformers computes for tiny models of other families, for parity_test.cc: whether the
fields of our config that stand for their conventions do.

    python3 -m venv build/venv-parity
    build/venv-parity/bin/pip install torch numpy safetensors 'transformers<5'
    build/venv-parity/bin/python tests/parity/record_transformers.py   # adds to tests/parity/recorded/ what is missing

Cases are as record_pytorch.py has them: a config, random weights under our names, sentences, and the logits, loss and
gradients of their model with these weights, in float64 (where their code does not go through float32 by itself). Each
sentence is computed alone, without padding. t5_buckets.json is the buckets of relative positions, where they change.
"""

import json

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from transformers.models.t5.modeling_t5 import T5Attention

from record_pytorch import DEFAULTS, FOLDER, LABEL_SMOOTHING, SRC_TGT_LENGTHS, random_sentences, to_json

D_MODEL, D_FF, VOCAB = 16, 32, 23
OURS = {**DEFAULTS, "encoder_layers": 2, "decoder_layers": 2, "d_model": D_MODEL, "d_ff": D_FF, "max_tgt_len": 12}
T5 = {**OURS, "heads": 3, "d_head": 4, "scale_embedding": False, "positions": "none", "relative_buckets": 8,
      "relative_max_distance": 10, "norm_order": "pre", "final_norm": True, "norm_kind": "rms", "norm_bias": False,
      "norm_epsilon": 1e-6, "bias": False, "attention_scale": 1.0, "decoder_start": 0}
BART = {**OURS, "output_bias": True, "norm_epsilon": 1e-5, "decoder_start": 2}
# Our config of each, and what makes theirs.
CASES = {
    "transformers_t5": ({**T5, "logit_scale": D_MODEL**-0.5}, lambda: t5("T5", "relu", tied=True)),
    "transformers_t5_untied": ({**T5, "gated": True, "activation": "gelu_tanh", "tying": "embeddings"},
                               lambda: t5("T5", "gated-gelu", tied=False)),
    "transformers_umt5": ({**T5, "gated": True, "activation": "gelu_tanh", "tying": "embeddings",
                           "relative_per_layer": True}, lambda: t5("UMT5", "gated-gelu", tied=False)),
    "transformers_m2m100": ({**OURS, "sinusoid_layout": "halves", "sinusoid_exponent": "tensor2tensor",
                             "first_position": 2, "norm_order": "pre", "final_norm": True, "decoder_start": 2},
                            lambda: bart("M2M100", "relu", scale_embedding=True)),
    "transformers_marian": ({**BART, "sinusoid_layout": "halves", "activation": "silu"},
                            lambda: bart("Marian", "swish", scale_embedding=True)),
    "transformers_bart": ({**BART, "positions": "learned", "scale_embedding": False, "embedding_norm": True,
                           "activation": "gelu"}, lambda: bart("Bart", "gelu", scale_embedding=False)),
}
# Of relative positions: how many buckets, and the distance from which all share the last.
BUCKETS = ((4, 16), (7, 10), (8, 10), (10, 12), (32, 20), (32, 128), (32, 1000), (33, 100), (64, 256), (128, 300))


def make(family, **options):
    config = getattr(transformers, family + "Config")(vocab_size=VOCAB, attn_implementation="eager", **options)
    return getattr(transformers, family + "ForConditionalGeneration" if family != "Marian" else "MarianMTModel")(config)


def t5(family, feed_forward, tied):
    return make(
        family, d_model=D_MODEL, d_kv=4, d_ff=D_FF, num_layers=2, num_decoder_layers=2, num_heads=3,
        relative_attention_num_buckets=8, relative_attention_max_distance=10, dropout_rate=0.0,
        feed_forward_proj=feed_forward, tie_word_embeddings=tied, pad_token_id=0, decoder_start_token_id=0)


def bart(family, activation, scale_embedding):
    ffn = {side + "_ffn_dim": D_FF for side in ("encoder", "decoder")}
    heads = {side + "_attention_heads": 2 for side in ("encoder", "decoder")}
    return make(
        family, d_model=D_MODEL, encoder_layers=2, decoder_layers=2, activation_function=activation, dropout=0.0,
        attention_dropout=0.0, activation_dropout=0.0, encoder_layerdrop=0.0, decoder_layerdrop=0.0,
        max_position_embeddings=OURS["max_src_len"], scale_embedding=scale_embedding, pad_token_id=1, **ffn, **heads)


# Their names of a layer's parts, and ours.
T5_PARTS = {
    "layer.0.layer_norm": "self_attn_norm", "layer.1.layer_norm": "cross_attn_norm", "layer.2.layer_norm": "ffn_norm",
    "DenseReluDense.wi": "ffn.in_proj", "DenseReluDense.wi_0": "ffn.gate_proj", "DenseReluDense.wi_1": "ffn.in_proj",
    "DenseReluDense.wo": "ffn.out_proj",
    **{f"SelfAttention.{p}": f"self_attn.{'out' if p == 'o' else p}_proj" for p in "qkvo"},
    **{f"EncDecAttention.{p}": f"cross_attn.{'out' if p == 'o' else p}_proj" for p in "qkvo"},
}
BART_PARTS = {
    "self_attn_layer_norm": "self_attn_norm", "encoder_attn_layer_norm": "cross_attn_norm",
    "final_layer_norm": "ffn_norm", "fc1": "ffn.in_proj", "fc2": "ffn.out_proj",
    **{f"self_attn.{p}_proj": f"self_attn.{p}_proj" for p in ("q", "k", "v", "out")},
    **{f"encoder_attn.{p}_proj": f"cross_attn.{p}_proj" for p in ("q", "k", "v", "out")},
}


def t5_name(config, name):
    """Our name of one of their parameters."""
    if name in ("shared.weight", "lm_head.weight"):
        return {"shared.weight": "src_embed.weight", "lm_head.weight": "output.weight"}[name]
    side, rest = name.split(".", 1)
    if rest == "final_layer_norm.weight":
        return side + ".final_norm.weight"
    _, n, part = rest.removesuffix(".weight").split(".", 2)  # block.0.layer.0.SelfAttention.q
    if part.endswith("relative_attention_bias"):
        layer = f"{side}.layers.{n}.self_attn" if config.get("relative_per_layer") else side
        return layer + ".relative_bias.weight"
    if part.endswith("layer_norm"):
        ours = "ffn_norm" if side == "encoder" and part == "layer.1.layer_norm" else T5_PARTS[part]
    else:
        ours = T5_PARTS[part.split(".", 2)[2]]
    return f"{side}.layers.{n}.{ours}.weight"


def bart_name(config, name):
    if name == "model.shared.weight":
        return "src_embed.weight"
    if name == "final_logits_bias":
        return "output.bias"
    _, side, part = name.split(".", 2)
    part, kind = part.rsplit(".", 1)
    whole = {"embed_positions": "_positions", "layernorm_embedding": "_embed_norm"}
    if part in whole:
        return f"{'src' if side == 'encoder' else 'tgt'}{whole[part]}.{kind}"
    if part == "layer_norm":
        return f"{side}.final_norm.{kind}"
    _, n, part = part.split(".", 2)
    return f"{side}.layers.{n}.{BART_PARTS[part]}.{kind}"


def as_ours(name, tensor):
    """Their matrices are [out, in], ours [in, out]; BART's positions begin at its row 2."""
    if name.endswith("_positions.weight"):
        return tensor[2:]
    return tensor.T if "_proj.weight" in name else tensor


def deviation(config, theirs):
    """Of a parameter's random values: so that the layers' input is of the size of 1, as a norm's is."""
    if "shared" in theirs and config["positions"] == "none":  # T5's, which nothing scales or normalises
        return 1.0
    return 0.2 if "norm" in theirs else 0.25


def record(name, seed):
    config, make_model = CASES[name]
    generator = torch.Generator().manual_seed(seed)
    model = make_model().double().eval()
    parameters = dict(model.named_parameters())
    if config["output_bias"]:
        model.final_logits_bias = torch.zeros(1, VOCAB, dtype=torch.float64, requires_grad=True)
        parameters["final_logits_bias"] = model.final_logits_bias
    for theirs, parameter in parameters.items():
        if parameter.requires_grad and "sinusoid" not in theirs:
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            is_gain = "norm" in theirs and theirs.endswith("weight")
            parameter.data = (noise * deviation(config, theirs) + is_gain).float().double()

    src, tgt_in, tgt_out = random_sentences(config, SRC_TGT_LENGTHS, generator)
    logits = torch.cat([
        model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([target]), use_cache=False).logits[0]
        for source, target in zip(src, tgt_in)
    ])
    labels = torch.tensor([token for sentence in tgt_out for token in sentence])
    nll = F.cross_entropy(logits, labels)
    loss = F.cross_entropy(logits, labels, label_smoothing=LABEL_SMOOTHING)
    loss.backward()

    tensors = {"logits": logits.detach().float().contiguous()}
    ours_of = bart_name if name.rsplit("_", 1)[1] in ("m2m100", "marian", "bart") else t5_name
    for theirs, parameter in parameters.items():
        if not parameter.requires_grad:  # sinusoids
            continue
        ours = ours_of(config, theirs)
        weight, gradient = as_ours(ours, parameter.detach()), as_ours(ours, parameter.grad)
        if ours == "output.bias":
            weight, gradient = weight[0], gradient[0]
        if ours.endswith("attn.k_proj.bias"):  # see record_pytorch.py
            assert gradient.abs().max() < 1e-12
            gradient = torch.zeros_like(gradient)
        assert "weights/" + ours not in tensors, ours
        tensors["weights/" + ours] = weight.float().contiguous()
        tensors["gradients/" + ours] = gradient.float().contiguous()
    save_file(tensors, FOLDER / (name + ".safetensors"))
    return {
        "name": name, "computed_by": "transformers", "config": config, "label_smoothing": LABEL_SMOOTHING, "src": src,
        "tgt_in": tgt_in, "tgt_out": tgt_out, "loss": loss.item(), "nll": nll.item(),
    }


def record_buckets():
    tables = []
    for buckets, max_distance in BUCKETS:
        for bidirectional in (True, False):
            distances = torch.arange(-2 * max_distance, 2 * max_distance + 1)  # of a query from a key
            found = T5Attention._relative_position_bucket(-distances, bidirectional, buckets, max_distance).tolist()
            changes = [[d, b] for d, b, before in zip(distances.tolist(), found, [None] + found) if b != before]
            tables.append({"buckets": buckets, "max_distance": max_distance, "bidirectional": bidirectional,
                           "changes": changes})
    (FOLDER / "t5_buckets.json").write_text("[\n" + ",\n".join(json.dumps(table) for table in tables) + "\n]\n")


def main():
    torch.set_num_threads(1)
    path = FOLDER / "cases.json"
    cases = json.loads(path.read_text())
    kept = {case["name"] for case in cases}
    added = [record(name, seed) for seed, name in enumerate(CASES, start=101) if name not in kept]
    path.write_text(to_json(cases + added))
    for case in added:
        print(f"{case['name']:26} loss {case['loss']:.6f}  nll {case['nll']:.6f}")
    if not (FOLDER / "t5_buckets.json").exists():
        record_buckets()
    print(f"{len(added)} added by transformers {transformers.__version__}, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()

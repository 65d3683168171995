#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what PyTorch computes for a few small Transformers, for parity_test.cc to compare ours with.

    python3 -m venv build/venv-parity
    build/venv-parity/bin/pip install torch numpy safetensors
    build/venv-parity/bin/python tests/parity/record_pytorch.py        # adds to tests/parity/recorded/ what is missing

What is recorded stays byte for byte: another version of PyTorch rounds some numbers otherwise.

Every case holds a config, random weights, one batch of sentences, and the logits, the loss and the gradient of the
loss with respect to every parameter, computed in float64 and stored as float32.

Each case is computed twice, by code that shares little:
  stack     torch.nn.TransformerEncoder and TransformerDecoder over a padded batch with masks;
  composed  torch operations written down layer by layer, one sentence at a time, no padding.
Where PyTorch's stack can express the config the stack's numbers are recorded, after checking that both agree to 1e-10;
otherwise (relative positions, several passes, a recurrent decoder, segments, copying, gated feed-forward, free head
width, projections or norms without bias, norms by the mean square, another scale of attention) the composed ones.
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

FOLDER = pathlib.Path(__file__).parent / "recorded"
LABEL_SMOOTHING = 0.1
END = 2  # </s>
# The sentences' lengths, </s> included: three of different lengths, one of them of the shortest kind.
SRC_TGT_LENGTHS = ((5, 2, 7), (4, 6, 1))
# In the case "blocks", longer than a block of attention (32 queries) and than a GEMM's tile, with heads of 32.
LONG_LENGTHS = ((40, 1, 33), (33, 40, 1))

# Keys of our config.json. The cases below say only what they change.
DEFAULTS = {
    "format": "dragoman-transformer-1",
    "src_vocab": 23, "tgt_vocab": 23, "encoder_layers": 1, "decoder_layers": 1, "d_model": 8, "heads": 2, "d_head": 0,
    "d_ff": 12, "encoder_repeats": 1, "decoder_repeats": 1, "decoder_ssru": False,
    "max_src_len": 12, "max_tgt_len": 10, "scale_embedding": True, "positions": "sinusoidal",
    "sinusoid_layout": "interleaved", "sinusoid_exponent": "paper", "relative_buckets": 0, "relative_max_distance": 128,
    "segment_end": -1, "max_segment_len": 16, "tying": "all", "output_bias": False,
    "embedding_norm": False, "norm_order": "post", "final_norm": False, "norm_epsilon": 1e-5, "norm_bias": True,
    "activation": "relu", "gated": False, "bias": True, "attention_scale": 0.0, "copy": False, "decoder_start": 1, "embedding_dropout": 0.0, "residual_dropout": 0.0, "attention_dropout": 0.0,
    "ffn_dropout": 0.0,
}
# Keys that came later: only in the configs of cases that change them, so that what was recorded before stays, and a key
# that is missing is seen to have its default.
LATER = {"norm_kind": "layer", "logit_scale": 0.0, "first_position": 0, "relative_per_layer": False}
TWO_LAYERS = {"encoder_layers": 2, "decoder_layers": 2}
LARGER = {**TWO_LAYERS, "d_model": 16, "d_ff": 32}
CASES = {
    "post_norm": {**LARGER},
    "pre_norm_final_gelu": {**LARGER, "norm_order": "pre", "final_norm": True, "activation": "gelu"},
    "post_norm_final": {**TWO_LAYERS, "final_norm": True},
    "pre_norm": {**TWO_LAYERS, "norm_order": "pre"},
    "untied_output_bias": {"src_vocab": 19, "tying": "none", "output_bias": True, "norm_epsilon": 1e-3},
    "wide_heads_gated_gelu": {"d_head": 6, "gated": True, "activation": "gelu"},
    "narrow_heads_unscaled": {"d_head": 3, "norm_order": "pre", "positions": "none", "scale_embedding": False},
    "gated_silu_no_bias": {"gated": True, "activation": "silu", "bias": False, "norm_order": "pre", "final_norm": True},
    "halves_tensor2tensor": {"sinusoid_layout": "halves", "sinusoid_exponent": "tensor2tensor",
                             "activation": "gelu_tanh"},
    "learned_positions": {"src_vocab": 19, "positions": "learned", "tying": "decoder", "activation": "silu"},
    "zero_start": {"decoder_start": -1, "decoder_layers": 2},
    "blocks": {"d_model": 64, "d_ff": 80, "max_src_len": 40, "max_tgt_len": 40},
    "norms_over_embeddings": {"embedding_norm": True, "norm_order": "pre", "final_norm": True, "activation": "gelu"},
    "norms_without_bias": {"norm_bias": False, "embedding_norm": True, "attention_scale": 1.0, "activation": "silu"},
    "relative_positions": {**TWO_LAYERS, "relative_buckets": 8, "relative_max_distance": 10, "positions": "none",
                           "attention_scale": 1.0, "norm_order": "pre", "final_norm": True},
    "copying": {"copy": True, "src_vocab": 7, "tgt_vocab": 7},  # few tokens, so that some are there several times
    "repeated_passes": {"encoder_repeats": 3, "decoder_layers": 2, "decoder_repeats": 2, "norm_order": "pre",
                        "final_norm": True},
    "segments": {"segment_end": 4, "max_segment_len": 2, "src_vocab": 7, "tgt_vocab": 7, "activation": "gelu"},
    "recurrent_decoder": {**TWO_LAYERS, "decoder_ssru": True, "norm_order": "pre", "final_norm": True},
    "rms_norms": {"norm_kind": "rms", "norm_bias": False, "embedding_norm": True, "norm_epsilon": 1e-2,
                  "activation": "gelu"},
    "positions_from_two": {"first_position": 2, "sinusoid_layout": "halves", "sinusoid_exponent": "tensor2tensor"},
    "gelu_sigmoid": {"activation": "gelu_sigmoid"},
    "gated_gelu_sigmoid": {"activation": "gelu_sigmoid", "gated": True},
    "tied_embeddings": {"tying": "embeddings", "output_bias": True},
    "scaled_logits": {"logit_scale": 8**-0.5, "output_bias": True, "norm_order": "pre", "final_norm": True},
    "relative_per_layer": {**TWO_LAYERS, "relative_buckets": 7, "relative_max_distance": 10, "relative_per_layer": True,
                           "encoder_repeats": 2},
    # As T5 (Raffel 2020) and its version 1.1 with umT5's tables have it; three heads as wide as d_model / 4.
    "t5": {**TWO_LAYERS, "d_model": 16, "heads": 3, "d_head": 4, "d_ff": 32, "scale_embedding": False,
           "positions": "none", "relative_buckets": 8, "relative_max_distance": 10, "norm_order": "pre",
           "final_norm": True, "norm_kind": "rms", "norm_bias": False, "norm_epsilon": 1e-6, "bias": False,
           "attention_scale": 1.0, "logit_scale": 0.25, "decoder_start": 0},
}
CASES["t5_untied"] = {**CASES["t5"], "relative_per_layer": True, "gated": True, "activation": "gelu_tanh",
                      "tying": "embeddings", "logit_scale": 0.0}
ACTIVATIONS = {
    "relu": F.relu, "gelu": F.gelu, "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu,
    "gelu_sigmoid": lambda x: x * torch.sigmoid(1.702 * x),
}


# --- What both ways share: names and shapes of parameters, the batch, embeddings, the loss ---------------------------


def parameter_shapes(config):
    """Our parameters' names and shapes (docs/design.md), weights being [in, out]."""
    d_model, d_ff = config["d_model"], config["d_ff"]
    width = config["heads"] * (config["d_head"] or d_model // config["heads"])
    shapes = {"src_embed.weight": (config["src_vocab"], d_model)}
    if config["tying"] in ("none", "decoder"):
        shapes["tgt_embed.weight"] = (config["tgt_vocab"], d_model)
    if config["positions"] == "learned":
        shapes["src_positions.weight"] = (config["max_src_len"], d_model)
        shapes["tgt_positions.weight"] = (config["max_tgt_len"], d_model)

    def linear(name, inputs, outputs):
        shapes[name + ".weight"] = (inputs, outputs)
        if config["bias"]:
            shapes[name + ".bias"] = (outputs,)

    def norm(name):
        shapes[name + ".weight"] = (d_model,)
        if config["norm_bias"]:
            shapes[name + ".bias"] = (d_model,)

    if config["embedding_norm"]:
        norm("src_embed_norm")
        norm("tgt_embed_norm")
    if config["segment_end"] >= 0:
        shapes["segment_places.weight"] = (config["max_segment_len"], d_model)
    for side, sublayers in (("encoder", ("self_attn",)), ("decoder", ("self_attn", "cross_attn"))):
        if config["relative_buckets"] and not config["relative_per_layer"]:
            shapes[side + ".relative_bias.weight"] = (config["relative_buckets"], config["heads"])
        if config[side + "_repeats"] > 1:
            shapes[side + ".passes.weight"] = (config[side + "_repeats"], d_model)
        for n in range(config[side + "_layers"]):
            layer = f"{side}.layers.{n}."
            if side == "decoder" and config["decoder_ssru"]:
                linear(layer + "ssru.f_proj", d_model, d_model)
                shapes[layer + "ssru.x_proj.weight"] = (d_model, d_model)
                norm(layer + "ssru_norm")
            for attention in sublayers:
                if attention == "self_attn" and side == "decoder" and config["decoder_ssru"]:
                    continue
                for projection in ("q_proj", "k_proj", "v_proj"):
                    linear(f"{layer}{attention}.{projection}", d_model, width)
                linear(f"{layer}{attention}.out_proj", width, d_model)
                if attention == "self_attn" and config["relative_per_layer"]:
                    shapes[f"{layer}{attention}.relative_bias.weight"] = (config["relative_buckets"], config["heads"])
                norm(f"{layer}{attention}_norm")
            linear(layer + "ffn.in_proj", d_model, d_ff)
            if config["gated"]:
                linear(layer + "ffn.gate_proj", d_model, d_ff)
            linear(layer + "ffn.out_proj", d_ff, d_model)
            norm(layer + "ffn_norm")
        if config["final_norm"]:
            norm(side + ".final_norm")
    if config["copy"]:
        linear("copy.k_proj", d_model, d_model)
        linear("copy.q_proj", d_model, d_model)
    if config["tying"] in ("none", "embeddings"):
        shapes["output.weight"] = (config["tgt_vocab"], d_model)
    if config["output_bias"]:
        shapes["output.bias"] = (config["tgt_vocab"],)
    return shapes


def random_weights(config, generator):
    """Float64 leaves that float32 represents exactly, so that both sides start from the very same numbers."""
    weights = {}
    for name, shape in parameter_shapes(config).items():
        noise = torch.randn(shape, generator=generator, dtype=torch.float64)
        if "_norm." in name:
            values = (1.0 if name.endswith("weight") else 0.0) + 0.2 * noise
        elif name.endswith("bias"):
            values = 0.2 * noise
        elif "embed" in name or "positions" in name or name == "output.weight":
            values = noise / math.sqrt(shape[1])
        else:
            values = noise / math.sqrt(shape[0])
        weights[name] = values.float().double().requires_grad_()
    return weights


def random_sentences(config, lengths, generator):
    """Source and target sentences, ending in </s>; and the targets shifted right, as the decoder reads them."""

    def sentence(length, vocab):
        return torch.randint(3, vocab, (length - 1,), generator=generator).tolist() + [END]

    src = [sentence(length, config["src_vocab"]) for length in lengths[0]]
    tgt_out = [sentence(length, config["tgt_vocab"]) for length in lengths[1]]
    tgt_in = [[config["decoder_start"]] + tgt[:-1] for tgt in tgt_out]
    return src, tgt_in, tgt_out


def tgt_embedding(config, weights):
    return weights["src_embed.weight" if config["tying"] in ("embeddings", "all") else "tgt_embed.weight"]


def sinusoids(config, length):
    """[length, d_model]. Frequencies 10000^(-2i/d) (the paper) or 10000^(-i/(d/2-1)) (tensor2tensor)."""
    half = config["d_model"] // 2
    i = torch.arange(half, dtype=torch.float64)
    exponent = i / half if config["sinusoid_exponent"] == "paper" else i / (half - 1)
    positions = torch.arange(config["first_position"], config["first_position"] + length, dtype=torch.float64)
    angles = positions[:, None] * 10000.0**-exponent
    sin_cos = (angles.sin(), angles.cos())
    if config["sinusoid_layout"] == "halves":
        return torch.cat(sin_cos, dim=1)
    return torch.stack(sin_cos, dim=2).reshape(length, -1)


def embed(config, weights, side, ids):
    """[length] ids of one sentence → [length, d_model]; an id of -1 is a zero vector."""
    table = weights["src_embed.weight"] if side == "src" else tgt_embedding(config, weights)
    ids = torch.tensor(ids)
    x = table[ids.clamp(min=0)] * (ids >= 0)[:, None]
    if config["scale_embedding"]:
        x = x * math.sqrt(config["d_model"])
    if config["positions"] == "sinusoidal":
        x = x + sinusoids(config, len(ids))
    elif config["positions"] == "learned":
        x = x + weights[side + "_positions.weight"][: len(ids)]
    return layer_norm(config, weights, side + "_embed_norm", x) if config["embedding_norm"] else x


def layer_norm(config, weights, name, x):
    gain = weights[name + ".weight"]
    if config["norm_kind"] == "rms":
        return F.rms_norm(x, gain.shape, gain, config["norm_epsilon"])
    return F.layer_norm(x, gain.shape, gain, weights.get(name + ".bias"), config["norm_epsilon"])


def project(config, weights, hidden):
    """[tgt_tokens, d_model] → logits [tgt_tokens, tgt_vocab]."""
    own = config["tying"] in ("none", "embeddings")
    output = weights["output.weight"] if own else tgt_embedding(config, weights)
    if config["logit_scale"]:
        hidden = hidden * config["logit_scale"]
    return F.linear(hidden, output, weights.get("output.bias"))


# --- The stack: torch.nn's own layers, padded ------------------------------------------------------------------------


def stack_can_express(config):
    if config["copy"] or config["decoder_ssru"] or config["segment_end"] >= 0 or config["encoder_repeats"] * config["decoder_repeats"] > 1:
        return False
    return not config["relative_buckets"] and not config["gated"] and not config["d_head"] and not config["attention_scale"] and (
        config["bias"] and config["norm_bias"] and config["norm_kind"] == "layer")


def stack_parameters(weights, side):
    """PyTorch's names and layouts, made of our weights: a matrix is [out, in] there, and q, k, v are one matrix."""
    parameters = {}
    renamed = {
        "ffn.in_proj": "linear1", "ffn.out_proj": "linear2", "self_attn_norm": "norm1",
        "cross_attn_norm": "norm2", "ffn_norm": "norm2" if side == "encoder" else "norm3",
    }
    for name, weight in weights.items():
        path, kind = name.rsplit(".", 1)
        if path == side + ".final_norm":
            parameters["norm." + kind] = weight
        elif path.startswith(side + ".layers."):
            _, _, n, part = path.split(".", 3)
            layer = f"layers.{n}."
            if part in renamed:
                parameters[f"{layer}{renamed[part]}.{kind}"] = weight.T if weight.dim() == 2 else weight
            else:
                attention, projection = part.split(".")
                theirs = layer + ("multihead_attn" if attention == "cross_attn" else attention)
                if projection == "out_proj":
                    parameters[f"{theirs}.out_proj.{kind}"] = weight.T if weight.dim() == 2 else weight
                elif projection == "q_proj":
                    qkv = [weights[f"{side}.layers.{n}.{attention}.{p}_proj.{kind}"] for p in "qkv"]
                    parameters[f"{theirs}.in_proj_{kind}"] = torch.cat([w.T if w.dim() == 2 else w for w in qkv])
    return parameters


def make_stack(config, side):
    options = dict(
        d_model=config["d_model"], nhead=config["heads"], dim_feedforward=config["d_ff"], dropout=0.0,
        activation=ACTIVATIONS[config["activation"]], layer_norm_eps=config["norm_epsilon"], batch_first=True,
        norm_first=config["norm_order"] == "pre", dtype=torch.float64,
    )
    norm = None
    if config["final_norm"]:
        norm = nn.LayerNorm(config["d_model"], eps=config["norm_epsilon"], dtype=torch.float64)
    if side == "encoder":
        layer = nn.TransformerEncoderLayer(**options)
        return nn.TransformerEncoder(layer, config["encoder_layers"], norm=norm, enable_nested_tensor=False)
    return nn.TransformerDecoder(nn.TransformerDecoderLayer(**options), config["decoder_layers"], norm=norm)


def stack_logits(config, weights, src, tgt_in):
    def pad(side, sentences):
        rows = [embed(config, weights, side, ids) for ids in sentences]
        lengths = torch.tensor([len(ids) for ids in sentences])
        return nn.utils.rnn.pad_sequence(rows, batch_first=True), torch.arange(lengths.max()) >= lengths[:, None]

    src_x, src_is_padding = pad("src", src)
    tgt_x, tgt_is_padding = pad("tgt", tgt_in)
    future = torch.ones(tgt_x.shape[1], tgt_x.shape[1], dtype=torch.bool).triu(1)
    call = torch.func.functional_call
    encoder_out = call(make_stack(config, "encoder"), stack_parameters(weights, "encoder"), (src_x,),
                       {"src_key_padding_mask": src_is_padding}, strict=True)
    hidden = call(make_stack(config, "decoder"), stack_parameters(weights, "decoder"), (tgt_x, encoder_out),
                  {"tgt_mask": future, "tgt_key_padding_mask": tgt_is_padding,
                   "memory_key_padding_mask": src_is_padding}, strict=True)
    return project(config, weights, hidden[~tgt_is_padding])


# --- Composed: the same, written down sentence by sentence ------------------------------------------------------------


class Composed:
    def __init__(self, config, weights):
        self.config, self.weights = config, weights

    def linear(self, name, x):
        y = x @ self.weights[name + ".weight"]
        return y + self.weights[name + ".bias"] if self.config["bias"] else y

    def norm(self, name, x):
        return layer_norm(self.config, self.weights, name, x)

    def relative_bias(self, name, length):
        """[heads, length, length], to be added to the scores. Written from Raffel et al. 2020, section 2.1."""
        side = name.split(".")[0]
        table = self.weights[(name if self.config["relative_per_layer"] else side) + ".relative_bias.weight"]
        buckets, farthest = table.shape[0], self.config["relative_max_distance"]
        rows = []
        for query in range(length):
            for key in range(length):
                distance, first, count = query - key, 0, buckets
                if side == "encoder":
                    count //= 2
                    first, distance = (count if distance < 0 else 0), abs(distance)
                distance, alone = max(distance, 0), count // 2
                if distance >= alone:
                    part = math.log(distance / alone) / math.log(farthest / alone)
                    distance = min(alone + int(part * (count - alone)), count - 1)
                rows.append(table[first + distance])
        return torch.stack(rows).T.unflatten(1, (length, length))

    def attention(self, name, queries, keys, causal):
        def split(x):  # [length, heads * d_head] -> [heads, length, d_head]
            return x.unflatten(1, (self.config["heads"], -1)).transpose(0, 1)

        q = split(self.linear(name + ".q_proj", queries))
        k = split(self.linear(name + ".k_proj", keys))
        v = split(self.linear(name + ".v_proj", keys))
        scale = self.config["attention_scale"] or None  # None: 1 / sqrt(d_head)
        mask = None
        if self.config["relative_buckets"] and ".self_attn" in name:
            mask = self.relative_bias(name, len(queries))
            if causal:
                future = torch.ones(mask.shape[1:], dtype=torch.bool).triu(1)
                mask, causal = mask.masked_fill(future, -math.inf), False
        heads = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal, scale=scale)
        return self.linear(name + ".out_proj", heads.transpose(0, 1).flatten(1))

    def ssru(self, name, x):
        """The simpler simple recurrent unit, a token at a time. Written from Kim et al. 2019, section 3.1."""
        forget = torch.sigmoid(self.linear(name + ".f_proj", x))
        x = x @ self.weights[name + ".x_proj.weight"]
        cell, cells = torch.zeros_like(x[0]), []
        for f, now in zip(forget, x):
            cell = f * cell + (1 - f) * now
            cells.append(cell)
        return F.relu(torch.stack(cells))

    def feed_forward(self, name, x):
        activation = ACTIVATIONS[self.config["activation"]]
        if self.config["gated"]:
            hidden = activation(self.linear(name + ".gate_proj", x)) * self.linear(name + ".in_proj", x)
        else:
            hidden = activation(self.linear(name + ".in_proj", x))
        return self.linear(name + ".out_proj", hidden)

    def sublayer(self, name, x, function):
        if self.config["norm_order"] == "pre":
            return x + function(self.norm(name + "_norm", x))
        return self.norm(name + "_norm", x + function(x))

    def segments(self, ids):
        """The source as one row a segment: its tokens' embeddings, each times its place's vector, summed."""
        places, rows, begin = self.weights["segment_places.weight"], [], 0
        scale = math.sqrt(self.config["d_model"]) if self.config["scale_embedding"] else 1.0
        for end, token in enumerate(ids, start=1):
            if token == self.config["segment_end"] or end == len(ids):
                words = self.weights["src_embed.weight"][ids[begin:end]] * scale
                rows.append(sum(word * places[min(i, len(places) - 1)] for i, word in enumerate(words)))
                begin = end
        return torch.stack(rows) + sinusoids(self.config, len(rows))

    def copied(self, logits, hidden, encoder_out, src_ids):
        """log(exp(logit) + sum of exp(score) over the places where the token stands in the source)."""
        scores = self.linear("copy.q_proj", hidden) @ self.linear("copy.k_proj", encoder_out).T
        scores = scores / math.sqrt(self.config["d_model"])  # [tgt_len, src_len]
        tokens = torch.tensor(src_ids)
        columns = []
        for token in range(logits.shape[1]):
            columns.append(torch.cat([logits[:, token : token + 1], scores[:, tokens == token]], dim=1).logsumexp(1))
        return torch.stack(columns, dim=1)

    def stack(self, side, x, encoder_out=None):
        for n in range(self.config[side + "_repeats"] * self.config[side + "_layers"]):
            repeat, n = divmod(n, self.config[side + "_layers"])
            if n == 0 and self.config[side + "_repeats"] > 1:
                x = x + self.weights[side + ".passes.weight"][repeat]
            layer = f"{side}.layers.{n}."
            if side == "decoder" and self.config["decoder_ssru"]:
                name = layer + "ssru"
                x = self.sublayer(name, x, lambda y: self.ssru(name, y))
            else:
                name = layer + "self_attn"
                x = self.sublayer(name, x, lambda y: self.attention(name, y, y, causal=side == "decoder"))
            if side == "decoder":
                name = layer + "cross_attn"
                x = self.sublayer(name, x, lambda y: self.attention(name, y, encoder_out, causal=False))
            name = layer + "ffn"
            x = self.sublayer(name, x, lambda y: self.feed_forward(name, y))
        return self.norm(side + ".final_norm", x) if self.config["final_norm"] else x


def composed_logits(config, weights, src, tgt_in):
    model = Composed(config, weights)
    rows = []
    for src_ids, tgt_ids in zip(src, tgt_in):
        src_x = model.segments(src_ids) if config["segment_end"] >= 0 else embed(config, weights, "src", src_ids)
        encoder_out = model.stack("encoder", src_x)
        hidden = model.stack("decoder", embed(config, weights, "tgt", tgt_ids), encoder_out)
        logits = project(config, weights, hidden)
        rows.append(model.copied(logits, hidden, encoder_out, src_ids) if config["copy"] else logits)
    return torch.cat(rows)


# --- Recording -------------------------------------------------------------------------------------------------------


def evaluate(logits_of, config, weights, src, tgt_in, tgt_out):
    """Logits, losses (means over target tokens) and the gradients of the smoothed one."""
    labels = torch.tensor([token for sentence in tgt_out for token in sentence])
    logits = logits_of(config, weights, src, tgt_in)  # [tgt_tokens, tgt_vocab]
    nll = F.cross_entropy(logits, labels)
    loss = F.cross_entropy(logits, labels, label_smoothing=LABEL_SMOOTHING)
    gradients = torch.autograd.grad(loss, list(weights.values()))
    return {"logits": logits.detach(), "loss": loss.detach(), "nll": nll.detach(),
            **{"gradients/" + name: gradient for name, gradient in zip(weights, gradients)}}


def largest_difference(a, b):
    return max((a[name] - b[name]).abs().max().item() for name in a)


def record(name, seed):
    recorded = {**DEFAULTS, **CASES[name]}
    config = {**LATER, **recorded}
    generator = torch.Generator().manual_seed(seed)
    weights = random_weights(config, generator)
    batch = random_sentences(config, LONG_LENGTHS if name == "blocks" else SRC_TGT_LENGTHS, generator)
    result = evaluate(composed_logits, config, weights, *batch)
    if stack_can_express(config):
        composed = result
        result = evaluate(stack_logits, config, weights, *batch)
        difference = largest_difference(result, composed)
        assert difference < 1e-10, f"{name}: PyTorch's stack and the composed model differ by {difference}"

    # A key's bias shifts all scores of a query alike, which the softmax does not see: its gradient is nothing but
    # rounding, and what is recorded is the true value.
    for parameter in weights:
        if parameter.endswith("attn.k_proj.bias"):
            assert result["gradients/" + parameter].abs().max() < 1e-12
            result["gradients/" + parameter].zero_()

    tensors = {key: value.float().contiguous() for key, value in result.items() if value.dim() > 0}
    tensors.update({"weights/" + key: value.detach().float().contiguous() for key, value in weights.items()})
    save_file(tensors, FOLDER / (name + ".safetensors"))
    src, tgt_in, tgt_out = batch
    return {
        "name": name, "computed_by": "stack" if stack_can_express(config) else "composed", "config": recorded,
        "label_smoothing": LABEL_SMOOTHING, "src": src, "tgt_in": tgt_in, "tgt_out": tgt_out,
        "loss": result["loss"].item(), "nll": result["nll"].item(),
    }


def to_json(cases):
    """One line per field, so that a change shows as a small difference."""
    blocks = []
    for case in cases:
        fields = ",\n".join(f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in case.items())
        blocks.append("  {\n" + fields + "\n  }")
    return "[\n" + ",\n".join(blocks) + "\n]\n"


def main():
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "cases.json"
    kept = {case["name"]: case for case in json.loads(path.read_text())} if path.exists() else {}
    cases = [kept.get(name) or record(name, seed) for seed, name in enumerate(CASES, start=1)]
    cases += [case for name, case in kept.items() if name not in CASES]  # of other scripts
    path.write_text(to_json(cases))
    for case in cases:
        if case["name"] in kept:
            continue
        print(f"{case['name']:26} {case['computed_by']:9} loss {case['loss']:.6f}  nll {case['nll']:.6f}")
    print(f"{len(cases) - len(kept)} added to {FOLDER} by PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()

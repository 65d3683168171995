# SPDX-License-Identifier: Apache-2.0
"""Models of other people's families with random weights, made by the library that they belong to (transformers)."""

import torch
import transformers as hf

# Bart-like: what every configuration below has, if it does not say otherwise.
BART = dict(d_model=8, encoder_layers=2, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
            encoder_ffn_dim=12, decoder_ffn_dim=12, max_position_embeddings=32, vocab_size=48, init_std=0.3)
T5 = dict(d_model=8, d_kv=3, d_ff=12, num_layers=1, num_decoder_layers=2, num_heads=3, vocab_size=48,
          relative_attention_num_buckets=8, relative_attention_max_distance=20)
MARIAN = dict(pad_token_id=47, eos_token_id=0, bos_token_id=None, decoder_start_token_id=47, forced_eos_token_id=0)


LARGER = {}  # what check_huggingface.py makes larger


def marian(**more):
    last = {**BART, **LARGER}["vocab_size"] - 1
    ids = {**MARIAN, "pad_token_id": last, "decoder_start_token_id": last}
    return hf.MarianMTModel(hf.MarianConfig(**pick(BART, ids, more)))


def pick(*settings):
    """The settings that such a configuration knows, the later ones before the earlier, and LARGER before all."""
    merged = {key: value for some in settings for key, value in some.items()}
    merged.update({key: value for key, value in LARGER.items() if key in merged})
    return merged


def bart(**more):
    return hf.BartForConditionalGeneration(hf.BartConfig(**pick(BART, more)))


def mbart(**more):
    return hf.MBartForConditionalGeneration(hf.MBartConfig(**pick(BART, {"decoder_start_token_id": 2}, more)))


def pegasus(**more):
    return hf.PegasusForConditionalGeneration(hf.PegasusConfig(**pick(BART, more)))


def m2m(**more):
    return hf.M2M100ForConditionalGeneration(hf.M2M100Config(**pick(BART, more)))


def t5(**more):
    return hf.T5ForConditionalGeneration(hf.T5Config(**pick(T5, {"decoder_start_token_id": 0}, more)))


def untied(model):
    """T5 1.1's way: an output of its own."""
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
    return model


def mt5(**more):
    return hf.MT5ForConditionalGeneration(hf.MT5Config(**pick(T5, {"decoder_start_token_id": 0}, more)))


def umt5(**more):
    return hf.UMT5ForConditionalGeneration(hf.UMT5Config(**pick(T5, {"decoder_start_token_id": 0}, more)))


CASES = {
    "marian": lambda: marian(activation_function="swish", scale_embedding=True),
    "marian_tc_big": lambda: marian(activation_function="relu", scale_embedding=True, encoder_layers=1,
                                    decoder_layers=3, d_model=12, encoder_attention_heads=4,
                                    decoder_attention_heads=4),
    "marian_two_vocabularies": lambda: marian(activation_function="gelu", scale_embedding=False,
                                              share_encoder_decoder_embeddings=False),
    "bart": lambda: bart(activation_function="gelu"),
    "bart_forced": lambda: bart(activation_function="gelu", scale_embedding=True, encoder_layers=3),
    "mbart": lambda: mbart(activation_function="gelu", scale_embedding=True),
    "mbart50": lambda: mbart(activation_function="relu", decoder_layers=3),
    "pegasus": lambda: pegasus(activation_function="relu", scale_embedding=True),
    "pegasus_gelu": lambda: pegasus(activation_function="gelu_new", scale_embedding=False, encoder_layers=1),
    "m2m100": lambda: m2m(activation_function="relu"),
    "nllb": lambda: m2m(activation_function="relu", encoder_layers=3, decoder_layers=2, d_model=12,
                        encoder_attention_heads=3, decoder_attention_heads=3),
    "t5": lambda: t5(feed_forward_proj="relu"),
    "t5_v1_1": lambda: untied(t5(feed_forward_proj="gated-gelu", tie_word_embeddings=False, num_decoder_layers=1)),
    "flan_silu": lambda: untied(t5(feed_forward_proj="gated-silu", tie_word_embeddings=False, num_heads=2,
                                   relative_attention_num_buckets=32, relative_attention_max_distance=128)),
    "mt5": lambda: untied(mt5(feed_forward_proj="gated-gelu", tie_word_embeddings=False)),
    "umt5": lambda: untied(umt5(feed_forward_proj="gated-gelu", tie_word_embeddings=False)),
}

# The token that every output begins with: of a language.
FORCED_FIRST = {"bart_forced": 0, "mbart50": 44, "m2m100": 45, "nllb": 45}


def eos_of(model):
    return model.generation_config.eos_token_id if model.generation_config.eos_token_id is not None \
        else model.config.eos_token_id


def make(name, seed=1, larger=None):
    """The model of a case, with weights large enough that its outputs differ and end. larger: settings in place of the
    case's own, where it has such."""
    LARGER.clear()
    LARGER.update(larger or {})
    torch.manual_seed(seed)
    model = CASES[name]().eval()
    model.generation_config.forced_bos_token_id = FORCED_FIRST.get(name)
    model.generation_config.bad_words_ids = [[model.config.pad_token_id]]  # which no real model says
    generator = torch.Generator().manual_seed(seed)
    is_t5 = hasattr(model.config, "d_kv")
    with torch.no_grad():
        for key, value in model.named_parameters():
            noise = torch.randn(value.shape, generator=generator)
            if "embed_positions" in key and not value.requires_grad:
                continue  # sinusoids
            if "norm" in key:
                value.copy_((key.endswith("weight")) + 0.2 * noise)
            elif value.dim() == 1:
                value.copy_(0.2 * noise)
            elif "relative_attention_bias" in key:
                value.copy_(noise)
            elif "shared" in key or "embed_tokens" in key or "embed_positions" in key or "lm_head" in key:
                scaled = getattr(model.config, "scale_embedding", False)
                value.copy_((1 if "lm_head" in key else 0.5 if is_t5 else 0.2 if scaled else 1) * noise)
                if "positions" not in key:
                    value[eos_of(model)] *= 2.5  # so that it is the likeliest now and then
            else:
                # Queries of T5 are not scaled by the root of their width, so its weights are.
                unscaled = is_t5 and key.endswith(".q.weight")
                gain = 2.5 / model.config.d_kv ** 0.5 if unscaled else 2.5 if is_t5 else 5
                value.copy_(gain * noise / value.shape[1] ** 0.5)
        if hasattr(model, "final_logits_bias"):
            bias = 0.5 * torch.randn(model.final_logits_bias.shape, generator=generator)
            bias[0, eos_of(model)] += 1
            model.final_logits_bias.copy_(bias)
    return model

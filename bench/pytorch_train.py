#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PyTorch's side of train_speed.py: a Transformer made of torch.nn's layers, trained on request.

It is meant to be as fast as plain PyTorch code gets without becoming a different model:
  attention without dropout, so that torch's fused attention runs; a padding mask only where a batch has padding;
  causal attention by torch's is_causal path, with no padding mask (right padding lies in the future anyway);
  output projection and loss for real tokens alone; fused Adam; batches made into tensors beforehand.
--compile and --bf16 add torch.compile and bf16 autocast.

Protocol (the same for our side): commands on stdin, one line of JSON on stdout for each.
  at the start  {"name", "parameters"}             once the model and the batches are ready
  run N         {"tokens", "seconds", "loss"}      after training on the next N batches (going round); tokens are real
                                                   target tokens, loss the mean per target token
  peak          {"peak_bytes"}                     most memory since the imports, less what the imports themselves took
End of input ends the program. --gemm-only prints {"gflops"} instead: matrix multiplication, nothing else.
"""

import argparse
import json
import math
import pathlib
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

from train_speed import SHAPES

START = 1  # <s>
DROPOUT = 0.1  # on embeddings and residuals
LABEL_SMOOTHING = 0.1


def memory_bytes(field, process="self"):
    """VmRSS (resident now) or VmHWM (most since the last reset) of a process."""
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def reset_peak_memory():
    pathlib.Path("/proc/self/clear_refs").write_text("5")


class Transformer(nn.Module):
    """Post-norm, sinusoidal positions, one matrix for both embeddings and the output (Vaswani 2017, §3)."""

    def __init__(self, vocab, layers, d_model, d_ff, heads, max_len):
        super().__init__()
        self.scale = math.sqrt(d_model)
        self.embedding = nn.Embedding(vocab, d_model)
        nn.init.normal_(self.embedding.weight, std=d_model**-0.5)
        self.dropout = nn.Dropout(DROPOUT)
        self.register_buffer("positions", self.sinusoids(max_len, d_model), persistent=False)
        options = dict(d_model=d_model, nhead=heads, dim_feedforward=d_ff, dropout=DROPOUT, batch_first=True)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(**options), layers, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(**options), layers)
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1 and name != "embedding.weight":
                nn.init.xavier_uniform_(parameter)
        self.drop_residuals_only()

    @staticmethod
    def sinusoids(length, d_model):
        frequencies = 10000.0 ** (-torch.arange(0, d_model, 2) / d_model)
        angles = torch.arange(length)[:, None] * frequencies
        return torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1)  # [length, d_model]

    def drop_residuals_only(self):
        """torch.nn drops out attention weights and the feed-forward's hidden units too; the paper and ours do not."""
        for module in self.modules():
            if isinstance(module, nn.MultiheadAttention):
                module.dropout = 0.0
            elif isinstance(module, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
                module.dropout.p = 0.0

    def embed(self, ids):  # [batch, length] -> [batch, length, d_model]
        return self.dropout(self.embedding(ids) * self.scale + self.positions[: ids.shape[1]])

    def forward(self, batch):
        """The smoothed loss, summed over real target tokens."""
        encoder_out = self.encoder(self.embed(batch.src), src_key_padding_mask=batch.src_is_padding)
        hidden = self.decoder(
            self.embed(batch.tgt_in), encoder_out, tgt_mask=batch.future, tgt_is_causal=True,
            memory_key_padding_mask=batch.src_is_padding)  # [batch, tgt_len, d_model]
        hidden = hidden.flatten(0, 1).index_select(0, batch.tgt_rows)  # [tgt_tokens, d_model]
        logits = F.linear(hidden, self.embedding.weight)  # [tgt_tokens, vocab]
        return F.cross_entropy(logits, batch.tgt_out, label_smoothing=LABEL_SMOOTHING, reduction="sum")


class Batch:
    """One packed batch of the file, padded."""

    def __init__(self, src, tgt):
        src, tgt = self.sentences(src), self.sentences(tgt)
        self.src, self.src_is_padding = self.pad(src)
        if not self.src_is_padding.any():
            self.src_is_padding = None
        self.tgt_in, tgt_is_padding = self.pad([torch.cat((torch.tensor([START]), t[:-1])) for t in tgt])
        self.tgt_rows = (~tgt_is_padding).flatten().nonzero().flatten()  # where the real tokens are
        self.tgt_out = torch.cat(tgt)
        self.future = nn.Transformer.generate_square_subsequent_mask(self.tgt_in.shape[1])

    @staticmethod
    def sentences(packed):
        offsets = packed["offsets"]
        ids = torch.tensor(packed["ids"])
        return [ids[begin:end] for begin, end in zip(offsets, offsets[1:])]

    @staticmethod
    def pad(sentences):
        lengths = torch.tensor([len(s) for s in sentences])
        padded = nn.utils.rnn.pad_sequence(sentences, batch_first=True)
        return padded, torch.arange(padded.shape[1]) >= lengths[:, None]


def gemm_gflops(dtype, size=1024, seconds=2.0):
    a, b, c = (torch.rand(size, size).to(dtype) for _ in range(3))
    torch.mm(a, b, out=c)  # the first one also loads and compiles, which has taken seconds
    best = math.inf
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        torch.mm(a, b, out=c)
        best = min(best, time.perf_counter() - begin)
    return 2 * size**3 / best / 1e9


class Trainer:
    def __init__(self, options):
        content = json.loads(options.batches.read_text())
        self.batches = [Batch(**batch) for batch in content["batches"]]
        longest = max(max(b.src.shape[1], b.tgt_in.shape[1]) for b in self.batches)
        shape = SHAPES[options.preset]
        self.model = Transformer(content["vocab"], shape.layers, shape.d_model, shape.d_ff, shape.heads, longest).train()
        self.parameters = sum(p.numel() for p in self.model.parameters())
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=options.learning_rate, betas=(0.9, 0.98), eps=1e-9, fused=True)
        self.loss_of = torch.compile(self.model, dynamic=True) if options.compile else self.model
        self.bf16 = options.bf16
        self.next_batch = 0

    def step(self):
        """One update; returns target tokens and their summed loss."""
        batch = self.batches[self.next_batch]
        self.next_batch = (self.next_batch + 1) % len(self.batches)
        tokens = len(batch.tgt_out)
        self.optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            loss = self.loss_of(batch)
        (loss / tokens).backward()
        self.optimizer.step()
        return tokens, loss.item()

    def run(self, steps):
        begin = time.perf_counter()
        results = [self.step() for _ in range(steps)]
        seconds = time.perf_counter() - begin
        tokens = sum(t for t, _ in results)
        return {"tokens": tokens, "seconds": seconds, "loss": sum(loss for _, loss in results) / tokens}


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=pathlib.Path, help="file written by make_batches.py")
    parser.add_argument("--preset", choices=SHAPES, default="base")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="torch.compile the model")
    parser.add_argument("--bf16", action="store_true", help="bf16 autocast")
    parser.add_argument("--gemm-only", action="store_true", help="measure matrix multiplication instead")
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32", help="of --gemm-only")
    return parser.parse_args()


def main():
    options = parse_options()
    reset_peak_memory()
    imports_bytes = memory_bytes("VmRSS")
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    def reply(**fields):
        print(json.dumps(fields), flush=True)

    if options.gemm_only:
        return reply(gflops=gemm_gflops(torch.bfloat16 if options.precision == "bf16" else torch.float32))
    trainer = Trainer(options)
    reply(name=f"PyTorch {torch.__version__}", parameters=trainer.parameters)
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "run":
            reply(**trainer.run(int(arguments[0])))
        elif command == "peak":
            reply(peak_bytes=memory_bytes("VmHWM") - imports_bytes)
        else:
            sys.exit(f"unknown command {command!r}; expected run N or peak")


if __name__ == "__main__":
    main()

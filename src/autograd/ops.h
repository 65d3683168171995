// SPDX-License-Identifier: Apache-2.0
// The differentiable operations a Transformer is made of. Each has a file of its own with its forward and its
// backward pass side by side; the arithmetic is in kernels/. All activations are packed: [tokens, width].
// Every op throws ShapeError, naming the parameter, when shapes do not fit.
#ifndef DRAGOMAN_AUTOGRAD_OPS_H_
#define DRAGOMAN_AUTOGRAD_OPS_H_

#include <cstdint>
#include <span>

#include "autograd/parameter.h"
#include "autograd/workspace.h"
#include "kernels/activation.h"
#include "kernels/attention.h"
#include "kernels/distance_buckets.h"
#include "kernels/softmax.h"
#include "tensor/packed.h"

namespace dragoman {

// y = x W (+ b).   x [tokens, in], weight [in, out], bias [out] or null -> [tokens, out].
// Vaswani 2017, §3.3, Eq. 2. Leave the bias out where the next op adds it in its own pass.
Variable Linear(Workspace& workspace, const Variable& x, const Parameter& weight, const Parameter* bias);

// y = (x - mean) / sqrt(var + epsilon) * gain + bias, row by row.   x [tokens, d], gain and bias [d], bias or null.
// Ba 2016, Eq. 4.
Variable LayerNorm(Workspace& workspace, const Variable& x, const Parameter& gain, const Parameter* bias,
                   float epsilon);

// y = x / sqrt(mean(x^2) + epsilon) * gain, row by row.   x [tokens, d], gain [d] -> [tokens, d].   Zhang 2019, Eq. 4.
Variable RmsNorm(Workspace& workspace, const Variable& x, const Parameter& gain, float epsilon);

// dropout(act(x + bias)), bias [cols] or null. Takes x's memory: x must be the fresh result of a Linear that nothing
// else uses.
Variable Activate(Workspace& workspace, Variable x, const Parameter* bias, kernels::Activation activation,
                  float dropout_rate);

// dropout(act(gate) * x). All [tokens, d_ff].   Shazeer 2020, Eq. 5 and 6. Nothing else may use gate.
Variable ActivateGated(Workspace& workspace, const Variable& gate, const Variable& x, kernels::Activation activation,
                       float dropout_rate);

// residual + dropout(x + bias), bias [d] or null: the end of every sub-layer.   Vaswani 2017, §5.4.
// Takes x's memory: x must be the fresh result of a Linear that nothing else uses.
Variable AddResidual(Workspace& workspace, Variable x, const Parameter* bias, const Variable& residual,
                     float dropout_rate);

// Numbers for the scores of attention by distance, learnt in buckets (kernels/distance_buckets.h).
//   table [buckets, heads] -> [heads, DistanceColumns(longest)], for sentences of up to `longest` tokens.
Variable DistanceBias(Workspace& workspace, const Parameter& table, const kernels::DistanceBuckets& options,
                      int64_t longest);
// What the above returned, as kernels take it; nothing of an empty variable.
kernels::ByDistance<const float> ByDistanceOf(const Variable& distance_bias);

// softmax(scale * q k^T + bias) v per sentence and head.   q [q_tokens, heads * d_head], k and v [k_tokens, same]
// -> [q_tokens, heads * d_head]. Sentence s of q sees sentence s of k.   Vaswani 2017, §3.2.1, Eq. 1 and §3.2.2.
// shape: its dropout and bias are set here, from dropout_rate and distance_bias: of DistanceBias, for sentences as long
// as these, or empty. q, k and v must be three variables that nothing else uses. The packings' offsets must outlive
// Tape::Backward().
Variable Attention(Workspace& workspace, const Variable& q, const Variable& k, const Variable& v,
                   const Packing& q_packing, const Packing& k_packing, const kernels::AttentionShape& shape,
                   float dropout_rate, const Variable& distance_bias = {});

// The simpler simple recurrent unit (kernels/ssru.h) over each sentence.   forget, x [tokens, d] -> [tokens, d]
// Both must be variables that nothing else uses. The packing's offsets must outlive Tape::Backward().
Variable Ssru(Workspace& workspace, const Variable& forget, const Variable& x, const Packing& packing);

// x + row `row` of the table, added to every row of x.   x [tokens, d], table [rows, d] -> [tokens, d].
Variable AddRow(Workspace& workspace, const Variable& x, const Parameter& table, int64_t row);

// x with each element zeroed at this rate, the others scaled up to keep the mean; x itself without a tape. Takes x's
// memory: nothing else may use its value.
Variable Dropout(Workspace& workspace, Variable x, float rate);

// x * factor. Takes x's memory: nothing else may use its value.
Variable Scale(Workspace& workspace, Variable x, float factor);

struct PositionTable {
  ConstMatrix table;                   // [max_positions, d]; data null for a model without positions
  const Parameter* learned = nullptr;  // set when the table is a parameter
};

// dropout(table[ids] * scale + position vectors).   tokens.ids [tokens], -1 for a zero vector -> [tokens, d].
// A token's position is its place in its sentence plus first_position.   Vaswani 2017, §3.4, §3.5, §5.4.
// tokens must outlive Tape::Backward().
Variable Embedding(Workspace& workspace, const PackedTokens& tokens, const Parameter& table, float scale,
                   int64_t first_position, const PositionTable& positions, float dropout_rate);

// Sums the rows of each segment, each times the vector of its place in the segment: so a segment of several tokens
// becomes one row that still knows their order (Sukhbaatar 2015, §4.1, "position encoding", with learnt vectors).
//   x [tokens, d], segments: which of its rows belong together; places [p, d], of which rows farther on share the last
// -> dropout(sums + position vectors) [segments, d]
// sentences: which segments belong together; a segment's position is its place there. Both packings' offsets must
// outlive Tape::Backward().
Variable SumSegments(Workspace& workspace, const Variable& x, const Parameter& places, const Packing& segments,
                     const Packing& sentences, const PositionTable& positions, float dropout_rate);

// q k^T, sentence by sentence, unscaled: how much each target token would like to copy each source token.
//   q [q_tokens, d], k [k_tokens, d] -> [q_tokens, longest sentence of k]; what lies beyond a row's own sentence means
// nothing. The packings' offsets must outlive Tape::Backward().
Variable CopyScores(Workspace& workspace, const Variable& q, const Variable& k, const Packing& q_packing,
                    const Packing& k_packing);

// What a target may copy: kernels/copy_logits.h.
struct CopySource {
  Variable scores;      // of CopyScores, with a row for each target token
  float scale = 1;      // of the scores
  PackedTokens source;  // its ids, of the vocabulary that the logits are for; must outlive Tape::Backward()
  Packing targets;
};

struct OutputLossOptions {
  float smoothing = 0;
  float gradient_scale = 1;
  // Above 0: the second half of the rows says the same as the first, under other dropout masks, and to disagree costs
  // this much (kernels::ConsistentCrossEntropyRows).
  float consistency = 0;
};

// The model's last step, projection to the vocabulary and label-smoothed cross-entropy, in slices of tokens, so that
// the full logits never exist.   hidden [tokens, d]; weight [vocab, d] (shared with an embedding or not); bias [vocab]
// or null; targets [tokens]; copies or null. Returns sums over tokens.
// Under a tape the gradients of loss * gradient_scale are computed in the same pass: into hidden's gradient, that of
// the copy scores, and the parameters'. So this is where Backward() starts from.
kernels::CrossEntropySums OutputLoss(Workspace& workspace, const Variable& hidden, const Parameter& weight,
                                     const Parameter* bias, std::span<const int32_t> targets,
                                     const OutputLossOptions& options, const CopySource* copies = nullptr);

// What it works in, at most, however many tokens. longest_copied: source that can be copied from; 0 for none.
int64_t OutputLossScratchFloats(int64_t vocab, int64_t longest_copied);

}  // namespace dragoman

#endif  // DRAGOMAN_AUTOGRAD_OPS_H_

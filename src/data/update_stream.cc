// SPDX-License-Identifier: Apache-2.0
#include "data/update_stream.h"

namespace dragoman {

void UpdateStream::Next(UpdateBatches* update) {
  update->begin = stream_.position();
  update->tgt_tokens = 0;
  size_t own = 0;
  const int most = share_.accumulate * share_.ranks;
  for (int i = 0; i < most && stream_.position().epoch == update->begin.epoch; ++i) {
    update->tgt_tokens += stream_.NextTgtTokens();
    update->end = {update->begin.epoch, update->begin.batch + i + 1};
    if (i % share_.ranks != share_.rank) {
      stream_.Skip();
      continue;
    }
    if (own == update->batches.size()) update->batches.emplace_back();
    stream_.Next(&update->batches[own++]);
  }
  update->batches.resize(own);
}

}  // namespace dragoman

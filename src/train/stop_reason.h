// SPDX-License-Identifier: Apache-2.0
#ifndef DRAGOMAN_TRAIN_STOP_REASON_H_
#define DRAGOMAN_TRAIN_STOP_REASON_H_

namespace dragoman {

// Why a run ended.
enum class StopReason { kMaxSteps, kMaxEpochs, kMaxMinutes, kPatience, kSignal };

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_STOP_REASON_H_

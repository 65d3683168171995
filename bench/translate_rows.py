# SPDX-License-Identifier: Apache-2.0
"""What translate_speed.py compares: who translates what, and which goals we have."""

import dataclasses

from translate_sides import Task

OURS_F32, OURS_BF16, OURS_INT8 = (("dragoman", precision) for precision in ("f32", "bf16", "int8"))
CT2_F32, CT2_INT8 = ("ctranslate2", "f32"), ("ctranslate2", "int8")
MARIAN_F32, MARIAN_INT8 = ("marian", "f32"), ("marian", "int8")
BERGAMOT = ("bergamot", "int8")
TRANSFORMERS = ("transformers", "f32")


@dataclasses.dataclass
class Goal:
    """What one of ours is compared with: another contender, or a program's fastest; and how many times faster it is to
    be. Without others: the share of the rate of multiplication alone that its products are to reach."""
    ours: tuple
    others: list
    at_least: float | None = None
    or_share: float | None = None  # of the rate of multiplication; enough in place of at_least


@dataclasses.dataclass
class Row:
    task: Task
    sentences: int  # of a turn
    contenders: list
    goals: list


ROWS = [
    Row(Task("base", 4, "batch", 2), 500,
        [OURS_F32, OURS_BF16, OURS_INT8, CT2_F32, CT2_INT8, MARIAN_F32, MARIAN_INT8],
        [Goal(OURS_F32, [], or_share=0.90), Goal(OURS_F32, [CT2_F32]), Goal(OURS_F32, [MARIAN_F32]),
         Goal(OURS_BF16, [CT2_F32], 2.0), Goal(OURS_INT8, [CT2_F32, CT2_INT8], 1.6, or_share=0.70),
         Goal(OURS_INT8, [MARIAN_INT8], 2.0)]),
    Row(Task("tiny", 4, "batch", 2), 1000, [OURS_F32, OURS_INT8, CT2_F32, CT2_INT8, MARIAN_F32, MARIAN_INT8],
        [Goal(OURS_F32, [CT2_F32], 1.7), Goal(OURS_INT8, [CT2_F32, CT2_INT8], 2.2), Goal(OURS_INT8, [MARIAN_INT8])]),
    Row(Task("base", 1, "single", 1), 60, [OURS_F32, OURS_INT8, CT2_F32, CT2_INT8],
        [Goal(OURS_F32, [CT2_F32], 1.1), Goal(OURS_INT8, [CT2_INT8], 1.5)]),
    Row(Task("tiny", 1, "single", 1), 250, [OURS_F32, OURS_INT8, CT2_F32, CT2_INT8],
        [Goal(OURS_F32, [CT2_F32]), Goal(OURS_INT8, [CT2_INT8], 2.0)]),
    Row(Task("base", 1, "batch", 2, shortlist=True), 500, [OURS_INT8, CT2_INT8], [Goal(OURS_INT8, [CT2_INT8], 2.0)]),
    Row(Task("student", 1, "batch", 1), 1000, [OURS_INT8, BERGAMOT], [Goal(OURS_INT8, [BERGAMOT], 2.5)]),
    Row(Task("student", 1, "batch", 1, shortlist=True), 1000, [OURS_INT8, BERGAMOT],
        [Goal(OURS_INT8, [BERGAMOT], 2.5)]),
    # Models that were imported, beside the library that they are of.
    Row(Task("base", 1, "batch", 2, imported="transformers"), 128, [OURS_F32, TRANSFORMERS],
        [Goal(OURS_F32, [TRANSFORMERS], 1.0)]),
    Row(Task("base", 4, "batch", 2, imported="transformers"), 128, [OURS_F32, TRANSFORMERS],
        [Goal(OURS_F32, [TRANSFORMERS], 1.0)]),
    Row(Task("base", 4, "batch", 2, imported="ctranslate2"), 250, [OURS_F32, OURS_INT8, CT2_F32, CT2_INT8],
        [Goal(OURS_F32, [CT2_F32], 1.0), Goal(OURS_INT8, [CT2_INT8], 1.0)]),
    Row(Task("base", 4, "batch", 2, imported="marian"), 250, [OURS_F32, MARIAN_F32],
        [Goal(OURS_F32, [MARIAN_F32], 1.0)]),
]
AGREEMENT = [  # the same outputs from the same weights, or nothing else here means anything
    Row(Task("base", 1, "batch", 2), 200, [OURS_F32, CT2_F32, MARIAN_F32], []),
    Row(Task("tiny", 1, "batch", 2), 200, [OURS_F32, CT2_F32, MARIAN_F32], []),
    Row(Task("student", 1, "batch", 1), 200, [OURS_F32, MARIAN_F32, ("bergamot", "f32")], []),
    Row(Task("base", 1, "batch", 2, imported="transformers"), 128, [OURS_F32, TRANSFORMERS], []),
    Row(Task("base", 1, "batch", 2, imported="ctranslate2"), 128, [OURS_F32, CT2_F32], []),
    Row(Task("base", 1, "batch", 2, imported="marian"), 128, [OURS_F32, MARIAN_F32], []),
]

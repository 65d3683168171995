# SPDX-License-Identifier: Apache-2.0
"""Odd lines for byte-level BPE: a list that was thought of, and any number that chance makes of the same kinds."""

import random
import unicodedata

LINES = [
    "Hello world",
    " Hello world",
    "  two spaces in front, and two behind  ",
    "trailing space ",
    "a  b   c    d",
    "\ttab\tand \t mixed\t\tblanks\t ",
    "line\nfeeds\n\nand\r\nCR LF\r\n",
    "no-break\u00a0space, thin\u2009space,\u3000ideographic\u2003em\u00a0\u00a0twice \u00a0mixed",
    "\u00a0begins with one",
    "\u0085next line\u2028line\u2029paragraph\u1680ogham",
    "I'm sure you've said she'll, they'd, it's, we're, don't; 'tis, O'Neill's 'quoted' ''s 's 't",
    "I'M SURE YOU'VE: 'S 'T 'RE ’s ’t it’s",
    "'sts'tt're've'm'll'd'ss x'sx",
    "1234567890 3.14159 1,000,000 ½ ² ³ Ⅷ ① 100%",
    "digits: ٠١٢٣ ०१२३ ๑๒๓ 一二三 １２３ 𝟙𝟚𝟛",
    "Grüße aus Zürich: für Äpfel, Öl, Übel und Straße",
    "Où est l'élève? À Noël, ça coûte 20 €.",
    "Добрый день, как дела?",
    "Καλημέρα κόσμε",
    "שלום עולם",
    "مرحبا بالعالم",
    "नमस्ते दुनिया",
    "สวัสดีชาวโลก",
    "我爱你，你好吗？",
    "私は学生です。カタカナ",
    "안녕하세요 세계",
    "e\u0301 a\u0308 n\u0303o combining; \u0301alone, x\u0301\u0302\u0303y",
    "zero\u200bwidth\u200cjoin\u200der\ufeffmark\u2060word\u00adsoft",
    "👩‍👩‍👧 👨🏽‍🚀 🏳️‍🌈 🇩🇪🇫🇷 ❤️ 1️⃣",
    "🐉🐉🐉dragon🐉",
    "\U0001d49c\U0001d4b7\U0001d4b8 𠀀𠀁 𪛖",
    "unassigned \U000e0080 \u0378 private \ue000 \U0010ffff noncharacter \ufffe",
    "new letters \u1c89 \ua7cb \ua7da \U00010d40\U00010d4a \U00013460 \U00016d70 \U0002ebf0 of Unicode 16",
    "control \x01\x02\x1b[31m red \x7f \x9f end",
    "</s> <s> <unk> <pad> <mask>, and</s>inside<mask>words <MASK> < mask>",
    "<|endoftext|> <extra_id_0> [MASK] [SEP]",
    "<b>bold</b> &amp; <a href=\"https://example.org/a?b=c&d=e#f\">link</a>",
    "user@example.org, C:\\path\\to\\file, ~/x_y-z.tar.gz, $HOME, #tag, @name",
    "snake_case camelCase SCREAMING_CASE kebab-case x86_64",
    "!!! ??? ... --- *** ((())) [[[]]] {{{}}} ;;; ::: \"\"\" ``` ~~~",
    "Ġ ▁ Ċ â Ã ģ the file's own symbols, <0xE2> and <0x0A>",
    "İstanbul ıI ﬁn ŉ ǆ ß ſ",
    "mixedабвlatin中文123abc٣٤",
    "!a ?1 .中 -é \u0301a 1a a1 a\u0301b",
    " ! ? . 1 中 \u0301",
    "x" * 300,
    "ab" * 150 + "c",
    "supercalifragilisticexpialidociousantidisestablishmentarianism",
    "the the the thethethe theTHEthe",
    "a",
    "é",
    "中",
    "\U0001f409",
    "ends in a part of a word'",
    "a\u00a0",
    "a \u00a0b\u00a0 c",
    "a\u2028\u2028b \u2028c",
]

WORDS = (
    "the a of and in to is it for on with model training sentence text vocabulary piece token file line don't it's we'll "
    "Straße für où élève Добрый день 你好 世界 学生 안녕 שלום مرحبا नमस्ते 42 1998 3.14 x86_64 </s> <s> <mask> <unk> :-) ... -- "
    "!?! http://example.org/ user@example.org İI ﬁ ½ ٣ Ⅷ 🐉 👩‍👩‍👧 🇩🇪 ❤️ e\u0301 a\u0308\u0323"
).split()
BLANKS = [" ", " ", " ", " ", "  ", "   ", "\t", " \t", "\t ", "\u00a0", " \u00a0", "\u3000", "\u2009 ", "\u2028", "\v", "\f", ""]
ODD = "\u0301\u200b\u200c\u200d\ufeff\u2060\u00ad\x01\x1b\x7f\x85\u0378\ue000\ufffe\U0010ffff'’`´\"<>&▁Ġ"
FILLERS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a symbol that look blank
# Where scripts begin, so that every kind of letter, digit and mark comes up.
BLOCKS = [0x20, 0xA0, 0x100, 0x250, 0x300, 0x370, 0x400, 0x530, 0x590, 0x600, 0x900, 0xE00, 0x10A0, 0x1100, 0x1C80, 0x1E00,
          0x2000, 0x2070, 0x2100, 0x2150, 0x2190, 0x2460, 0x3000, 0x3040, 0x4E00, 0xA7C0, 0xAC00, 0xE000, 0xF900, 0xFB00,
          0xFE00, 0xFF00, 0x10300, 0x10D40, 0x11380, 0x116D0, 0x13460, 0x16D40, 0x1D400, 0x1F300, 0x1F900, 0x20000, 0x2EBF0,
          0xE0000]


def random_character(rng):
    kind = rng.random()
    if kind < 0.1:
        return rng.choice(ODD)
    code = rng.choice(BLOCKS) + rng.randrange(128) if kind < 0.8 else rng.randrange(1, 0x110000)
    return "x" if 0xD800 <= code < 0xE000 else chr(code)


def random_word(rng):
    kind = rng.random()
    if kind < 0.6:
        return rng.choice(WORDS)
    if kind < 0.65:
        return rng.choice(WORDS) * rng.randrange(2, 40)
    if kind < 0.75:
        return "".join(rng.choice(WORDS) for _ in range(rng.randrange(2, 5)))
    if kind < 0.8:
        return "'" + rng.choice(["s", "t", "re", "ve", "m", "ll", "d", "S", "x", ""]) + rng.choice(["", "s", " ", "'", "1"])
    if kind < 0.9:
        begin = rng.choice(BLOCKS)
        return "".join(chr(begin + rng.randrange(64)) for _ in range(rng.randrange(1, 9)))
    return "".join(random_character(rng) for _ in range(rng.randrange(1, 12)))


def random_line(rng):
    """Without line feeds, carriage returns and NUL; not blank; now and then of one word alone."""
    parts = [rng.choice(BLANKS) if rng.random() < 0.3 else ""]
    for _ in range(1 if rng.random() < 0.1 else rng.randrange(1, 16)):
        parts += [random_word(rng), rng.choice(BLANKS)]
    line = "".join(parts).replace("\n", " ").replace("\r", " ").replace("\0", " ")
    if all(unicodedata.category(c)[0] in "ZCM" or c in FILLERS for c in line):
        line += "a"
    return line


def random_lines(count, seed):
    rng = random.Random(seed)
    return [random_line(rng) for _ in range(count)]

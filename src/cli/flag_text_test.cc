// SPDX-License-Identifier: Apache-2.0
#include "cli/flag_text.h"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

const OptionNames kOptions = {"max_steps", "vocab", "d_model", "beta2"};

TEST(FlagTextTest, AnOptionBetweenBackquotesBecomesItsFlag) {
  EXPECT_EQ(WithFlags("`max_steps` is -1, expected a number", kOptions), "--max-steps is -1, expected a number");
  EXPECT_EQ(WithFlags("give `vocab`, or `d_model` 8 and `beta2`", kOptions),
            "give --vocab, or --d-model 8 and --beta2");
  EXPECT_EQ(WithFlags("`vocab``d_model`", kOptions), "--vocab--d-model");
}

TEST(FlagTextTest, AllOtherBackquotesStay) {
  for (const char* text :
       {"", "`", "``", "```", "make it again with `dragoman vocab`", "`max_step` is none", "max_steps", "`max-steps`",
        "`Vocab`", "` vocab`", "`vocab", "vocab`", "`max_steps or `vocab is not closed"}) {
    EXPECT_EQ(WithFlags(text, kOptions), text);
  }
  EXPECT_EQ(WithFlags("`no word `vocab` is", kOptions), "`no word --vocab is") << "a stray one hides no other";
  EXPECT_EQ(WithFlags("see `dragoman train --help` for `d_model`", kOptions),
            "see `dragoman train --help` for --d-model");
}

TEST(FlagTextTest, WhatIsRenderedIsRenderedOnce) {
  const std::string once = WithFlags("`vocab` a`vocab`", kOptions);
  EXPECT_EQ(WithFlags(once, kOptions), once);
}

// The list of the program itself: flags of fields, flags of other commands, and nothing that is no flag.
TEST(FlagTextTest, TheProgramsOwnOptionsAreKnown) {
  EXPECT_EQ(WithFlags("`max_minutes` `residual_dropout` `dropout` `config` `input` `character_coverage` `beam_size` "
                      "`layer` `best` `quiet` `help`"),
            "--max-minutes --residual-dropout --dropout --config --input --character-coverage --beam-size --layer "
            "--best --quiet --help");
  EXPECT_EQ(WithFlags("`models` `train` `no_bias`"), "`models` `train` `no_bias`");
}

}  // namespace
}  // namespace dragoman

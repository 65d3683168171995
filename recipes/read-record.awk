# SPDX-License-Identifier: Apache-2.0
# Reads a record.json as recipes/common.sh writes it (docs/formats.md), and nothing else: the same keys in the same
# order, a line for each. Prints its facts, parted by tabs:
#   record RECIPE SEED MINUTES UPDATES PARAMETERS THREADS PRECISION MACHINE VERSION COMMIT DATE CURVE-FIGURE SCORE
#   figure RECIPE SEED NAME VALUE SIGNATURE        anchor RECIPE SEED FIGURE NAME VALUE
# awk -v file=PATH -v recipe=NAME -v seed=N -f read-record.awk: whose it must be. What is wrong is told with file and
# line, and makes the exit code 1.

function fail(what) {
  printf "%s:%d: %s; run the recipe again, or remove the record\n", file, number, what > "/dev/stderr"
  failed = 1
  exit 1
}

function next_line() {
  ++number
  if ((getline rest < file) <= 0) fail("the record ends too soon")
  sub(/^ +/, "", rest)
  sub(/ +$/, "", rest)
}

function expect(text) {
  if (substr(rest, 1, length(text)) != text) fail("found " (rest == "" ? "the line's end" : rest) ", expected " text)
  rest = substr(rest, length(text) + 1)
}

function take_text(what,    text, i, plain) {
  if (!match(rest, /^"([^"\\]|\\["\\])*"/)) fail(what " is no text, expected it between quotes")
  text = substr(rest, 2, RLENGTH - 2)
  rest = substr(rest, RLENGTH + 1)
  for (i = 1; i <= length(text); ++i) {
    if (substr(text, i, 1) == "\\") ++i
    plain = plain substr(text, i, 1)
  }
  if (plain == "" || plain ~ /[\001-\037\177]/) fail(what " is empty or holds control characters, expected text")
  return plain
}

# As it stands there: its digits are the precision that it was measured with.
function take_number(what, least, most,    text) {
  if (!match(rest, /^(0|[1-9][0-9]*)(\.[0-9]+)?/)) fail(what " is no number, expected " least " to " most)
  text = substr(rest, 1, RLENGTH)
  rest = substr(rest, RLENGTH + 1)
  if (rest !~ /^([,}]|$)/ || length(text) > 20) fail(what " is no number, expected " least " to " most)
  if (text + 0 < least || text + 0 > most) fail(what " is " text ", expected " least " to " most)
  return text
}

function take_count(what, least, most,    text) {
  text = take_number(what, least, most)
  if (text ~ /\./) fail(what " is " text ", expected a whole number")
  return text
}

function text_at(key,    text) {
  next_line()
  expect("\"" key "\": ")
  text = take_text(key)
  if (key == "date") expect_end(""); else expect_end(",")
  return text
}

function expect_end(end) {
  if (rest != end) fail("found " (rest == "" ? "the line's end" : rest) ", expected " (end == "" ? "its end" : end))
}

# The lines of a list up to its "],"; those of figures if is_figures, else those of anchors.
function read_list(is_figures,    name, value, figure, more) {
  for (more = 1; ; ) {
    next_line()
    if (rest == "],") return
    if (!more) fail("found " rest ", expected the list's end after a line without a comma")
    expect("{")
    if (is_figures) {
      expect("\"name\": ")
    } else {
      expect("\"figure\": ")
      figure = take_text("an anchor's figure")
      expect(", \"name\": ")
    }
    name = take_text("a name")
    expect(", \"value\": ")
    value = take_number("the value of " name, 0, 1000)
    signature = ""
    if (is_figures && substr(rest, 1, 1) == ",") {
      expect(", \"signature\": ")
      signature = take_text("the signature of " name)
    }
    expect("}")
    more = rest == ","
    if (rest != "") expect_end(",")
    if (is_figures && (name in seen)) fail("the figure " name " is there twice")
    if (is_figures) { seen[name] = 1; ++figures }
    lines = lines (is_figures ? "figure" : "anchor") "\t" recipe "\t" seed "\t" (is_figures ? "" : figure "\t") name "\t" value \
      (is_figures ? "\t" signature : "") "\n"
  }
}

BEGIN {
  next_line(); expect("{"); expect_end("")
  if (text_at("format") != "dragoman-recipe-1") fail("the format is another, expected dragoman-recipe-1")
  name = text_at("recipe")
  if (name != recipe) fail("the recipe is " name ", expected " recipe ", as the folder says")
  next_line(); expect("\"seed\": "); value = take_count("seed", 0, 1e15); expect_end(",")
  if (value != seed) fail("the seed is " value ", expected " seed ", as the folder says")
  next_line(); expect("\"figures\": ["); expect_end("")
  read_list(1)
  if (!figures) fail("there is no figure, expected one at least")
  next_line(); expect("\"anchors\": ["); expect_end("")
  read_list(0)
  next_line(); expect("\"curve\": {\"figure\": "); curve = take_text("the curve's figure")
  expect(", \"score\": "); score = take_text("the curve's score"); expect("}"); expect_end(",")
  if (!(curve in seen)) fail("the curve's figure " curve " is not among the figures")
  next_line(); expect("\"minutes\": "); minutes = take_number("minutes", 0, 1e7); expect_end(",")
  next_line(); expect("\"updates\": "); updates = take_count("updates", 1, 1e15); expect_end(",")
  next_line(); expect("\"parameters\": "); parameters = take_count("parameters", 1, 1e15); expect_end(",")
  next_line(); expect("\"threads\": "); threads = take_count("threads", 1, 1e6); expect_end(",")
  precision = text_at("precision")
  machine = text_at("machine")
  version = text_at("version")
  commit = text_at("commit")
  date = text_at("date")
  if (date !~ /^[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]$/) fail("the date is " date ", expected one such as 2026-01-31")
  next_line(); expect("}"); expect_end("")
  ++number
  if ((getline rest < file) > 0) fail("found " rest ", expected the end")
  print "record\t" recipe "\t" seed "\t" minutes "\t" updates "\t" parameters "\t" threads "\t" precision "\t" machine "\t" \
    version "\t" commit "\t" date "\t" curve "\t" score
  printf "%s", lines
  exit failed
}

# SPDX-License-Identifier: Apache-2.0
# The tables of docs/results.md from what read-record.awk has printed of all records, those of a recipe together. Into
# `folder` go, for the pictures: recipes (name, score), NAME.seeds, NAME.lines (as dragoman curves --line takes them).

function fail(what) {
  print "results: " what > "/dev/stderr"
  failed = 1
  exit 1
}

# For a cell of a table.
function cell(text) {
  gsub(/&/, "\\&amp;", text)
  gsub(/</, "\\&lt;", text)
  gsub(/>/, "\\&gt;", text)
  gsub(/\|/, "\\|", text)
  return text
}

# "2349056" -> "2,349,056"
function grouped(number,    text) {
  while (length(number) > 3) {
    text = "," substr(number, length(number) - 2) text
    number = substr(number, 1, length(number) - 3)
  }
  return number text
}

function digits_of(number) { return number ~ /\./ ? length(number) - index(number, ".") : 0 }

# Sorts values[1…count]: there are but a few.
function sort(values, count,    i, j, swap) {
  for (i = 2; i <= count; ++i) {
    for (j = i; j > 1 && values[j - 1] + 0 > values[j] + 0; --j) {
      swap = values[j]; values[j] = values[j - 1]; values[j - 1] = swap
    }
  }
}

# The median, with as many digits as the values have.
function median(values, count,    i, digits) {
  sort(values, count)
  for (i = 1; i <= count; ++i) if (digits_of(values[i]) > digits) digits = digits_of(values[i])
  return sprintf("%.*f", digits, (values[int((count + 1) / 2)] + values[int((count + 2) / 2)]) / 2)
}

# "39.01 (38.80 to 39.20)": of several seeds, with the range.
function summary(recipe, name,    i, values, middle) {
  for (i = 1; i <= seeds[recipe]; ++i) {
    if (!((recipe, i, name) in figure)) {
      fail(recipe ", seed " seed[recipe, i] ": has no figure " name ", but seed " seed[recipe, 1] " has; run it again")
    }
    values[i] = figure[recipe, i, name]
  }
  middle = median(values, seeds[recipe])
  return seeds[recipe] == 1 ? middle : middle " (" values[1] " to " values[seeds[recipe]] ")"
}

# The different texts of fact[recipe, 1…, key], in order.
function all_of(recipe, key,    i, seen, text) {
  for (i = 1; i <= seeds[recipe]; ++i) {
    if (fact[recipe, i, key] in seen) continue
    seen[fact[recipe, i, key]] = 1
    text = text (text == "" ? "" : ", ") fact[recipe, i, key]
  }
  return text
}

$1 == "record" {
  if (!($2 in seeds)) order[++recipes] = $2
  current = ++seeds[$2]
  seed[$2, current] = $3
  for (i = 4; i <= NF; ++i) fact[$2, current, i] = $i
}
$1 == "figure" {
  figure[$2, current, $4] = $5
  if (current == 1) { names[$2, ++figures[$2]] = $4; signature[$2, $4] = $6 }
  if (signature[$2, $4] != $6) {
    fail($2 ", seed " $3 ": the signature of " $4 " is " $6 ", but of seed " seed[$2, 1] " " signature[$2, $4] "; run it again")
  }
}
$1 == "anchor" && current == 1 {
  anchors[$2, $4] = anchors[$2, $4] (anchors[$2, $4] == "" ? "" : "; ") cell($5) " " $6
  ++anchor_count[$2]
  anchor_figure[$2, anchor_count[$2]] = $4
  anchor_line[$2, anchor_count[$2]] = $5 "=" $6
}

END {
  if (failed) exit 1
  print "| recipe | of the test set | here | to compare with | minutes | commit |"
  print "|---|---|---|---|---|---|"
  for (r = 1; r <= recipes; ++r) {
    recipe = order[r]
    for (i = 2; i <= seeds[recipe]; ++i) {
      if (fact[recipe, i, 5] != fact[recipe, 1, 5]) {
        fail(recipe ": seed " seed[recipe, 1] " has made " fact[recipe, 1, 5] " updates, seed " seed[recipe, i] " " \
             fact[recipe, i, 5] "; expected as many of each; run one of them again")
      }
      if (figures[recipe] == 0) fail(recipe ": no figures")
    }
    for (i = 1; i <= seeds[recipe]; ++i) minutes[i] = fact[recipe, i, 4]
    training = sprintf("%.0f", median(minutes, seeds[recipe]))
    if (training == 0) training = "under 1"
    for (f = 1; f <= figures[recipe]; ++f) {
      name = names[recipe, f]
      printf "| %s | %s | %s | %s | %s | %s |\n", f == 1 ? "`" recipe ".sh`" : "", cell(name), summary(recipe, name),
        anchors[recipe, name], f == 1 ? training : "", f == 1 ? cell(all_of(recipe, 11)) : ""
    }
  }
  print ""
  print "Of several seeds a figure is the median, with the least and the greatest, and minutes (of training) are the median."
  print "In the pictures the curves are of the validation set (ROUGE-L there without stemming, BLEU cased), the dashed lines of the"
  print "test set."
  for (r = 1; r <= recipes; ++r) {
    recipe = order[r]
    text = ""
    for (i = 1; i <= seeds[recipe]; ++i) text = text (i == 1 ? "" : ", ") seed[recipe, i]
    printf "\n**%s**, seed%s %s: %s updates, %s parameters, %s threads, %s; %s; %s, %s.\n", recipe,
      seeds[recipe] == 1 ? "" : "s", text, grouped(fact[recipe, 1, 5]), grouped(fact[recipe, 1, 6]), all_of(recipe, 7),
      all_of(recipe, 8), cell(all_of(recipe, 9)), cell(all_of(recipe, 10)), all_of(recipe, 12)
    for (f = 1; f <= figures[recipe]; ++f) {
      name = names[recipe, f]
      if (signature[recipe, name] == "" || (recipe, name) in told) continue
      text = ""
      for (i = f; i <= figures[recipe]; ++i) {  # those measured alike
        other = names[recipe, i]
        if (signature[recipe, other] != signature[recipe, name]) continue
        told[recipe, other] = 1
        text = text (i == f ? "" : ", ") cell(other)
      }
      printf "%s: `%s`.\n", text, signature[recipe, name]
    }
    printf "\n![Loss and score of %s over minutes of training](results/%s.svg)\n", recipe, recipe
    print recipe "\t" fact[recipe, 1, 14] > (folder "/recipes")
    printf "" > (folder "/" recipe ".lines")
    for (i = 1; i <= anchor_count[recipe]; ++i) {
      if (anchor_figure[recipe, i] == fact[recipe, 1, 13]) print anchor_line[recipe, i] > (folder "/" recipe ".lines")
    }
    for (i = 1; i <= seeds[recipe]; ++i) print seed[recipe, i] > (folder "/" recipe ".seeds")
  }
  print ""
}

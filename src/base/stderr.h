// SPDX-License-Identifier: Apache-2.0
// stderr as two streams: std::cerr for what is good to know, which `quiet` silences, and Errors() for what is wrong.
#ifndef DRAGOMAN_BASE_STDERR_H_
#define DRAGOMAN_BASE_STDERR_H_

#include <ostream>
#include <string>

namespace dragoman {

// Reaches stderr whatever is silenced.
std::ostream& Errors();

// From now on std::cerr says nothing. Before other threads write to it.
void SilenceNotes();

// When stdin is read from a terminal: says that this is so, what is awaited, and how it ends. "a sentence a line"
void GreetTerminal(const std::string& awaited);

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_STDERR_H_

#include <iostream>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/text.hpp"

namespace kvs {

// The words may be the server's, or hold a key: they must not drive the terminal.
void report(const Failure& failure) {
  std::string text = failure.what();
  if (!failure.hint().empty()) text += (text.ends_with('?') ? " " : "; ") + failure.hint();
  std::cerr << "kvs: " + escaped(text, Escape::line) + "\n" << std::flush;
}

}  // namespace kvs

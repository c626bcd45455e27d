#include <iostream>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/text.hpp"

namespace kvs {

// The words may be the server's, or hold a key: they must not drive the terminal.
void report(const Failure& failure, bool quiet) {
  std::string text = "kvs: " + escaped(failure.what(), Escape::line) + "\n";
  if (!failure.hint().empty() && !quiet) text += failure.hint() + "\n";
  std::cerr << text << std::flush;
}

}  // namespace kvs

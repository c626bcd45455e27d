#include "kvs/cmd/confirm.hpp"

#include <unistd.h>

#include <iostream>

namespace kvs {

bool can_ask() { return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1; }

bool confirmed(const Settings& settings, const std::string& question) {
  if (settings.on("yes")) return true;
  if (!can_ask())
    throw UsageError("nothing was done: there is nobody to ask", "--yes does it without asking, --dry-run only shows");
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer.starts_with('y') || answer.starts_with('Y');
}

}  // namespace kvs

// What may stand where the cursor is, by the tables of commands and options.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/cmd/command_line.hpp"

namespace kvs {

struct Candidate {
  std::string text;  // the whole word
  std::string_view description;
};

struct Completion {
  // What may stand there besides the candidates; the shell, or the server, knows which there are.
  enum class More : std::uint8_t { nothing, files, directories, keys, contexts };

  std::vector<Candidate> candidates;
  More more = More::nothing;
  std::string begin;  // what the names of `more` begin with ("app/" of "--key=app/")
  std::string glue;   // what stands before it in the same word ("--key=")
  CommandLine line;   // the flags before the cursor that say which server to ask
};

// `words` stand after the program's name; the last one is being typed and may be empty. Never throws: what makes no
// sense has no candidates.
Completion complete(const std::vector<std::string>& words);

}  // namespace kvs

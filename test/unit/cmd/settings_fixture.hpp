// Settings as a command would see them, out of words and a made-up environment.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "kvs/cmd/command_line.hpp"
#include "kvs/cmd/failure.hpp"
#include "kvs/cmd/settings.hpp"

namespace kvs::test {

using Variables = std::map<std::string, std::string>;

inline Settings settings(const std::vector<std::string>& words, const Variables& variables = {}) {
  return Settings(parse_command_line(words), [variables](const char* name) -> const char* {
    auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

// What a call throws as a Failure: "message | hint"; "no failure" if it throws none.
template <class Call>
std::string failure_of(const Call& call) {
  try {
    call();
  } catch (const Failure& failure) {
    return failure.hint().empty() ? failure.what() : std::string(failure.what()) + " | " + failure.hint();
  }
  return "no failure";
}

}  // namespace kvs::test

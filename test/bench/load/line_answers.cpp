#include "test/bench/load/line_answers.hpp"

#include <charconv>

namespace kvs::load {
namespace {

// Bytes that follow a `$length` line, with their line end.
std::size_t bulk_size(std::string_view line) {
  std::size_t size = 0;
  std::from_chars(line.data() + 1, line.data() + line.size(), size);
  return size + 2;
}

}  // namespace

Answers RespAnswers::read(std::string_view text) {
  Answers answers;
  while (answers.used < text.size()) {
    const auto rest = text.substr(answers.used);
    const auto end = rest.find("\r\n");
    if (end == std::string_view::npos) break;
    const auto line = rest.substr(0, end);
    const bool refused = line.front() == '-' || line == "$-1";
    const auto size = end + 2 + (line.front() == '$' && !refused ? bulk_size(line) : 0);
    if (rest.size() < size) break;
    if (refused) {
      ++answers.refused;
      answers.refusal = line;
    }
    ++answers.count;
    answers.used += size;
  }
  return answers;
}

Answers NatsAnswers::read(std::string_view text) {
  Answers answers;
  while (answers.used < text.size()) {
    const auto rest = text.substr(answers.used);
    const auto end = rest.find("\r\n");
    if (end == std::string_view::npos) break;
    const auto line = rest.substr(0, end);
    answers.used += end + 2;
    if (line == "PONG") ++answers.count;
    if (!line.starts_with("-ERR")) continue;
    ++answers.count;
    ++answers.refused;
    answers.refusal = line;
  }
  return answers;
}

}  // namespace kvs::load

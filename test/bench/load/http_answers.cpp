#include "test/bench/load/http_answers.hpp"

#include <strings.h>

#include <charconv>
#include <stdexcept>

namespace kvs::load {
namespace {

constexpr std::size_t kStatusSize = 12;
constexpr std::string_view kLengthName = "content-length:";

}  // namespace

bool HttpAnswers::looks_like_the_last(std::string_view text) const {
  return size_ != 0 && text.size() >= size_ && text.starts_with(status_) &&
         text.substr(length_at_, length_.size()) == length_ && text.substr(head_ - 4, 4) == "\r\n\r\n";
}

bool HttpAnswers::parse(std::string_view text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  head_ = end + 4;
  status_ = text.substr(0, kStatusSize);
  for (auto line = text.find("\r\n") + 2; line < head_ - 2; line = text.find("\r\n", line) + 2) {
    if (::strncasecmp(text.data() + line, kLengthName.data(), kLengthName.size()) != 0) continue;
    length_at_ = line;
    length_ = text.substr(line, text.find("\r\n", line) + 2 - line);
    const auto digits = std::string_view(length_).substr(length_.find_first_of("0123456789"));
    std::size_t body = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), body);
    size_ = head_ + body;
    return true;
  }
  throw std::runtime_error("an answer without Content-Length: " + std::string(text.substr(0, head_)));
}

Answers HttpAnswers::read(std::string_view text) {
  Answers answers;
  while (answers.used < text.size()) {
    const auto rest = text.substr(answers.used);
    if (!looks_like_the_last(rest) && (!parse(rest) || rest.size() < size_)) break;
    if (status_[9] != '2') {
      ++answers.refused;
      answers.refusal = rest.substr(0, size_);
    }
    ++answers.count;
    answers.used += size_;
  }
  return answers;
}

}  // namespace kvs::load

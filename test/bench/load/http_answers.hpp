#pragma once

#include "test/bench/load/dialect.hpp"

namespace kvs::load {

// HTTP answers with a Content-Length. An answer that has the shape of the one before (same head length, same
// Content-Length line in the same place) is recognised by comparing a few bytes instead of being parsed.
class HttpAnswers : public AnswerReader {
 public:
  Answers read(std::string_view text) override;

 private:
  bool looks_like_the_last(std::string_view text) const;
  bool parse(std::string_view text);  // false: the head is not complete

  std::string status_;  // the first 12 bytes, `HTTP/1.1 200`
  std::string length_;  // the Content-Length line
  std::size_t length_at_ = 0;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace kvs::load

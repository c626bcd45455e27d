#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "test/bench/load/keys.hpp"
#include "test/bench/load/options.hpp"

namespace kvs::load {

// What a piece of received text holds.
struct Answers {
  std::size_t count = 0;     // complete answers
  std::size_t used = 0;      // bytes they took; what follows is the beginning of the next one
  std::size_t refused = 0;   // of them, those that were not a yes
  std::string_view refusal;  // the text of one of these
};

// How answers are told apart. One for all connections of a run: it learns what answers look like.
class AnswerReader {
 public:
  virtual ~AnswerReader() = default;
  virtual Answers read(std::string_view text) = 0;
};

// One protocol's requests for one operation.
struct Dialect {
  std::string before_key;  // a request is before_key KEY after_key
  std::string after_key;
  std::uint64_t other_every = 0;  // every so many requests is another one:
  std::string before_other_key;
  std::string after_other_key;
  std::string after_batch;       // once behind all requests that are sent together
  bool answers_a_batch = false;  // one answer for all of them, instead of one each
  std::unique_ptr<AnswerReader> reader;

  void append(std::string& out, Keys& keys, std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i) {
      const bool other = other_every != 0 && keys.one_in(other_every);
      out += other ? before_other_key : before_key;
      keys.append_next(out);
      out += other ? after_other_key : after_key;
    }
    out += after_batch;
  }
};

// For `options.operation` get, set and mixed, or `publish` for what the writers of a fan-out do. Throws
// std::invalid_argument.
Dialect make_dialect(const Options& options, std::string_view operation);

// The subject that changes are published under where they have none of their own.
inline constexpr std::string_view kSubject = "changes";

}  // namespace kvs::load

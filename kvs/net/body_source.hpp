// A body that is made while it is sent: memory does not grow with it.
#pragma once
#include <cstddef>
#include <string>

namespace kvs {

class State;

// How much next() appends, about: with one more small record it fits into the room that the output keeps.
inline constexpr std::size_t piece_bytes = 56 * 1024;

// Holds what it is made of (one immutable state) until the end.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Appends the next piece, about piece_bytes or one record, maybe nothing. False: that was the last.
  virtual bool next(std::string& out) = 0;
  // Bytes that nobody else has: they count against what is held for slow clients.
  virtual std::size_t held() const { return 0; }
  // The state that it is made of and holds; null: none.
  virtual const State* state() const { return nullptr; }
};

}  // namespace kvs

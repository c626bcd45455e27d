// A body that is made while it is sent: memory does not grow with it.
#pragma once
#include <string_view>

namespace kvs {

// Holds what it is made of (one immutable state) until the end.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // The next piece, about 64 to 128 KiB or one record; valid until the next call. Empty after the last.
  virtual std::string_view next() = 0;
};

}  // namespace kvs

// A body that is made while it is sent: memory does not grow with it.
#pragma once
#include <string>

namespace kvs {

// Holds what it is made of (one immutable state) until the end.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Appends the next piece, about 64 to 128 KiB or one record, maybe nothing. False: that was the last.
  virtual bool next(std::string& out) = 0;
};

}  // namespace kvs

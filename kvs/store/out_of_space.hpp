// A disk, or a quota, that is full, or a limit on the size of files that is reached.
#pragma once
#include <stdexcept>
#include <system_error>

namespace kvs {

// Nothing was written, and nothing will be until there is room. Whoever throws it can go on then.
class OutOfSpace : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Whether it is this that a file operation failed of.
bool is_out_of_space(const std::system_error& error);

}  // namespace kvs

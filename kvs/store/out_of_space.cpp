#include "kvs/store/out_of_space.hpp"

#include <cerrno>

namespace kvs {

bool is_out_of_space(const std::system_error& error) {
  return error.code() == std::errc::no_space_on_device || error.code() == std::errc::file_too_large ||
         error.code() == std::error_code(EDQUOT, std::generic_category());
}

}  // namespace kvs

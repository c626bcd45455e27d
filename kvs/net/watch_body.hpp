// The parameters of POST /v1/watch.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "kvs/errc.hpp"

namespace kvs {

// A thousand keys of a KiB each, every byte escaped.
inline constexpr std::size_t watch_body_limit = 8 * 1024 * 1024;

// One JSON object whose members are the parameters of GET /v1/watch, as the query that would say the same. A repeatable
// one is a list, or stands alone; what is no UTF-8 comes as key_base64 and prefix_base64; ops is a list or one text.
// Errors: malformed.
result<std::string> watch_query(std::string_view body);

}  // namespace kvs

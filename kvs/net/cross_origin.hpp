// What pages of a foreign origin that is let in (--cors-origin) may send and see, by the table of routes.
#pragma once
#include <string_view>

namespace kvs {

// "A, B": every request field that some route takes, and those that any request may have. What browsers let pages send
// anyway (Accept) is left out.
std::string_view cross_origin_request_fields();
// Every field of answers that says something to whoever asked.
std::string_view cross_origin_answer_fields();

// How long a browser need not ask again. Only what it may try is kept so long: the request itself is looked at each
// time. Chrome takes no more.
inline constexpr std::string_view cross_origin_max_age = "7200";

}  // namespace kvs

// The body of the original project's /get and /set: {"Key":"City","Value":"Ahmedabad"}.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "kvs/errc.hpp"

namespace kvs {

struct LegacyBody {
  std::string key;    // "" when missing or null
  std::string value;  // the same
};

// Which members the route knows; any other is read over, whatever it holds.
enum class LegacyForm : std::uint8_t { key, pair };  // /get, /set

// Reads the first JSON value of `body` and ignores what follows it. It must be an object (or null: both members empty);
// member names match whatever their case, the last one counts, unknown members are read over (nested at most 64 deep).
// Errors: malformed, with a text that says what would be right: no JSON, broken UTF-8, a lone surrogate, a member that
// is no string.
result<LegacyBody> parse_legacy_body(std::string_view body, LegacyForm form = LegacyForm::pair);

}  // namespace kvs

// A place in a named history, as clients keep it: "42" or "42@00d1c7f29a4be310".
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "kvs/errc.hpp"
#include "kvs/revision.hpp"

namespace kvs {

struct Position {
  Revision revision{};
  std::optional<LogId> log;  // none: whatever history the server has

  bool operator==(const Position&) const = default;
};

// Errors: errc::bad_parameter (the caller names the parameter).
result<Position> parse_position(std::string_view text);
std::string to_string(const Position& position);

}  // namespace kvs

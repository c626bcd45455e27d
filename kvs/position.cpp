#include "kvs/position.hpp"

#include "kvs/json_text.hpp"
#include "kvs/units.hpp"

namespace kvs {

result<Position> parse_position(std::string_view text) {
  Position position;
  auto at = text.find('@');
  auto revision = parse_number(text.substr(0, at), max_revision_number);
  if (!revision) return revision.error();
  position.revision = Revision{*revision};
  if (at == std::string_view::npos) return position;
  auto log = parse_hex16(text.substr(at + 1));
  if (!log) {
    return Problem{errc::bad_parameter, '\'' + std::string(text) +
                                            "' is no position: write REVISION or REVISION@LOGID "
                                            "(16 hex digits), as kvs gave it out"};
  }
  position.log = LogId{*log};
  return position;
}

std::string to_string(const Position& position) {
  std::string text = std::to_string(number(position.revision));
  if (position.log) {
    text += '@';
    append_hex16(text, number(*position.log));
  }
  return text;
}

}  // namespace kvs

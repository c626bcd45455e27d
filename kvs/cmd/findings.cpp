#include "kvs/cmd/findings.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "kvs/cmd/text.hpp"

namespace kvs {
namespace {

using Level = Finding::Level;

constexpr std::size_t level_width = 6;

std::string_view color_of(Level level) {
  if (level == Level::ok) return "32";
  return level == Level::warn ? "33" : "31";
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

// The repair stands below, uncut and unescaped by nothing but line ends: it is there to be copied.
void write_line(Output& output, const Finding& one, std::size_t width) {
  std::string level = padded(std::string(to_string(one.level)), level_width);
  output.write(output.painted(level, color_of(one.level)) + padded(one.name, width) + "  " +
               escaped(one.words, Escape::line) + "\n");
  std::string_view rest = one.repair;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    output.write(std::string(level_width, ' ') + "  " + escaped(line, Escape::text) + "\n");
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
}

boost::json::object as_json(const Finding& one) {
  boost::json::object object{{"level", to_string(one.level)}, {"name", one.name}, {"found", one.words}};
  if (!one.repair.empty()) object["repair"] = one.repair;
  return object;
}

}  // namespace

std::string_view to_string(Level level) {
  if (level == Level::ok) return "ok";
  return level == Level::warn ? "warn" : "fail";
}

int show(Output& output, const std::vector<Finding>& findings) {
  int code = any_failed(findings) ? exit_code::other : exit_code::ok;
  if (output.form() == Form::human || output.form() == Form::table) {
    std::size_t width = 0;
    for (const Finding& one : findings) width = std::max(width, one.name.size());
    for (const Finding& one : findings)
      if (!output.quiet() || one.level != Level::ok) write_line(output, one, width);
  } else if (output.form() == Form::json) {
    boost::json::array all;
    for (const Finding& one : findings) all.push_back(as_json(one));
    output.write_json(boost::json::serialize(all));
  } else {
    for (const Finding& one : findings) output.write_json_line(boost::json::serialize(as_json(one)));
  }
  output.flush();
  return code;
}

}  // namespace kvs

#include <cstdio>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/freshness.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/record_stream.hpp"
#include "kvs/cmd/text.hpp"

namespace kvs {
namespace {

std::string target_for(const Settings& settings) {
  if (settings.arguments().size() > 1)
    throw UsageError("one prefix too many: '" + settings.arguments()[1] + "'", "kvs list [PREFIX]");
  std::string target = "/v1/kv";
  add_parameter(target, "keys_only", "1");
  bool prefixed = !settings.arguments().empty() && !settings.arguments().front().empty();
  if (prefixed) add_parameter(target, "prefix", settings.arguments().front());
  if (settings.given("separator")) add_parameter(target, "separator", settings.text("separator"));
  for (const char* bound : {"start", "after", "end"}) {
    if (!settings.given(bound)) continue;
    if (settings.text(bound).empty()) throw settings.wrong(bound, "a key has at least one byte");
    add_parameter(target, bound, settings.text(bound));
  }
  if (settings.on("reverse")) add_parameter(target, "reverse", "1");
  if (settings.given("limit") && settings.number("limit") == 0) throw settings.wrong("limit", "at least 1");
  if (settings.given("limit")) add_parameter(target, "limit", settings.text("limit"));
  Freshness(settings).add_to(target);
  return target;
}

// What is folded is a line {"prefix":…}.
std::string name_of(const Item& item, std::string_view line) {
  return item.key.empty() ? json_string(line, "prefix").value_or("") : item.key;
}

// Columns of fixed width: a listing may be of any length, and the first line is not to wait for the last.
std::string long_line(const Item& item, std::string_view line) {
  if (item.key.empty()) return std::string(46, ' ');
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, "%8llu %5llu %7llu", static_cast<unsigned long long>(item.revision),
                static_cast<unsigned long long>(json_number(line, "version").value_or(0)),
                static_cast<unsigned long long>(json_number(line, "size").value_or(0)));
  std::string modified = json_string(line, "modified").value_or("").substr(0, 19);
  return std::string(numbers) + "  " + modified + "Z  ";
}

class Printer {
 public:
  Printer(const Settings& settings, Output& output)
      : output_(output), long_(settings.on("long")), null_(settings.on("null")) {
    if (long_ && null_) throw UsageError("give --long or --null, not both");
  }

  void print(std::string_view line) const {
    bool records = output_.json();
    if (records && !null_) return output_.write_json_line(line);
    Item item = parse_item(line);
    std::string name = name_of(item, line);
    if (null_) return output_.write(name + '\0');
    std::string text = long_ ? long_line(item, line) : "";
    output_.write(text + escaped(name, Escape::line) + "\n");
  }

 private:
  Output& output_;
  bool long_, null_;
};

}  // namespace

int list(const Settings& settings) {
  std::string target = target_for(settings);
  Remote remote(settings);
  Freshness(settings).give_time(remote);
  Output output(settings);
  Printer printer(settings, output);
  stream_records(remote, target, [&](std::string_view line) { printer.print(line); });
  output.flush();
  return exit_code::ok;
}

}  // namespace kvs

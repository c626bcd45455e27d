#include <boost/json.hpp>
#include <iostream>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/freshness.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/text.hpp"

namespace kvs {
namespace {

namespace json = boost::json;

std::string key_of(const Settings& settings) {
  std::vector<std::string> keys = settings.arguments();
  if (settings.given("key")) keys.push_back(settings.text("key"));
  if (keys.size() != 1) throw UsageError("which key? it takes one", "kvs history KEY");
  return keys.front();
}

std::string target_for(const std::string& key, const Settings& settings) {
  std::string target = "/v1/history/" + key_target(key).substr(std::string_view("/v1/kv/").size());
  if (settings.given("limit")) add_parameter(target, "limit", settings.text("limit"));
  Freshness(settings, false).add_to(target);
  return target;
}

std::vector<std::string> row_of(const Item& event) {
  std::string time = json_string(event.json, "modified").value_or(json_string(event.json, "time").value_or(""));
  return {std::to_string(event.revision), time, event.op, event.value ? value_cell(*event.value) : ""};
}

}  // namespace

int history(const Settings& settings) {
  std::string key = key_of(settings);
  std::string target = target_for(key, settings);
  Remote remote(settings);
  Freshness(settings, false).give_time(remote);
  Output output(settings);
  ClientAnswer answer = remote.ask({.method = "GET", .target = target, .fields = {}, .body = {}});
  if (answer.status != 200) throw failure_from(answer);
  if (output.own_json() || output.form() == Form::json) {
    output.write_json(answer.body);
    output.flush();
    return exit_code::ok;
  }
  boost::system::error_code error;
  json::value parsed = json::parse(answer.body, error);
  const json::value* items = !error && parsed.is_object() ? parsed.as_object().if_contains("items") : nullptr;
  if (!items || !items->is_array()) throw Failure(exit_code::bad_data, "the server's answer has no items");
  bool for_people = output.form() == Form::human || output.form() == Form::table;
  std::vector<std::vector<std::string>> rows;
  for (const Item& event : parse_items(json::serialize(*items))) {
    if (for_people)
      rows.push_back(row_of(event));
    else
      output.write_json_line(event.json);
  }
  if (for_people) output.write(table(rows, output.width()));
  if (for_people && rows.empty() && !output.quiet())
    std::cerr << "kvs: the history holds no change of " + escaped(key, Escape::line) + "\n";
  output.flush();
  return exit_code::ok;
}

}  // namespace kvs

#include <boost/json.hpp>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/text.hpp"

namespace kvs {
namespace {

namespace json = boost::json;

std::string shown(const json::value& value) {
  if (value.is_string())
    return escaped(std::string_view(value.as_string().data(), value.as_string().size()), Escape::line);
  return json::serialize(value);
}

void add_rows(const json::object& object, const std::string& prefix, std::vector<std::vector<std::string>>& rows) {
  for (const auto& member : object) {
    std::string name = prefix + std::string(member.key());
    if (member.value().is_object()) {
      add_rows(member.value().as_object(), name + ".", rows);
    } else {
      rows.push_back({name, shown(member.value())});
    }
  }
}

}  // namespace

int status(const Settings& settings) {
  if (!settings.arguments().empty()) throw UsageError("kvs status takes no arguments");
  Remote remote(settings);
  Output output(settings);
  ClientAnswer answer = remote.ask({.method = "GET", .target = "/v1/status", .fields = {}, .body = {}});
  if (answer.status != 200) throw failure_from(answer);
  boost::system::error_code error;
  json::value value = json::parse(answer.body, error);
  if (error || !value.is_object()) throw Failure(exit_code::bad_data, "the server's answer is no JSON object");
  if (output.form() == Form::human || output.form() == Form::table) {
    std::vector<std::vector<std::string>> rows;
    add_rows(value.as_object(), "", rows);
    output.write(table(rows, output.width()));
  } else {
    output.write_json(answer.body);
  }
  output.flush();
  return exit_code::ok;
}

int health(const Settings& settings) {
  if (!settings.arguments().empty()) throw UsageError("kvs health takes no arguments");
  Remote remote(settings);
  Output output(settings);
  bool ready = settings.on("ready");
  std::string target = ready ? "/readyz" : "/livez";
  ClientAnswer answer = remote.ask({.method = "GET", .target = target, .fields = {}, .body = {}});
  std::string words = answer.body.substr(0, answer.body.find('\n'));
  bool well = answer.status == 200;
  if (!well && words.empty()) words = "not healthy";
  if (output.json()) {
    json::object object{{ready ? "ready" : "live", well}};
    if (!well) object["reason"] = words;
    output.write_json(json::serialize(object));
  } else if (well && !output.quiet()) {
    output.write(words + "\n");
  }
  output.flush();
  if (!well) throw Failure(exit_code::other, words);
  return exit_code::ok;
}

}  // namespace kvs

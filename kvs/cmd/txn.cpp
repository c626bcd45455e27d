#include <boost/json.hpp>

#include "kvs/cmd/commands.hpp"
#include "kvs/cmd/input.hpp"
#include "kvs/cmd/item.hpp"
#include "kvs/cmd/output.hpp"
#include "kvs/cmd/text.hpp"
#include "kvs/cmd/write_flags.hpp"

namespace kvs {
namespace {

namespace json = boost::json;

// "set     a  created", "delete  b  1", "get     c  value": an operation a line, for people.
std::vector<std::string> row_of(const json::object& result) {
  std::string text = json::serialize(result);
  std::string op = json_string(text, "op").value_or("");
  std::string what;
  if (op == "get") {
    const json::value* record = result.if_contains("record");
    bool there = record && record->is_object();
    what = there ? value_cell(parse_item(json::serialize(*record)).value.value_or("")) : "(no such key)";
  } else if (op == "delete") {
    what = json_number(text, "deleted").value_or(0) > 0 ? "deleted" : "(no such key)";
  } else {
    const json::value* created = result.if_contains("created");
    what = created && created->is_bool() && created->as_bool() ? "created" : "replaced";
  }
  return {op, escaped(json_string(text, "key").value_or(""), Escape::line), what};
}

void show(Output& output, const std::string& body, bool succeeded) {
  boost::system::error_code error;
  json::value answer = json::parse(body, error);
  if (error || !answer.is_object()) throw Failure(exit_code::bad_data, "the server's answer is no JSON object");
  std::vector<std::vector<std::string>> rows;
  if (const json::value* results = answer.as_object().if_contains("results"); results && results->is_array())
    for (const json::value& result : results->as_array())
      if (result.is_object()) rows.push_back(row_of(result.as_object()));
  output.write(succeeded ? "succeeded" : "not succeeded");
  output.write(", revision " + std::to_string(json_number(body, "revision").value_or(0)) + "\n");
  output.write(table(rows, output.width()));
}

}  // namespace

int txn(const Settings& settings) {
  if (settings.arguments().size() > 1) throw UsageError("kvs txn takes one file", "kvs txn [FILE]");
  std::string name = settings.arguments().empty() ? "" : settings.arguments().front();
  std::string body = read_input(name, "kvs txn FILE, or the JSON object on stdin");
  Remote remote(settings);
  Output output(settings);
  ClientRequest request{
      .method = "POST", .target = "/v1/txn", .fields = {{"Content-Type", "application/json"}}, .body = std::move(body)};
  add_idempotency_key(settings, request);
  ClientAnswer answer = remote.ask(std::move(request));
  if (answer.status != 200) throw failure_from(answer);
  bool succeeded = json_true(answer.body, "succeeded");
  if (output.form() == Form::human || output.form() == Form::table) {
    show(output, answer.body, succeeded);
  } else {
    output.write_json(answer.body);
  }
  output.flush();
  return succeeded ? exit_code::ok : exit_code::condition_failed;
}

}  // namespace kvs

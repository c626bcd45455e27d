// Any bytes as a body of JSON: refused in words, or read as what the same says when it is written out anew.
//
// input := which:u8 body:(the rest)      0 a transaction, 1 a watch, 2 /set, 3 /get
#include <set>

#include "input.hpp"
#include "kvs/json_text.hpp"
#include "kvs/limits.hpp"
#include "kvs/net/legacy_json.hpp"
#include "kvs/net/target.hpp"
#include "kvs/net/transaction_request.hpp"
#include "kvs/net/watch_body.hpp"
#include "kvs/units.hpp"

using namespace kvs;
using namespace kvs::test;

namespace {

using Step = Transaction::Step;

constexpr std::size_t max_bytes = 1000;

void check(const Problem& problem) {
  require(!to_string(problem.code).empty() && !problem.detail.empty());
  require(problem.code == errc::malformed || problem.code == errc::empty_key || problem.code == errc::key_too_large ||
          problem.code == errc::request_too_large);
}

void append_base64_member(std::string& out, std::string_view name, std::string_view bytes) {
  out.append("\"").append(name).append("_base64\":\"");
  append_base64(out, bytes);
  out += '"';
}

std::string written(const Step& step) {
  bool sets = step.kind == Step::Kind::set;
  std::string out = sets ? R"({"op":"set",)" : step.kind == Step::Kind::get ? R"({"op":"get",)" : R"({"op":"delete",)";
  append_base64_member(out, "key", step.record->key());
  if (sets) append_base64_member(out += ',', "value", step.record->value());
  if (sets && step.ttl.count() != 0) out += ",\"ttl\":\"" + std::to_string(step.ttl.count()) + "ms\"";
  if (sets) append_json_string(out += ",\"content_type\":", step.record->content_type());
  return out += '}';
}

std::string written(const Transaction::Check& check) {
  std::string out = "{";
  append_base64_member(out, "key", check.key);
  switch (check.condition.kind) {
    case Condition::Kind::absent:
      out += ",\"absent\":true";
      break;
    case Condition::Kind::revision_in:
      out += ",\"revision\":" + std::to_string(number(check.condition.revisions.front()));
      break;
    default:
      append_base64_member(out += ',', "value", check.condition.value);
  }
  return out += '}';
}

template <class List>
void append_list(std::string& out, std::string_view name, const List& list) {
  out.append(out.size() == 1 ? "\"" : ",\"").append(name).append("\":[");
  for (const auto& one : list) out.append(&one == list.data() ? "" : ",").append(written(one));
  out += ']';
}

// Its three lists, each member by itself, with base64 for all bytes.
std::string written(const Transaction& transaction) {
  std::string out = "{";
  append_list(out, "if", transaction.checks);
  append_list(out, "then", transaction.then);
  append_list(out, "else", transaction.otherwise);
  return out += '}';
}

void check_steps(const std::vector<Step>& steps, std::size_t& bytes) {
  std::set<std::string_view> changed;
  for (const Step& step : steps) {
    require(!step.record->key().empty() && step.record->key().size() <= max_key_size);
    require(step.record->content_type().size() <= max_content_type_size);
    require(step.ttl.count() >= 0 && step.ttl <= max_ttl);
    if (step.kind != Step::Kind::get) require(changed.insert(step.record->key()).second);
    bytes += step.record->key().size() + step.record->value().size() + step.record->content_type().size();
  }
}

void transaction(std::string_view body) {
  auto read = parse_transaction(body, max_bytes);
  if (!read) return check(read.error());
  const Transaction& got = **read;
  require(got.checks.size() <= max_transaction_checks);
  require(got.then.size() + got.otherwise.size() <= max_transaction_steps);
  std::size_t bytes = 0;
  check_steps(got.then, bytes);
  check_steps(got.otherwise, bytes);
  for (const auto& [key, condition] : got.checks) bytes += key.size() + condition.value.size();
  require(bytes <= max_bytes);
  std::string once = written(got);
  auto again = parse_transaction(once, max_bytes);
  require(again && written(**again) == once);
}

// The query that says the same: it can be read, and names nothing that was not in the body.
void watch(std::string_view body) {
  auto query = watch_query(body);
  if (!query) return check(query.error());
  static constexpr ParameterRule rules[] = {{"key", ValueType::text, {}, {}, true},
                                            {"prefix", ValueType::text, {}, {}, true},
                                            {"progress"},
                                            {"wait"},
                                            {"deliver"},
                                            {"on_gap"},
                                            {"timeout"},
                                            {"initial"},
                                            {"keys_only"},
                                            {"prev"},
                                            {"count"},
                                            {"linearizable"},
                                            {"since"},
                                            {"ops"},
                                            {"min_revision"}};
  auto parsed = parse_query(*query, rules);
  require(parsed.has_value());
  std::string out = "{";
  for (std::string_view name : {"key", "prefix"}) {
    std::string list;
    for (std::string_view value : parsed->values(name)) {
      append_base64(list.append(list.empty() ? "\"" : ",\""), value);
      list += '"';
    }
    out.append(out.size() == 1 ? "\"" : ",\"").append(name).append("_base64\":[").append(list).append("]");
  }
  for (const auto& [name, value] : parsed->all()) {
    if (name == "key" || name == "prefix") continue;
    out.append(",\"").append(name).append("\":");
    auto revision = parse_number(value, max_revision_number);  // else it is a position: a text
    bool number = name == "count" || (revision && std::to_string(*revision) == value);
    if (name == "initial" || name == "keys_only" || name == "prev" || name == "linearizable") {
      out += value == "1" ? "true" : "false";
    } else if (number && (name == "count" || name == "since" || name == "min_revision")) {
      out += value;
    } else {
      append_json_string(out, value);
    }
  }
  auto again = watch_query(out += '}');
  require(again && *again == *query);
}

void legacy(std::string_view body, LegacyForm form) {
  auto read = parse_legacy_body(body, form);
  if (!read) return check(read.error());
  require(is_utf8(read->key) && is_utf8(read->value) && (form == LegacyForm::pair || read->value.empty()));
  std::string out = R"({"other":[1,{"Key":[]}],"KEY":)";
  append_json_string(out, read->key);
  append_json_string(out += ",\"value\":", read->value);
  auto again = parse_legacy_body(out += "} and whatever follows", form);
  require(again && again->key == read->key && again->value == read->value);
}

}  // namespace

// The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  unsigned which = input.below(4);
  OwnBlock body(input.rest());
  if (which == 0) transaction(body.view());
  if (which == 1) watch(body.view());
  if (which >= 2) legacy(body.view(), which == 2 ? LegacyForm::pair : LegacyForm::key);
  return 0;
}

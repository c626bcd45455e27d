#include "kvs/net/transaction_request.hpp"

#include <algorithm>
#include <utility>

#include "kvs/limits.hpp"
#include "kvs/net/answer.hpp"
#include "kvs/net/json_request.hpp"
#include "kvs/net/write_request.hpp"

namespace kvs {
namespace {

using Check = Transaction::Check;
using Step = Transaction::Step;
using Kind = Transaction::Step::Kind;

constexpr std::string_view body_members[] = {"if", "then", "else"};
constexpr std::string_view check_members[] = {"key", "key_base64", "revision", "absent", "value", "value_base64"};
constexpr std::string_view set_members[] = {"op", "key", "key_base64", "value", "value_base64", "ttl", "content_type"};
constexpr std::string_view other_members[] = {"op", "key", "key_base64"};

// One body being read; `bytes_` is what of it counts against the limit.
class Reading {
 public:
  explicit Reading(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  std::optional<Problem> read(const JsonObject& body, Transaction& transaction) {
    auto problem = body.only(body_members);
    if (!problem) problem = read_checks(body, transaction.checks);
    if (!problem) problem = read_steps(body, "then", transaction.then);
    if (!problem) problem = read_steps(body, "else", transaction.otherwise);
    if (!problem && steps_ == 0 && transaction.checks.empty())
      problem = body.wrong("", "asks for nothing: give \"then\" (and \"if\" and \"else\")");
    if (!problem && bytes_ > max_bytes_) {
      problem =
          Problem{errc::request_too_large, "its keys and values have " + std::to_string(bytes_) +
                                               " bytes; in one transaction there may be " + std::to_string(max_bytes_)};
    }
    return problem;
  }

 private:
  std::optional<Problem> read_checks(const JsonObject& body, std::vector<Check>& checks) {
    auto list = body.objects("if");
    if (!list) return list.error();
    if (list->size() > max_transaction_checks) {
      return Problem{errc::request_too_large,
                     "there are more than " + std::to_string(max_transaction_checks) + " conditions"};
    }
    for (const JsonObject& one : *list) {
      if (auto problem = read_check(one, checks.emplace_back())) return problem;
    }
    return std::nullopt;
  }

  std::optional<Problem> read_check(const JsonObject& object, Check& check) {
    if (auto problem = object.only(check_members)) return problem;
    if (auto problem = read_key(object, check.key)) return problem;
    auto revision = object.number("revision");
    if (!revision) return revision.error();
    auto absent = object.flag("absent");
    if (!absent) return absent.error();
    auto value = object.bytes("value");
    if (!value) return value.error();
    if (int{revision->has_value()} + int{absent->has_value()} + int{value->has_value()} != 1)
      return object.wrong("", "must say one of \"revision\", \"absent\" and \"value\" of its key");
    if (*absent && !**absent) return object.wrong("absent", "may only be true; a key that is there has a revision");
    check.condition.kind = Condition::Kind::absent;
    if (*revision && **revision != 0) {
      check.condition.kind = Condition::Kind::revision_in;
      check.condition.revisions.push_back(Revision{**revision});
    }
    if (*value) {
      check.condition.kind = Condition::Kind::value_is;
      check.condition.value = std::move(**value);
      bytes_ += check.condition.value.size();
    }
    return std::nullopt;
  }

  std::optional<Problem> read_steps(const JsonObject& body, std::string_view name, std::vector<Step>& steps) {
    auto list = body.objects(name);
    if (!list) return list.error();
    steps_ += list->size();
    if (steps_ > max_transaction_steps) {
      return Problem{errc::request_too_large,
                     "there are more than " + std::to_string(max_transaction_steps) + " operations"};
    }
    for (const JsonObject& one : *list) {
      if (auto problem = read_step(one, steps.emplace_back())) return problem;
    }
    return check_written_once(*list, steps);
  }

  std::optional<Problem> read_step(const JsonObject& object, Step& step) {
    auto op = object.text("op");
    if (!op) return op.error();
    if (!*op) return object.wrong("", "must say its \"op\": set, delete or get");
    if (**op != "set" && **op != "delete" && **op != "get")
      return object.wrong("op", "must be set, delete or get, not '" + std::string(**op) + "'");
    step.kind = **op == "set" ? Kind::set : **op == "delete" ? Kind::remove : Kind::get;
    bool sets = step.kind == Kind::set;
    auto problem = sets ? object.only(set_members) : object.only(other_members);
    if (problem) return problem;
    std::string key;
    problem = read_key(object, key);
    if (problem) return problem;
    if (sets) return read_set(object, key, step);
    step.record = Record::make(key, std::string_view{});
    return std::nullopt;
  }

  std::optional<Problem> read_set(const JsonObject& object, std::string_view key, Step& step) {
    auto value = object.bytes("value");
    if (!value) return value.error();
    if (!*value) return object.wrong("", "must have a \"value\" (or \"value_base64\")");
    auto type = object.text("content_type");
    if (!type) return type.error();
    std::string_view content_type = type->value_or("");
    if (content_type.size() > max_content_type_size || !is_field_value(content_type))
      return object.wrong("content_type", "must be at most 255 bytes without control characters");
    auto ttl = object.text("ttl");
    if (!ttl) return ttl.error();
    if (*ttl) {
      auto time = parse_ttl(**ttl);
      if (!time) return object.wrong("ttl", "is wrong: " + time.error().detail);
      step.ttl = *time;
    }
    bytes_ += (*value)->size() + content_type.size();
    step.record = Record::make(key, **value, content_type);
    return std::nullopt;
  }

  std::optional<Problem> read_key(const JsonObject& object, std::string& key) {
    auto given = object.bytes("key");
    if (!given) return given.error();
    if (!*given) return object.wrong("", "must name its \"key\" (or \"key_base64\")");
    if ((*given)->empty()) return Problem{errc::empty_key, object.wrong("key", "is empty").detail};
    if ((*given)->size() > max_key_size) {
      return Problem{
          errc::key_too_large,
          object.wrong("key", "has " + std::to_string((*given)->size()) + " bytes: at most 1024 are allowed").detail};
    }
    key = std::move(**given);
    bytes_ += key.size();
    return std::nullopt;
  }

  // All of a transaction has one revision, and at one revision a key is one thing.
  static std::optional<Problem> check_written_once(const std::vector<JsonObject>& objects,
                                                   const std::vector<Step>& steps) {
    std::vector<std::size_t> written;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].kind != Kind::get) written.push_back(i);
    }
    auto key = [&](std::size_t i) { return steps[i].record->key(); };
    std::ranges::sort(written, {}, [&](std::size_t i) { return std::pair(key(i), i); });
    auto twice = std::ranges::adjacent_find(written, {}, key);
    if (twice == written.end()) return std::nullopt;
    return objects[*std::next(twice)].wrong("key", "is written twice: a transaction may write each key once");
  }

  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace

result<std::unique_ptr<Transaction>> parse_transaction(std::string_view body, std::size_t max_bytes) {
  auto document = JsonDocument::parse(body);
  if (!document) return document.error();
  auto object = document->object();
  if (!object) return object.error();
  auto transaction = std::make_unique<Transaction>();
  if (auto problem = Reading(max_bytes).read(*object, *transaction)) return *problem;
  return transaction;
}

std::size_t max_transaction_body(std::size_t max_bytes) {
  constexpr std::size_t growth = 6;    // "\u0000" for one byte
  constexpr std::size_t around = 256;  // of one check or step
  return growth * max_bytes + around * (max_transaction_checks + max_transaction_steps);
}

}  // namespace kvs

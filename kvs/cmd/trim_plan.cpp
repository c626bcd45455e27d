#include "kvs/cmd/trim_plan.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "kvs/cmd/failure.hpp"

namespace kvs {
namespace {

namespace json = boost::json;

// A revision's record has the offset before it.
std::int64_t offset_of(Revision revision) { return static_cast<std::int64_t>(number(revision)) - 1; }

TrimMember member_from(const json::value& value) {
  const json::object& object = value.as_object();
  TrimMember member;
  member.name = std::string(object.at("name").as_string());
  // Not there: it has not said so yet.
  if (const json::value* snapshot = object.if_contains("snapshot"); snapshot && !snapshot->is_null())
    member.snapshot = Revision{snapshot->to_number<std::uint64_t>()};
  return member;
}

}  // namespace

TrimPlan plan_trim(const std::vector<TrimMember>& members, const std::vector<std::string>& forgotten) {
  const TrimMember* oldest = nullptr;
  for (const TrimMember& one : members) {
    if (std::ranges::find(forgotten, one.name) != forgotten.end()) continue;
    if (!oldest || one.snapshot < oldest->snapshot) oldest = &one;
  }
  if (!oldest) return {};
  return {oldest->snapshot == no_revision ? 0 : offset_of(oldest->snapshot), oldest->name};
}

std::vector<TrimMember> members_in(const std::string& status) try {
  json::value value = json::parse(status);
  const json::object& bus = value.as_object().at("bus").as_object();
  if (bus.at("kind").as_string() != "kafka")
    throw Failure(exit_code::other,
                  "the server is not on a Kafka bus, but on " + std::string(bus.at("kind").as_string()),
                  "--server names one that is");
  std::vector<TrimMember> members;
  for (const json::value& one : bus.at("members").as_array()) members.push_back(member_from(one));
  return members;
} catch (const Failure&) {
  throw;
} catch (const std::exception&) {
  throw Failure(exit_code::bad_data, "the server's answer does not say which instances there are",
                "it may be older than this program");
}

}  // namespace kvs

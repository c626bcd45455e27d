// How far a topic can be trimmed without taking from any instance what it may still need.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kvs/revision.hpp"

namespace kvs {

struct TrimMember {
  std::string name;
  Revision snapshot = no_revision;  // the newest it has on disk
};

struct TrimPlan {
  // Records below this offset go; those the topic no longer has included. 0: none.
  std::int64_t offset = 0;
  // Whose snapshot sets the bound; empty if there is no member.
  std::string bound_by;
};

// The bound is the smallest of the members' snapshots, those in `forgotten` left out. The record of that revision
// itself stays: whoever starts from the snapshot reads it again, to see that it is the same topic.
TrimPlan plan_trim(const std::vector<TrimMember>& members, const std::vector<std::string>& forgotten);

// The members in what /v1/status says. Throws Failure if it is no answer of a server on a Kafka bus.
std::vector<TrimMember> members_in(const std::string& status);

}  // namespace kvs

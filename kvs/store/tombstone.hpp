// What a state remembers of deleted keys: a record whose key is the revision of the deletion, most significant byte
// first, and then the key; its value says whether it expired. So they stand in the order of the deletions.
#pragma once
#include <string>
#include <string_view>

#include "kvs/change.hpp"
#include "kvs/record.hpp"

namespace kvs {

struct Tombstone {
  Op op;  // remove or expire
  std::string_view key;
  Revision revision;
  LogTime time;
};

// Whether a record is one: what was read from a file may be anything.
bool is_tombstone(const Record& record);
// What a record of a tombstone says; refers to it.
Tombstone read_tombstone(const Record& record);
// Of a change that removes a key.
RecordRef make_tombstone(const Change& change);
// Where the tombstones of that revision begin.
std::string tombstone_order(Revision revision);

}  // namespace kvs

// What applied commands did.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "kvs/origin.hpp"
#include "kvs/record.hpp"

namespace kvs {

enum class Op : std::uint8_t { set = 1, remove = 2 };

// What an applied command did to one key. `record` carries key, revision and log time; for a set the value too.
struct Change {
  Op op;
  RecordRef record;
  Origin origin;

  Revision revision() const { return record->revision(); }
};

// The changes of one batch of commands, made durable and visible together. Never empty; revisions rise (changes of one
// revision stand together).
using Changes = std::vector<Change>;

}  // namespace kvs

// What applied commands did.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "kvs/origin.hpp"
#include "kvs/record.hpp"

namespace kvs {

enum class Op : std::uint8_t {
  set = 1,
  remove = 2,
  expire = 3,  // a remove because its time had come
  answer = 4,  // no change of a key: what was answered to a request with a request key. Journalled, never watched
};

// What an applied command did to one key. `record` carries key, revision and log time; for a set the value too. Of an
// answer: the request key, the place of its command, and the answer (see store/answers.hpp) as value.
struct Change {
  Op op;
  RecordRef record;
  Origin origin;
  RecordRef previous = nullptr;  // what it replaced or removed, where that is known; not journalled

  Revision revision() const { return record->revision(); }
};

// The changes of one batch of commands, made durable and visible together. Never empty; revisions rise (changes of one
// revision stand together, in the order in which the command made them).
using Changes = std::vector<Change>;

}  // namespace kvs

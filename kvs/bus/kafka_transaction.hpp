// A transaction as the value of its record in the Kafka topic. The grammar stands in kafka_record.cpp.
#pragma once
#include <string_view>

#include "kvs/command.hpp"
#include "kvs/little_endian.hpp"

namespace kvs {

// Whether readers take it: at most max_transaction_checks and max_transaction_steps, no key written twice in one list
// of steps, and all sizes as everywhere.
bool can_encode(const Transaction& transaction);
void put(const Transaction& transaction, ByteAppender& out);
// What is wrong, or null. Allocates about as much as the value is large, and at most some 200 bytes for every check and
// step that is there.
const char* get(std::string_view value, Transaction& transaction);

}  // namespace kvs

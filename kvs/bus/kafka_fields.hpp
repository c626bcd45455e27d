// What the records of the Kafka topic are made of, in the header and in the value of a transaction alike: what may
// stand there, and conditions as bytes. The grammar stands in kafka_record.cpp.
#pragma once
#include <chrono>
#include <optional>
#include <string_view>

#include "kvs/command.hpp"
#include "kvs/little_endian.hpp"

namespace kvs {

bool is_visible(std::string_view text);
bool is_key(std::string_view key);
// What a field of an HTTP head can carry.
bool is_content_type(std::string_view text);
bool is_ttl(std::chrono::milliseconds ttl);  // 0, which is none, is one, too

bool can_encode(const Condition& condition);
void put(const Condition& condition, ByteAppender& out);
// What is wrong, or null. Allocates no more than the bytes that are there.
const char* get(CheckedReader& in, Condition& condition);

void put_name(std::string_view name, ByteAppender& out);
std::string_view get_name(CheckedReader& in);

void put_ttl(std::chrono::milliseconds ttl, ByteAppender& out);
// None: too long. 0 if there are no bytes to read.
std::optional<std::chrono::milliseconds> get_ttl(CheckedReader& in);

}  // namespace kvs

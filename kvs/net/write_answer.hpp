// How the verdict on a write is put to whoever asked for it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "kvs/net/reply.hpp"

namespace kvs {

// What the client asked, which decides how the verdict is put.
enum class WriteForm : std::uint8_t { put, touch, remove, remove_range, transaction, legacy_set };

// A whole answer to a write that the order has judged: applied, nothing or refused. `key`: the one it names. A verdict
// that is replayed says so (Idempotency-Replayed), and of the records in it only key and revision.
void answer_write(Reply& reply, WriteForm form, std::string_view key, const Verdict& verdict);

// What a 412 says of the key (null: no such key): "current_revision" and "current"; `bare`: of the record only key and
// revision.
std::string current_members(const Record* current, bool bare = false);

}  // namespace kvs

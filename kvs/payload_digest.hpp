// A digest of what a command asks for, by which a retry is told from another request with the same request key.
#pragma once
#include <cstdint>

#include "kvs/command.hpp"

namespace kvs {

// Of kind, key, value, content type, time to live, conditions and transaction; not of who asks and when. Equal requests
// have equal digests on every instance and in every version; others differ but for one chance in 2^64. Not for
// adversaries: whoever chooses the request key only misleads themselves.
std::uint64_t payload_digest(const Command& command);

}  // namespace kvs

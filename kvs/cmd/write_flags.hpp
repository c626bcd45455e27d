// What the commands that write have in common: their conditions, and the names of writes.
#pragma once
#include <string>

#include "kvs/cmd/remote.hpp"
#include "kvs/cmd/settings.hpp"

namespace kvs {

// --if-revision, of a key that must be there. Throws UsageError for revision 0, which is "no such key".
void add_revision(const Settings& settings, ClientRequest& request);

// --idempotency-key. Throws UsageError if it is none: 1 to 255 visible ASCII characters.
void add_idempotency_key(const Settings& settings, ClientRequest& request);

// Of a 412: "not set: City is at revision 7". `what` is "not set".
Failure condition_failed(const std::string& what, const std::string& key, const ClientAnswer& answer);

}  // namespace kvs

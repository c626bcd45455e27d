// One --listen.
#pragma once
#include <string>

#include "kvs/cmd/settings.hpp"
#include "kvs/net/listen_address.hpp"

namespace kvs {

// ADDR:PORT (an address or localhost; IPv6 in brackets) or unix:PATH. Throws UsageError that names the setting, what is
// wrong with `text` and what may have been meant.
ListenAddress listen_address(const Settings& settings, const std::string& text);

// Whether other machines reach it.
bool beyond_loopback(const ListenAddress& listen);

}  // namespace kvs

// kvs-http(7): the routes, as far as whoever writes a request by hand must know them.
#pragma once
#include <string>

namespace kvs {

std::string http_manual();

}  // namespace kvs

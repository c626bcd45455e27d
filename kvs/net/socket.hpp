// TCP and Unix sockets alike.
#pragma once
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include "kvs/async.hpp"

namespace kvs {

using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;

}  // namespace kvs

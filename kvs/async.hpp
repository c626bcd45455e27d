// The executor, awaitable and completion token everything here uses: one io_context per thread, known at compile time,
// so that a coroutine's resumption costs no type erasure.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace kvs {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T>
using awaitable = asio::awaitable<T, Executor>;

inline constexpr asio::use_awaitable_t<Executor> use_awaitable{};

}  // namespace kvs

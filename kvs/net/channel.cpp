#include "kvs/net/channel.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <boost/asio/redirect_error.hpp>

namespace kvs {

std::size_t Channel::write_some(std::span<const asio::const_buffer> buffers, boost::system::error_code& error) {
  if (buffers.size() == 1) {
    const asio::const_buffer& only = buffers.front();
    return write_some({static_cast<const char*>(only.data()), only.size()}, error);
  }
  if (!tls_) {
    std::size_t count = socket_.write_some(buffers, error);
    written_ += count;
    return count;
  }
  std::size_t sum = 0;
  for (const asio::const_buffer& buffer : buffers) {
    std::string_view bytes(static_cast<const char*>(buffer.data()), buffer.size());
    std::size_t sent = write_some(bytes, error);
    sum += sent;
    if (error || sent < bytes.size()) break;
  }
  if (sum != 0) error = {};  // it shows again with the next attempt
  return sum;
}

std::size_t Channel::queued() const {
  int count = 0;
  // (native_handle() only looks, but asio has it for sockets that may change.)
  if (::ioctl(const_cast<Socket&>(socket_).native_handle(), SIOCOUTQ, &count) != 0) return 0;
  return static_cast<std::size_t>(count);
}

void Channel::peek(boost::system::error_code& error) {
  if (tls_) {
    if (is_open(error)) tls_->peek(error);
    return;
  }
  char byte = 0;
  socket_.receive(asio::buffer(&byte, 1), Socket::message_peek, error);
}

awaitable<std::size_t> Channel::read(std::span<char> into, boost::system::error_code& error) {
  if (!tls_) {
    std::size_t count = co_await socket_.async_read_some(asio::buffer(into.data(), into.size()),
                                                         asio::redirect_error(use_awaitable, error));
    co_return count;
  }
  for (;;) {
    std::size_t count = read_some(into, error);
    if (error != asio::error::would_block) co_return count;
    co_await socket_.async_wait(read_waits_for(), asio::redirect_error(use_awaitable, error));
    if (error) co_return 0;
  }
}

awaitable<void> Channel::writable(boost::system::error_code& error) {
  co_await socket_.async_wait(write_waits_for(), asio::redirect_error(use_awaitable, error));
}

awaitable<void> Channel::handshake(boost::system::error_code& error) {
  for (;;) {
    tls_->handshake(error);
    if (error != asio::error::would_block) co_return;
    co_await socket_.async_wait(read_waits_for(), asio::redirect_error(use_awaitable, error));
    if (error) co_return;
  }
}

}  // namespace kvs

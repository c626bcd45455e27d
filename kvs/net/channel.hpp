// The bytes of one connection, in the clear or by TLS.
#pragma once
#include <boost/asio/post.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "kvs/net/socket.hpp"
#include "kvs/net/tls.hpp"

namespace kvs {

// Behaves as its socket does, non-blocking; a cancel() or close() ends what waits. Movable while nothing waits.
class Channel {
 public:
  Channel(Socket socket, std::unique_ptr<TlsConnection> tls = {}) : socket_(std::move(socket)), tls_(std::move(tls)) {}

  bool encrypted() const { return tls_ != nullptr; }
  // Null in the clear.
  TlsConnection* tls() { return tls_.get(); }
  const TlsConnection* tls() const { return tls_.get(); }
  // For what TLS has no part in.
  Socket& socket() { return socket_; }

  std::size_t read_some(std::span<char> into, boost::system::error_code& error) {
    if (tls_) return is_open(error) ? tls_->read_some(into, error) : 0;
    return socket_.read_some(asio::buffer(into.data(), into.size()), error);
  }
  std::size_t write_some(std::string_view bytes, boost::system::error_code& error) {
    std::size_t count = 0;
    if (!tls_) {
      count = socket_.write_some(asio::buffer(bytes), error);
    } else if (is_open(error)) {
      count = tls_->write_some(bytes, error);
    }
    written_ += count;
    return count;
  }
  // Several at once where that is possible; some of them may be left.
  std::size_t write_some(std::span<const asio::const_buffer> buffers, boost::system::error_code& error);

  // Bytes that were written so far, before they were encrypted.
  std::uint64_t written() const { return written_; }
  // Bytes, as they are sent, that the other end's system has not confirmed yet; 0 if that can't be told.
  std::size_t queued() const;

  // What read_some() would say; takes nothing. No error: there are bytes.
  void peek(boost::system::error_code& error);

  // What to wait for after one of them would have blocked.
  Socket::wait_type read_waits_for() const {
    return tls_ && tls_->wants() == TlsConnection::Wants::write ? Socket::wait_write : Socket::wait_read;
  }
  Socket::wait_type write_waits_for() const {
    return tls_ && tls_->wants() == TlsConnection::Wants::read ? Socket::wait_read : Socket::wait_write;
  }
  // From now on encrypted so, or (null) in the clear.
  void use(std::unique_ptr<TlsConnection> tls) { tls_ = std::move(tls); }

  // As soon as there are bytes, an end or an error.
  awaitable<std::size_t> read(std::span<char> into, boost::system::error_code& error);
  // Until a write that would block can go on.
  awaitable<void> writable(boost::system::error_code& error);
  // Calls `heard(error_code)`, never from within, once a read would not block.
  template <class Heard>
  void when_readable(Heard heard) {
    if (tls_ && tls_->pending()) {
      asio::post(socket_.get_executor(), [heard = std::move(heard)]() mutable { heard(boost::system::error_code{}); });
    } else {
      socket_.async_wait(Socket::wait_read, std::move(heard));
    }
  }
  // TLS: until both sides have agreed. Error: why not; the connection is of no use then.
  awaitable<void> handshake(boost::system::error_code& error);

  void cancel() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  // Nothing more will be sent.
  void shutdown_send(boost::system::error_code& error) {
    if (tls_ && is_open(error)) tls_->shutdown();
    socket_.shutdown(Socket::shutdown_send, error);
  }

 private:
  // TLS knows its socket by number, which after close() may be another connection's.
  bool is_open(boost::system::error_code& error) const {
    if (!socket_.is_open()) error = asio::error::bad_descriptor;
    return socket_.is_open();
  }

  Socket socket_;
  std::unique_ptr<TlsConnection> tls_;
  std::uint64_t written_ = 0;
};

}  // namespace kvs

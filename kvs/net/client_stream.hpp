// The client's end of a connection as Beast wants it: in the clear or by TLS.
#pragma once
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "kvs/net/channel.hpp"
#include "kvs/net/client_connection.hpp"

namespace kvs {

// An AsyncStream, one read and one write at a time. connect() may be called again after close().
class ClientStream {
 public:
  using executor_type = Executor;

  explicit ClientStream(Executor executor) : channel_(Socket(executor)) {}

  executor_type get_executor() { return channel_.socket().get_executor(); }
  ClientSocket& socket() { return channel_.socket(); }
  // Why the server has not taken our certificate, or that it wants one; empty: it said no such thing. In TLS 1.3
  // (RFC 8446, 4.4.2.4) that comes when our side of the handshake is done already, and it reads no request then.
  std::string refusal() const;
  bool is_open() { return channel_.socket().is_open(); }
  void close() { channel_.close(); }
  // Open, and the server has neither closed it nor sent anything that nobody asked for.
  bool is_idle() {
    boost::system::error_code error;
    if (is_open()) channel_.peek(error);
    return is_open() && error == asio::error::would_block;
  }

  // Also the TLS handshake, if the address says so. Throws ClientError.
  awaitable<void> connect(ServerAddress address, const Deadline& deadline);

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    asio::mutable_buffer into = *asio::buffer_sequence_begin(buffers);
    Read read{&channel_, std::span(static_cast<char*>(into.data()), into.size())};
    return asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(Attempt<Read>{read}, token,
                                                                                    channel_.socket());
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    asio::const_buffer from;
    for (auto one = asio::buffer_sequence_begin(buffers); one != asio::buffer_sequence_end(buffers) && from.size() == 0;
         ++one)
      from = *one;
    Write write{&channel_, std::string_view(static_cast<const char*>(from.data()), from.size())};
    return asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(Attempt<Write>{write}, token,
                                                                                    channel_.socket());
  }

 private:
  struct Read {
    Channel* channel;
    std::span<char> into;
    std::size_t operator()(boost::system::error_code& error) const { return channel->read_some(into, error); }
    Socket::wait_type wait() const { return channel->read_waits_for(); }
  };
  struct Write {
    Channel* channel;
    std::string_view bytes;
    std::size_t operator()(boost::system::error_code& error) const { return channel->write_some(bytes, error); }
    Socket::wait_type wait() const { return channel->write_waits_for(); }
  };

  // Tries, waits until trying again may help, and so on; never completes from within the call that began it.
  template <class Operation>
  struct Attempt {
    Operation operation;
    bool begun = false;
    bool done = false;
    boost::system::error_code result = {};
    std::size_t count = 0;

    template <class Self>
    void operator()(Self& self, boost::system::error_code error = {}) {
      if (done) return self.complete(result, count);
      if (error) return self.complete(error, 0);
      count = operation(result);
      if (result == asio::error::would_block) {
        begun = true;
        operation.channel->socket().async_wait(operation.wait(), std::move(self));
        return;
      }
      done = true;
      if (begun) return self.complete(result, count);
      asio::post(operation.channel->socket().get_executor(), std::move(self));
    }
  };

  Channel channel_;
};

}  // namespace kvs

// TLS by OpenSSL 3: what a server or a client needs before a connection, and one connection's own state.
#pragma once
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace kvs {

// 1.2 at least, forward secrecy and authenticated ciphers only, no renegotiation, compression or early data. All files
// are PEM.
struct TlsFiles {
  std::filesystem::path certificate;  // with the chain behind it; a client may have none
  std::filesystem::path key;          // may be read by its owner (and group) only
  std::filesystem::path
      authority;  // server: clients must have a certificate signed by it; client: instead of the system's
};

// What all connections of one kind share. Any thread.
class TlsContext {
 public:
  enum class Side : std::uint8_t { server, client };

  // Throws std::runtime_error naming the file.
  TlsContext(Side side, TlsFiles files);

  // Reads the files again, for connections from now on. Throws as the constructor does; then all stays as it is.
  void reload();
  // When the certificate (not those behind it) ends; the epoch if there is none.
  std::chrono::system_clock::time_point expires() const;

 private:
  friend class TlsConnection;
  struct Loaded {
    std::shared_ptr<ssl_ctx_st> context;
    std::chrono::system_clock::time_point expires;
  };
  static Loaded load(Side side, const TlsFiles& files);
  std::shared_ptr<ssl_ctx_st> current() const;

  const Side side_;
  const TlsFiles files_;
  mutable std::mutex mutex_;
  Loaded loaded_;
};

// One connection's encryption, on a non-blocking socket that it does not own. One thread.
class TlsConnection {
 public:
  // As the server.
  TlsConnection(const TlsContext& context, int socket);
  // As a client of `host`, a name or an address, which the server's certificate must be for.
  TlsConnection(const TlsContext& context, int socket, const std::string& host);

  // What an operation needs before it can go on.
  enum class Wants : std::uint8_t { nothing, read, write };

  // To be called again after what wants() says, until there is no error. Errors: would_block; others with problem().
  void handshake(boost::system::error_code& error);
  // As a socket's: would_block, eof for a proper end. A buffer may be another one at the next try.
  std::size_t read_some(std::span<char> into, boost::system::error_code& error);
  std::size_t write_some(std::string_view bytes, boost::system::error_code& error);
  // What read_some() would say; takes nothing.
  void peek(boost::system::error_code& error);
  // Says that nothing more will be sent; gives up if that can't be done at once.
  void shutdown();

  Wants wants() const { return wants_; }
  bool pending() const;  // bytes are decrypted already: a read would not block, though the socket may not be readable
  // Why the handshake failed, for people; a client that speaks plain HTTP to this port is told apart.
  const std::string& problem() const { return problem_; }
  bool plain_http() const { return plain_http_; }
  // The first name in the peer's certificate (RFC 5280, 4.2.1.6: DNS name, mail address or URI); "" if it has none.
  std::string peer_name() const;

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  void note(int result, boost::system::error_code& error);

  std::shared_ptr<ssl_ctx_st> context_;
  std::unique_ptr<ssl_st, Free> ssl_;
  Wants wants_ = Wants::nothing;
  bool plain_http_ = false;
  std::string problem_;
};

}  // namespace kvs
